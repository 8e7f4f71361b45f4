"""The log: numbers, sending in order, the server's memory, and what is kept."""

from __future__ import annotations

import unittest
import uuid
from typing import Any
from unittest import mock

from journal import Journal
from rules_case import START, RulesCase

REJECTED = [{"path": "/result/opened", "message": "must be boolean"}]


class LogTest(RulesCase):
    def do(self, **more: Any) -> str:
        operation_id = self.command(**more)
        self.written()
        self.complete(operation_id)
        return operation_id

    def told(self) -> list[int]:
        return [it["number"] for it in self.said("result")]

    def test_results_are_numbered_as_they_are_written_and_told_one_after_the_other(self) -> None:
        ids = [self.do() for _ in range(3)]
        self.assertEqual([it["number"] for it in Journal(self.path).entries], [1, 2, 3])
        self.assertEqual(self.told(), [1])
        self.take()
        self.assertEqual(self.told(), [1, 2, 3])
        self.assertEqual([it["operation_id"] for it in self.said("result")], ids)

    def test_the_numbers_go_on_after_a_restart_and_what_is_held_is_not_told_again(self) -> None:
        self.do()
        self.take()
        self.do()
        self.world.sent.clear()
        self.start()
        self.connect()
        self.do()
        self.take()
        self.assertEqual(self.told(), [2, 3])

    def test_nothing_is_told_before_it_is_known_how_far_the_server_is(self) -> None:
        self.do()
        self.start()
        self.world.sent.clear()
        self.connect(welcome=False)
        self.go(60)
        self.assertEqual(self.told(), [])
        self.welcome()
        self.assertEqual(self.told(), [1])

    def test_a_receipt_without_a_status_and_a_word_make_it_go_on_from_there(self) -> None:
        for _ in range(4):
            self.do()
        self.take()
        self.world.sent.clear()
        first = self.held[0]["operation_id"]
        self.hear("memory", memory={"number": 2, "id": self.held[1]["operation_id"]})
        self.assertEqual(self.told(), [3])
        self.hear("receipt", operation_id=self.held[2]["operation_id"], memory={"number": 1, "id": first})
        self.assertEqual(self.told(), [3, 2])
        self.hear("memory", memory={"number": 0})
        self.memory = {"number": 0}
        self.take()
        self.assertEqual(self.told(), [3, 2, 1, 2, 3, 4])
        self.assertEqual(self.held[:4], self.held[4:])  # byte for byte

    def test_a_word_that_says_nothing_new_repeats_nothing(self) -> None:
        self.do()
        for _ in range(3):
            self.hear("memory", memory={"number": 0})
        self.assertEqual(self.told(), [1])

    def test_every_status_of_a_receipt_counts(self) -> None:
        for number, status in enumerate(("PENDING", "COMPLETED", "FAILED", "TIMEOUT", "UNKNOWN"), start=1):
            operation_id = self.do()
            self.hear("receipt", operation_id=operation_id, status=status, memory={"number": number, "id": operation_id})
            self.assertEqual(self.journal.untold(), [])

    def test_a_copy_of_a_command_is_not_answered_out_of_turn(self) -> None:
        self.do()
        second = self.do()
        self.command(operation_id=second)
        self.assertEqual(self.told(), [1])
        self.take()
        self.command(operation_id=second)
        self.assertEqual(self.told(), [1, 2, 2])

    def test_the_heartbeat_says_what_it_believes(self) -> None:
        self.do()
        self.take()
        self.go(31)
        self.assertEqual(self.last("heartbeat")["memory"], self.memory)

    def test_the_origin_comes_back_as_it_came_also_after_a_crash(self) -> None:
        origin = {"request": "r", "signed": "s", "later": [1, None]}
        self.do(origin=origin)
        self.take()
        self.assertEqual(self.held[-1]["origin"], origin)
        for operation in ("open_menu", "end_of_day"):
            self.command(operation, origin=origin)
            self.written()
            self.start()
            self.connect()
            self.take()
            self.assertEqual(self.held[-1]["origin"], origin)
        self.world.payment = True
        self.command(origin=origin)
        self.take()
        self.assertEqual(self.held[-1]["origin"], origin)

    def test_what_the_journal_cannot_take_is_told_without_a_number_until_it_can(self) -> None:
        operation_id = self.command()
        self.written()
        with mock.patch("journal.write_durably", side_effect=OSError("full")):
            self.complete(operation_id)
            told = self.last("result")
            self.assertEqual((told["status"], told["reason"]), ("FAILED", "storage_failed"))
            self.assertNotIn("number", told)
            self.command()
            self.assertEqual(self.last("result")["reason"], "storage_failed")
            self.assertEqual(self.world.begun, [operation_id])
            self.hear("receipt", operation_id=operation_id, status="FAILED", memory={"number": 0})
            told = len(self.said("result"))
            self.go(3)
            self.assertEqual([it["operation_id"] == operation_id for it in self.said("result")[told:]], [False])
        self.journal.look()
        self.rules.tick()
        self.take()
        self.assertEqual([it["number"] for it in self.held], [1, 2])
        self.assertEqual(self.held[0]["operation_id"], operation_id)

    def test_a_close_that_could_not_be_stored_is_one_with_an_unknown_end(self) -> None:
        operation_id = self.command("end_of_day", window=60)
        self.written()
        with mock.patch("journal.write_durably", side_effect=OSError("full")):
            self.finish_close(operation_id)
        told = self.last("result")
        self.assertEqual((told["reason"], told["unknown_end"], told.get("number")), ("storage_failed", True, None))
        self.assertEqual(Journal(self.path).begun["operation_id"], operation_id)  # after a power cut it is still begun
        self.assertEqual(self.journal.last_close(), operation_id)

    def test_a_rejected_result_stays_as_it_is_and_the_server_goes_on_behind_it(self) -> None:
        operation_id = self.do()
        following = self.do()
        before = self.path.read_bytes()
        self.hear("rejection", channel="result", operation_id=operation_id, errors=REJECTED)
        self.assertEqual(self.told(), [1])
        self.hear("memory", memory={"number": 1, "id": operation_id})
        self.assertEqual(self.told(), [1, 2])
        self.assertEqual(self.last("result")["operation_id"], following)
        self.assertEqual(self.path.read_bytes(), before)
        self.assertEqual(self.world.outdated_count, 0)

    def test_a_restart_waits_until_all_is_held(self) -> None:
        before = self.world.all_held_count
        self.do()
        self.do()
        self.hear("receipt", operation_id="x", memory={"number": 1, "id": self.said("result")[0]["operation_id"]})
        self.assertEqual(self.world.all_held_count, before)
        self.take()
        self.assertEqual(self.world.all_held_count, before + 1)


class KeepingTest(RulesCase):
    def fill(self, closes: int, others: int, held: int) -> None:
        kinds = ["end_of_day"] * closes + ["open_menu"] * others
        self.journal.unstored = [
            {"result": {"operation_id": str(uuid.uuid4()), "operation": kind, "status": "COMPLETED", "result": {}}}
            for kind in kinds
        ]
        self.journal.look()
        entry = next((it for it in self.journal.entries if it["number"] == held), None)
        self.memory = {"number": held, **({"id": entry["result"]["operation_id"]} if entry else {})}
        self.hear("memory", memory=self.memory)

    def numbers(self) -> list[int]:
        return [it["number"] for it in Journal(self.path).entries]

    def test_the_last_fifty_closes_and_others_stay_and_everything_for_a_week(self) -> None:
        self.fill(60, 70, held=130)
        self.journal.forget(START)
        self.journal.forget(START + 7 * 86400 - 1)
        self.assertEqual(len(self.numbers()), 130)
        self.journal.forget(START + 7 * 86400)
        self.assertEqual(self.numbers(), [*range(11, 61), *range(81, 131)])

    def test_the_last_close_stays_for_ever_and_what_the_server_lacks(self) -> None:
        self.fill(1, 200, held=100)
        self.journal.forget(START)
        self.journal.forget(START + 900 * 86400)
        self.assertEqual(self.numbers(), [1, *range(101, 202)])
        self.assertIsNotNone(self.journal.last_close())

    def test_nothing_goes_before_the_server_has_said_how_far_it_is(self) -> None:
        self.fill(0, 200, held=200)
        self.start()
        self.journal.forget(START)
        self.journal.forget(START + 8 * 86400)
        self.assertEqual(len(self.numbers()), 200)

    def test_what_was_dropped_leaves_gaps_over_which_the_results_say_what_comes_before_them(self) -> None:
        self.fill(1, 120, held=121)
        self.journal.forget(START)
        self.journal.forget(START + 8 * 86400)
        self.assertEqual(self.numbers()[:2], [1, 72])
        for held, first in ((0, (1, None)), (1, (72, 1)), (50, (72, 1)), (72, (73, None))):
            self.world.sent.clear()
            self.memory = {"number": held}  # the database was restored
            self.hear("memory", memory=self.memory)
            self.assertEqual([(it["number"], it.get("after")) for it in self.said("result")], [first])
            self.take()
            self.assertEqual(self.memory["number"], 121)
        # An empty database does not know the close either, and a log may begin with a later number.
        self.assertEqual(self.journal.after(0, 3)[1]["after"], 1)
        del self.journal.entries[0]
        self.assertEqual([(it["number"], it.get("after")) for it in self.journal.after(0, 2)], [(72, 0), (73, None)])

    def test_it_does_so_by_itself_once_a_minute(self) -> None:
        self.fill(0, 60, held=60)
        self.go(61)
        self.go(8 * 86400)
        self.assertEqual(len(self.numbers()), 50)


if __name__ == "__main__":
    unittest.main()
