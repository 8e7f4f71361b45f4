"""A close is a compare-and-swap: begun closes, repeated requests, closes out of step, and old copies."""

from __future__ import annotations

import json
import shutil
import unittest
import uuid
from unittest import mock

from journal import Journal
from rules_case import ADDRESS, RulesCase


class ClosesTest(RulesCase):
    def reader_closes(self, batch: str) -> None:
        self.world.batch = {"batch_id": batch, "outcome": "accepted", "last_end_of_day_at": self.time()}

    def test_one_close_after_the_other(self) -> None:
        first = self.close()
        second = self.close(previous_close=first)
        self.assertEqual(self.world.begun, [first, second])

    def test_whatever_differs_is_out_of_step_and_names_the_close(self) -> None:
        for previous in (str(uuid.uuid4()), None):
            self.take()
            self.world.begun.clear()
            last = self.journal.last_close()
            operation_id = self.command("end_of_day", previous_close=previous if last is None else None)
            self.written()
            self.take()
            told = self.held[-1]
            said = (told["operation_id"], told["reason"], told.get("last_close"), told["number"])
            self.assertEqual(said, (operation_id, "out_of_step", last, self.memory["number"]))
            self.assertNotIn("started_at", told)
            self.assertEqual("last_close" in told, last is not None)
            self.assertEqual(self.world.begun, [])
            self.close(previous_close=last)
            self.assertEqual(len(self.world.begun), 1)

    def test_it_is_compared_when_its_turn_comes_not_when_it_arrives(self) -> None:
        first = self.command("end_of_day", window=60)
        self.written()
        second = self.command("end_of_day", window=60)
        self.finish_close(first)
        self.written()
        self.take()
        self.assertEqual((self.held[-1]["operation_id"], self.held[-1]["last_close"]), (second, first))
        self.assertEqual(self.world.begun, [first])

    def test_what_is_a_close(self) -> None:
        before = self.close()
        for result in (
            {"status": "COMPLETED", "result": {"outcome": "declined"}},
            {"status": "FAILED", "reason": "host_unreachable"},
        ):
            operation_id = self.command("end_of_day", previous_close=before)
            self.written()
            self.rules.finished(operation_id, result)
            self.assertEqual(self.journal.last_close(), before)
        for result in (
            {"status": "COMPLETED", "result": {"outcome": "unconfirmed", "batch_id": "7"}},
            {"status": "FAILED", "reason": "device_error", "unknown_end": True},
        ):
            operation_id = self.command("end_of_day", previous_close=before)
            self.written()
            self.rules.finished(operation_id, result)
            self.assertEqual(self.journal.last_close(), operation_id)
            before = operation_id

    def test_a_known_request_gets_its_result_again_and_nothing_is_begun(self) -> None:
        first = self.close(request="r")
        second = self.command("end_of_day", request="r", previous_close=None)
        third = self.command("end_of_day", request="r", previous_close=first)
        self.written()
        self.take()
        self.assertEqual(self.world.begun, [first])
        for number, operation_id in ((2, second), (3, third)):
            told = self.held[number - 1]
            self.assertEqual((told["number"], told["operation_id"], told["repeats"]), (number, operation_id, first))
            self.assertEqual(told["origin"]["request"], "r")
            own = ("number", "operation_id", "repeats", "origin", "started_at", "finished_at")
            self.assertEqual(
                {key: it for key, it in told.items() if key not in own},
                {key: it for key, it in self.held[0].items() if key not in own},
            )
        self.assertEqual(self.journal.last_close(), first)  # a repeated result does not count as a close
        fourth = self.close(previous_close=first, request="other")
        self.assertEqual(self.world.begun, [first, fourth])

    def test_a_request_that_was_out_of_step_is_so_again(self) -> None:
        other = self.close()
        first = self.command("end_of_day", request="r", previous_close=None)
        second = self.command("end_of_day", request="r", previous_close=other)
        self.written()
        self.take()
        self.assertEqual((self.held[-1]["operation_id"], self.held[-1]["reason"]), (second, "out_of_step"))
        self.assertEqual((self.held[-1]["repeats"], self.held[-1]["last_close"]), (first, other))
        self.assertEqual(self.world.begun, [other])

    def test_a_known_request_that_still_runs_is_waited_for(self) -> None:
        first = self.command("end_of_day", request="r", window=60)
        self.written()
        second = self.command("end_of_day", request="r", window=60)
        self.assertEqual(self.last("delivered")["operation_id"], second)
        self.finish_close(first)
        self.written()
        self.take()
        self.assertEqual((self.held[-1]["operation_id"], self.held[-1]["repeats"]), (second, first))

    def test_a_close_by_hand_is_written_first_and_the_next_request_goes_through(self) -> None:
        self.reader_closes("41")
        operation_id = self.command("end_of_day", previous_close=None)
        self.written()
        self.take()
        by_hand, refused = self.held[-2:]
        self.assertEqual((by_hand["by_hand"], by_hand["status"], by_hand["operation"]), (True, "COMPLETED", "end_of_day"))
        self.assertEqual(by_hand["result"], self.world.batch)
        self.assertNotIn("origin", by_hand)
        uuid.UUID(by_hand["operation_id"])
        self.assertEqual((refused["operation_id"], refused["reason"]), (operation_id, "out_of_step"))
        self.assertEqual(refused["last_close"], by_hand["operation_id"])
        self.assertEqual(self.world.begun, [])
        following = self.close(previous_close=by_hand["operation_id"])
        self.assertEqual(self.world.begun, [following])

    def test_of_a_close_by_hand_only_the_batch_has_to_be_known(self) -> None:
        self.world.batch = {"batch_id": "41"}
        self.go(61)
        self.take()
        [told] = self.held
        self.assertEqual((told["status"], told["result"]), ("COMPLETED", {"outcome": "unconfirmed", "batch_id": "41"}))
        self.assertEqual(told["finished_at"], self.time())
        self.assertNotIn("unknown_end", told)
        self.assertEqual(self.journal.last_close(), told["operation_id"])

    def test_a_close_by_hand_in_the_last_moment_counts(self) -> None:
        operation_id = self.command("end_of_day")
        self.reader_closes("1")  # after "begun" was written, before it begins
        self.written()
        self.assertEqual(self.world.begun, [])
        self.take()
        self.assertEqual((self.held[-1]["operation_id"], self.held[-1]["reason"]), (operation_id, "out_of_step"))
        self.assertIsNone(Journal(self.path).begun)

    def test_its_own_close_is_not_taken_for_one_by_hand(self) -> None:
        self.reader_closes("41")
        self.go(61)
        operation_id = self.command("end_of_day", previous_close=self.journal.last_close(), window=600)
        self.written()
        self.reader_closes("42")  # closed by the operation, which has not answered yet
        self.go(61)
        self.rules.finished(operation_id, {"status": "COMPLETED", "result": self.world.batch})
        self.go(61)
        self.assertEqual([it["result"].get("by_hand") for it in self.journal.entries], [True, None])

    def test_the_reader_is_asked_each_minute_and_before_each_hello(self) -> None:
        self.reader_closes("1")
        self.go(59)
        self.assertEqual(self.journal.entries, [])
        self.go(2)
        self.assertEqual(len(self.journal.entries), 1)
        self.reader_closes("2")
        self.connect(welcome=False)
        self.assertEqual(len(self.journal.entries), 2)
        self.go(61)
        self.assertEqual(len(self.journal.entries), 2)

    def test_a_close_by_hand_without_room_lets_nothing_begin(self) -> None:
        self.reader_closes("1")
        with mock.patch("journal.write_durably", side_effect=OSError("full")):
            self.command("end_of_day")
            self.assertEqual(self.last("result")["reason"], "storage_failed")
            self.assertIsNone(self.journal.batch)
        self.go(61)
        self.assertEqual(len([it for it in self.journal.entries if it["result"].get("by_hand")]), 1)

    def test_a_close_by_hand_is_never_matched_to_an_operation(self) -> None:
        self.reader_closes("1")
        self.go(61)
        by_hand = self.journal.last_close()
        self.command("end_of_day", operation_id=by_hand, previous_close=by_hand)
        self.written()
        self.assertEqual(self.world.begun, [by_hand])

    def test_no_close_begins_before_the_welcome_was_compared_and_everything_else_does(self) -> None:
        self.start()
        self.connect(welcome=False)
        operation_id = self.command("end_of_day", window=60)
        self.go(30)
        self.assertEqual(self.world.begun, [])
        self.welcome()
        self.written()
        self.assertEqual(self.world.begun, [operation_id])
        self.start()
        self.connect(welcome=False)
        other = self.command(window=60)
        self.go(5)
        self.assertEqual(self.world.begun[-1], other)

    def test_one_that_expires_before_the_welcome_is_not_begun(self) -> None:
        self.start()
        self.connect(welcome=False)
        self.command("end_of_day", window=20)
        self.go(21)
        self.welcome()
        self.written()
        self.assertEqual((self.last("result")["reason"], self.world.begun), ("expired", []))

    def test_what_a_crash_interrupted_is_a_close_with_an_unknown_end(self) -> None:
        operation_id = self.command("end_of_day")
        self.written()
        self.reader_closes("1")  # the close was done, and its result was lost
        self.start()
        self.connect()
        self.take()
        self.assertEqual(len(self.held), 1)  # no close by hand as well
        told = self.held[0]
        self.assertEqual((told["reason"], told["unknown_end"], told["error"]["code"]), ("device_error", True, "interrupted"))
        self.command("end_of_day", previous_close=None)
        self.written()
        self.take()
        self.assertEqual((self.held[-1]["reason"], self.held[-1]["last_close"]), ("out_of_step", operation_id))
        self.assertEqual(self.world.begun, [operation_id])
        self.command()
        self.written()
        self.start()
        self.connect()
        self.take()
        self.assertNotIn("unknown_end", self.held[-1])  # an open_menu closes nothing

    def test_cancelled_before_it_began_it_is_numbered_and_never_begun(self) -> None:
        for cancel_first in (True, False):
            operation_id = str(uuid.uuid4())
            self.world.payment = True
            if not cancel_first:
                self.command("end_of_day", operation_id=operation_id, when_busy="wait")
            self.cancel(operation_id, "end_of_day")
            self.world.payment = False
            self.start()  # a power cut
            self.connect()
            self.command("end_of_day", operation_id=operation_id)
            self.written()
            self.take()
            self.assertEqual((self.held[-1]["operation_id"], self.held[-1]["reason"]), (operation_id, "cancelled"))
            self.assertEqual(self.held[-1]["origin"], {"request": operation_id, "signed": "s"})
            self.assertIn("number", self.held[-1])
        self.assertEqual(self.world.begun, [])
        self.assertIsNone(self.journal.last_close())


    def test_one_that_is_cancelled_is_given_up_only_after_the_welcome_was_compared(self) -> None:
        for with_command in (True, False):
            self.start()
            self.connect(welcome=False)
            operation_id = str(uuid.uuid4())
            if with_command:
                self.command("end_of_day", operation_id=operation_id, window=60)
            self.cancel(operation_id, "end_of_day")
            other = str(uuid.uuid4())
            self.cancel(other)
            self.go(61)  # also after its deadline
            self.assertIsNone(self.journal.answered(operation_id))
            self.assertIsNotNone(self.journal.answered(other))
            self.welcome()
            self.take()
            told = next(it for it in self.held if it["operation_id"] == operation_id)
            self.assertEqual((told["reason"], told["origin"]["request"]), ("cancelled", operation_id))
        self.assertEqual(self.world.begun, [])

    def test_one_whose_command_follows_its_cancellation_is_given_up_as_if_it_had_been_there(self) -> None:
        self.start()
        self.connect(welcome=False)
        operation_id = str(uuid.uuid4())
        self.cancel(operation_id, "end_of_day")
        self.command("end_of_day", operation_id=operation_id)
        self.welcome()
        self.written()
        self.take()
        self.assertEqual([(it["operation_id"], it["reason"], "origin" in it) for it in self.held], [(operation_id, "cancelled", True)])
        self.assertEqual(self.world.begun, [])

    def test_one_that_is_cancelled_and_out_of_step_may_have_been_begun(self) -> None:
        self.world.payment = True
        operation_id = self.command("end_of_day", when_busy="wait", window=60)
        self.reader_closes("1")
        self.cancel(operation_id, "end_of_day")
        self.take()
        by_hand, told = self.held[-2:]
        self.assertEqual((told["operation_id"], told["reason"], told["last_close"]), (operation_id, "out_of_step", by_hand["operation_id"]))

    def test_one_that_is_cancelled_and_whose_request_is_known_gets_its_result(self) -> None:
        first = self.close(request="r")
        self.world.payment = True
        running = self.command(when_busy="wait", window=60)
        again = self.command("end_of_day", request="r", previous_close=first, window=60)
        self.cancel(again, "end_of_day")
        self.take()
        self.assertEqual((self.held[-1]["operation_id"], self.held[-1]["repeats"]), (again, first))
        self.assertIsNone(self.journal.answered(running))

    def test_one_whose_command_never_came_is_compared_by_what_its_cancellation_says(self) -> None:
        first = self.close(request="r")
        older, again = str(uuid.uuid4()), str(uuid.uuid4())
        self.cancel(older, "end_of_day", previous_close=str(uuid.uuid4()))
        self.cancel(again, "end_of_day", request="r", previous_close=first)
        self.take()
        by_operation = {it["operation_id"]: it for it in self.held}
        self.assertEqual((by_operation[older]["reason"], by_operation[older]["last_close"]), ("out_of_step", first))
        self.assertEqual((by_operation[again]["status"], by_operation[again]["repeats"]), ("COMPLETED", first))

    def test_one_that_is_cancelled_while_another_runs_is_compared_after_it(self) -> None:
        first = self.command("end_of_day", window=60)
        self.written()
        second = self.command("end_of_day", window=60)
        self.cancel(second, "end_of_day")
        self.assertIsNone(self.journal.answered(second))
        self.finish_close(first)
        self.take()
        self.assertEqual((self.held[-1]["operation_id"], self.held[-1]["reason"]), (second, "out_of_step"))
        self.assertEqual(self.world.begun, [first])

    def test_an_old_copy_gives_nothing_up(self) -> None:
        operation_id = self.close()
        self.take()
        self.path.unlink()
        self.path.with_name("log-counter.json").unlink()
        self.start()
        self.connect(welcome=False)
        self.cancel(operation_id, "end_of_day")
        self.welcome()
        self.go(61)
        self.assertEqual(self.world.outdated_count, 1)
        self.assertIsNone(self.journal.answered(operation_id))

class OldCopiesTest(RulesCase):
    def old_copy(self) -> None:
        """Restores the folder to before the last close, but for the counter beside the key."""
        first = self.close()
        self.take()
        copy = self.path.with_name("copy")
        shutil.copy(self.path, copy)
        self.close(previous_close=first)
        self.take()
        shutil.copy(copy, self.path)

    def forget_counter(self) -> None:
        self.path.with_name("log-counter.json").unlink()

    def test_the_welcome_shows_that_the_server_holds_more(self) -> None:
        self.old_copy()
        self.forget_counter()
        self.start()
        self.connect()
        self.assertEqual(self.world.outdated_count, 1)
        begun = len(self.world.begun)
        self.command("end_of_day", previous_close=self.memory["id"])
        self.written()
        self.assertEqual(len(self.world.begun), begun)

    def test_the_welcome_shows_that_the_server_holds_something_else(self) -> None:
        self.close()
        self.take()
        self.memory = {**self.memory, "id": str(uuid.uuid4())}
        self.start()
        self.connect()
        self.assertEqual(self.world.outdated_count, 1)
        self.assertTrue(self.rules.idle)

    def test_a_server_that_holds_less_is_no_sign_of_it(self) -> None:
        self.close()
        self.take()
        for memory in ({"number": 0}, self.memory):
            self.memory = memory
            self.start()
            self.connect()
        self.assertEqual(self.world.outdated_count, 0)

    def test_a_word_in_between_shows_it_too(self) -> None:
        self.hear("memory", memory={"number": 9, "id": str(uuid.uuid4())})
        self.assertEqual(self.world.outdated_count, 1)

    def test_the_counter_shows_it_before_anything_is_written(self) -> None:
        self.old_copy()
        content = self.path.read_bytes()
        self.assertIsNone(Journal(self.path).address)
        self.assertEqual(self.path.read_bytes(), content)
        self.forget_counter()
        self.assertEqual(Journal(self.path).address, ADDRESS)

    def test_a_counter_that_is_behind_or_of_another_address_says_nothing(self) -> None:
        self.close()
        counter = self.path.with_name("log-counter.json")
        self.assertEqual(json.loads(counter.read_text()), {"address": ADDRESS, "number": 1})
        for content in ({"address": ADDRESS, "number": 0}, {"address": "other", "number": 9}, [], {"address": ADDRESS}):
            counter.write_text(json.dumps(content))
            self.assertEqual(Journal(self.path).address, ADDRESS)

    def test_what_an_old_copy_knows_is_told_as_the_new_address(self) -> None:
        self.old_copy()
        self.forget_counter()
        self.journal = Journal(self.path)
        self.journal.disown()
        again = Journal(self.path)
        self.assertEqual((again.address, len(again.entries)), (None, 1))
        again.belongs_to("T12345678-T0001-D3632401")
        self.assertEqual([it["number"] for it in Journal(self.path).entries], [1])
        self.assertEqual(again.untold()[0]["operation_id"], self.held[0]["operation_id"])


if __name__ == "__main__":
    unittest.main()
