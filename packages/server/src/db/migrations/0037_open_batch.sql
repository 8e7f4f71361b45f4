alter table terminal_telemetry add column open_batch_at timestamptz;
alter table terminal_addresses add column open_batch jsonb, add column open_batch_at timestamptz;
