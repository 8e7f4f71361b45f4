-- How virtual terminals are made to behave over HTTP: docs/adr/0044-sandbox-controls.md.
create table virtual_terminal_controls (
  account_id text not null,
  terminal_id text not null,
  controls jsonb not null,
  -- Business time at which they end; null: never.
  until timestamptz,
  -- Another one with each change, and the last one that the terminal was told.
  version bigint not null default 1,
  in_force_version bigint not null default 0,
  primary key (account_id, terminal_id),
  foreign key (account_id, terminal_id) references terminals on delete cascade
);
create index virtual_terminal_controls_waiting on virtual_terminal_controls (account_id, terminal_id)
  where version > in_force_version;

-- What is to happen once at a virtual terminal. The trade of its open batch stays here: the terminal may move to a server without its journal.
create table virtual_terminal_actions (
  account_id text not null,
  terminal_id text not null,
  id uuid not null,
  number bigint generated always as identity,
  kind text not null check (kind in ('purchase', 'refund', 'close')),
  amount bigint not null default 0 check (amount >= 0),
  tip bigint not null default 0 check (tip between 0 and amount),
  -- When it happened by the terminal's clock; null: it has not.
  happened_at timestamptz,
  -- Whether there is nothing left to do. A close happens before its result is known.
  done boolean not null default false,
  result jsonb,
  primary key (account_id, id),
  foreign key (account_id, terminal_id) references terminals on delete cascade
);
create index virtual_terminal_actions_waiting on virtual_terminal_actions (number) where not done;
create index virtual_terminal_actions_of_terminal on virtual_terminal_actions (account_id, terminal_id, happened_at);

alter table virtual_terminal_controls enable row level security;
alter table virtual_terminal_controls force row level security;
create policy own_account on virtual_terminal_controls using (tillkeeper_sees(account_id));
create policy all_accounts on virtual_terminal_controls to current_user
  using (current_setting('tillkeeper.all_accounts', true) = 'on');
alter table virtual_terminal_actions enable row level security;
alter table virtual_terminal_actions force row level security;
create policy own_account on virtual_terminal_actions using (tillkeeper_sees(account_id));
create policy all_accounts on virtual_terminal_actions to current_user
  using (current_setting('tillkeeper.all_accounts', true) = 'on');
