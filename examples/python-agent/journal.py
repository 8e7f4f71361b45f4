"""What must outlive a power cut: what was begun, what came of it, and what that changed on the device.

One small JSON file, replaced as a whole each time. An operation here is in one of two states: `begun`, or answered,
which is when it has a `result`. What only waits is not written down: after a crash the server sends it again (rule 2).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Record = dict[str, Any]

FORGET_AFTER = 3600.0
INTERRUPTED = {"code": "interrupted", "message": "The device stopped in the middle of it."}


def write_durably(path: Path, content: bytes) -> None:
    """Replaces a file so that after a power cut there is either the old one or the new one, and only its owner reads it."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Without this the rename itself may be lost."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Journal:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.operations: dict[str, Record] = {}
        self.device: dict[str, Any] = {}
        if path.exists():
            # A file that cannot be read stops the program: without its journal a device might do something twice.
            stored = json.loads(path.read_text("utf-8"))
            self.operations, self.device = stored["operations"], stored["device"]

    def get(self, operation_id: str) -> Record | None:
        return self.operations.get(operation_id)

    def begin(self, operation_id: str, operation: str, expires_at: float, started_at: str) -> None:
        self.operations[operation_id] = {"operation": operation, "expires_at": expires_at, "started_at": started_at}
        self._save()

    def unbegin(self, operation_id: str) -> None:
        """Takes back what was not begun after all (rule 12)."""
        self.operations.pop(operation_id, None)
        self._save()

    def answer(
        self, operation_id: str, expires_at: float, result: dict[str, Any], device: dict[str, Any] | None = None
    ) -> None:
        """The result and what the operation changed on the device, in one write (rule 18)."""
        self.operations.pop(operation_id, None)  # so that the latest stands last
        self.operations[operation_id] = {
            "operation": result["operation"],
            "expires_at": expires_at,
            "result": result,
            "receipted": False,
        }
        self.device.update(device or {})
        self._save()

    def receipt(self, operation_id: str) -> None:
        self.operations[operation_id]["receipted"] = True
        self._save()

    def unreceipted(self) -> list[tuple[str, Record]]:
        """What a hello has to name, the latest first."""
        return [(key, it) for key, it in reversed(self.operations.items()) if not it.get("receipted")]

    def change_device(self, **changes: Any) -> None:
        self.device.update(changes)
        self._save()

    def answer_interrupted(self, now: str) -> list[str]:
        """Answers what a crash interrupted (rule 20). Call it once, before the first connection.

        Everything that an operation of this device changes is written together with its result. So what was begun and has no
        result has changed nothing, and there is nothing to find out. A device with a payment host asks the host here.
        """
        begun = [key for key, it in self.operations.items() if "result" not in it]
        for key in begun:
            record = self.operations[key]
            result = {
                "operation_id": key,
                "operation": record["operation"],
                "status": "FAILED",
                "started_at": record["started_at"],
                "finished_at": now,
                "reason": "device_error",
                "error": INTERRUPTED,
            }
            self.answer(key, record["expires_at"], result)
        return begun

    def forget(self, server_now: float) -> None:
        """Lets go of what was receipted and can never be begun again, an hour after it expired (rule 25)."""
        old = [
            key
            for key, it in self.operations.items()
            if it.get("receipted") and server_now > it["expires_at"] + FORGET_AFTER
        ]
        for key in old:
            del self.operations[key]
        if old:
            self._save()

    def _save(self) -> None:
        content = {"version": 1, "operations": self.operations, "device": self.device}
        write_durably(self._path, json.dumps(content).encode())
