-- Reports of closings: docs/reports.md. What a closing shows is derived from facts; a report is what was so at a moment, and stays.
create table closing_reports (
  account_id text not null,
  store_ref text not null,
  -- 1, 2, 3 … within the store, without gaps; after a restore of the database it goes on at the next thousand.
  number integer not null check (number > 0),
  -- No foreign key: a report stays when the closing is deleted with its operations.
  closing_id uuid not null,
  business_day date not null,
  -- The report of the same closing before; null: it is the original.
  corrects integer,
  made_at timestamptz not null,
  -- JSON, kept as the text of which `sha256` is the digest.
  body text not null,
  sha256 text not null,
  changes jsonb not null,
  primary key (account_id, store_ref, number),
  foreign key (account_id, store_ref) references stores (account_id, id),
  foreign key (account_id, store_ref, corrects) references closing_reports
);
create unique index closing_reports_by_closing on closing_reports (account_id, closing_id, number desc);
-- A report is corrected once, by the next one: so two servers never make two corrections of one.
create unique index closing_reports_corrected on closing_reports (account_id, store_ref, corrects) where corrects is not null;
create unique index closing_reports_original on closing_reports (account_id, closing_id) where corrects is null;
create index closing_reports_by_day on closing_reports (account_id, business_day, store_ref, closing_id, number desc);

-- The last number of each store. Its row is locked while a report is made.
create table closing_report_numbers (
  account_id text not null,
  store_ref text not null,
  last_number integer not null,
  primary key (account_id, store_ref),
  foreign key (account_id, store_ref) references stores (account_id, id)
);

create function closing_reports_are_append_only() returns trigger
language plpgsql as $$
begin
  raise exception 'closing_reports is append-only';
end
$$;
create trigger closing_reports_append_only before update or delete or truncate on closing_reports
  for each statement execute function closing_reports_are_append_only();

-- When a worker looks next whether a report of it is to be made. Null: never looked at, so its day is not over, or just is.
alter table closings add column report_at timestamptz;
create index closings_unreported on closings (day_ends_at) where report_at is null;
create index closings_report_due on closings (report_at) where report_at is not null;

do $$
declare
  name text;
begin
  foreach name in array array['closing_reports', 'closing_report_numbers'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', name);
    execute format(
      'create policy all_accounts on %I to current_user using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')', name);
  end loop;
end
$$;
