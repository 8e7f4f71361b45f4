"""Which address a device has, and that no address ever runs without the memory of what it did (rule 4)."""

from __future__ import annotations

import json
import logging
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import journal
from agent import Agent, parse_options
from credentials import Credentials, NotPaired
from journal import Journal
from password import Password
from web import NoAnswer, Refused

TERMINAL = "T12345678-T0001"


class PowerCut(BaseException):
    """So that nothing in the program catches it."""


class Steps:
    """Everything that lasts: writes to the disk, and what the server takes. The power goes before or after a chosen one."""

    def __init__(self) -> None:
        self.taken, self.fatal = 0, -1

    def __call__(self) -> None:
        self.taken += 1
        if self.taken == self.fatal:
            raise PowerCut


class Server:
    """Pairs by one code, once, and gives the next address to each who pairs or has lost the memory."""

    def __init__(self, steps: Steps) -> None:
        self.steps, self.number = steps, 3632400
        self.code = "7K3M-92XD"
        self.paired = False
        self.asked: list[dict[str, Any]] = []
        self.lose_answers = 0

    def __call__(self, address: str, ca: str | None, timeout: float) -> Server:
        return self  # in the place of the class `Web`

    def address(self, path: str) -> str:
        return "http://server" + path

    def post(self, path: str, body: Any = None) -> dict[str, Any]:
        if path == "/v1/device/nonce":
            return {"nonce": "n"}
        self.steps()
        answer = self._answer(path, body)
        self.steps()
        if self.lose_answers:
            self.lose_answers -= 1
            raise NoAnswer("lost")
        return answer

    def close(self) -> None: ...

    def _answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/v1/device/pair":
            if body["code"] != self.code:
                raise Refused(401, "pairing_refused", "", None)
            self.code, self.paired = "", True
            self.number += 1
        else:
            self.asked.append(body)
            if not self.paired:
                raise Refused(401, "invalid_proof", "", None)
            self.number += 1 if body.get("memory_lost") else 0
        who = self.present
        names = {"mqtt_username": who, "mqtt_client_id": who, "mqtt_password": "token", "token": "token"}
        urls = {"mqtt_url": "mqtt://server", "https_url": "http://server"}
        return {"terminal_id": TERMINAL, "address": who, "expires_in": 3600, **names, **urls}

    @property
    def present(self) -> str:
        return f"{TERMINAL}-D{self.number}"


class AddressTest(unittest.TestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.steps = Steps()
        self.server = Server(self.steps)
        self.events: list[str] = []
        self.replaced = 0
        self.write = journal.write_durably
        self.new_folder()
        # Hundreds of starts: the disk itself is not what is tried here.
        self.patch("journal.os.fsync", lambda descriptor: None)
        self.patch("journal.RESERVE", 16)
        for name in ("journal.write_durably", "credentials.write_durably", "password.write_durably"):
            self.patch(name, self.write_in_steps)
        self.patch("credentials.Web", self.server)
        self.patch("credentials.LOCKED_OUT_PAUSE", 0.0)
        self.patch("password.LOCKED_OUT_PAUSE", 0.0)

    def patch(self, name: str, value: Any) -> None:
        patch = mock.patch(name, value)
        patch.start()
        self.addCleanup(patch.stop)

    def new_folder(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "journal.json"

    def write_in_steps(self, path: Path, content: bytes) -> None:
        self.steps()
        self.write(path, content)
        self.steps()

    def emit(self, event: str, **fields: Any) -> None:
        self.events.append(event)

    def note_replaced(self) -> None:
        self.replaced += 1

    def device(self) -> tuple[Credentials, Journal]:
        """A start of the program, as far as its first session."""
        memory = Journal(self.path)
        places = (self.folder, "http://server", "123", None, memory, "test/1")
        return Credentials(*places, self.emit, self.note_replaced, threading.Event()), memory

    def start(self, code: str | None = None) -> tuple[str, Journal]:
        it, memory = self.device()
        session = it.start(code)
        assert session
        return session.address, memory

    def close_the_day(self, memory: Journal, name: str) -> None:
        memory.begin(name, "end_of_day", 10.0, "then")
        memory.answer(name, 10.0, {"operation": "end_of_day", "status": "COMPLETED"})


class MemoryTest(AddressTest):
    def test_the_address_is_that_of_the_answer_and_the_journals(self) -> None:
        address, _ = self.start("7K3M-92XD")
        self.assertEqual((address, Journal(self.path).address), (self.server.present, self.server.present))
        self.assertEqual(self.start()[0], address)
        self.assertEqual([it.get("memory_lost") for it in self.server.asked], [None])
        self.assertEqual(self.server.asked[0]["terminal_id"], TERMINAL)

    def test_who_has_lost_the_journal_asks_for_another_address(self) -> None:
        first, memory = self.start("7K3M-92XD")
        self.close_the_day(memory, "one")
        for lose in (self.path.unlink, lambda: self.path.write_text('{"address":'), lambda: self.path.write_bytes(b"\xff\0")):
            lose()
            address, memory = self.start()
            self.assertIs(self.server.asked[-1]["memory_lost"], True)
            self.assertNotEqual(address, first)
            again = Journal(self.path)
            self.assertEqual((again.address, again.operations), (address, {}))
            self.assertEqual(self.start()[0], address)
            self.assertNotIn("memory_lost", self.server.asked[-1])
            first = address

    def test_an_answer_that_got_lost_costs_an_address_and_no_more(self) -> None:
        self.start("7K3M-92XD")
        self.path.unlink()
        self.server.lose_answers = 1
        with mock.patch("credentials.Backoff", lambda *_: mock.Mock(pause=lambda: 0.0)):
            address, _ = self.start()
        self.assertEqual(address, f"{TERMINAL}-D3632403")
        self.assertEqual(Journal(self.path).address, address)

    def test_a_lost_answer_to_the_pairing(self) -> None:
        self.server.lose_answers = 1
        with mock.patch("credentials.Backoff", lambda *_: mock.Mock(pause=lambda: 0.0)):
            address, _ = self.start("7K3M-92XD")
        self.assertEqual(self.server.asked[-1]["device_serial_number"], "123")
        self.assertIs(self.server.asked[-1]["memory_lost"], True)
        self.assertEqual((address, Journal(self.path).address), (self.server.present, self.server.present))
        self.assertEqual(self.events, ["paired"])

    def test_a_journal_of_another_address_is_not_the_memory_of_this_one(self) -> None:
        _, memory = self.start("7K3M-92XD")
        self.close_the_day(memory, "one")
        self.server.number += 1  # a twin with the same key, or this device before its folder was put back
        twin = self.server.present
        address, _ = self.start()
        self.assertNotIn(address, (twin, memory.address))
        again = Journal(self.path)
        self.assertEqual((again.address, set(again.operations)), (address, {"one"}))

    def test_who_is_paired_anew_keeps_what_was_done(self) -> None:
        first, memory = self.start("7K3M-92XD")
        self.close_the_day(memory, "one")
        self.server.code, self.server.paired = "NEXT", False
        address, _ = self.start("NEXT")
        self.assertNotEqual(address, first)
        again = Journal(self.path)
        self.assertEqual((again.address, set(again.operations)), (address, {"one"}))

    def test_a_full_disk_keeps_nobody_away_and_the_next_start_takes_another_address(self) -> None:
        self.start("7K3M-92XD")
        self.path.unlink()
        with mock.patch("journal.write_durably", side_effect=OSError("full")):
            address, memory = self.start()
            self.assertIsNotNone(memory.trouble)
            with self.assertRaises(OSError):
                self.close_the_day(memory, "one")
        self.assertFalse(self.path.exists())
        self.assertNotEqual(self.start()[0], address)

    def test_in_the_middle_of_its_work_it_never_takes_an_address_that_is_not_the_journals(self) -> None:
        it, memory = self.device()
        session = it.start("7K3M-92XD")
        self.assertIsNotNone(it.renew(session))
        self.server.number += 1
        self.assertIsNone(it.renew(it.current()))
        self.assertEqual(self.replaced, 1)
        self.assertEqual(self.events, ["paired", "locked_out"])
        self.assertEqual(memory.address, f"{TERMINAL}-D3632401")
        self.assertNotIn("memory_lost", self.server.asked[-1])
        self.assertEqual(self.start()[0], f"{TERMINAL}-D3632403")


class PowerCutTest(AddressTest):
    """Whatever happened to the journal, and between whichever two steps the power goes."""

    def life(self, trouble: Any) -> None:
        """A device that closes a day at each start, meets a trouble, and starts again."""
        self.start_and_close()
        self.start_and_close()
        trouble()
        self.start_and_close()
        self.start_and_close()

    def start_and_close(self) -> None:
        address, memory = self.start("7K3M-92XD" if self.server.code or not (self.folder / "device.json").exists() else None)
        # From here on it could connect. What it did as this address it has to know.
        self.assertLessEqual(self.done.setdefault(address, set()), set(memory.operations), address)
        self.assertEqual((address, Journal(self.path).address), (self.server.present, address))
        name = str(self.steps.taken)
        self.done[address].add(name)  # begun at the latest when it is written
        try:
            self.close_the_day(memory, name)
        finally:
            if name not in Journal(self.path).operations:
                self.done[address].discard(name)  # the power went before it was begun

    def test_no_address_is_ever_used_without_its_memory(self) -> None:
        troubles = {
            "nothing": lambda: None,
            "missing": lambda: self.path.unlink(missing_ok=True),
            "unreadable": lambda: self.path.write_text("{"),
            "an old copy of another address": lambda: self.path.write_text(
                json.dumps({"address": f"{TERMINAL}-D1", "operations": {}, "device": {}})
            ),
            "a twin": lambda: setattr(self.server, "number", self.server.number + 1),
            "paired anew": lambda: setattr(self.server, "code", "7K3M-92XD"),
        }
        for name, trouble in troubles.items():
            fatal, cut = 1, True
            while cut:
                self.new_folder()
                self.done: dict[str, set[str]] = {}
                self.server.__init__(self.steps)
                self.steps.taken, self.steps.fatal = 0, fatal
                cut = False
                with self.subTest(trouble=name, fatal=fatal):
                    try:
                        self.life(trouble)
                    except PowerCut:
                        cut = True
                        self.start_and_close()
                        self.start_and_close()
                fatal += 1
            self.assertGreater(fatal, 15, name)


class PasswordTest(AddressTest):
    def give(self, number: int) -> Password:
        address = f"{TERMINAL}-D{number}"
        file = self.folder / "password.json"
        who = {"terminal_id": TERMINAL, "address": address, "username": address, "client_id": address}
        file.write_text(json.dumps({**who, "mqtt_url": "mqtt://server", "password": "secret"}))
        self.memory = Journal(self.path)
        return Password(self.folder, file, "http://server", self.memory, self.emit, threading.Event())

    def test_it_begins_a_journal_once_and_goes_on_with_it(self) -> None:
        session = self.give(5).start()
        self.assertEqual((session.address, session.mqtt_username, session.mqtt_client_id), (f"{TERMINAL}-D5",) * 3)
        self.close_the_day(self.memory, "one")
        self.give(5).start()
        self.assertEqual((self.memory.address, set(self.memory.operations)), (f"{TERMINAL}-D5", {"one"}))

    def test_without_its_journal_it_stops_and_says_that_it_needs_another(self) -> None:
        another = json.dumps({"address": f"{TERMINAL}-D4", "operations": {}, "device": {}})
        loses = (lambda: self.path.unlink(missing_ok=True), lambda: self.path.write_text("{"), lambda: self.path.write_text(another))
        for number, lose in enumerate(loses, start=5):
            self.give(number).start()
            lose()
            for _ in range(2):
                with self.assertRaisesRegex(NotPaired, f"D{number} is lost.*another password"):
                    self.give(number).start()
        self.assertEqual(self.give(20).start().address, f"{TERMINAL}-D20")
        self.assertEqual(Journal(self.path).address, f"{TERMINAL}-D20")

    def test_a_journal_that_cannot_be_read_may_be_this_ones(self) -> None:
        self.path.write_text("{")
        for _ in range(2):
            with self.assertRaisesRegex(NotPaired, "another password"):
                self.give(5).start()
        self.assertEqual(self.give(6).start().address, f"{TERMINAL}-D6")

    def test_another_password_keeps_what_was_done(self) -> None:
        self.give(5).start()
        self.close_the_day(self.memory, "one")
        self.give(6).start()
        again = Journal(self.path)
        self.assertEqual((again.address, set(again.operations)), (f"{TERMINAL}-D6", {"one"}))

    def test_no_power_cut_leaves_an_address_that_runs_without_its_memory(self) -> None:
        for lose in (False, True):
            fatal, cut = 1, True
            while cut:
                self.new_folder()
                self.steps.taken, self.steps.fatal = 0, fatal
                used, cut = False, False
                try:
                    for _ in range(2):
                        self.give(5).start()
                        used = True
                        self.close_the_day(self.memory, "one")
                except PowerCut:
                    cut = True
                self.steps.fatal = -1
                if lose:
                    self.path.unlink(missing_ok=True)
                with self.subTest(lose=lose, fatal=fatal):
                    if used and lose:
                        with self.assertRaises(NotPaired):
                            self.give(5).start()
                    elif not lose:
                        self.give(5).start()  # the power alone costs no password
                fatal += 1
            self.assertGreater(fatal, 5)

    def test_a_refused_password_is_tried_again_after_a_pause(self) -> None:
        it = self.give(5)
        session = it.start()
        self.assertIs(it.renew(session), session)
        self.assertIs(it.renew(session), session)
        self.assertEqual(self.events, ["locked_out"])


class AgentTest(AddressTest):
    """The whole program, as far as it goes without a link."""

    def agent(self) -> Agent:
        arguments = ["agent.py", "--server", "http://server", "--serial", "123", "--state", str(self.folder), "--json"]
        with mock.patch("sys.argv", arguments):
            agent = Agent(parse_options(), self.folder, threading.Event())
        agent._connector = mock.Mock()
        agent.emit = self.emit
        return agent

    def test_nothing_is_written_before_it_is_known_whose_journal_it_is(self) -> None:
        agent = self.agent()
        self.assertEqual(list(self.folder.glob("journal*")), [])
        with mock.patch("builtins.print"):
            agent._connector.start.side_effect = agent.stop
            self.assertFalse(agent.run("7K3M-92XD"))
        again = Journal(self.path)
        self.assertEqual((again.address, again.device["batch_number"]), (self.server.present, 1))

    def test_one_that_was_replaced_starts_anew_when_nothing_runs(self) -> None:
        agent = self.agent()
        with mock.patch("builtins.print"):
            agent._connector.start.side_effect = agent._replaced
            self.assertTrue(agent.run("7K3M-92XD"))
        self.assertNotIn("restarting", self.events)


if __name__ == "__main__":
    unittest.main()
