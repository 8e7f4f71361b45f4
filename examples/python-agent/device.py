"""The device itself, as far as an example has one. A maker of a terminal app puts the real thing in its place."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

from journal import Journal
from times import to_text

log = logging.getLogger("agent.device")

FIRST_VERSION = "1.0.0"


class Device:
    def __init__(self, folder: Path, journal: Journal, model: str, ca: str | None) -> None:
        self.folder, self.model, self.ca = folder, model, ca
        self.closing_seconds = 2.0
        self._journal = journal
        self._look_again = 0.0
        self._till: int | None = None
        # Stored with the next write: before it is known whose journal this is, nothing is written.
        if "next_version" in journal.device:
            # A release was laid ready before this start: from now on it is what runs (rule U5).
            journal.device["software_version"] = journal.device.pop("next_version")
        if "batch_opened_at" not in journal.device:
            journal.device.update(batch_number=1, batch_opened_at=to_text(time.time()))

    # The till: whoever takes a payment holds this lock, and whoever carries out an operation. So neither begins while the
    # other is under way, and there is no moment between looking and taking (rules 12 and 14).

    def take_till(self) -> bool:
        descriptor = os.open(self.folder / "till.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._till = descriptor
        return True

    def leave_till(self) -> None:
        if self._till is not None:
            os.close(self._till)
            self._till = None

    # What it is

    def software_version(self) -> str:
        return str(self._journal.device.get("software_version", FIRST_VERSION))

    def configuration_version(self) -> str | None:
        configuration = self._journal.device.get("configuration")
        return str(configuration["version"]) if configuration else None

    def version_laid_ready(self) -> str | None:
        return self._journal.device.get("next_version")

    def batch_number(self) -> int:
        return int(self._journal.device["batch_number"])

    def batch_opened_at(self) -> str:
        return str(self._journal.device["batch_opened_at"])

    def logs(self) -> list[Path]:
        return [it for it in (self.folder / "agent.log.1", self.folder / "agent.log") if it.exists()]

    def condition(self) -> dict[str, Any]:
        """Telemetry, and a fault if there is one. What sensors would say is read from a file: try it by writing one."""
        telemetry = {
            "software_version": self.software_version(),
            "configuration_version": self.configuration_version() or "0",
            "link": {"type": "ethernet"},
            "printer": "ok",
        }
        sensed: dict[str, Any] = {}
        try:
            sensed = json.loads((self.folder / "sensors.json").read_text("utf-8"))
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as cause:
            log.warning("sensors.json cannot be read: %s", cause)
        fault = {"fault": sensed["fault"]} if sensed.get("fault") else self._storage_fault()
        return {"telemetry": {**telemetry, **sensed.get("telemetry", {})}, **fault}

    def _storage_fault(self) -> dict[str, Any]:
        """Told for as long as nothing can be begun, because it could not be stored (rule U2)."""
        if self._journal.trouble and time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + 5.0
            self._journal.look()
        if not self._journal.trouble:
            return {}
        message = f"The device cannot store what it does: {self._journal.trouble}"[:500]
        return {"fault": {"code": "storage_failed", "message": message}}
