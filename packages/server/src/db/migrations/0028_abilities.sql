-- What a device can do (docs/adr/0027-abilities.md).
alter table terminal_addresses
  -- From its last hello: seconds at most by operation, null where it does not say. Null as a whole: it can do everything.
  add column abilities jsonb;
