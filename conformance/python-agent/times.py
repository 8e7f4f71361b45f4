"""Time: the device's clocks, an estimate of the server's clock, and pauses between attempts."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from datetime import datetime, timezone

# Unlike CLOCK_MONOTONIC it goes on while the device sleeps, so that no operation begins late after that.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_RFC3339 = re.compile(r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")


class Clock:
    """Both clocks of the device. Tests replace it."""

    def wall(self) -> float:
        """Seconds since 1970 by the device's wall clock. May be wrong, may jump."""
        return time.time()

    def steady(self) -> float:
        """Seconds that never go back, to measure elapsed time with."""
        return time.clock_gettime(_STEADY)


def to_text(seconds: float) -> str:
    """Writes an instant as RFC 3339 with milliseconds in UTC."""
    instant = datetime.fromtimestamp(seconds, timezone.utc)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def from_text(text: object) -> float:
    """Reads RFC 3339; raises ValueError for any other text, and for a time without a zone."""
    if not isinstance(text, str) or not _RFC3339.match(text):
        raise ValueError(f"not a time: {text!r}")
    fraction = re.search(r"\.(\d+)", text)
    plain = text.upper().replace(fraction.group(0), "") if fraction else text.upper()
    whole = datetime.fromisoformat(plain).timestamp()
    return whole + (float("0." + fraction.group(1)) if fraction else 0.0)


class ServerTime:
    """An estimate of the server's time that is never behind it (rules 32 to 34)."""

    GOOD_FOR = 3600.0
    DRIFT = 1.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hellos: dict[str, float] = {}
        self._server = 0.0
        self._steady = 0.0
        self._apart = 0.0
        self.known = False
        self.round_trip = 0.0

    def said_hello(self, sent_at: str) -> None:
        # Of two hellos in one millisecond the earlier counts, so that the estimate is not behind.
        self._hellos.setdefault(sent_at, self._clock.steady())
        while len(self._hellos) > 50:
            self._hellos.pop(next(iter(self._hellos)))

    def welcomed(self, hello_sent_at: str, server_time: float) -> bool:
        """Takes a welcome; returns False when it answers no hello of this process."""
        said = self._hellos.get(hello_sent_at)
        if said is None:
            return False
        now = self._clock.steady()
        self._server, self._steady = server_time, said
        self._apart = self._clock.wall() - now
        self.round_trip = now - said
        self.known = True
        return True

    def now(self) -> float:
        return self._server + (self._clock.steady() - self._steady)

    def doubtful(self) -> bool:
        """Whether to compare clocks again before anything is begun (rule 34)."""
        now = self._clock.steady()
        drift = abs(self._clock.wall() - now - self._apart)
        return not self.known or now - self._steady > self.GOOD_FOR or drift > self.DRIFT


class Backoff:
    """Pauses that double, each shortened by a random share so that a fleet does not come back in step."""

    def __init__(self, first: float, most: float, chance: Callable[[], float] = random.random) -> None:
        self._first, self._most, self._chance = first, most, chance
        self._next = first

    def pause(self) -> float:
        length = self._next
        self._next = min(length * 2, self._most)
        return length * (1 - self._chance() / 2)

    def begin_again(self) -> None:
        self._next = self._first

    def at_most(self, length: float) -> None:
        self._next = min(self._next, length)
