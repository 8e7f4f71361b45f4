-- When the newest token of a paired device is over, and with it what was opened by it (docs/adr/0014-pairing-and-device-tokens.md).
alter table terminal_credentials
  -- When the tokens are over unless another is issued; from then on, when the broker is told so the next time. Null: nothing to do.
  add column lapse_due_at timestamptz,
  -- Since when they are. Null while a token holds, and of passwords.
  add column lapsed_at timestamptz,
  -- How often a token was issued after that: what a broker was given before is not given again.
  add column token_lapses integer not null default 0;

-- Tokens of before were not noted; none of them lives longer than this.
update terminal_credentials set lapse_due_at = now() + interval '7 days' where public_key is not null;

-- Since when the terminal is another device than the one that told this; null once that has told it, too.
alter table terminal_telemetry add column device_changed_at timestamptz;

create index terminal_credentials_lapse on terminal_credentials (lapse_due_at) where lapse_due_at is not null;
