"""Results: written to the journal, then sent in order, each until the server holds it (rules 8 to 11, 14)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from journal import Journal
from messages import Command, Memory, Message, operation_id_of
from outside import Outside
from times import Backoff, Clock, to_text

log = logging.getLogger("agent.answers")


@dataclass
class Repeating:
    due: float = 0.0
    pauses: Backoff = field(default_factory=lambda: Backoff(2.0, 30.0))
    over: bool = False


class Answers:
    def __init__(self, journal: Journal, clock: Clock, outside: Outside) -> None:
        self._journal, self._clock, self._outside = journal, clock, outside
        self._linked = False
        # The number of the result that is being sent; and results without a number, which the journal could not take.
        self._told: int | None = None
        self._next = Repeating()
        self._unnumbered: dict[str, Repeating] = {}

    def connected(self) -> None:
        """Sends the next missing result: at once, if this run knows what the server holds; else after the welcome."""
        self._linked, self._told = True, None
        self._unnumbered.clear()
        self.tick()

    def disconnected(self) -> None:
        self._linked = False

    def due(self) -> float | None:
        times = [it.due for it in self._unnumbered.values() if not it.over]
        times += [self._next.due] if self._told is not None else []
        return min(times) if times and self._linked else None

    def tick(self) -> None:
        if not self._linked:
            return
        now = self._clock.steady()
        result = next(iter(self._journal.untold()), None) if self._journal.held else None
        if result is None:
            self._told = None
        elif result["number"] != self._told:
            self._told, self._next = result["number"], Repeating()
        if result and now >= self._next.due:
            self._next.due = now + self._next.pauses.pause()
            self._outside.send("result", result)
        unstored = {it["result"]["operation_id"]: it["result"] for it in self._journal.unstored}
        self._unnumbered = {key: self._unnumbered.get(key, Repeating()) for key in unstored}
        for key, it in self._unnumbered.items():
            if not it.over and now >= it.due:
                it.due = now + it.pauses.pause()
                self._outside.send("result", unstored[key])

    def give(self, result: Message, batch: str | None = None, device: dict[str, Any] | None = None) -> None:
        """Writes a result and sends it.

        `batch`: the batch that the reader names now, after a close. `device`: changes of the device.
        """
        self._journal.answer(result, batch, device)
        self.tick()
        head = {key: result[key] for key in ("operation_id", "operation")}
        self._outside.emit("operation", **head, state=result["status"])

    def fail(self, command: Command, reason: str, error: Message | None = None, **more: Any) -> None:
        """Answers an operation that did not begin. A begun entry of it in the journal is replaced by the result."""
        more.update({"error": error} if error else {})
        more.update({"origin": command.origin} if command.origin else {})
        head = {"operation_id": command.operation_id, "operation": command.operation, "status": "FAILED"}
        self.give({**head, "finished_at": self.now(), "reason": reason, **more})

    def again(self, operation_id: str) -> None:
        """Sends a result again, for a copy of its command.

        A result that the server must not get yet comes in its turn.
        """
        entry, held = self._journal.answered(operation_id), self._journal.held
        if not entry or not self._linked:
            return
        if "number" not in entry:
            self._outside.send("result", entry["result"])
        elif held and entry["number"] <= held["number"]:
            self._outside.send("result", self._journal.as_told(entry))
        elif entry["number"] == self._told:
            self._next.due = 0.0
            self.tick()

    def hold(self, memory: Memory) -> None:
        """Takes how much of the log the server holds: the next result after that is sent, again if need be."""
        self._journal.held = memory
        self.tick()
        if memory["number"] == self._journal.last_number:
            self._outside.all_held()

    def receipt(self, message: Message) -> None:
        """Takes a receipt for a result without a number. For the others the receipt's `memory` is enough."""
        it = self._unnumbered.get(operation_id_of(message))
        if it and "status" in message:
            it.over = True

    def now(self) -> str:
        return to_text(self._clock.wall())
