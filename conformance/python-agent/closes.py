"""Closing the day: one close per request, begun only if the server knew the last close (rules 23 to 25)."""

from __future__ import annotations

import uuid

from answers import Answers
from journal import Journal
from messages import Command, Message, may_have_closed
from outside import Outside


class Closes:
    def __init__(self, journal: Journal, outside: Outside, answers: Answers) -> None:
        self._journal, self._outside, self._answers = journal, outside, answers

    def ask_reader(self) -> bool:
        """Writes a close by hand when the reader names a batch that the journal lacks. False if that cannot be stored.

        Must not be called while an operation runs: a batch that is closed then is not closed by hand.
        """
        last = self._outside.last_batch()
        if last is None or last["batch_id"] == self._journal.batch:
            return True
        head = {"operation_id": str(uuid.uuid4()), "operation": "end_of_day", "status": "COMPLETED", "by_hand": True}
        # The close is a fact. The payment host's answer and the figures are reported only if the reader names them.
        facts = {"outcome": "unconfirmed", **last}
        result = {**head, "finished_at": last.get("last_end_of_day_at", self._answers.now()), "result": facts}
        try:
            self._journal.note_close_by_hand(result, last["batch_id"])
        except OSError:
            return False
        self._answers.tick()
        return True

    def answer_known_request(self, command: Command) -> bool:
        """Answers a repeated request of a close with the result of the first; returns whether there is one."""
        known = self._journal.close_of_request(command.request) if command.is_close and command.request else None
        if known is None:
            return False
        own = {"operation_id": command.operation_id, "origin": command.origin, "finished_at": self._answers.now()}
        came = {key: it for key, it in known.items() if key != "started_at"}  # the repetition was not begun
        self._answers.give({**came, **own, "repeats": known.get("repeats", known["operation_id"])})
        return True

    def in_step(self, command: Command) -> bool:
        """Whether the server knew the last close when it accepted this command; if not, the command is answered."""
        if not command.is_close:
            return True
        if not self.ask_reader():
            self._answers.fail(command, "storage_failed")
            return False
        last = self._journal.last_close()
        if last != command.previous_close:
            self._answers.fail(command, "out_of_step", **({"last_close": last} if last else {}))
        return last == command.previous_close

    def give_up(self, command: Command) -> None:
        """Answers a cancelled close after the comparison: an old copy of a journal may lack its begin (rule 29)."""
        if not self.answer_known_request(command) and self.in_step(command):
            self._answers.fail(command, "cancelled")

    def batch_after(self, result: Message) -> str | None:
        """The batch of an own close, which is written with its result so that it does not look like a close by hand."""
        if not may_have_closed(result):
            return None
        last: Message = self._outside.last_batch() or result.get("result") or {}
        return last.get("batch_id")
