-- The events of a pause: those beyond paused_position, up to resumed_position. Both stay after the pause, because events are
-- taken on a little later than they are placed.
alter table hook_subscriptions add column resumed_position bigint;
