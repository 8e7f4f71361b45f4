-- Of a sandbox account: the stores and terminals that a reset takes it back to, in place of those that a new sandbox has.
alter table accounts add column sandbox_snapshot jsonb;
