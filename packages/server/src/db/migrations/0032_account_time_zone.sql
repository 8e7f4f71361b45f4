-- For stores that say nothing of their own; an IANA name.
alter table accounts add column time_zone text;
