"""`check_update` against a small server, which breaks connections and sends wrong data as the tests want."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device import Device
from journal import Journal
from messages import Command, Message
from operations import Failed, Result, Ticket
from updates import Updates
from versions import ReleaseKeys, thumbprint

FILE = bytes(range(256)) * 2000


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...

    def do_GET(self) -> None:
        test: UpdatesTest = self.server.test  # type: ignore[attr-defined]
        test.asked.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        if not self.path.startswith("/update/file"):
            self.answer(200, json.dumps(test.manifest).encode())
            return
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        whole = test.file[start:]
        breaks_after, silent_after = test.breaks_after, test.silent_after
        test.breaks_after = test.silent_after = None
        self.answer(206 if start else 200, whole, whole[: silent_after or breaks_after], start)
        if silent_after:
            self.wfile.flush()
            test.goes_on.wait()

    def answer(self, status: int, content: bytes, sent: bytes | None = None, start: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{start + len(content) - 1}/{start + len(content)}")
        self.end_headers()
        self.wfile.write(content if sent is None else sent)
        self.close_connection = True


class UpdatesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.file: bytes = FILE
        self.breaks_after: int | None = None
        self.silent_after: int | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.test = self  # type: ignore[attr-defined]
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.key = Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = thumbprint(public)
        keys = self.folder / "keys.json"
        keys.write_text(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": base64url(public)}]}))
        self.updates = Updates(ReleaseKeys(keys))
        journal = Journal(self.folder / "journal.json")
        journal.belongs_to("T12345678-T0001-D3632400")
        self.device = Device(self.folder, journal, "SATURN1000", None)
        self.manifest: Message = {"latest": self.release("2.0"), "configuration": None}

    def release(self, version: str, model: str = "SATURN1000") -> Message:
        digest = hashlib.sha256(FILE).hexdigest()
        signed = f"tillkeeper-release-v1\n{model}\n{version}\n{len(FILE)}\n{digest}\n".encode()
        signature = base64url(self.key.sign(signed))
        about = {"version": version, "size": len(FILE), "sha256": digest, "signature": signature}
        return {**about, "key_id": self.key_id, "url": "update/file"}

    def check(self, seconds: float = 10) -> tuple[Result, Result]:
        now = time.time()
        url = f"http://127.0.0.1:{self.server.server_address[1]}/update"
        transfer = {"url": url, "token": "t"}
        command = Command("id", "check_update", {}, "fail", now, now + seconds, now, transfer)
        return self.updates.check_update(Ticket(command, time.monotonic() + seconds), self.device)

    def fails_by(self, reason: str, code: str, seconds: float = 10) -> None:
        with self.assertRaises(Failed) as failure:
            self.check(seconds)
        self.assertEqual((failure.exception.reason, failure.exception.code), (reason, code))
        self.assertIsNone(self.device.version_laid_ready())

    def files_asked(self) -> list[str | None]:
        return [part for path, part, _ in self.asked if path == "/update/file"]

    def test_a_release_is_laid_ready(self) -> None:
        self.manifest["configuration"] = {"version": "7", "content": {"a": 1}, "up_to_date": False}
        result, changes = self.check()
        self.assertEqual(changes, {"next_version": "2.0", "configuration": {"version": "7", "content": {"a": 1}}})
        self.assertEqual(
            result,
            {"current_version": "1.0.0", "latest_version": "2.0", "update_available": True, "configuration_version": "7"},
        )
        self.assertEqual([it.read_bytes() for it in (self.folder / "releases").iterdir()], [FILE])
        self.assertEqual(self.asked[0][0], "/update?software_version=1.0.0")
        self.assertEqual({token for _, _, token in self.asked}, {"Bearer t"})

    def test_room_is_asked_for_before_anything_is_fetched(self) -> None:
        part = self.folder / "releases" / f"{hashlib.sha256(FILE).hexdigest()}.part"
        part.parent.mkdir()
        part.write_bytes(FILE[:1000])
        with mock.patch("updates.ROOM_FOR_JOURNAL", 2**60):
            self.fails_by("storage_failed", "storage_failed")
        self.assertEqual(self.files_asked(), [])
        self.assertEqual(list(part.parent.iterdir()), [])

    def test_a_disk_that_becomes_full_is_told_by_name_and_nothing_is_left(self) -> None:
        with mock.patch("updates.os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            self.fails_by("storage_failed", "storage_failed")
        self.assertEqual(list((self.folder / "releases").iterdir()), [])

    def test_a_connection_that_goes_silent_is_given_up_and_made_again(self) -> None:
        self.silent_after, self.goes_on = 200_000, threading.Event()
        self.addCleanup(self.goes_on.set)
        with mock.patch("updates.STALL", 1.0):
            self.check(60)
        self.assertEqual(self.files_asked()[0], None)
        self.assertRegex(str(self.files_asked()[-1]), r"^bytes=[1-9]\d*-$")
        self.assertEqual([it.read_bytes() for it in (self.folder / "releases").iterdir()], [FILE])

    def test_a_download_that_broke_off_goes_on_where_it_was(self) -> None:
        self.breaks_after = 200_000
        self.check()
        self.assertEqual(self.files_asked(), [None, "bytes=200000-"])
        self.assertEqual([it.read_bytes() for it in (self.folder / "releases").iterdir()], [FILE])

    def test_a_file_that_is_not_the_signed_one(self) -> None:
        self.file = FILE[:-1] + b"x"
        self.fails_by("refused", "bad_checksum")
        self.file = FILE + b"x"
        self.fails_by("refused", "bad_checksum")
        self.assertEqual(list((self.folder / "releases").iterdir()), [])

    def test_a_release_that_is_not_signed_for_this_device_is_not_fetched(self) -> None:
        self.manifest["latest"] = self.release("2.0", "S1P2")
        self.fails_by("refused", "bad_signature")
        self.manifest["latest"] = {**self.release("2.0"), "version": "3.0"}
        self.fails_by("refused", "bad_signature")
        self.manifest["latest"] = {**self.release("2.0"), "key_id": "another"}
        self.fails_by("refused", "unknown_release_key")
        self.assertEqual(self.files_asked(), [])

    def test_nobody_leads_it_back_to_an_older_version(self) -> None:
        self.manifest = {"latest": self.release("0.9"), "update_available": True, "configuration": None}
        result, changes = self.check()
        self.assertEqual((result["update_available"], changes), (False, {}))
        self.assertEqual(self.files_asked(), [])

    def test_the_token_goes_to_no_other_server(self) -> None:
        self.manifest["latest"]["url"] = f"http://localhost:{self.server.server_address[1]}/update/file"
        self.fails_by("device_error", "bad_manifest")
        self.assertEqual(self.files_asked(), [])

    def test_a_server_that_is_away_is_named_within_the_window(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        began = time.monotonic()
        self.fails_by("host_unreachable", "too_slow", 1.5)
        self.assertLess(time.monotonic() - began, 1.5)


if __name__ == "__main__":
    unittest.main()
