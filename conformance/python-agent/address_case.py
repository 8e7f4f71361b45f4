"""Base of the tests of addresses: a simulated server, and power cuts between any two steps."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import durable
from credentials import Credentials
from journal import Journal
from messages import Memory, Message
from web import NoAnswer, Refused

TERMINAL = "T12345678-T0001"


class PowerCut(BaseException):
    """A power cut, as an exception that nothing in the program catches."""


class Steps:
    """Counts the durable steps: writes to the disk, and requests that the server takes.

    Cuts the power before or after a chosen step.
    """

    def __init__(self) -> None:
        self.taken, self.fatal = 0, -1

    def __call__(self) -> None:
        self.taken += 1
        if self.taken == self.fatal:
            raise PowerCut


class Server:
    """A server that pairs by one code, once, and gives a new address after pairing or a lost memory."""

    def __init__(self, steps: Steps) -> None:
        self.steps, self.number = steps, 3632400
        self.code = "7K3M-92XD"
        self.paired = False
        self.asked: list[dict[str, Any]] = []
        self.lose_answers = 0
        # The results that the server holds of each log.
        self.logs: dict[str, list[Message]] = {}

    def __call__(self, address: str, ca: str | None, timeout: float) -> Server:
        return self  # the instance replaces the class `Web`

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
        if path == "/v1/device/results":
            self.asked.append(body)
            receipts = [self.take(body["address"], result) for result in body["results"]]
            return {"receipts": receipts, "memory": self.memory(body["address"])}
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

    def memory(self, address: str) -> Memory:
        log = self.logs.get(address)
        return {"number": log[-1]["number"], "id": log[-1]["operation_id"]} if log else {"number": 0}

    def take(self, address: str, result: Message) -> Message:
        """Takes a result that it lacks, if it holds the results before it."""
        held = self.memory(address)["number"]
        ahead = result.get("after", result["number"] - 1) > held
        if result["number"] > held and not ahead:
            self.logs.setdefault(address, []).append(result)
        status = {} if ahead else {"status": result["status"]}
        return {"operation_id": result["operation_id"], **status, "memory": self.memory(address)}

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
        self.write = durable.write_durably
        self.new_folder()
        # Hundreds of starts: the real disk is not under test here.
        self.patch("durable.os.fsync", lambda descriptor: None)
        self.patch("journal.RESERVE", 16)
        for name in ("journal.write_durably", "credentials.write_durably", "password.write_durably", "reader.write_durably"):
            self.patch(name, self.write_in_steps)
        self.patch("credentials.Web", self.server)
        self.patch("credentials.LOCKED_OUT_PAUSE", 0.0)
        self.patch("password.LOCKED_OUT_PAUSE", 0.0)

    def patch(self, name: str, value: Any) -> None:
        patch = mock.patch(name, value)
        patch.start()
        self.addCleanup(patch.stop)

    def new_folder(self) -> None:
        # In a memory file system where there is one: there are thousands of writes.
        folder = tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
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
        """Starts the program, up to its first session."""
        memory = Journal(self.path)
        places = (self.folder, "http://server", "123", None, memory, "test/1")
        return Credentials(*places, self.emit, self.note_replaced, threading.Event()), memory

    def start(self, code: str | None = None) -> tuple[str, Journal]:
        it, memory = self.device()
        session = it.start(code)
        assert session
        return session.address, memory

    def close_the_day(self, memory: Journal, name: str) -> None:
        memory.begin(name, "end_of_day", "then")
        memory.answer({"operation_id": name, "operation": "end_of_day", "status": "COMPLETED", "result": {}})
