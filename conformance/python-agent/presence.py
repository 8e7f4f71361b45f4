"""The times and the content of heartbeats (rules 37 to 40)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from times import Clock, to_text

Message = dict[str, Any]

APART = 1.0
LOOK = 2.0


class Presence:
    def __init__(
        self, clock: Clock, condition: Callable[[], Message], chance: Callable[[], float] = random.random
    ) -> None:
        """`condition`: returns the present `telemetry`, and `fault` while there is one."""
        self._clock, self._condition, self._chance = clock, condition, chance
        self._session: str | None = None
        self._every = 30.0
        self._due: float | None = None
        self._said_at = float("-inf")
        self._said: Message = {}
        self._look = clock.steady()

    def connected(self, session: str) -> None:
        self._session, self._due = session, None

    def disconnected(self) -> None:
        self._session, self._due = None, None

    def welcomed(self, heartbeat_seconds: object) -> None:
        if isinstance(heartbeat_seconds, int) and heartbeat_seconds >= 1:
            self._every = float(heartbeat_seconds)
        self._due = max(self._clock.steady(), self._said_at + APART)

    def due(self) -> float:
        """Returns when `heartbeat` must be called next."""
        if self._due is None:
            return self._clock.steady() + LOOK
        return min(self._due, max(self._look, self._said_at + APART))

    def heartbeat(self, round_trip: float, memory: Message | None = None) -> Message | None:
        """Returns a heartbeat if one is due, by the clock or after a change.

        `memory`: how much of the log the server holds, as far as known.
        """
        now = self._clock.steady()
        if self._due is None or self._session is None or now < self._said_at + APART:
            return None
        if now < self._due and now < self._look:
            return None
        self._look = now + LOOK
        condition = self._condition()
        if now < self._due and condition == self._said:
            return None
        self._said, self._said_at = condition, now
        # Earlier by a random share, so that a fleet does not send in step; later would count as late.
        self._due = now + max(APART, self._every * (1 - self._chance() / 10))
        milliseconds = min(600_000, round(round_trip * 1000))
        return {
            "session": self._session,
            "sent_at": to_text(self._clock.wall()),
            "round_trip_ms": milliseconds,
            **({"memory": memory} if memory else {}),
            **condition,
        }
