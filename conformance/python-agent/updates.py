"""`check_update`: fetch and verify the manifest, apply the configuration, prepare a newer release (rules U1 to U6)."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from device import Device
from durable import sync_folder
from operations import STALL, Failed, Result, Ticket
from times import Backoff
from versions import ReleaseKeys, is_newer
from web import NoAnswer, Refused, Web

CHUNK = 65536
# Bytes left free on the disk, so that the journal can be written during any download (rule U2).
ROOM_FOR_JOURNAL = 512 * 1024
_SHA256 = re.compile(r"^[0-9a-f]{64}$")


class Updates:
    def __init__(self, keys: ReleaseKeys) -> None:
        self._keys = keys

    def check_update(self, ticket: Ticket, device: Device) -> tuple[Result, Result]:
        manifest = self._manifest(ticket, device) if ticket.command.transfer else {}
        changes: Result = {}
        latest, newer = manifest.get("latest"), False
        running = device.version_laid_ready() or device.software_version()
        if latest is not None:
            _check_release(latest)
            # The device compares by itself: the server must not be able to install an older version (rule U3).
            newer = is_newer(latest["version"], running)
        if newer:
            self._verify(latest, device)
            self._fetch(ticket, device, latest)
            changes["next_version"] = latest["version"]
        configuration = manifest.get("configuration")
        if configuration and not configuration.get("up_to_date"):
            changes["configuration"] = {"version": configuration["version"], "content": configuration["content"]}
        version = configuration["version"] if configuration else device.configuration_version()
        result = {
            "current_version": device.software_version(),
            "latest_version": latest["version"] if latest else device.software_version(),
            "update_available": newer,
            "configuration_version": version or "0",
        }
        ticket.check()
        return result, changes

    def _manifest(self, ticket: Ticket, device: Device) -> Result:
        known = {"software_version": device.software_version()}
        configuration = device.configuration_version()
        if configuration is not None:
            known["configuration_version"] = configuration
        url = _address(ticket)
        url += ("&" if "?" in url else "?") + urlencode(known)
        manifest = _insist(ticket, lambda: _get(ticket, device, url))
        content = manifest.get("configuration")
        if content is not None and not (
            isinstance(content, dict)
            and isinstance(content.get("version"), str)
            and isinstance(content.get("content"), dict)
        ):
            raise Failed("device_error", "bad_manifest", "The configuration has not the right form.")
        return manifest

    def _verify(self, latest: Result, device: Device) -> None:
        if not self._keys.knows(latest["key_id"]):
            raise Failed("refused", "unknown_release_key", f"The device was not given the key {latest['key_id']}.")
        what = (device.model, latest["version"], latest["size"], latest["sha256"])
        if not self._keys.verifies(latest["key_id"], latest["signature"], *what):
            raise Failed("refused", "bad_signature", "The release is not signed for this model by that key.")

    def _fetch(self, ticket: Ticket, device: Device, latest: Result) -> None:
        folder = device.folder / "releases"
        ready, part = folder / latest["sha256"], folder / f"{latest['sha256']}.part"
        url = urljoin(_address(ticket), latest["url"])
        if urlsplit(url)[:2] != urlsplit(_address(ticket))[:2]:
            raise Failed("device_error", "bad_manifest", "The file is at another server, which the token is not for.")
        try:
            self._store(ticket, device, latest, (url, ready, part))
        except OSError as cause:
            # The part takes the space that the journal needs.
            part.unlink(missing_ok=True)
            raise Failed("storage_failed", "storage_failed", f"The update could not be stored: {cause}") from cause

    def _store(self, ticket: Ticket, device: Device, latest: Result, where: tuple[str, Path, Path]) -> None:
        url, ready, part = where
        folder = ready.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        if not ready.exists():
            _require_room(part, latest["size"])
            _insist(ticket, lambda: _download(ticket, device, url, part, latest["size"]))
            if part.stat().st_size != latest["size"] or _checksum(part) != latest["sha256"]:
                part.unlink()
                raise Failed("refused", "bad_checksum", "The file is not the one that was signed.")
            os.replace(part, ready)
            sync_folder(folder)
        for old in folder.iterdir():
            if old != ready:
                old.unlink()


def _require_room(part: Path, size: int) -> None:
    """Requires free space for the file and for the journal beside it, before anything is fetched."""
    disk = os.statvfs(part.parent)
    room, there = disk.f_bavail * disk.f_frsize, part.stat().st_size if part.exists() else 0
    needed = max(0, size - there) + ROOM_FOR_JOURNAL
    if room < needed:
        part.unlink(missing_ok=True)
        message = f"The update needs {needed} bytes of room, and the disk has {room}."
        raise Failed("storage_failed", "storage_failed", message)


def _check_release(latest: Any) -> None:
    texts = ("version", "signature", "key_id", "url")
    if not isinstance(latest, dict) or not all(isinstance(latest.get(it), str) for it in texts):
        raise Failed("device_error", "bad_manifest", "The release has not the right form.")
    size = latest.get("size")
    if not isinstance(size, int) or size < 0 or not _SHA256.match(str(latest.get("sha256"))):
        raise Failed("device_error", "bad_manifest", "Size or checksum of the release have not the right form.")


def _address(ticket: Ticket) -> str:
    assert ticket.command.transfer
    return str(ticket.command.transfer["url"])


def _insist(ticket: Ticket, ask: Any) -> Any:
    """Repeats a request while the window is open and another try may succeed."""
    pauses = Backoff(0.5, 10.0)
    while True:
        ticket.check()
        try:
            return ask()
        except NoAnswer as cause:
            ticket.trouble = cause
            pause = pauses.pause()
        except Refused as refusal:
            ticket.trouble = refusal
            if not refusal.passing:
                raise Failed("device_error", "update_refused", str(refusal)) from refusal
            pause = refusal.retry_after or pauses.pause()
        ticket.pause(pause)


def _open(ticket: Ticket, device: Device, url: str, headers: dict[str, str]) -> tuple[Web, http.client.HTTPResponse]:
    parts = urlsplit(url)
    web = Web(f"{parts.scheme}://{parts.netloc}", device.ca, max(1.0, min(STALL, ticket.seconds_left())))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return web, web.open("GET", target, None, {**ticket.bearer(), **headers})


def _get(ticket: Ticket, device: Device, url: str) -> Result:
    parts = urlsplit(url)
    web = Web(f"{parts.scheme}://{parts.netloc}", device.ca, max(1.0, min(STALL, ticket.seconds_left())))
    try:
        return web.json("GET", f"{parts.path}?{parts.query}", None, ticket.bearer())
    finally:
        web.close()


def _download(ticket: Ticket, device: Device, url: str, part: Path, size: int) -> None:
    """Fetches the file, or the rest of it when a part is there. Raises `Failed` when more bytes come than announced."""
    have = part.stat().st_size if part.exists() else 0
    if have >= size:
        return
    try:
        web, answer = _open(ticket, device, url, {"Range": f"bytes={have}-"} if have else {})
    except Refused as refusal:
        if refusal.status == 416:
            part.unlink(missing_ok=True)
            raise NoAnswer("the part is not one of this file") from refusal
        raise
    goes_on = answer.status == 206 and answer.getheader("Content-Range", "").startswith(f"bytes {have}-")
    try:
        with part.open("ab" if goes_on else "wb") as file:
            come = have if goes_on else 0
            while chunk := _read(answer):
                ticket.check()
                come += len(chunk)
                if come > size:
                    raise Failed("refused", "bad_checksum", "The file is longer than was announced.")
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if come < size and answer.length not in (0, None):
            raise NoAnswer("the file broke off")
    except Failed as failure:
        if failure.code == "bad_checksum":
            part.unlink(missing_ok=True)
        raise
    finally:
        web.close()


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Reads from the network. Its errors become NoAnswer, after which a try may succeed; errors of the disk do not."""
    try:
        return answer.read(CHUNK)
    except (OSError, http.client.HTTPException) as cause:
        raise NoAnswer(str(cause)) from cause


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
