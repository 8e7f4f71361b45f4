-- Both are trusted: the owner of the database may create them.
create extension if not exists pg_trgm;
create extension if not exists btree_gin;

alter table stores
  -- D5: two reasons, kept apart so that the end of one does not lift the other.
  add column suspended_by_operator boolean not null default false,
  add column suspended_by_destination boolean not null default false,
  -- What differs from the defaults (D7).
  add column configuration jsonb not null default '{}',
  add constraint stores_active_without_reason check (
    status <> 'ACTIVE' or not (suspended_by_operator or suspended_by_destination)
  );

-- By the caller's id, deleted stores included.
create index stores_store_id on stores (account_id, store_id);
-- Lists take the newest of each wanted status, and of each wanted destination; a page costs the same however many
-- stores there are and whatever they are in.
create index stores_newest on stores (account_id, status, number);
create index stores_newest_of_destination on stores (account_id, payout_destination_id, status, number)
  where payout_destination_id is not null;

-- What `search` looks into, folded, and what is filtered together with it. A table of its own because of row-level
-- security, as for terminals (0003): LIKE is not leakproof, so next to a policy, be it that of a joined table, no index
-- serves it. It gives away numbers only; the stores behind them are read through their policy.
create table store_search (
  account_id text not null,
  number integer not null,
  status text not null,
  payout_destination_id text,
  text text not null,
  primary key (account_id, number),
  foreign key (account_id, number) references stores (account_id, number) on delete cascade
);
-- Led by the account: what others store does not slow a search down. Entries go in at once: a list of pending ones would
-- be read whole by each search.
create index store_search_text on store_search using gin (account_id, text gin_trgm_ops) with (fastupdate = off);

alter table store_search enable row level security;
create policy own_account on store_search using (tillkeeper_sees(account_id));

-- Numbers of stores with a text, newest first, for whoever the policy would let see them. Planned anew for each pattern:
-- a rare word is found by the trigram index, a common one soon turns up on the way down from the newest.
create function tillkeeper_search_stores(
  account text, pattern text, statuses text[], destinations text[], below integer, most integer
) returns setof integer
language plpgsql stable security definer set search_path from current as $$
begin
  if not tillkeeper_sees(account) then
    return;
  end if;
  return query execute
    'select number from store_search
     where account_id = $1 and text like tillkeeper_fold($2) and number < $5 and status = any($3)'
     || case when destinations is null then '' else ' and payout_destination_id = any($4)' end
     || ' order by number desc limit $6'
    using account, pattern, statuses, destinations, below, most;
end
$$;

-- Name, both ids, place and organization number. A line break cannot be searched for, so no hit spans two of them.
create function tillkeeper_store_text(store stores) returns text language sql immutable parallel safe
return tillkeeper_fold(normalize(concat_ws(
  e'\n', store.id, store.store_id, store.store_name, store.address ->> 'postal_place',
  store.organization ->> 'organization_number'
)));

create function store_search_write() returns trigger language plpgsql as $$
begin
  insert into store_search (account_id, number, status, payout_destination_id, text)
  values (new.account_id, new.number, new.status, new.payout_destination_id, tillkeeper_store_text(new))
  on conflict (account_id, number) do update set
    status = excluded.status, payout_destination_id = excluded.payout_destination_id, text = excluded.text;
  return null;
end
$$;
create trigger store_search_write
  after insert or update of store_id, store_name, address, organization, status, payout_destination_id on stores
  for each row execute function store_search_write();

insert into store_search (account_id, number, status, payout_destination_id, text)
select account_id, number, status, payout_destination_id, tillkeeper_store_text(stores) from stores;
