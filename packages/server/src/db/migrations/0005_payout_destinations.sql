-- Payout destinations with everything that the public reference shows of them.
alter table payout_destinations
  add column id uuid not null default gen_random_uuid(),
  add column payout_destination_name text,
  add column payout_destination_description text,
  add column individual jsonb,
  add column bank_accounts jsonb not null default '[]',
  add column payout_interval_type text check (payout_interval_type in ('day', 'week', 'month', 'manual')),
  add column payout_reference text,
  add column form_submitter jsonb,
  add column report_configuration jsonb,
  add column created_by text not null default '',
  add column updated_at timestamptz,
  add column updated_by text not null default '',
  -- D5: since when it is not ACTIVE any more; null for one that is, or has never been.
  add column stopped_at timestamptz,
  -- What `search` looks into; a line break cannot be searched for, so no hit spans two fields.
  add column search_text text generated always as (
    tillkeeper_fold(
      payout_destination_id || e'\n' || coalesce(payout_destination_name, '') || e'\n'
      || coalesce(organization ->> 'name', '') || e'\n' || coalesce(organization ->> 'trade_name', '') || e'\n'
      || coalesce(organization ->> 'organization_number', '') || e'\n' || coalesce(individual ->> 'name', '')
    )
  ) stored,
  add constraint payout_destinations_type check (type in ('company', 'individual')),
  add constraint payout_destinations_case_status check (case_status in (
    'ACTIVE', 'DECLINED', 'UNDER_MANUAL_REVIEW', 'AUTOMATIC_REVIEW', 'WAITING_FOR_SIGNATURE', 'WAITING_FOR_DECLARATION',
    'ERROR', 'ARCHIVED', 'WAITING_FOR_DETAILS', 'TERMINATED'
  ));
update payout_destinations set updated_at = created_at;
-- Newest first, page by page.
create index payout_destinations_newest on payout_destinations (account_id, created_at desc, payout_destination_id desc);

-- D6: a destination of an operator, linked to a store of an account that the operator owns.
create table operator_destination_stores (
  operator_account_id text not null,
  payout_destination_id text not null,
  account_id text not null,
  store_ref text not null,
  created_at timestamptz not null,
  created_by text not null,
  primary key (operator_account_id, payout_destination_id, account_id, store_ref),
  foreign key (operator_account_id, payout_destination_id) references payout_destinations,
  foreign key (account_id, store_ref) references stores
);
create index operator_destination_stores_store on operator_destination_stores (account_id, store_ref);
create index accounts_operator on accounts (operator_account_id) where operator_account_id is not null;

-- The operator's rows; the owner of the store sees them, and that is all it can do with them.
alter table operator_destination_stores enable row level security;
alter table operator_destination_stores force row level security;
create policy operators on operator_destination_stores using (tillkeeper_sees(operator_account_id));
create policy store_owners on operator_destination_stores for select using (tillkeeper_sees(account_id));
