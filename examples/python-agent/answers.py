"""Results: into the journal first, then on their way, again and again until the receipt comes (rules 18 and 19)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from journal import Journal
from messages import Message, operation_id_of
from outside import Outside
from times import Backoff, Clock, to_text

log = logging.getLogger("agent.answers")


@dataclass
class Repeating:
    due: float = 0.0
    pauses: Backoff = field(default_factory=lambda: Backoff(2.0, 30.0))


class Answers:
    def __init__(self, journal: Journal, clock: Clock, outside: Outside) -> None:
        self._journal, self._clock, self._outside = journal, clock, outside
        self._repeating: dict[str, Repeating] = {}
        self._linked = False

    def connected(self) -> None:
        """Everything that has no receipt, at once, the oldest first."""
        self._linked = True
        self._repeating.clear()
        for operation_id, record in reversed(self._journal.unreceipted()):
            if "result" in record:
                self.send(operation_id)

    def disconnected(self) -> None:
        self._linked = False

    def due(self) -> float | None:
        times = [it.due for it in self._repeating.values()]
        return min(times) if times and self._linked else None

    def tick(self) -> None:
        now = self._clock.steady()
        for operation_id in [key for key, it in self._repeating.items() if self._linked and now >= it.due]:
            self.send(operation_id)

    def give(
        self, operation_id: str, operation: str, expires_at: float, came_of_it: Message, device: Message | None = None
    ) -> None:
        """`came_of_it`: status, and result or reason; `started_at` if it was begun. `device`: what changed on the device."""
        head = {"operation_id": operation_id, "operation": operation}
        result = {**head, "finished_at": self._now(), **came_of_it}
        self._journal.answer(operation_id, expires_at, result, device)
        self.send(operation_id)
        self._outside.emit("operation", **head, state=came_of_it["status"])

    def send(self, operation_id: str) -> None:
        it = self._repeating.setdefault(operation_id, Repeating())
        it.due = self._clock.steady() + it.pauses.pause()
        if self._linked:
            self._outside.send("result", self._journal.operations[operation_id]["result"])

    def receipt(self, message: Message) -> None:
        operation_id = operation_id_of(message)
        record = self._journal.get(operation_id)
        if not record or "result" not in record:
            return
        self._repeating.pop(operation_id, None)
        if not record["receipted"]:
            self._journal.receipt(operation_id)
            self._outside.receipted(operation_id)

    def rejection(self, message: Message) -> None:
        """A fault in this program. A result that was not understood would never be receipted: FAILED takes its place."""
        log.error("the server did not understand a %s: %s", message.get("channel"), message.get("errors"))
        record = self._journal.get(str(message.get("operation_id")))
        if message.get("channel") != "result" or not record or record.get("receipted") is not False:
            return
        result = record["result"]
        if result["status"] == "COMPLETED":
            # What the operation changed on the device stays changed.
            kept = {key: result[key] for key in ("operation_id", "operation", "started_at") if key in result}
            error = {"code": "result_rejected", "message": str(message.get("errors"))[:500]}
            failed = {"status": "FAILED", "finished_at": self._now(), "reason": "device_error", "error": error}
            self._journal.answer(kept["operation_id"], record["expires_at"], {**kept, **failed})
            self.send(kept["operation_id"])

    def _now(self) -> str:
        return to_text(self._clock.wall())
