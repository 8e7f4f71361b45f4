-- Why a terminal is in ERROR: after an exhausted activation, or by its device's fault. And since when it is being added.
alter table terminals
  drop constraint terminals_status_reason_check,
  add constraint terminals_status_reason_check check (status_reason in ('CHECK_UPDATE', 'ADDING', 'SYNC_ERROR')),
  add column sync_failed boolean not null default false,
  add column pending_since timestamptz;
update terminals set
  pending_since = created_at,
  status_reason = case status when 'PENDING' then 'ADDING' else status_reason end,
  sync_failed = 'ERROR' in (status, coalesce(status_before_inactive, status)) and coalesce((
    select activations.status = 'EXHAUSTED' from activations
    where activations.account_id = terminals.account_id and activations.terminal_id = terminals.terminal_id
    order by activations.id desc
    limit 1
  ), false);
alter table terminals alter column pending_since set not null, alter column pending_since set default now();
