"""The interface by which the rules act. `Agent` implements it for a device, the tests by records of the calls."""

from __future__ import annotations

from typing import Any, Protocol

from messages import Command, Message


class Outside(Protocol):
    def send(self, channel: str, message: Message) -> None: ...

    def emit(self, event: str, **fields: Any) -> None: ...

    def later(self, operation_id: str) -> None:
        """Calls `begin_written` later, after all messages that have already come in."""

    def take_till(self) -> bool:
        """Locks payments out; returns False when a payment is under way. Must not wait."""

    def leave_till(self) -> None: ...

    def begin(self, command: Command, seconds_left: float) -> None:
        """Begins the operation, and calls `finished` at its end. `seconds_left`: until its deadline."""

    def break_off(self, operation_id: str) -> bool:
        """Interrupts a running operation; returns False when it cannot be interrupted."""

    def last_batch(self) -> Message | None:
        """Returns the figures of the batch that was closed last; None without one, or when the reader cannot say.

        Must not wait.
        """

    def all_held(self) -> None:
        """Called when the server holds all results of the journal."""

    def outdated(self) -> None:
        """Called when the journal is an old copy: the device needs another address."""
