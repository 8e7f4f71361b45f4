-- A transaction may be limited to stores of its account: docs/adr/0046-limit-to-stores.md. The setting `tillkeeper.stores` is a text[] of
-- generated ids; empty or not there, nothing is limited. The policies that ask these functions are made at the start of the server,
-- from one list (db/tenants/belonging.ts).

-- True without a limit, else null: `is not null` is what the planner takes for nearly always true.
create function tillkeeper_every_store() returns boolean language sql stable parallel safe
return case when coalesce(current_setting('tillkeeper.stores', true), '') = '' then true end;

create function tillkeeper_stores() returns text[] language sql stable parallel safe
return nullif(current_setting('tillkeeper.stores', true), '')::text[];

-- The terminals that are in those stores. With the rights of the owner, whom no limit concerns: the account is asked for by itself.
create function tillkeeper_terminals() returns text[] language sql stable parallel safe security definer as $$
  select array(
    select terminal_id from terminals
    where account_id = current_setting('tillkeeper.account_id', true) and store_ref = any(tillkeeper_stores())
  )
$$;

create function tillkeeper_terminal_numbers() returns integer[] language sql stable parallel safe security definer as $$
  select array(
    select number from terminals
    where account_id = current_setting('tillkeeper.account_id', true) and store_ref = any(tillkeeper_stores())
  )
$$;

-- Whether the closing is one of those stores'. Its cost is set as low as that of an operator, because without a limit it is not called.
create function tillkeeper_sees_closing(account text, of_closing uuid) returns boolean
language plpgsql stable parallel safe security definer cost 1 as $$
begin
  return tillkeeper_sees(account) and exists (
    select from closings where account_id = account and id = of_closing and store_ref = any(tillkeeper_stores())
  );
end
$$;

-- Whether the operation was in one of those stores. Of one that does not say so, or is not kept any more, the terminal decides.
create function tillkeeper_sees_operation(account text, of_operation uuid, of_terminal text) returns boolean
language plpgsql stable parallel safe security definer cost 1 as $$
declare
  place text;
begin
  if not tillkeeper_sees(account) then
    return false;
  end if;
  select store_ref into place from operations where account_id = account and id = of_operation;
  if place is null then
    select store_ref into place from terminals where account_id = account and terminal_id = of_terminal;
  end if;
  return coalesce(place = any(tillkeeper_stores()), false);
end
$$;

-- The epoch of the account's event at a position, for readers who may not see the event itself: that is where they go on.
create function tillkeeper_epoch_at(account text, of_position bigint) returns text
language sql stable parallel safe security definer as $$
  select coalesce(
    (select epoch from events where tillkeeper_sees(account) and account_id = account and position = of_position),
    (select epoch from event_heads where tillkeeper_sees(account) and account_id = account and position = of_position)
  )
$$;

-- As 0003 has it, with the limit: hits in other stores must not take the place of hits in those of the caller.
create or replace function tillkeeper_search_terminals(account text, pattern text, most integer) returns setof integer
language sql stable security definer set enable_seqscan = off as $$
  select number from terminal_search
  where tillkeeper_sees(account) and account_id || ':' = account || ':' and text like pattern
    and ((select tillkeeper_every_store()) is not null or number = any((select tillkeeper_terminal_numbers())::integer[]))
  limit most
$$;

-- As 0004 has it, with the limit.
create or replace function tillkeeper_search_stores(
  account text, pattern text, statuses text[], destinations text[], below integer, most integer
) returns setof integer
language plpgsql stable security definer as $$
begin
  if not tillkeeper_sees(account) then
    return;
  end if;
  return query execute
    'select number from store_search
     where account_id = $1 and text like tillkeeper_fold($2) and number < $5 and status = any($3)'
    || case when destinations is null then '' else ' and payout_destination_id = any($4)' end
    || case when tillkeeper_every_store() then '' else
      ' and number = any(array(select number from stores where account_id = $1 and id = any(tillkeeper_stores())))' end
    || ' order by number desc limit $6'
    using account, pattern, statuses, destinations, below, most;
end
$$;

-- Names in these functions mean the tables of this schema, also beside temporary tables of the caller.
do $$
declare
  signature text;
begin
  for signature in
    select oid::regprocedure from pg_proc where pronamespace = current_schema()::regnamespace and prosecdef
      and proname in (
        'tillkeeper_terminals', 'tillkeeper_terminal_numbers', 'tillkeeper_sees_closing', 'tillkeeper_sees_operation',
        'tillkeeper_epoch_at', 'tillkeeper_search_terminals', 'tillkeeper_search_stores'
      )
  loop
    execute format('alter function %s set search_path = %I, pg_temp', signature, current_schema());
  end loop;
end
$$;
