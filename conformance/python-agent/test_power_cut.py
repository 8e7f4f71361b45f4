"""Whole lives of a device: closes of the day, a fault, and a power cut between any two durable steps."""

from __future__ import annotations

import copy
import json
import unittest
import uuid
from typing import Any

from address_case import AddressTest, PowerCut, Server
from credentials import Credentials
from journal import Journal
from messages import Command, Message, may_have_closed
from presence import Presence
from reader import Reader
from rules import Rules
from rules_case import START, TestClock
from times import to_text


class Shop(Server):
    """A server that takes requests, and whose database may be restored."""

    def __init__(self, steps: Any) -> None:
        super().__init__(steps)
        self.rows: dict[str, str] = {}  # status by operation
        self.requests: dict[str, str] = {}  # operation by request
        self.commands: dict[str, Message] = {}
        self.known: dict[str, int] = {}  # by operation: the last batch that was known as closed at its acceptance
        self.covers: dict[str, int] = {}  # by close with an unknown end: the last batch that it may have closed

    def accept(self, request: str) -> str:
        if request in self.requests:
            return self.requests[request]
        operation_id = str(uuid.uuid4())
        held = [it for it in self.logs.get(self.present, []) if may_have_closed(it)]
        closes = [it for log in self.logs.values() for it in log if may_have_closed(it)]
        self.known[operation_id] = max((self.batch_of(it) for it in closes), default=0)
        self.requests[request], self.rows[operation_id] = operation_id, "PENDING"
        times = {"created_at": to_text(START), "expires_at": to_text(START + 600), "sent_at": to_text(START)}
        self.commands[operation_id] = {
            **{"operation_id": operation_id, "operation": "end_of_day", "parameters": {}, **times},
            "previous_close": held[-1]["operation_id"] if held else None,
            "origin": {"request": request, "signed": "s"},
            "address": self.present,
        }
        return operation_id

    def batch_of(self, close: Message) -> int:
        operation_id = close["operation_id"]
        return int(close["result"]["batch_id"]) if close["status"] == "COMPLETED" else self.covers[operation_id]

    def take(self, address: str, result: Message) -> Message:
        self.steps()
        receipt = super().take(address, result)
        if "status" in receipt and not result.get("by_hand"):
            if self.rows.get(result["operation_id"]) in (None, "PENDING"):
                self.rows[result["operation_id"]] = result["status"]
            if "origin" in result:
                self.requests.setdefault(result["origin"]["request"], result["operation_id"])
        self.steps()
        return receipt

    def time_out(self) -> None:
        self.rows = {key: "TIMEOUT" if it == "PENDING" else it for key, it in self.rows.items()}

    def copy(self) -> tuple[Any, ...]:
        return copy.deepcopy((self.logs, self.rows, self.requests))

    def go_back(self, state: tuple[Any, ...]) -> None:
        self.logs, self.rows, self.requests = copy.deepcopy(state)


class Device:
    """The agent without threads and sockets. It implements `Outside` for the rules."""

    def __init__(self, case: LivesTest, identity: Credentials, memory: Journal) -> None:
        self.case, self.identity, self.memory = case, identity, memory
        self.reader = Reader(case.folder)
        self.outbox: list[tuple[str, Message]] = []
        self.written: list[str] = []
        self.begun: Command | None = None
        self.is_outdated = False

    def run(self, code: str | None) -> None:
        self.recover()
        session = self.identity.start(code)
        assert session
        self.address = session.address
        self.recover()
        clock = TestClock()
        self.rules = Rules(self.memory, clock, self, Presence(clock, lambda: {}), "test/1")
        self.rules.ask_reader()
        self.rules.connected("s")
        for command in self.commands():  # before the welcome, which comes late
            self.hear("command", command)
        clock.passed += 6
        self.rules.tick()
        self.work_off()
        self.hear_all()

    def recover(self) -> None:
        if self.memory.address:
            last = self.last_batch()
            if self.memory.begun:
                self.case.server.covers[self.memory.begun["operation_id"]] = self.reader_is_at()
            self.memory.answer_interrupted(to_text(START), last["batch_id"] if last else None)

    def reader_is_at(self) -> int:
        last = self.reader.last_batch()
        return int(last["batch_id"]) if last else 0

    def hear(self, channel: str, message: Message) -> None:
        self.rules.received(channel, json.dumps(message).encode())

    def hear_all(self) -> None:
        """Runs until neither side has a message to send, and no operation runs."""
        server = self.case.server
        while self.outbox or self.written or self.begun:
            if self.outbox:
                channel, message = self.outbox.pop(0)
                if channel == "hello":
                    times = {"hello_sent_at": message["sent_at"], "server_time": to_text(START)}
                    self.hear("welcome", {**times, "memory": server.memory(self.address)})
                elif channel == "result":
                    self.hear("receipt", server.take(self.address, message))
            else:
                self.work_off()

    def work_off(self) -> None:
        while self.written or self.begun:
            if self.written:
                self.rules.begin_written(self.written.pop(0))
            if self.begun:
                command, self.begun = self.begun, None
                self.case.note_close(command)
                self.rules.finished(command.operation_id, {"status": "COMPLETED", "result": self.reader.close_batch()})

    def commands(self) -> list[Message]:
        """Returns the commands to send again: blindly, also those of ended operations."""
        return [it for it in self.case.server.commands.values() if it["address"] == self.address]

    def work(self) -> None:
        server = self.case.server
        if self.memory.held != server.memory(self.address):
            self.hear("memory", {"memory": server.memory(self.address)})
        for command in self.commands() * 2:
            self.hear("command", command)
            self.hear_all()

    def send(self, channel: str, message: Message) -> None:
        self.outbox.append((channel, copy.deepcopy(message)))

    def later(self, operation_id: str) -> None:
        self.written.append(operation_id)

    def begin(self, command: Command, seconds_left: float) -> None:
        self.case.begun.append(command.operation_id)
        self.begun = command

    def outdated(self) -> None:
        self.is_outdated = True

    def last_batch(self) -> Message | None:
        return self.reader.last_batch() if self.case.names_batches else None

    def emit(self, event: str, **fields: Any) -> None: ...

    def take_till(self) -> bool:
        return True

    def leave_till(self) -> None: ...

    def break_off(self, operation_id: str) -> bool:
        return False

    def all_held(self) -> None: ...


class LivesTest(AddressTest):
    server: Shop
    names_batches = True

    def new_life(self, fatal: int) -> None:
        self.new_folder()
        self.steps.taken, self.steps.fatal = 0, fatal
        self.server.__init__(self.steps)
        self.running: Device | None = None
        self.begun: list[str] = []
        # By request: the last batch before the request closed one, or tried to.
        self.batch_before: dict[str, int] = {}
        self.copy_is_back = False
        self.journal_copy, self.database_copy = b"", self.server.copy()
        self.survivors: set[str] = set()

    def setUp(self) -> None:
        super().setUp()
        self.server = Shop(self.steps)
        self.patch("credentials.Web", self.server)

    def note_close(self, command: Command) -> None:
        """Fails when an operation closed a batch although its acceptance did not know the batch before."""
        assert self.running
        before = self.running.reader_is_at()
        self.assertEqual(self.server.known[command.operation_id], before, "closed twice")
        self.assertEqual(self.server.commands[command.operation_id]["address"], self.running.address, "another's command")
        # An old copy of the journal lacks operations that were begun and never sent. They may begin again if the reader
        # did not close a batch for them.
        if not self.copy_is_back:
            self.assertEqual(len(self.begun), len(set(self.begun)), "begun twice")
        self.assertEqual(self.batch_before.setdefault(str(command.request), before), before, "one request closed twice")

    def boot(self) -> Device:
        for _ in range(3):
            identity, memory = self.device()
            known = (self.folder / "device.json").exists()
            self.running = device = Device(self, identity, memory)
            device.run("7K3M-92XD" if self.server.code or not known else None)
            if not device.is_outdated:
                return device
            memory.disown()
        raise AssertionError("it never gets an address")

    def day(self, request: str) -> str:
        device = self.running or self.boot()
        operation_id = self.server.accept(request)
        device.work()
        return operation_id

    def close_at_last(self, day: str) -> None:
        """Requests like a till: with the same key until there is an answer, and with a new key after a refusal."""
        for attempt in range(4):
            operation_id = self.day(f"{day}{attempt}")
            self.server.time_out()
            if self.server.rows[operation_id] == "COMPLETED":
                return

    # Faults

    def nothing(self) -> None: ...

    def restart(self) -> None:
        self.running = None

    def close_by_hand(self) -> None:
        Reader(self.folder).close_batch()

    def lose_journal(self) -> None:
        self.running = None
        self.path.unlink(missing_ok=True)

    def ruin_journal(self) -> None:
        self.running = None
        self.path.write_text("{")

    def put_old_copy_back(self) -> None:
        self.copy_is_back = True
        self.running = None
        self.path.write_bytes(self.journal_copy)

    def put_old_folder_back(self) -> None:
        self.put_old_copy_back()
        (self.folder / "log-counter.json").unlink(missing_ok=True)

    def database_goes_back(self) -> None:
        self.server.go_back(self.database_copy)

    def database_goes_back_before_a_start(self) -> None:
        self.running = None
        self.server.go_back(self.database_copy)

    def twin(self) -> None:
        self.running = None
        self.server.number += 1

    def pair_anew(self) -> None:
        self.running = None
        self.server.code = "7K3M-92XD"

    def live(self, trouble: Any) -> None:
        done: set[Any] = set()

        def once(name: str, action: Any) -> None:
            """Runs a step with a power cut in it. Before a fault that is all; after a fault, the step is repeated."""
            for _ in range(2 if trouble in done or trouble == self.nothing else 1):
                if name in done:
                    return
                try:
                    done.add(action)
                    action()
                    done.add(name)
                except PowerCut:
                    self.running = None

        def take_copies() -> None:
            if self.path.exists():
                self.journal_copy, self.database_copy = self.path.read_bytes(), self.server.copy()

        def note_what_is_left() -> None:
            left = Journal(self.path)
            self.survivors = {it["result"]["operation_id"] for it in left.entries} | ({left.begun["operation_id"]} if left.begun else set())

        once("first", lambda: self.close_at_last("first"))
        once("copies", take_copies)
        once("second", lambda: self.close_at_last("second"))
        once("accepted", lambda: self.server.accept("third0"))
        once("trouble", trouble)
        note_what_is_left()
        once("again", lambda: self.close_at_last("second"))
        once("third", lambda: self.close_at_last("third"))
        self.steps.fatal = -1
        self.finish()

    def finish(self) -> None:
        """Without further faults: all results in the journal reach the server, and the next close succeeds."""
        device = self.running or self.boot()
        device.work()
        again = Journal(self.path)
        told = self.server.logs.get(device.address, [])
        self.assertEqual([{"number": it["number"], **it["result"]} for it in again.entries], told, "not told")
        self.assertIsNone(again.begun)
        known = {it["operation_id"] for log in self.server.logs.values() for it in log}
        self.assertLessEqual(self.survivors, known, "not told")
        self.server.time_out()
        operation_id = self.day("honest")
        self.assertEqual(self.server.rows[operation_id], "COMPLETED", "cannot be closed any more")

    def try_everywhere(self, troubles: Any, cut: bool = True) -> None:
        for trouble in troubles:
            fatal, taken = 0, 1
            while fatal <= taken and (cut or fatal == 0):
                self.new_life(fatal)
                with self.subTest(trouble=trouble.__name__, fatal=fatal):
                    self.live(trouble)
                taken = self.steps.taken if fatal == 0 else taken
                fatal += 1
            self.assertGreater(taken, 40, trouble.__name__)

    def test_no_power_cut_breaks_a_promise(self) -> None:
        self.try_everywhere((
            self.nothing, self.restart, self.close_by_hand, self.lose_journal, self.ruin_journal, self.put_old_copy_back,
            self.put_old_folder_back, self.database_goes_back, self.database_goes_back_before_a_start, self.twin, self.pair_anew,
        ))  # fmt: skip

    def test_nor_does_one_where_the_reader_cannot_name_its_last_batch(self) -> None:
        """Except for a limit of the protocol: a journal that is lost before the server held a close in it."""
        self.names_batches = False
        self.try_everywhere((
            self.nothing, self.restart, self.database_goes_back, self.database_goes_back_before_a_start, self.twin, self.pair_anew,
        ))  # fmt: skip
        told = (self.lose_journal, self.ruin_journal, self.put_old_copy_back, self.put_old_folder_back)
        self.try_everywhere(told, cut=False)


if __name__ == "__main__":
    unittest.main()
