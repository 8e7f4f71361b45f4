"""What the rules have done for them: by `Agent` in earnest, by the tests on paper."""

from __future__ import annotations

from typing import Any, Protocol

from messages import Command, Message


class Outside(Protocol):
    def send(self, channel: str, message: Message) -> None: ...

    def emit(self, event: str, **fields: Any) -> None: ...

    def later(self, operation_id: str) -> None:
        """Calls `begin_written` after everything that has already come in."""

    def take_till(self) -> bool:
        """Keeps payments out, or says False because one is under way. Must not wait."""

    def leave_till(self) -> None: ...

    def begin(self, command: Command, seconds_left: float) -> None:
        """Begins, and hands in `finished` in the end."""

    def break_off(self, operation_id: str) -> bool:
        """False when it can only go on to its end."""

    def last_batch(self) -> Message | None:
        """The figures of the batch that the reader closed last. None where there is none, or it cannot say. Must not wait."""

    def all_held(self) -> None:
        """The server holds all that the journal has to tell."""

    def outdated(self) -> None:
        """The journal is an old copy: another address is needed."""
