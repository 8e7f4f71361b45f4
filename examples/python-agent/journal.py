"""What must outlive a power cut: what was begun, what came of it, and what that changed on the device.

One small JSON file, replaced as a whole each time. It says whose memory it is: the address that the device has as long
as this is what it remembers (rule 4). An operation here is in one of two states: `begun`, or answered,
which is when it has a `result`. What only waits is not written down: after a crash the server sends it again (rule 2).
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

Record = dict[str, Any]

log = logging.getLogger("agent.journal")

FORGET_AFTER = 3600.0
# Room for the answer of what has been begun, given up when the disk is full. Nothing is begun without it.
RESERVE = 128 * 1024
NOT_STORED = {"code": "journal_failed", "message": "The device could not store what it did."}
INTERRUPTED = {"code": "interrupted", "message": "The device stopped in the middle of it."}


def write_durably(path: Path, content: bytes) -> None:
    """Replaces a file so that after a power cut there is either the old one or the new one, and only its owner reads it."""
    temporary = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def is_full(cause: OSError) -> bool:
    return cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def sync_folder(folder: Path) -> None:
    """Without this the rename itself may be lost."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Journal:
    def __init__(self, path: Path) -> None:
        self._path, self._reserve = path, path.with_name(path.name + ".reserve")
        # Why nothing can be begun; None while something can.
        self.trouble: str | None = None
        # Whose memory this is. None: the memory is lost, or there never was one.
        self.address: str | None = None
        # There is a file, and nobody can tell what it says.
        self.unreadable = False
        self.operations: dict[str, Record] = {}
        self.device: dict[str, Any] = {}
        try:
            self._read()
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as cause:
            log.error("%s cannot be read: %r", path, cause)
            self.unreadable = True

    def _read(self) -> None:
        stored = json.loads(self._path.read_text("utf-8"))
        address, operations, device = stored["address"], stored["operations"], stored["device"]
        if not (isinstance(address, str) and address and isinstance(operations, dict) and isinstance(device, dict)):
            raise ValueError("not a journal")
        self.address, self.operations, self.device = address, operations, device

    def belongs_to(self, address: str) -> None:
        """From now on this is what is remembered as that address. To be called before anybody connects by it.

        Raises OSError when it could not be stored. What the device did as an earlier address stays in it: it did it, and
        the results count for the same terminal.
        """
        if self.address == address:
            return
        if self.unreadable:
            # For people to look at. After a crash here the journal is missing, which is no worse than unreadable.
            with contextlib.suppress(OSError):
                os.replace(self._path, self._path.with_name(self._path.name + ".unreadable"))
        self.address, self.unreadable = address, False
        self._save()

    def get(self, operation_id: str) -> Record | None:
        return self.operations.get(operation_id)

    def begin(self, operation_id: str, operation: str, expires_at: float, started_at: str) -> None:
        """Raises OSError when it cannot be stored; then it must not be begun."""
        self.operations[operation_id] = {"operation": operation, "expires_at": expires_at, "started_at": started_at}
        try:
            self._save_to_begin()
        except OSError:
            del self.operations[operation_id]
            raise

    def look(self) -> None:
        """Finds out whether anything can be begun."""
        try:
            self._save_to_begin()
        except OSError:
            return

    def unbegin(self, operation_id: str) -> None:
        """Takes back what was not begun after all (rule 12). If that cannot be stored, a crash costs an `interrupted`."""
        self.operations.pop(operation_id, None)
        self._save_if_possible()

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
        before = dict(self.device)
        self.device.update(device or {})
        try:
            self._save()
        except OSError:
            # Nothing of it outlives a power cut, so nothing of it is said.
            self.device = before
            if result["status"] == "COMPLETED":
                kept = {key: it for key, it in result.items() if key not in ("status", "result")}
                failed = {"status": "FAILED", "reason": "storage_failed", "error": NOT_STORED}
                self.operations[operation_id]["result"] = {**kept, **failed}

    def receipt(self, operation_id: str) -> None:
        self.operations[operation_id]["receipted"] = True
        self._save_if_possible()

    def unreceipted(self) -> list[tuple[str, Record]]:
        """What a hello has to name, the latest first."""
        return [(key, it) for key, it in reversed(self.operations.items()) if not it.get("receipted")]

    def change_device(self, **changes: Any) -> None:
        self.device.update(changes)
        self._save_if_possible()

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
            self._save_if_possible()

    def _save_if_possible(self) -> None:
        """What is not stored now is with the next write, or is told once more after the next start."""
        with contextlib.suppress(OSError):
            self._save()

    def _save_to_begin(self) -> None:
        try:
            if not self._reserve.exists() or self._reserve.stat().st_size < RESERVE:
                # Nothing that a file system could make smaller.
                write_durably(self._reserve, os.urandom(RESERVE))
            self._write()
        except OSError as cause:
            self.trouble = str(cause)
            raise
        self.trouble = None

    def _save(self) -> None:
        try:
            self._write()
        except OSError as cause:
            self.trouble = str(cause)
            if not is_full(cause) or not self._reserve.exists():
                raise
            self._reserve.unlink()
            self._write()

    def _write(self) -> None:
        if self.address is None:
            raise RuntimeError("nobody's journal is not to be written")
        content = {"version": 1, "address": self.address, "operations": self.operations, "device": self.device}
        write_durably(self._path, json.dumps(content).encode())
