-- How far business time is ahead of the database's clock (docs/adr/0029-one-time.md). Without a row: not at all.
create table business_clock (
  one boolean primary key default true check (one),
  ahead_ms bigint not null check (ahead_ms >= 0)
);

-- What has expired stays expired, and what is later stays later.
create function tillkeeper_business_clock_only_grows() returns trigger
language plpgsql set search_path from current as $$
begin
  if tg_op = 'DELETE' or new.ahead_ms < old.ahead_ms then
    raise exception 'business time does not go back';
  end if;
  return new;
end
$$;
create trigger business_clock_only_grows before update or delete on business_clock
  for each row execute function tillkeeper_business_clock_only_grows();
