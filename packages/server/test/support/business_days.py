"""Prints when business days begin, by Python's zoneinfo: an implementation that shares nothing with the server's.

business_days.py STARTS YEARS all|changes ZONE...

STARTS: times of day (05:00,23:30). YEARS: 2020-2035. `changes`: only days on which a zone changes its offset, and their
neighbours. A line for each zone and time of day: the zone, the time, and for each day its date, a colon and the minute
since 1970 in which the day begins. A time of day that a zone skips begins when clocks show a later one.
"""
import datetime
import sys
import zoneinfo

UTC = datetime.timezone.utc
MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)


def begins(day, hour, minute, zone):
    local = datetime.datetime(day.year, day.month, day.day, hour, minute)
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    shows = lambda at: at.astimezone(zone).replace(tzinfo=None)
    if shows(instant) != local:
        while shows(instant - MINUTE) >= local:
            instant -= MINUTE
    return int(instant.timestamp()) // 60


def offset(day, zone):
    return datetime.datetime(day.year, day.month, day.day, 12, tzinfo=UTC).astimezone(zone).utcoffset()


def days(years, which, zone):
    day, last = datetime.date(years[0], 1, 1), datetime.date(years[1], 12, 31)
    while day <= last:
        if which == "all" or offset(day - 2 * DAY, zone) != offset(day + 2 * DAY, zone):
            yield day
        day += DAY


starts, years, which, *zones = sys.argv[1:]
for name in zones:
    zone = zoneinfo.ZoneInfo(name)
    wanted = list(days([int(year) for year in years.split("-")], which, zone))
    for start in starts.split(","):
        hour, minute = map(int, start.split(":"))
        print(name, start, *(f"{day}:{begins(day, hour, minute, zone)}" for day in wanted))
