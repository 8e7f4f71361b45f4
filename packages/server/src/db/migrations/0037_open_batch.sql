-- What is open at a terminal, as its device tells it, belongs to that device. The address says which one told a value. When
-- a device is replaced, its open batch is kept with its address: nobody can close it there any more.
alter table terminal_telemetry add column address text;
alter table terminal_addresses
  add column open_batch jsonb,
  add column open_batch_at timestamptz,
  add constraint terminal_addresses_open_batch_check check ((open_batch is null) = (open_batch_at is null));
