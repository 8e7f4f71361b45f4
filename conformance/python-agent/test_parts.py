"""Journal, time, versions, signatures and proofs: the parts that need no server."""

from __future__ import annotations

import base64
import errno
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import journal
from credentials import KeyPair, parse_qr
from journal import Journal
from messages import Command
from mqtt_version import VersionChoice, wants_other_version, wants_renewal, wants_room
from operations import Failed, Ticket
from simulation import take_time
from times import Backoff, Clock, ServerTime, from_text, to_text
from versions import ReleaseKeys, from_base64url, is_newer
from web import Web

EXAMPLE_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
EXAMPLE_KEY_ID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
EXAMPLE_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
EXAMPLE_SIGNATURE = "cwdnw3udkliAumL8n56epGBvrOL1svxVdcLypwsmg-ox0FkS0xLGLn1wDy9rM6dkv820I3UYxqFqc8j_KJaxDg"


class InFolder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


ADDRESS = "T12345678-T0001-D3632400"


def journal_in(folder: Path) -> Journal:
    it = Journal(folder / "journal.json")
    it.belongs_to(ADDRESS)
    return it


OTHER_LOG = json.dumps({"address": "a", "log": [{"number": 1}], "begun": None, "batch": None, "device": {}})

NO_ROOM = OSError(errno.ENOSPC, "No space left on device")


class FullDiskTest(InFolder):
    """On a full disk nothing begins; a begun operation is still answered, by means of the reserve."""

    def setUp(self) -> None:
        super().setUp()
        self.journal = journal_in(self.folder)
        self.reserve = self.folder / "journal.json.reserve"
        self.full = False
        self.write = journal.write_durably
        patch = mock.patch("journal.write_durably", self.write_if_there_is_room)
        patch.start()
        self.addCleanup(patch.stop)

    def write_if_there_is_room(self, path: Path, content: bytes) -> None:
        if self.full and (self.reserve.exists() or path == self.reserve):
            raise NO_ROOM
        self.write(path, content)

    def test_nothing_is_begun_and_what_was_begun_is_answered(self) -> None:
        self.journal.begin("a", "end_of_day", "2026-06-29T09:00:00Z")
        self.assertEqual(self.reserve.stat().st_size, journal.RESERVE)
        self.full = True
        with self.assertRaises(OSError):
            self.journal.begin("b", "open_menu", "2026-06-29T09:00:00Z")
        self.assertIsNone(self.journal.begun)
        self.assertIn("No space left", str(self.journal.trouble))
        done = {"operation_id": "a", "operation": "end_of_day", "status": "COMPLETED", "result": {}}
        self.journal.answer(done, "2", {"next_version": "2.0"})
        again = Journal(self.folder / "journal.json")
        self.assertEqual(again.entries, [{"number": 1, "result": done}])
        self.assertEqual((again.batch, again.device), ("2", {"next_version": "2.0"}))
        self.journal.look()
        self.assertIsNotNone(self.journal.trouble)
        self.full = False
        self.journal.look()
        self.assertIsNone(self.journal.trouble)
        self.assertTrue(self.reserve.exists())

    def test_what_could_not_be_stored_is_not_said(self) -> None:
        self.journal.begin("a", "check_update", "2026-06-29T09:00:00Z")
        done = {"operation_id": "a", "operation": "check_update", "status": "COMPLETED", "result": {}}
        with mock.patch("journal.write_durably", side_effect=NO_ROOM):
            self.journal.answer(done, None, {"next_version": "2.0"})
        entry = self.journal.answered("a") or {}
        self.assertEqual((entry["result"]["status"], entry["result"]["reason"]), ("FAILED", "storage_failed"))
        self.assertNotIn("number", entry)
        self.assertEqual(self.journal.device, {})


class JournalTest(InFolder):
    DONE = {"operation_id": "one", "operation": "end_of_day", "status": "COMPLETED", "result": {"outcome": "accepted"}}

    def test_it_outlives_the_process_and_only_its_owner_reads_it(self) -> None:
        path = self.folder / "journal.json"
        journal = journal_in(self.folder)
        journal.begin("one", "end_of_day", "then", {"request": "r"})
        begun = {"operation_id": "one", "operation": "end_of_day", "started_at": "then", "origin": {"request": "r"}}
        self.assertEqual(Journal(path).begun, begun)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

    def test_a_result_and_what_it_changed_come_together(self) -> None:
        path = self.folder / "journal.json"
        journal = journal_in(self.folder)
        journal.begin("one", "end_of_day", "then")
        journal.answer(self.DONE, "2", {"configuration": 1})
        again = Journal(path)
        self.assertEqual((again.device, again.batch, again.begun), ({"configuration": 1}, "2", None))
        self.assertIsNone(again.answer_interrupted("now", None))

    def test_a_write_that_was_cut_off_leaves_the_old_one(self) -> None:
        path = self.folder / "journal.json"
        journal_in(self.folder).answer(self.DONE, "1")
        (self.folder / "journal.json.new").write_text('{"oper')
        self.assertEqual(Journal(path).batch, "1")

    def test_another_address_begins_a_new_log_with_all_that_was_done(self) -> None:
        path = self.folder / "journal.json"
        journal = journal_in(self.folder)
        for name in ("one", "two", "three"):
            journal.answer({**self.DONE, "operation_id": name})
        del journal.entries[0]
        journal.held = {"number": 3, "id": "three"}
        self.assertEqual(Journal(path).address, ADDRESS)
        journal.belongs_to("T12345678-T0001-D3632401")
        self.assertIsNone(journal.held)
        moved = Journal(path)
        self.assertEqual(moved.address, "T12345678-T0001-D3632401")
        self.assertEqual([(it["number"], it["operation_id"]) for it in moved.untold(9)], [(1, "two"), (2, "three")])
        self.assertNotIn("after", moved.untold()[0])

    def test_a_journal_that_cannot_be_read_is_nobodys_and_kept_for_people_to_look_at(self) -> None:
        path = self.folder / "journal.json"
        for content in ("{", "[]", "{}", '{"address":"a","log":[]}', OTHER_LOG, "[" * 9999):
            path.write_text(content)
            journal = Journal(path)
            self.assertEqual((journal.address, journal.unreadable), (None, True), content)
            with self.assertRaises(RuntimeError):
                journal.look()
            journal.belongs_to(ADDRESS)
            self.assertEqual((self.folder / "journal.json.unreadable").read_text(), content)
            self.assertEqual((Journal(path).address, Journal(path).entries), (ADDRESS, []))
            path.unlink()


class SetClock(Clock):
    def __init__(self) -> None:
        self.wall_time, self.steady_time = 500.0, 100.0

    def wall(self) -> float:
        return self.wall_time

    def steady(self) -> float:
        return self.steady_time


class TimesTest(unittest.TestCase):
    def test_times_in_text(self) -> None:
        self.assertEqual(to_text(from_text("2026-06-29T09:00:00.120Z")), "2026-06-29T09:00:00.120Z")
        self.assertEqual(from_text("2026-06-29T11:00:00+02:00"), from_text("2026-06-29T09:00:00Z"))
        for bad in ("2026-06-29T09:00:00", "2026-06-29", "", None, 5, "2026-13-29T09:00:00Z"):
            with self.assertRaises(ValueError):
                from_text(bad)

    def test_the_servers_time_is_never_behind(self) -> None:
        clock = SetClock()
        estimate = ServerTime(clock)
        estimate.said_hello("a")
        clock.steady_time += 3  # 1 second to the server, 2 back
        self.assertTrue(estimate.welcomed("a", 9001.0))
        self.assertEqual(estimate.now(), 9004.0)  # the server's clock says 9003
        self.assertFalse(estimate.welcomed("another's", 1.0))
        self.assertEqual(estimate.now(), 9004.0)

    def test_pauses_double_and_are_shortened_by_chance(self) -> None:
        longest = Backoff(0.2, 10.0, lambda: 0.0)
        self.assertEqual([longest.pause() for _ in range(8)], [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0])
        self.assertEqual(Backoff(0.2, 10.0, lambda: 1.0).pause(), 0.1)
        longest.at_most(0.8)
        self.assertEqual(longest.pause(), 0.8)
        longest.begin_again()
        self.assertEqual(longest.pause(), 0.2)


class VersionsTest(InFolder):
    def test_which_is_newer(self) -> None:
        pairs = [("1.10", "1.9"), ("2.0", "2.0-rc1"), ("2.0-rc2", "2.0-rc1"), ("4.2.1", "4.2"), ("4.2.1", "4.2.a")]
        pairs.append(("1.0.b", "1.0.A"))
        for newer, older in pairs:
            self.assertTrue(is_newer(newer, older), (newer, older))
            self.assertFalse(is_newer(older, newer), (older, newer))
        for one, other in [("4.2", "4.2.0"), ("1.0+a", "1.0+b"), ("1.0-RC1", "1.0-rc1")]:
            self.assertFalse(is_newer(one, other) or is_newer(other, one), (one, other))

    def keys(self, content: str) -> ReleaseKeys:
        path = self.folder / "keys"
        path.write_text(content)
        return ReleaseKeys(path)

    def test_the_example_of_the_protocol_verifies(self) -> None:
        keys = self.keys(json.dumps({"keys": [EXAMPLE_KEY]}))
        self.assertTrue(keys.knows(EXAMPLE_KEY_ID))
        good = (EXAMPLE_KEY_ID, EXAMPLE_SIGNATURE, "SATURN1000", "4.3.0", 3, EXAMPLE_SHA256)
        self.assertTrue(keys.verifies(*good))
        for place, other in ((2, "S1P2"), (3, "4.3.1"), (4, 4), (5, EXAMPLE_SHA256[::-1]), (1, "AAAA"), (1, "é")):
            self.assertFalse(keys.verifies(*(other if at == place else it for at, it in enumerate(good))), other)

    def test_keys_that_are_none_are_an_error_at_start(self) -> None:
        for content in ('{"keys":[]}', "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"):
            with self.assertRaises(ValueError):
                self.keys(content)

    def test_a_weak_key_is_an_error_at_start(self) -> None:
        prime = 2**255 - 19
        eighth = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
        other = int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little")
        for y in (0, 1, eighth, other, prime - 1, prime, prime + 1, prime + 18):
            for sign in (0, 2**255):
                x = base64.urlsafe_b64encode((y + sign).to_bytes(32, "little")).rstrip(b"=").decode()
                with self.assertRaisesRegex(ValueError, "weak", msg=x):
                    self.keys(json.dumps({"keys": [EXAMPLE_KEY, {**EXAMPLE_KEY, "x": x}]}))


class LockTest(InFolder):
    def test_a_state_folder_is_one_agents_alone_and_a_crash_gives_it_back(self) -> None:
        here = Path(__file__).parent
        holder = "import agent, pathlib, sys; agent.prepare(pathlib.Path(sys.argv[1])); print('held', flush=True); input()"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen([sys.executable, "-c", holder, str(self.folder)], cwd=here, **pipes) as first:
            assert first.stdout
            self.assertEqual(first.stdout.readline(), "held\n")
            program = [sys.executable, str(here / "agent.py"), "--state", str(self.folder)]
            second = subprocess.run(program, capture_output=True, text=True, check=False)
            said = f"Another agent works in {self.folder}.\n"
            self.assertEqual((second.returncode, second.stdout, second.stderr), (1, "", said))
            first.kill()
        third = subprocess.run(program, capture_output=True, text=True, check=False)
        self.assertNotIn("Another agent", third.stderr)


class CredentialsTest(InFolder):
    def test_the_key_stays_and_nobody_else_reads_it(self) -> None:
        path = self.folder / "key.pem"
        first = KeyPair(path).proof("renewal", "a", "n", "s")
        self.assertEqual(KeyPair(path).proof("renewal", "a", "n", "s"), first)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

    def test_a_proof_is_signed_by_the_key_that_it_shows(self) -> None:
        address = Web("https://till.example:8443/", None, 1).address("/v1/device/pair")
        proof = KeyPair(self.folder / "key.pem").proof("pairing", address, "nonce", "123", "CODE")
        header, payload, signature = proof.split(".")
        shown = json.loads(from_base64url(header))
        said = {"aud": "https://till.example:8443/v1/device/pair", "nonce": "nonce", "sub": "123", "code": "CODE"}
        self.assertEqual(json.loads(from_base64url(payload)), said)
        self.assertEqual(set(shown["jwk"]), {"kty", "crv", "x"})
        self.assertEqual(shown["typ"], "device-pairing+jwt")
        key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(shown["jwk"]["x"] + "="))
        key.verify(from_base64url(signature), f"{header}.{payload}".encode())

    def test_the_text_of_a_qr_code(self) -> None:
        text = "tillkeeper:pair?server=http%3A%2F%2F127.0.0.1%3A33641&serial=REF-1&code=18XN-PQ57&more=x"
        values = parse_qr(text)
        self.assertEqual(values["server"], "http://127.0.0.1:33641")
        self.assertEqual((values["serial"], values["code"]), ("REF-1", "18XN-PQ57"))
        with self.assertRaises(ValueError):
            parse_qr("https://example.com/?server=a&serial=b&code=c")


class MqttVersionTest(unittest.TestCase):
    URL = "mqtt://broker.example"

    def test_a_broker_that_refuses_5_is_spoken_to_in_3_1_1_at_once_and_from_then_on(self) -> None:
        for code, silent in ((1, False), (0x84, False), (None, True)):
            choice = VersionChoice("auto")
            self.assertEqual(choice.begin(self.URL), 5)
            self.assertTrue(choice.ended(5, code, False, silent))
            self.assertEqual(choice.begin(self.URL), 4)
            self.assertFalse(choice.ended(4, None, True, False))
            self.assertEqual(choice.begin(self.URL), 4)
            self.assertEqual(choice.begin("mqtt://other.example"), 5)

    def test_each_version_is_tried_once_between_two_pauses(self) -> None:
        choice = VersionChoice("auto")
        for _ in range(3):
            self.assertTrue(choice.ended(choice.begin(self.URL), None, False, True))
            self.assertFalse(choice.ended(choice.begin(self.URL), None, False, True))

    def test_a_broker_that_once_spoke_5_is_not_soon_taken_for_an_old_one(self) -> None:
        choice = VersionChoice("auto")
        choice.ended(choice.begin(self.URL), None, True, False)
        turns = [choice.ended(choice.begin(self.URL), None, False, True) for _ in range(3)]
        self.assertEqual(turns, [False, False, True])
        self.assertEqual(choice.begin(self.URL), 4)

    def test_a_version_that_was_asked_for_is_the_only_one(self) -> None:
        for wanted, level in (("5", 5), ("3.1.1", 4)):
            choice = VersionChoice(wanted)
            self.assertFalse(choice.ended(choice.begin(self.URL), 1, False, False))
            self.assertEqual(choice.begin(self.URL), level)

    def test_a_wrong_password_says_nothing_against_the_version(self) -> None:
        choice = VersionChoice("auto")
        self.assertFalse(choice.ended(choice.begin(self.URL), 0x87, False, False))
        self.assertEqual(choice.begin(self.URL), 5)
        self.assertTrue(wants_renewal(0x87) and wants_renewal(5) and not wants_renewal(0x8E))
        self.assertTrue(wants_room(0x8E) and wants_room(0x89) and not wants_room(None))
        self.assertTrue(wants_other_version(5, 5) and not wants_other_version(5, 4))


class SimulationTest(unittest.TestCase):
    def ticket(self, operator_id: str | None, seconds: float) -> Ticket:
        parameters = {} if operator_id is None else {"operator_id": operator_id}
        command = Command("one", "open_menu", parameters, "fail", 100.0, 100.0 + seconds, 100.0)
        return Ticket(command, time.monotonic() + seconds)

    def test_slow_is_seventy_percent_of_the_window(self) -> None:
        began = time.monotonic()
        take_time(self.ticket("simulate:slow", 0.2))
        self.assertAlmostEqual(time.monotonic() - began, 0.14, delta=0.05)

    def test_it_is_broken_off(self) -> None:
        ticket = self.ticket("simulate:slow", 60.0)
        ticket.cancelled.set()
        with self.assertRaisesRegex(Failed, "cancelled"):
            take_time(ticket)

    def test_what_is_not_known_is_refused_and_what_is_not_asked_takes_no_time(self) -> None:
        with self.assertRaisesRegex(Failed, "known: slow"):
            take_time(self.ticket("simulate:fire", 60.0))
        take_time(self.ticket("Kari", 60.0))
        take_time(self.ticket(None, 60.0))


if __name__ == "__main__":
    unittest.main()
