"""The rules of commands, payments, cancelling and time, step by step."""

from __future__ import annotations

import json
import unittest
import uuid

from journal import Journal
from rules_case import RulesCase


class RulesTest(RulesCase):
    def test_begun_is_on_the_disk_before_it_begins(self) -> None:
        operation_id = self.command()
        self.assertEqual(self.world.begun, [])
        self.assertEqual((Journal(self.path).begun or {})["operation_id"], operation_id)
        self.written()
        self.assertEqual(self.world.begun, [operation_id])
        self.assertEqual(self.last("started")["operation_id"], operation_id)

    def test_a_copy_is_answered_and_never_begun_again(self) -> None:
        operation_id = self.command()
        self.written()
        self.command(operation_id=operation_id)
        self.assertEqual(len(self.said("started")), 2)
        self.complete(operation_id)
        self.command(operation_id=operation_id)
        self.take()
        self.command(operation_id=operation_id)
        self.assertEqual(len(self.said("result")), 3)
        self.assertEqual(self.said("result")[0], self.said("result")[2])
        self.assertEqual(self.world.begun, [operation_id])

    def test_the_close_of_a_day_may_be_sent_again_at_any_moment(self) -> None:
        operation_id = self.command("end_of_day", window=60)
        for _ in range(3):
            self.command("end_of_day", operation_id=operation_id)  # while "begun" is being written
        self.written()
        self.go(2)
        self.command("end_of_day", operation_id=operation_id)  # while it runs
        self.assertEqual(len(self.said("started")), 2)
        self.start()  # a power cut
        self.connect()
        self.command("end_of_day", operation_id=operation_id)
        self.written()
        self.assertEqual(self.last("result")["error"]["code"], "interrupted")
        self.assertEqual(self.world.begun, [operation_id])

    def test_a_hello_says_nothing_but_what_the_protocol_names(self) -> None:
        names = {"protocol", "agent", "sent_at", "session", "operations", "abilities"}
        self.assertEqual(set(self.last("hello")), names)
        hellos = len(self.said("hello"))
        self.hear("invoice", operation_id=str(uuid.uuid4()))
        self.go(1)
        self.assertEqual(len(self.said("hello")), hellos)

    def test_after_a_crash_it_is_answered_as_interrupted_and_not_begun_again(self) -> None:
        operation_id = self.command()
        self.written()
        self.start()
        self.connect()
        self.command(operation_id=operation_id)
        self.written()
        self.assertEqual(self.last("result")["error"]["code"], "interrupted")
        self.assertEqual(self.last("hello")["operations"], [])
        self.assertEqual(self.world.begun, [operation_id])

    def test_the_result_is_repeated_until_the_receipt(self) -> None:
        operation_id = self.command()
        self.written()
        self.complete(operation_id)
        self.go(1.9)
        self.assertGreaterEqual(len(self.said("result")), 1)
        for _ in range(100):
            self.go(1)
        copies = self.said("result")
        self.assertGreater(len(copies), 4)
        self.assertLess(len(copies), 14)
        self.assertTrue(all(it == copies[0] for it in copies))
        self.take()
        for _ in range(100):
            self.go(1)
        self.assertEqual(len(self.said("result")), len(copies))

    def test_the_result_comes_at_once_after_a_reconnect_and_not_without_a_link(self) -> None:
        operation_id = self.command()
        self.written()
        self.rules.disconnected()
        self.world.sent.clear()
        self.complete(operation_id)
        self.go(60)
        self.connect(welcome=False)
        self.assertEqual([it for it, _ in self.world.sent if it in ("hello", "result")][-2:], ["hello", "result"])

    def test_expired_commands_are_not_begun(self) -> None:
        operation_id = self.command(window=-0.001)
        self.written()
        self.assertEqual(self.last("result")["reason"], "expired")
        self.assertNotIn("started_at", self.last("result"))
        self.assertNotIn(operation_id, self.world.begun)

    def test_what_expires_while_begun_is_written_is_not_begun(self) -> None:
        self.command(window=1)
        self.clock.passed += 1
        self.written()
        self.assertEqual(self.last("result")["reason"], "expired")
        self.assertEqual(self.world.begun, [])

    def test_a_device_whose_clock_is_wrong_judges_by_the_servers_time(self) -> None:
        self.clock.off = -600
        self.start()
        self.connect()
        self.command(window=-1)
        self.assertEqual(self.last("result")["reason"], "expired")
        self.take()
        operation_id = self.command()
        self.written()
        self.assertEqual(self.world.begun, [operation_id])

    def test_before_the_first_welcome_it_holds_back_for_five_seconds(self) -> None:
        self.start()
        self.connect(welcome=False)
        operation_id = self.command()
        self.assertEqual(self.last("delivered")["operation_id"], operation_id)
        self.go(4.9)
        self.assertEqual(self.world.begun, [])
        self.go(0.2)
        self.assertEqual(self.world.begun, [operation_id])

    def test_without_a_welcome_the_later_of_both_clocks_counts(self) -> None:
        self.clock.off = -600
        self.start()
        self.connect(welcome=False)
        self.command(window=4)
        self.go(5)
        self.assertEqual(self.said("result"), [])  # it does not know yet what the server holds
        self.welcome()
        self.assertEqual(self.last("result")["reason"], "expired")

    def test_after_an_hour_it_compares_clocks_before_it_begins(self) -> None:
        self.clock.passed += 3601
        hellos = len(self.said("hello"))
        operation_id = self.command()
        self.written()
        self.assertEqual(self.world.begun, [])
        self.assertEqual(len(self.said("hello")), hellos + 1)
        self.welcome()
        self.written()
        self.assertEqual(self.world.begun, [operation_id])

    def test_after_a_jump_of_the_clock_it_compares_clocks_too(self) -> None:
        self.clock.off = 5
        self.command()
        self.written()
        self.assertEqual(self.world.begun, [])

    def test_one_at_a_time(self) -> None:
        first = self.command()
        self.written()
        second, third = self.command(window=60), self.command(window=5)
        self.assertEqual([it["operation_id"] for it in self.said("delivered")], [second, third])
        self.go(10)
        self.complete(first)
        self.written()
        self.assertEqual(self.world.begun, [first, second])
        self.complete(second)
        self.written()
        self.take()
        self.assertEqual(self.last("result")["reason"], "expired")

    def test_what_it_does_not_know_is_unsupported(self) -> None:
        for more in ({"operation": "dance"}, {"parameters": {"colour": "red"}}, {"when_busy": "perhaps"}):
            self.command(**more)
            self.assertEqual(self.last("result")["reason"], "unsupported")
            self.take()
        self.assertEqual(self.said("started"), [])

    def test_a_payment(self) -> None:
        self.world.payment = True
        self.command()
        self.assertEqual(self.last("result")["reason"], "busy_payment")
        self.take()
        waits = self.command(when_busy="wait")
        self.assertEqual(self.last("delivered")["operation_id"], waits)
        self.world.payment = False
        self.go(0.2)
        self.assertEqual(self.world.begun, [waits])

    def test_a_payment_that_begins_while_begun_is_written(self) -> None:
        operation_id = self.command(when_busy="wait")
        self.world.payment = True
        self.written()
        self.assertEqual(Journal(self.path).begun, None)
        self.assertEqual(self.last("delivered")["operation_id"], operation_id)
        fails = self.command(operation_id=str(uuid.uuid4()))
        self.go(14.1)
        self.take()
        self.assertEqual([it["reason"] for it in self.held], ["busy_payment", "busy_payment"])
        self.assertNotIn("started_at", self.last("result"))
        self.assertEqual({it["operation_id"] for it in self.held}, {operation_id, fails})

    def test_a_payment_that_lasts_too_long_is_answered_before_the_deadline(self) -> None:
        self.world.payment = True
        self.command(window=5, when_busy="wait")
        self.go(4.4)
        self.assertEqual(self.said("result"), [])
        self.go(0.1)
        self.assertEqual(self.last("result")["reason"], "busy_payment")

    def test_cancelled_before_its_command_came(self) -> None:
        operation_id = str(uuid.uuid4())
        self.cancel(operation_id, "an_operation_of_later_years")
        self.assertEqual(self.last("result")["reason"], "cancelled")
        self.command(operation_id=operation_id)
        self.cancel(operation_id)
        self.written()
        self.assertEqual(len(self.said("result")), 3)
        self.assertEqual(self.world.begun, [])

    def test_cancelled_while_it_waits(self) -> None:
        self.world.payment = True
        operation_id = self.command(when_busy="wait")
        self.cancel(operation_id)
        self.world.payment = False
        self.go(1)
        self.assertEqual(self.last("result")["reason"], "cancelled")
        self.assertEqual(self.world.begun, [])

    def test_cancelled_while_begun_is_written(self) -> None:
        operation_id = self.command()
        self.cancel(operation_id)
        self.written()
        self.assertEqual(self.last("result")["reason"], "cancelled")
        self.assertNotIn("started_at", self.last("result"))
        self.assertEqual(self.world.begun, [])

    def test_cancelled_while_it_runs(self) -> None:
        operation_id = self.command()
        self.written()
        self.cancel(operation_id)
        self.assertEqual(self.said("cancel_refused"), [])
        self.world.breakable = False
        self.cancel(operation_id)
        self.cancel(operation_id)
        self.assertEqual(len(self.said("cancel_refused")), 2)

    def test_hello_is_repeated_without_a_welcome(self) -> None:
        self.start()
        self.connect(welcome=False)
        before = len(self.said("hello"))
        for _ in range(590):
            self.go(0.1)
        self.assertEqual(len(self.said("hello")), before + 4)  # after 2, 6, 14 and 30 seconds

    def test_heartbeats(self) -> None:
        self.world.sent.clear()
        self.rules.tick()
        self.assertEqual(len(self.said("heartbeat")), 1)
        for _ in range(95):
            self.go(1)
        self.assertEqual(len(self.said("heartbeat")), 4)
        self.rules.disconnected()
        self.go(100)
        self.assertEqual(len(self.said("heartbeat")), 4)

    def test_a_probe_is_answered(self) -> None:
        probe_id = str(uuid.uuid4())
        self.hear("probe", probe_id=probe_id, sent_at=self.time())
        self.assertEqual(self.last("probe_answer"), {"probe_id": probe_id})

    def test_nothing_that_comes_stops_it(self) -> None:
        channels = ("welcome", "command", "receipt", "cancel", "memory", "rejection", "probe", "invoice")
        junk = [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"{}", b"[" * 20000, b"x" * 70000, b'{"a":NaN}']
        fields = ("operation_id", "operation", "expires_at", "parameters", "hello_sent_at", "errors", "memory", "origin")
        junk += [json.dumps({name: value}).encode() for name in fields for value in (1, None, [], {}, "x", "9" * 5000)]
        for channel in channels:
            for payload in junk:
                self.rules.received(channel, payload)
        operation_id = self.command()
        self.written()
        self.assertEqual(self.world.begun, [operation_id])


if __name__ == "__main__":
    unittest.main()
