"""A simulated device. The maker of a terminal app replaces it by the real device."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

from journal import Journal
from reader import Reader

log = logging.getLogger("agent.device")

FIRST_VERSION = "1.0.0"


class Device:
    def __init__(self, folder: Path, journal: Journal, model: str, ca: str | None, names_batches: bool = True) -> None:
        self.folder, self.model, self.ca = folder, model, ca
        self.reader, self.names_batches = Reader(folder), names_batches
        self.closing_seconds = 2.0
        self._journal = journal
        self._look_again = 0.0
        # Stored with the next write: before the journal has an address, nothing is written.
        if "next_version" in journal.device:
            # A release was prepared before this start: from now on it runs.
            journal.device["software_version"] = journal.device.pop("next_version")

    def last_batch(self) -> dict[str, Any] | None:
        return self.reader.last_batch() if self.names_batches else None

    # Versions, logs and condition

    def software_version(self) -> str:
        return str(self._journal.device.get("software_version", FIRST_VERSION))

    def configuration_version(self) -> str | None:
        configuration = self._journal.device.get("configuration")
        return str(configuration["version"]) if configuration else None

    def version_laid_ready(self) -> str | None:
        return self._journal.device.get("next_version")

    def logs(self) -> list[Path]:
        return [it for it in (self.folder / "agent.log.1", self.folder / "agent.log") if it.exists()]

    def condition(self) -> dict[str, Any]:
        """Returns telemetry, and a fault if there is one.

        The values of sensors are read from `sensors.json`, for tries.
        """
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
        """Returns a fault for as long as no operation can begin because the journal cannot be written."""
        if self._journal.trouble and time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + 5.0
            self._journal.look()
        if not self._journal.trouble:
            return {}
        message = f"The device cannot store what it does: {self._journal.trouble}"[:500]
        return {"fault": {"code": "storage_failed", "message": message}}
