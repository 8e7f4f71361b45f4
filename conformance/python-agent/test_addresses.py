"""The device's address: no agent ever runs under an address without the journal of that address (rule 4)."""

from __future__ import annotations

import json
import threading
import unittest
from unittest import mock

from address_case import TERMINAL, AddressTest, PowerCut
from agent import Agent, parse_options
from credentials import NotPaired
from journal import Journal
from password import Password

# The journal of an address that another device has by now.
EMPTY_LOG = json.dumps({"address": f"{TERMINAL}-D1", "log": [], "begun": None, "batch": None, "device": {}})


def known(memory: Journal) -> set[str]:
    """The ids of the operations that it has begun or answered."""
    return {it["result"]["operation_id"] for it in memory.entries} | ({memory.begun["operation_id"]} if memory.begun else set())


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
            self.assertEqual((again.address, again.entries), (address, []))
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
        self.server.number += 1  # a twin with the same key, or this device before its folder was restored
        twin = self.server.present
        address, _ = self.start()
        self.assertNotIn(address, (twin, memory.address))
        again = Journal(self.path)
        self.assertEqual((again.address, known(again)), (address, {"one"}))

    def test_who_is_paired_anew_keeps_what_was_done(self) -> None:
        first, memory = self.start("7K3M-92XD")
        self.close_the_day(memory, "one")
        self.server.code, self.server.paired = "NEXT", False
        address, _ = self.start("NEXT")
        self.assertNotEqual(address, first)
        again = Journal(self.path)
        self.assertEqual((again.address, known(again)), (address, {"one"}))

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

    def test_an_old_copy_of_the_journal_asks_for_another_address(self) -> None:
        first, memory = self.start("7K3M-92XD")
        copy = self.path.read_bytes()
        self.close_the_day(memory, "one")
        self.path.write_bytes(copy)
        address, _ = self.start()
        self.assertNotEqual(address, first)
        self.assertIs(self.server.asked[-1]["memory_lost"], True)
        self.assertEqual(Journal(self.path).address, address)

    def test_one_that_the_welcome_has_shown_to_be_old_too(self) -> None:
        first, memory = self.start("7K3M-92XD")
        self.close_the_day(memory, "one")
        memory.disown()
        address, _ = self.start()
        self.assertNotEqual(address, first)
        again = Journal(self.path)
        self.assertEqual((again.address, [it["number"] for it in again.untold()]), (address, [1]))

    def test_a_device_that_was_replaced_hands_in_the_rest_by_its_key(self) -> None:
        first, memory = self.start("7K3M-92XD")
        for number in range(120):
            self.close_the_day(memory, str(number))
        for result in memory.after(0, 30):
            self.server.take(first, result)
        self.server.paired = False  # another device has taken the terminal's place
        it, memory = self.device()
        proof = mock.Mock(return_value="proof")
        it._keys.proof = proof
        self.patch("credentials.LOCKED_OUT_PAUSE", 0.05)
        it._emit = lambda event, **fields: threading.Timer(0.2, it._stopping.set).start()
        self.assertIsNone(it.start(None))
        self.assertEqual([it["operation_id"] for it in self.server.logs[first]], [str(it) for it in range(120)])
        handed_in = [it for it in self.server.asked if "results" in it]
        sizes = [len(it["results"]) for it in handed_in]
        self.assertEqual((sizes[:3], set(sizes[3:])), ([50, 50, 20], {1}))  # then it only asks
        self.assertEqual({it["address"] for it in handed_in}, {first})
        proofs = [it.args for it in proof.call_args_list if it.args[0] == "results"]
        self.assertEqual(proofs[0], ("results", "http://server/v1/device/results", "n", first, None))
        self.assertEqual(len(proofs), len(handed_in))

    def test_it_hands_in_again_what_a_database_that_went_back_has_lost(self) -> None:
        first, memory = self.start("7K3M-92XD")
        for number in range(60):
            self.close_the_day(memory, str(number))
        it, memory = self.device()
        for lost in (60, 3, 60, 0):
            del self.server.logs.get(first, [])[60 - lost :]
            it._hand_in()
            self.assertEqual([it["operation_id"] for it in self.server.logs[first]], [str(it) for it in range(60)])
            self.assertEqual(memory.held["number"], 60)


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
        self.assertEqual((self.memory.address, known(self.memory)), (f"{TERMINAL}-D5", {"one"}))

    def test_without_its_journal_it_stops_and_says_that_it_needs_another(self) -> None:
        another = EMPTY_LOG
        loses = (lambda: self.path.unlink(missing_ok=True), lambda: self.path.write_text("{"), lambda: self.path.write_text(another))
        for number, lose in enumerate(loses, start=5):
            self.give(number).start()
            lose()
            for _ in range(2):
                with self.assertRaisesRegex(NotPaired, f"D{number} is lost.*another password"):
                    self.give(number).start()
        self.assertEqual(self.give(20).start().address, f"{TERMINAL}-D20")
        self.assertEqual(Journal(self.path).address, f"{TERMINAL}-D20")

    def test_an_old_copy_of_its_journal_is_a_lost_one(self) -> None:
        self.give(5).start()
        copy = self.path.read_bytes()
        self.close_the_day(self.memory, "one")
        self.path.write_bytes(copy)
        with self.assertRaisesRegex(NotPaired, "D5 is lost.*another password"):
            self.give(5).start()
        self.give(6).start()
        self.close_the_day(self.memory, "two")
        self.memory.disown()  # the welcome showed that it is an old copy
        with self.assertRaisesRegex(NotPaired, "D6 is lost.*another password"):
            self.give(6).start()

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
        self.assertEqual((again.address, known(again)), (f"{TERMINAL}-D6", {"one"}))

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
                        self.give(5).start()  # a power cut alone makes no new password necessary
                fatal += 1
            self.assertGreater(fatal, 5)

    def test_a_refused_password_is_tried_again_after_a_pause(self) -> None:
        it = self.give(5)
        session = it.start()
        self.assertIs(it.renew(session), session)
        self.assertIs(it.renew(session), session)
        self.assertEqual(self.events, ["locked_out"])


class AgentTest(AddressTest):
    """The whole program, up to its first link."""

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
        self.assertEqual((again.address, again.entries), (self.server.present, []))

    def test_one_whose_journal_is_an_old_copy_starts_anew_and_says_so_on_the_disk(self) -> None:
        agent = self.agent()
        with mock.patch("builtins.print"):
            agent._connector.start.side_effect = agent.outdated
            self.assertTrue(agent.run("7K3M-92XD"))
        self.assertIsNone(Journal(self.path).address)
        self.assertEqual(self.start()[0], self.server.present)
        self.assertIs(self.server.asked[-1]["memory_lost"], True)

    def test_what_was_interrupted_is_in_the_log_before_the_rest_is_handed_in(self) -> None:
        address, memory = self.start("7K3M-92XD")
        memory.begin("one", "end_of_day", "2026-06-29T09:00:00Z", {"request": "r"})
        self.server.paired = False
        agent = self.agent()
        emit, stop = agent._identity._emit, agent._stopping.set
        agent._identity._emit = lambda event, **fields: (emit(event, **fields), threading.Timer(0.2, stop).start())
        self.patch("credentials.LOCKED_OUT_PAUSE", 0.05)
        with mock.patch("builtins.print"):
            self.assertFalse(agent.run(None))
        [told] = self.server.logs[address]
        self.assertEqual((told["operation_id"], told["unknown_end"], told["origin"]), ("one", True, {"request": "r"}))

    def test_one_that_was_replaced_starts_anew_when_nothing_runs(self) -> None:
        agent = self.agent()
        with mock.patch("builtins.print"):
            agent._connector.start.side_effect = agent._replaced
            self.assertTrue(agent.run("7K3M-92XD"))
        self.assertNotIn("restarting", self.events)


if __name__ == "__main__":
    unittest.main()
