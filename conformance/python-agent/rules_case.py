"""Base of the tests of the rules: a clock that moves only when a test says so, and a simulated server."""

from __future__ import annotations

import json
import logging
import tempfile
import unittest
import uuid
from pathlib import Path
from typing import Any

from journal import Journal
from messages import Command, Message
from presence import Presence
from rules import Rules
from times import Clock, to_text

START = 1_782_723_600.0
ADDRESS = "T12345678-T0001-D3632400"


class TestClock(Clock):
    def __init__(self) -> None:
        self.passed, self.off = 0.0, 0.0

    def wall(self) -> float:
        return START + self.passed + self.off

    def steady(self) -> float:
        return 1000.0 + self.passed


class World:
    """Replaces links, threads and the till, and records the calls."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.written: list[str] = []
        self.begun: list[str] = []
        self.payment, self.breakable = False, True
        self.batch: Message | None = None
        self.all_held_count = self.outdated_count = 0

    def send(self, channel: str, message: Message) -> None:
        self.sent.append((channel, json.loads(json.dumps(message))))

    def emit(self, event: str, **fields: Any) -> None: ...

    def later(self, operation_id: str) -> None:
        self.written.append(operation_id)

    def take_till(self) -> bool:
        return not self.payment

    def leave_till(self) -> None: ...

    def begin(self, command: Command, seconds_left: float) -> None:
        self.begun.append(command.operation_id)

    def break_off(self, operation_id: str) -> bool:
        return self.breakable

    def last_batch(self) -> Message | None:
        return self.batch

    def all_held(self) -> None:
        self.all_held_count += 1

    def outdated(self) -> None:
        self.outdated_count += 1


class RulesCase(unittest.TestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "journal.json"
        self.clock, self.world = TestClock(), World()
        # The server's memory of the log, and the results that it holds.
        self.memory: Message = {"number": 0}
        self.held: list[Message] = []
        self.start()
        self.connect()

    def start(self) -> None:
        """Starts the device anew with the journal on the disk."""
        self.journal = Journal(self.path)
        self.journal.belongs_to(ADDRESS)
        last = self.world.last_batch()
        self.journal.answer_interrupted(to_text(self.clock.wall()), last["batch_id"] if last else None)
        presence = Presence(self.clock, lambda: {"telemetry": {}}, lambda: 0.0)
        self.rules = Rules(self.journal, self.clock, self.world, presence, "test/1")

    def connect(self, welcome: bool = True) -> None:
        self.rules.connected(str(uuid.uuid4()))
        if welcome:
            self.welcome()

    def welcome(self) -> None:
        hello = self.last("hello")
        times = {"server_time": self.time(), "hello_sent_at": hello["sent_at"]}
        self.hear("welcome", protocol=1, **times, memory=self.memory)

    def take(self) -> None:
        """Lets the server take the results in order, and say so, until there are no more."""
        taken = -1
        while taken != len(self.held):
            taken = len(self.held)
            for result in self.said("result"):
                number = result.get("number", 0)
                if number > self.memory["number"] >= result.get("after", number - 1):
                    self.held.append(result)
                    self.memory = {"number": number, "id": result["operation_id"]}
                    self.hear("receipt", operation_id=result["operation_id"], status=result["status"], memory=self.memory)

    def time(self, seconds: float = 0.0) -> str:
        """Returns the server's time."""
        return to_text(START + self.clock.passed + seconds)

    def hear(self, channel: str, /, **message: Any) -> None:
        self.rules.received(channel, json.dumps(message).encode())

    def command(self, operation: str = "open_menu", window: float = 15.0, **more: Any) -> str:
        operation_id = more.pop("operation_id", str(uuid.uuid4()))
        times = {"created_at": self.time(), "expires_at": self.time(window), "sent_at": self.time()}
        close = {"previous_close": more.pop("previous_close", None)} if operation == "end_of_day" else {}
        origin = {"request": more.pop("request", operation_id), "signed": "s"}
        given = {"operation_id": operation_id, "operation": operation, "parameters": {}, "origin": origin}
        fields = {**given, **times, **close, **more}
        self.hear("command", **fields)
        return operation_id

    def cancel(self, operation_id: str, operation: str = "open_menu", **more: Any) -> None:
        times = {"created_at": self.time(), "expires_at": self.time(15)}
        origin = {"request": more.pop("request", operation_id), "signed": "s"}
        self.hear("cancel", operation_id=operation_id, operation=operation, origin=origin, **times, **more)

    def written(self) -> None:
        while self.world.written:
            self.rules.begin_written(self.world.written.pop(0))

    def go(self, seconds: float) -> None:
        self.clock.passed += seconds
        self.rules.tick()
        self.written()

    def complete(self, operation_id: str) -> None:
        self.rules.finished(operation_id, {"status": "COMPLETED", "result": {"opened": True}})

    def close(self, **more: Any) -> str:
        """Closes a day without any fault."""
        operation_id = self.command("end_of_day", **more)
        self.written()
        self.finish_close(operation_id)
        return operation_id

    def finish_close(self, operation_id: str) -> None:
        batch = str(int(self.world.batch["batch_id"]) + 1) if self.world.batch else "1"
        figures = {"batch_id": batch, "outcome": "accepted", "last_end_of_day_at": self.time()}
        if self.world.batch:
            self.world.batch = figures
        self.rules.finished(operation_id, {"status": "COMPLETED", "result": figures})

    def said(self, channel: str) -> list[Message]:
        return [message for name, message in self.world.sent if name == channel]

    def last(self, channel: str) -> Message:
        return self.said(channel)[-1]
