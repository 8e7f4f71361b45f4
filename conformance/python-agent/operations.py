"""The four operations.

Each takes a `Ticket`, and returns its result and the changes of the device, or raises `Failed`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from device import Device
from messages import Command
from times import Backoff
from web import NoAnswer, Refused, Web

Result = dict[str, Any]

# Seconds of the window that are left for the result to arrive.
SPARE = 1.0
# A request without progress for so many seconds is aborted, and repeated while the window is open.
STALL = 10.0
LARGEST_LOG = 64 * 1024 * 1024
SMALLEST_LOG = 1024


class Failed(Exception):
    def __init__(self, reason: str, code: str | None = None, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason, self.code = reason, code

    def as_message(self) -> Result:
        error = {"error": {"code": self.code, "message": str(self)[:500]}} if self.code else {}
        return {"status": "FAILED", "reason": self.reason, **error}


@dataclass
class Ticket:
    command: Command
    ends: float
    cancelled: threading.Event = field(default_factory=threading.Event)
    may_break_off: bool = True
    # The error of the last try.
    trouble: Exception | None = None

    def seconds_left(self) -> float:
        return self.ends - SPARE - time.monotonic()

    def check(self) -> None:
        """Raises `Failed` after a cancellation or the end of the time.

        To be called where stopping leaves nothing half done.
        """
        if self.cancelled.is_set():
            raise Failed("cancelled")
        if self.seconds_left() <= 0:
            # The server was reached and its storage is full: an operator of the server has to act.
            full = isinstance(self.trouble, Refused) and self.trouble.code == "storage_full"
            last = f" At the last try: {self.trouble}" if self.trouble else ""
            message = f"The server did not do its part within the window.{last}"
            raise Failed("storage_failed" if full else "host_unreachable", "too_slow", message)

    def pause(self, seconds: float) -> None:
        self.cancelled.wait(max(0.0, min(seconds, self.seconds_left())))
        self.check()

    def bearer(self) -> dict[str, str]:
        assert self.command.transfer
        return {"Authorization": f"Bearer {self.command.transfer['token']}"}


def open_menu(ticket: Ticket, device: Device) -> tuple[Result, Result]:
    ticket.check()
    return {"opened": True}, {}


def end_of_day(ticket: Ticket, device: Device) -> tuple[Result, Result]:
    """Closes the day at a payment host that takes a moment.

    Not interrupted: the host may have closed the batch already.
    """
    time.sleep(device.closing_seconds)
    return device.reader.close_batch(), {}


def send_logs(ticket: Ticket, device: Device) -> tuple[Result, Result]:
    transfer = ticket.command.transfer
    if not transfer:
        raise Failed("device_error", "no_transfer", "The command does not say where to send the log.")
    packed = device.folder / "log-to-send.gz"
    keep, mended, pauses = LARGEST_LOG * 4, False, Backoff(1.0, 15.0)
    try:
        while True:
            ticket.check()
            try:
                size = _pack(device.logs(), packed, keep)
            except OSError as cause:
                raise Failed("storage_failed", "storage_failed", f"The log could not be packed: {cause}") from cause
            try:
                kept = _upload(ticket, device, packed)
                return {"log_id": kept["log_id"], "size": kept["size"], "sha256": kept["sha256"]}, {}
            except NoAnswer as cause:
                ticket.trouble = cause
                ticket.pause(pauses.pause())
            except Refused as refusal:
                if refusal.passing or refusal.code == "upload_replaced":
                    ticket.trouble = refusal
                    ticket.pause(refusal.retry_after or pauses.pause())
                elif refusal.status == 413 and size > SMALLEST_LOG:
                    keep = size // 2
                elif refusal.status == 400 and not mended:
                    mended = True
                else:
                    raise Failed("device_error", "log_not_taken", str(refusal)) from refusal
    finally:
        packed.unlink(missing_ok=True)


def _pack(logs: list[Path], packed: Path, keep: int) -> int:
    """Packs the last `keep` bytes of the log, and returns their number."""
    skip = max(0, sum(it.stat().st_size for it in logs) - keep)
    size = 0
    with gzip.open(packed, "wb") as target:
        for log in logs:
            with log.open("rb") as source:
                length = os.fstat(source.fileno()).st_size
                source.seek(min(skip, length))
                size += length - min(skip, length)
                skip -= min(skip, length)
                shutil.copyfileobj(source, target)
    os.chmod(packed, 0o600)
    return size


class _Watched:
    """A file that stops being read once the operation is cancelled or out of time."""

    def __init__(self, path: Path, ticket: Ticket) -> None:
        self._file, self._ticket = path.open("rb"), ticket

    def read(self, size: int = -1) -> bytes:
        self._ticket.check()
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()


def _upload(ticket: Ticket, device: Device, packed: Path) -> Result:
    assert ticket.command.transfer
    digest = hashlib.sha256()
    with packed.open("rb") as source:
        while chunk := source.read(65536):
            digest.update(chunk)
    headers = {
        **ticket.bearer(),
        "Content-Type": "application/gzip",
        "Content-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:",
        "Content-Length": str(packed.stat().st_size),
    }
    url = ticket.command.transfer["url"]
    parts = urlsplit(url)
    web = Web(f"{parts.scheme}://{parts.netloc}", device.ca, max(1.0, min(STALL, ticket.seconds_left())))
    body = _Watched(packed, ticket)
    try:
        return web.json("PUT", parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
    finally:
        body.close()
        web.close()
