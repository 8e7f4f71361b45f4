alter table terminal_addresses
  -- When its device was replaced: for some time longer it may hand in the rest of its log.
  add column left_at timestamptz;
update terminal_addresses set left_at = now() where former_key is not null;
