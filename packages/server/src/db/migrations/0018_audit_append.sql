-- Entries of the audit log are written by one function, `audit_append`, which only appends. The tenant role reads the log
-- and has no other right on it. The triggers bind the owner of the tables as well, as long as they are enabled.

-- Whether a chain may go on at a number. The limit keeps numbers exact in JSON.
create function audit_seq_is_usable(seq bigint) returns boolean
language sql immutable parallel safe
return seq between 0 and 4503599627370495;

-- Writes one entry behind a given place of the chain, and moves the head to it. The entry's text has the members and
-- the order that JSON.stringify gives them.
create function audit_write(
  behind_seq bigint, behind_hash bytea, for_account text, happened_at timestamptz, by_actor text, from_address text,
  with_request text, what text, on_type text, on_id text, was json, is_now json
) returns bigint
language plpgsql as $$
declare
  its_seq bigint := behind_seq + 1;
  its_at timestamptz := date_trunc('milliseconds', happened_at);
  its_entry text;
  its_hash bytea;
begin
  its_entry := '{"seq":' || its_seq
    || ',"at":"' || to_char(its_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    || '","account_id":' || to_json(for_account)
    || ',"actor":' || to_json(by_actor)
    || ',"address":' || to_json(from_address)
    || ',"request_id":' || to_json(with_request)
    || ',"action":' || to_json(what)
    || ',"subject":{"type":' || to_json(on_type) || ',"id":' || to_json(on_id)
    || '},"before":' || coalesce(was::text, 'null')
    || ',"after":' || coalesce(is_now::text, 'null') || '}';
  its_hash := sha256(behind_hash || convert_to(its_entry, 'UTF8'));
  insert into audit_log (account_id, seq, at, actor, action, subject_type, subject_id, entry, previous_hash, hash)
  values (for_account, its_seq, its_at, by_actor, what, on_type, on_id, its_entry, behind_hash, its_hash);
  update audit_heads set seq = its_seq, hash = its_hash where account_id = for_account;
  return its_seq;
end
$$;

-- Appends an entry to the log of the account that the transaction acts for, and answers its number.
-- A head that does not fit the log is no reason to refuse the change: an entry `audit.discrepancy` says first what the
-- head said and where the log ended, and the chain goes on above both.
create function audit_append(
  for_account text, happened_at timestamptz, by_actor text, from_address text, with_request text,
  what text, on_type text, on_id text, was json, is_now json
) returns bigint
language plpgsql security definer as $$
declare
  head record;
  last record;
  head_was json;
  fits boolean;
begin
  -- Only the owner works for all accounts. SECURITY DEFINER leaves the role that the caller has taken on in this setting.
  if current_setting('tillkeeper.account_id', true) is distinct from for_account and (
    current_setting('role') = 'tillkeeper_tenant'
    or current_setting('tillkeeper.all_accounts', true) is distinct from 'on'
  ) then
    raise exception 'audit_append: the transaction does not act for account %', for_account
      using errcode = 'insufficient_privilege';
  end if;
  if what like 'audit.%' then
    raise exception 'audit_append: % is written by the log itself', what using errcode = 'insufficient_privilege';
  end if;
  select seq, hash into head from audit_heads where account_id = for_account for update;
  if found then
    head_was := json_build_object('seq', head.seq::text, 'hash', encode(head.hash, 'hex'));
  else
    insert into audit_heads (account_id, seq, hash) values (for_account, 0, decode(repeat('00', 32), 'hex'))
      on conflict do nothing;
    select seq, hash into head from audit_heads where account_id = for_account for update;
  end if;
  fits := audit_seq_is_usable(head.seq);
  if fits then
    select count(*) filter (where seq = head.seq and hash = head.hash) = least(head.seq, 1)
      and count(*) filter (where seq = head.seq + 1) = 0
      into fits from audit_log where account_id = for_account and seq in (head.seq, head.seq + 1);
  end if;
  if not fits then
    select seq, hash into last from audit_log
      where account_id = for_account and seq > 0 and audit_seq_is_usable(seq) order by seq desc limit 1;
    if not audit_seq_is_usable(head.seq) or head.seq < coalesce(last.seq, 0) then
      head.seq := coalesce(last.seq, 0);
      head.hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    end if;
    perform audit_write(head.seq, head.hash, for_account, happened_at, 'tillkeeper:audit', '', with_request,
      'audit.discrepancy', 'audit_log', for_account, head_was,
      json_build_object('seq', coalesce(last.seq, 0)::text, 'hash', encode(last.hash, 'hex')));
    select seq, hash into head from audit_heads where account_id = for_account;
  end if;
  return audit_write(head.seq, head.hash, for_account, happened_at, by_actor, from_address, with_request,
    what, on_type, on_id, was, is_now);
end
$$;

create function audit_log_continues() returns trigger
language plpgsql as $$
begin
  if new.hash is distinct from sha256(new.previous_hash || convert_to(new.entry, 'UTF8')) then
    raise exception 'audit_log: the hash of entry % of % is not that of its text', new.seq, new.account_id;
  end if;
  if new.action <> 'audit.discrepancy' and not exists (
    select from audit_heads where account_id = new.account_id and seq = new.seq - 1 and hash = new.previous_hash
  ) then
    raise exception 'audit_log: entry % of % does not follow the head of the chain', new.seq, new.account_id;
  end if;
  return new;
end
$$;
create trigger audit_log_continues before insert on audit_log
  for each row execute function audit_log_continues();

create function audit_heads_only_grow() returns trigger
language plpgsql as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception 'audit_heads is never shortened';
  elsif tg_op = 'INSERT' then
    if new.seq <> 0 or new.hash <> decode(repeat('00', 32), 'hex') then
      raise exception 'audit_heads: the head of % does not begin at 0', new.account_id;
    end if;
  elsif new.account_id <> old.account_id or not exists (
    select from audit_log where account_id = new.account_id and seq = new.seq and hash = new.hash
      and (new.seq - 1 = old.seq or action = 'audit.discrepancy')
  ) then
    raise exception 'audit_heads: the head of % moves to the next entry only', old.account_id;
  end if;
  return new;
end
$$;
create trigger audit_heads_only_grow before insert or update on audit_heads
  for each row execute function audit_heads_only_grow();
create trigger audit_heads_never_shortened before delete or truncate on audit_heads
  for each statement execute function audit_heads_only_grow();

-- Names in these functions mean the tables of this schema, also under another search path or beside temporary tables of the caller.
do $$
declare
  name text;
begin
  foreach name in array array['audit_write', 'audit_append', 'audit_log_continues', 'audit_heads_only_grow'] loop
    execute format('alter function %I set search_path = pg_catalog, %I, pg_temp', name, current_schema());
    execute format('revoke execute on function %I from public', name);
  end loop;
  if exists (select from pg_roles where rolname = 'tillkeeper_tenant') then
    revoke insert, update, delete on audit_log, audit_heads from tillkeeper_tenant;
    grant execute on function audit_append to tillkeeper_tenant;
  end if;
end
$$;

-- The newest of the signed checkpoints of all heads (docs/adr/0024-audit-checkpoints.md). `claimed_until` is the turn of
-- the one server that is making the next.
create table audit_checkpoint (
  one boolean primary key default true check (one),
  number bigint not null default 0,
  at timestamptz,
  digest text,
  claimed_until timestamptz
);

-- Every log holds `account.create`. Accounts from before that have none (sandboxes, mostly) get it here, as the newest
-- entry. The policies are lifted for it, because they show one account at a time.
alter table accounts no force row level security;
alter table audit_log no force row level security;
do $$
declare
  known record;
  acting_for text := coalesce(current_setting('tillkeeper.account_id', true), '');
begin
  for known in
    select account_id, name, operator_account_id, created_at from accounts
    where not exists (
      select from audit_log where audit_log.account_id = accounts.account_id and seq = 1 and action = 'account.create'
    )
  loop
    perform set_config('tillkeeper.account_id', known.account_id, true);
    perform audit_append(known.account_id, now(), 'tillkeeper:migration', '', '', 'account.create', 'account',
      known.account_id, null, json_strip_nulls(json_build_object('account_id', known.account_id, 'name', known.name,
        'operator_account_id', known.operator_account_id,
        'created_at', to_char(known.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))));
  end loop;
  perform set_config('tillkeeper.account_id', acting_for, true);
end
$$;
alter table accounts force row level security;
alter table audit_log force row level security;
