-- What a closing of the day has to know of an operation: whether a close may have closed the batch although it FAILED, and the
-- store in which its terminal was when it was accepted. Null: accepted by a server of before.
alter table operations
  add column unknown_end boolean not null default false,
  add column store_ref text;

-- Servers of before did not keep that the end of a close was unknown. But a close that FAILED is the last of its address only
-- if its end is.
update operations set unknown_end = true
from terminal_addresses as device
where device.account_id = operations.account_id and device.last_close = operations.id
  and device.terminal_id = operations.terminal_id and operations.status = 'FAILED' and operations.answered_at is not null;
update operations set late_result = jsonb_set(operations.late_result, '{unknown_end}', 'true')
from terminal_addresses as device
where device.account_id = operations.account_id and device.last_close = operations.id
  and device.terminal_id = operations.terminal_id and operations.late_result ->> 'status' = 'FAILED';
