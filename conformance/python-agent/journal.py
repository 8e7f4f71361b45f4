"""The data that must survive a power cut: the begun operation, the log of results, and the changes they made.

One small JSON file, replaced as a whole at each write. It names the device address that it belongs to (rule 4). Waiting
commands are not written down: after a crash the server sends them again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

from durable import write_durably
from messages import Memory, Message, may_have_closed

Record = dict[str, Any]

log = logging.getLogger("agent.journal")

KEPT_OF_EACH = 50
KEPT_FOR = 7 * 86400.0
# Disk space reserved for the result of the begun operation, freed when the disk is full. Nothing begins without it.
RESERVE = 128 * 1024
NOT_STORED = {"code": "journal_failed", "message": "The device could not store what it did."}
INTERRUPTED = {"code": "interrupted", "message": "The device stopped in the middle of it."}


def is_full(cause: OSError) -> bool:
    return cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Journal:
    def __init__(self, path: Path) -> None:
        self._path, self._reserve = path, path.with_name(path.name + ".reserve")
        # Beside the key: restoring a copy of the journal does not restore the counter.
        self._counter = path.with_name("log-counter.json")
        # Why no operation can begin; None while operations can begin.
        self.trouble: str | None = None
        # The device address that this journal belongs to. None: the journal is lost or old, or there never was one.
        self.address: str | None = None
        # There is a file that cannot be read as a journal.
        self.unreadable = False
        # The log, the oldest first: `number`, and the `result` as it is sent.
        self.entries: list[Record] = []
        self.begun: Record | None = None
        # The last closed batch by the log, where the reader can name batches.
        self.batch: str | None = None
        self.device: dict[str, Any] = {}
        # Results that could not be written. They get their numbers with the next write that succeeds.
        self.unstored: list[Record] = []
        # How much of the log the server holds, by its last message; None before its first message in this run.
        self.held: Memory | None = None
        try:
            self._read()
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as cause:
            log.error("%s cannot be read: %r", path, cause)
            self.unreadable = True
        if self._is_behind_counter():
            log.error("%s is an old copy: it was further than %s", path, self.last_number)
            self.address = None

    def _read(self) -> None:
        stored = json.loads(self._path.read_text("utf-8"))
        address, entries, begun = stored["address"], stored["log"], stored["begun"]
        batch, device = stored["batch"], stored["device"]
        if not (address is None or isinstance(address, str) and address) or not isinstance(device, dict):
            raise ValueError("not a journal")
        if not (isinstance(entries, list) and all(it["number"] and it["result"]["operation_id"] for it in entries)):
            raise ValueError("not a log")
        self.address, self.entries, self.begun, self.batch, self.device = address, entries, begun, batch, device

    def _is_behind_counter(self) -> bool:
        try:
            counted = json.loads(self._counter.read_text("utf-8"))
            return bool(self.address and counted["address"] == self.address and counted["number"] > self.last_number)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    # Its address

    def belongs_to(self, address: str) -> None:
        """Makes the journal belong to an address. To be called before the agent connects by it.

        Raises OSError when it could not be stored. The results of an earlier address stay in the log, under new numbers, and
        are sent anew.
        """
        if self.address == address:
            return
        if self.unreadable:
            # Kept for people to look at. A crash here leaves no journal, which is no worse than an unreadable one.
            with contextlib.suppress(OSError):
                os.replace(self._path, self._path.with_name(self._path.name + ".unreadable"))
        self.address, self.unreadable, self.held = address, False, None
        self.entries = [{**it, "number": number} for number, it in enumerate(self.entries, start=1)]
        self._save()

    def disown(self) -> None:
        """Takes the address away from an old copy, until the device has another address."""
        self.address = None
        with contextlib.suppress(OSError):
            self._write()

    # The log

    @property
    def last_number(self) -> int:
        return int(self.entries[-1]["number"]) if self.entries else 0

    @property
    def _all(self) -> list[Record]:
        return [*self.entries, *self.unstored]

    def answered(self, operation_id: str) -> Record | None:
        """Returns the log entry of an operation; None without one. A close by hand never matches an operation."""
        found = (it for it in self._all if it["result"]["operation_id"] == operation_id)
        return next((it for it in found if not it["result"].get("by_hand")), None)

    def close_of_request(self, request: str) -> Message | None:
        """Returns the result of the end_of_day of a request; None without one."""
        results = (it["result"] for it in self._all if it["result"]["operation"] == "end_of_day")
        return next((it for it in results if it.get("origin", {}).get("request") == request), None)

    def last_close(self) -> str | None:
        closes = (it["result"]["operation_id"] for it in reversed(self._all) if may_have_closed(it["result"]))
        return next(closes, None)

    def fits(self, memory: Memory) -> bool:
        """Whether the server's memory fits this log. If not, this journal is an old copy."""
        number = memory["number"]
        entry = next((it for it in self.entries if it["number"] == number), None)
        return number <= self.last_number and (entry is None or memory.get("id") in (None, entry["result"]["operation_id"]))

    def after(self, number: int, most: int = 1) -> list[Message]:
        """Returns the results after `number`, at most `most`, as they are sent."""
        return [self.as_told(it) for it in [it for it in self.entries if it["number"] > number][:most]]

    def as_told(self, entry: Record) -> Message:
        """Returns an entry as it is sent. After dropped entries it names the number before the gap as `after`."""
        number = entry["number"]
        before = max((it["number"] for it in self.entries if it["number"] < number), default=0)
        return {"number": number, **({"after": before} if before < number - 1 else {}), **entry["result"]}

    def untold(self, most: int = 1) -> list[Message]:
        return self.after(self.held["number"] if self.held else 0, most)

    def forget(self, server_now: float) -> None:
        """Drops results that the server holds, but for the last 50 closes, 50 others and those of a week (rule 12)."""
        closes = [it for it in self.entries if may_have_closed(it["result"])]
        others = [it for it in self.entries if not may_have_closed(it["result"])]
        spare = {it["number"] for it in closes[-KEPT_OF_EACH:] + others[-KEPT_OF_EACH:]}
        held = self.held["number"] if self.held else 0

        def keeps(it: Record) -> bool:
            # The week begins when the server's time is known: clocks of devices are wrong.
            young = server_now - it.setdefault("since", server_now) < KEPT_FOR
            return young or it["number"] > held or it["number"] in spare

        kept = [it for it in self.entries if keeps(it)]
        if len(kept) < len(self.entries):
            self.entries = kept
            self._save_if_possible()

    # Operations

    def begin(self, operation_id: str, operation: str, started_at: str, origin: Message | None = None) -> None:
        """Writes that an operation is begun.

        Raises OSError when that cannot be stored; the operation must not begin then.
        """
        self.begun = {"operation_id": operation_id, "operation": operation, "started_at": started_at}
        self.begun.update({"origin": origin} if origin else {})
        try:
            self._save_to_begin()
        except OSError:
            self.begun = None
            raise

    def look(self) -> None:
        """Finds out whether operations can begin, and sets `trouble`."""
        with contextlib.suppress(OSError):
            self._save_to_begin()

    def unbegin(self) -> None:
        """Removes the begun entry of an operation that does not begin.

        If that cannot be stored, a crash costs an `interrupted`.
        """
        self.begun = None
        self._save_if_possible()

    def answer(self, result: Message, batch: str | None = None, device: dict[str, Any] | None = None) -> None:
        """Writes a result, the end of the begun operation, and the changes of the device, in one write."""
        if self.begun and self.begun["operation_id"] == result["operation_id"]:
            self.begun = None
        self.batch = batch or self.batch
        before = dict(self.device)
        self.device.update(device or {})
        entry = {"result": result}
        self.unstored.append(entry)
        try:
            self._save()
        except OSError:
            # The result would not survive a power cut, so it is not sent. After a power cut the answer is unchanged.
            self.device = before
            if result["status"] == "COMPLETED":
                kept = {key: it for key, it in result.items() if key not in ("status", "result")}
                end = {"unknown_end": True} if may_have_closed(result) else {}
                failed = {"status": "FAILED", "reason": "storage_failed", "error": NOT_STORED}
                entry["result"] = {**kept, **failed, **end}

    def note_close_by_hand(self, result: Message, batch: str) -> None:
        """Writes a close by hand. Raises OSError when it cannot be stored, and changes nothing then."""
        before, self.batch = self.batch, batch
        self.unstored.append({"result": result})
        try:
            self._save()
        except OSError:
            self.unstored.pop()
            self.batch = before
            raise

    def answer_interrupted(self, now: str, batch: str | None) -> str | None:
        """Answers an operation that a crash interrupted (rule 22). To be called before any other use of the address.

        An operation's changes are written together with its result, so an operation without a result has changed nothing here.
        The end of a close is unknown: the reader may have closed the batch. `batch` is the batch that the reader names now; it
        must not count as a close by hand as well.
        """
        begun = self.begun
        if begun is None:
            return None
        close = begun["operation"] == "end_of_day"
        failed = {"status": "FAILED", "finished_at": now, "reason": "device_error", "error": INTERRUPTED}
        self.answer({**begun, **failed, **({"unknown_end": True} if close else {})}, batch if close else None)
        return str(begun["operation_id"])

    # The disk

    def _save_if_possible(self) -> None:
        """Writes the journal.

        After a failure the changes are stored by the next write, or happen again after the next start.
        """
        with contextlib.suppress(OSError):
            self._save()

    def _save_to_begin(self) -> None:
        try:
            if not self._reserve.exists() or self._reserve.stat().st_size < RESERVE:
                # Random bytes: a file system cannot compress them.
                write_durably(self._reserve, os.urandom(RESERVE))
            self._write_own()
        except OSError as cause:
            self.trouble = str(cause)
            raise
        self.trouble = None

    def _save(self) -> None:
        try:
            self._write_own()
        except OSError as cause:
            self.trouble = str(cause)
            if not is_full(cause) or not self._reserve.exists():
                raise
            self._reserve.unlink()
            self._write_own()

    def _write_own(self) -> None:
        if self.address is None:
            raise RuntimeError("nobody's journal is not to be written")
        counted = self.last_number
        self._write()
        if self.last_number > counted:
            # Written after the journal: a counter that is behind does no harm, a counter that is ahead means an old
            # journal.
            content = json.dumps({"address": self.address, "number": self.last_number})
            with contextlib.suppress(OSError):
                write_durably(self._counter, content.encode())

    def _write(self) -> None:
        """Writes the file; results that could not be written before get their numbers now."""
        new = [{"number": number, **it} for number, it in enumerate(self.unstored, start=self.last_number + 1)]
        content = {
            "version": 2,
            "address": self.address,
            "begun": self.begun,
            "batch": self.batch,
            "log": [*self.entries, *new],
            "device": self.device,
        }
        write_durably(self._path, json.dumps(content).encode())
        self.entries, self.unstored = [*self.entries, *new], []
