-- Business time may run faster than real time: from `since` on it gains `rate` − 1 seconds each second.
alter table business_clock
  add column since timestamptz not null default clock_timestamp(),
  add column rate integer not null default 1 check (rate between 1 and 1000);

-- How far business time is ahead at an instant of real time, in milliseconds.
create function tillkeeper_ahead_ms(clock business_clock, at timestamptz) returns bigint
language sql immutable set search_path from current
return clock.ahead_ms
  + floor(greatest(extract(epoch from at - clock.since), 0) * 1000 * (clock.rate - 1))::bigint;

-- How far business time is ahead now.
create function tillkeeper_business_ahead() returns interval
language sql volatile set search_path from current
return coalesce((select tillkeeper_ahead_ms(c, clock_timestamp()) from business_clock c), 0) * interval '1 millisecond';

create or replace function tillkeeper_business_clock_only_grows() returns trigger
language plpgsql set search_path from current as $$
declare
  at timestamptz := case when tg_op = 'UPDATE' then greatest(old.since, new.since) end;
begin
  if tg_op = 'DELETE' or tillkeeper_ahead_ms(new, at) < tillkeeper_ahead_ms(old, at) then
    raise exception 'business time does not go back';
  end if;
  return new;
end
$$;

-- Moves business time to `set_to`, or ahead by `advance_ms`, and sets how fast it runs; null leaves each as it is. It acts
-- with the rights of the owner, so that the move stands in one transaction with its entry in the audit log.
-- Returns `moved`; or, when nothing was moved, why: `goes_back`, `too_far`.
create function tillkeeper_move_clock(set_to timestamptz, advance_ms bigint, new_rate integer) returns text
language plpgsql security definer set search_path from current as $$
declare
  at timestamptz;
  clock business_clock;
  ahead bigint;
  wanted bigint;
begin
  insert into business_clock (ahead_ms) values (0) on conflict do nothing;
  select * into clock from business_clock for update;
  at := clock_timestamp();
  ahead := tillkeeper_ahead_ms(clock, at);
  -- A server that has not read the row yet goes on at the former rate for up to a second. So that its time does not go
  -- back, the clock is put ahead by as much when it slows down.
  ahead := ahead + greatest(clock.rate - coalesce(new_rate, clock.rate), 0) * 1500;
  wanted := coalesce(round(extract(epoch from set_to - at) * 1000)::bigint, ahead) + coalesce(advance_ms, 0);
  if wanted < ahead then return 'goes_back'; end if;
  if at + wanted * interval '1 millisecond' > at + interval '20 years' then return 'too_far'; end if;
  update business_clock set ahead_ms = wanted, since = at, rate = coalesce(new_rate, clock.rate);
  for month in 0..2 loop
    perform tillkeeper_make_month(at + wanted * interval '1 millisecond' + month * interval '1 month');
  end loop;
  return 'moved';
end
$$;

do $$
begin
  execute format('alter function tillkeeper_move_clock set search_path = %I, pg_temp', current_schema());
end
$$;
