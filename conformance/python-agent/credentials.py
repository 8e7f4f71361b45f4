"""The device's identity: its key pair, pairing, and tokens, which it requests with a proof by its key.

Passwords: password.py.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from durable import write_durably
from journal import Journal
from messages import memory_of
from times import Backoff
from web import NoAnswer, Refused, Web

log = logging.getLogger("agent.credentials")

LOCKED_OUT_PAUSE = 60.0
MOST_HANDED_IN = 50


class NotPaired(Exception):
    """The device is not paired, and cannot pair with the options that it was given."""


class Identity(Protocol):
    """A key pair or a password. Its methods may be called from any thread after `start`."""

    def start(self, code: str | None) -> Session | None:
        """Called once, first.

        When it returns, the journal belongs to the session's address. None when the agent was stopped meanwhile.
        """

    def current(self) -> Session | None:
        """Returns the session to connect with; called for each attempt. None when the agent must end."""

    def outdates(self, used: Session) -> bool:
        """Whether a connection that was opened with this session must be opened anew; called twice a second."""

    def renew(self, refused: Session | None) -> Session | None:
        """Called when the server refused that session. Waits for another session; None when the agent must end."""

    def keep_fresh(self) -> None:
        """Renews sessions in time until the agent stops; called on a thread of its own."""


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def parse_qr(text: str) -> dict[str, str]:
    """Reads `tillkeeper:pair?server=…&serial=…&code=…`; other parameters are ignored.

    Raises ValueError for another text.
    """
    kind, _, query = text.partition("?")
    values = {name: found[0] for name, found in parse_qs(query).items()}
    if kind != "tillkeeper:pair" or not {"server", "serial", "code"} <= values.keys():
        raise ValueError("the text is not that of a pairing's QR code")
    return values


class KeyPair:
    """An Ed25519 key pair in a file that survives a power cut and that only its owner can read."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            key = load_pem_private_key(path.read_bytes(), None)
            if not isinstance(key, Ed25519PrivateKey):
                raise ValueError(f"{path} does not hold an Ed25519 key")
            self._key = key
            return
        self._key = Ed25519PrivateKey.generate()
        write_durably(path, self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def proof(self, purpose: str, address: str, nonce: str, subject: str, code: str | None = None) -> str:
        """Makes a compact JWS for one request to this address. With a code, for pairing, it carries the public key."""
        header: dict[str, Any] = {"typ": f"device-{purpose}+jwt", "alg": "EdDSA"}
        payload = {"aud": address, "nonce": nonce, "sub": subject}
        if code is not None:
            public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            header["jwk"] = {"kty": "OKP", "crv": "Ed25519", "x": base64url(public)}
            payload["code"] = code
        signed = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(payload).encode())}"
        return f"{signed}.{base64url(self._key.sign(signed.encode()))}"


@dataclass(frozen=True)
class Session:
    """The values of the last token answer; a connection must use no older ones."""

    terminal_id: str
    address: str
    authorization: str
    mqtt_url: str
    mqtt_username: str
    mqtt_password: str
    mqtt_client_id: str
    https_url: str
    renew_at: float

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Session:
        names = ("terminal_id", "address", "mqtt_url", "mqtt_username", "mqtt_password", "mqtt_client_id", "https_url")
        texts = {name: str(answer[name]) for name in names}
        renew_at = time.monotonic() + 0.8 * answer["expires_in"]
        return cls(**texts, authorization=f"Bearer {answer['token']}", renew_at=renew_at)

    @property
    def own_password(self) -> bool:
        """Whether the broker wants a password of its own kind, in place of the token."""
        return self.authorization != f"Bearer {self.mqtt_password}"


class Credentials:
    def __init__(
        self,
        state: Path,
        server: str | None,
        serial: str | None,
        ca: str | None,
        journal: Journal,
        agent: str,
        emit: Callable[..., None],
        replaced: Callable[[], None],
        stopping: threading.Event,
    ) -> None:
        """`replaced`: called when the device has lost its address, and must start anew to get another."""
        self._path = state / "device.json"
        self._known: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}
        address = server or self._known.get("server")
        self._serial = serial or self._known.get("serial") or ""
        if not address or not self._serial:
            raise NotPaired("A device that is not paired yet needs --server, --serial and --code, or --qr.")
        if self._known and serial and serial != self._known["serial"]:
            raise NotPaired(f"{state} is the folder of the device {self._known['serial']}.")
        self._server, self._ca, self._agent = address, ca, agent
        self._journal = journal
        self._emit, self._replaced, self._stopping = emit, replaced, stopping
        self._keys = KeyPair(state / "device-key.pem")
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._pairs = False

    def start(self, code: str | None) -> Session | None:
        """Pairs, or requests the first token. None when the agent was stopped meanwhile.

        The journal belongs to the session's address then, and the agent connects only now. A failed write does not matter: as long
        as the disk lacks the address, the next start requests another one (rule 4).
        """
        answer = self._first_answer(code)
        if answer is None:
            return None
        with contextlib.suppress(OSError):
            self._journal.belongs_to(answer["address"])
        if self._pairs:
            self._known = {"server": self._server, "serial": self._serial, "terminal_id": answer["terminal_id"]}
            write_durably(self._path, json.dumps(self._known).encode())
            self._emit("paired", terminal_id=answer["terminal_id"])
        return self._accept(answer)

    def _first_answer(self, code: str | None) -> dict[str, Any] | None:
        if not code and not self._known:
            raise NotPaired("A device that is not paired yet needs a --code.")
        if not code:
            return self._insist_on_token()
        answer = self._insist(self._token) if self._known else None
        if answer:
            return answer
        self._pairs = True
        # The answer to an earlier pairing may have been lost: then the device is paired without knowing it.
        answer = self._insist(lambda: self._pair(code)) or self._insist(self._token)
        if answer or self._stopping.is_set():
            return answer
        if not self._known:
            raise NotPaired("The serial number and the code do not pair.")
        self._pairs = False
        return self._insist_on_token()

    def current(self) -> Session | None:
        """Returns the session to connect with; a new session if the last is about to expire."""
        session = self._session
        if session and time.monotonic() < session.renew_at:
            return session
        return self.renew(session)

    def outdates(self, used: Session) -> bool:
        """Whether a broker with passwords of its own kind will end a connection that was opened with this session."""
        latest = self._session
        return latest is not None and latest.own_password and latest.mqtt_password != used.mqtt_password

    def renew(self, refused: Session | None) -> Session | None:
        """Waits for a session other than the refused one, and returns it; None when the agent must end."""
        with self._lock:
            if self._session is not refused:
                return self._session
            answer = self._insist_on_token()
            if answer is None:
                return None
            if answer["address"] == self._journal.address:
                return self._accept(answer)
            # A pause, so that two devices with one key do not take the address from each other without end.
            log.error("another device has this one's key, or the server has forgotten this address")
            self._emit("locked_out", terminal_id=answer["terminal_id"])
            self._stopping.wait(LOCKED_OUT_PAUSE)
            self._replaced()
            return None

    def _insist_on_token(self) -> dict[str, Any] | None:
        told = False
        while not self._stopping.is_set():
            answer = self._insist(self._token)
            if answer is not None:
                return answer
            if not told and not self._stopping.is_set():
                told = True
                self._emit("locked_out", terminal_id=self._known["terminal_id"])
            if not self._stopping.is_set():
                self._hand_in()
            self._stopping.wait(LOCKED_OUT_PAUSE)
        return None

    def keep_fresh(self) -> None:
        """Renews the token after four fifths of its life. Runs on a thread of its own."""
        while not self._stopping.is_set():
            session = self._session
            self._stopping.wait(max(1.0, session.renew_at - time.monotonic()) if session else 1.0)
            if session and not self._stopping.is_set() and time.monotonic() >= session.renew_at:
                self.renew(session)

    def _accept(self, answer: dict[str, Any]) -> Session:
        self._session = Session.of(answer)
        return self._session

    def _insist(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Repeats a request until the server has answered.

        None when it refuses the device, or when the agent is stopped.
        """
        pauses = Backoff(1.0, 60.0)
        proofs = 0
        while not self._stopping.is_set():
            pause = pauses.pause
            try:
                return ask()
            except Refused as refusal:
                if refusal.status == 400:
                    raise
                if refusal.code == "invalid_proof" and proofs == 0:
                    proofs = 1  # the nonce may have expired on the way: once more with a new nonce
                    continue
                if not refusal.passing:
                    log.warning("refused: %s", refusal)
                    return None
                log.warning("%s", refusal)
                if refusal.retry_after is not None:
                    self._stopping.wait(refusal.retry_after)
                    continue
            except NoAnswer as failure:
                log.warning("%s does not answer: %s", self._server, failure)
            self._stopping.wait(pause())
        return None

    def _ask(self, purpose: str, path: str, subject: str, body: dict[str, Any], code: str | None = None) -> dict[str, Any]:
        """Makes a request with a proof, after a request for its nonce."""
        web = Web(self._server, self._ca, 15)
        try:
            nonce = web.post("/v1/device/nonce")["nonce"]
            proof = self._keys.proof(purpose, web.address(path), nonce, subject, code)
            return web.post(path, {**body, "proof": proof})
        finally:
            web.close()

    def _pair(self, code: str) -> dict[str, Any]:
        body = {"device_serial_number": self._serial, "code": code, "agent": self._agent}
        return self._ask("pairing", "/v1/device/pair", self._serial, body, code)

    def _token(self) -> dict[str, Any]:
        """Requests the next token; at the start its address must be that of the journal, else a new one (rule 4)."""
        answer = self._ask_for_token(memory_lost=self._journal.address is None)
        if self._session is None and self._journal.address not in (None, answer["address"]):
            # The journal of this address is lost, or on a second device with this key.
            return self._ask_for_token(memory_lost=True)
        return answer

    def _ask_for_token(self, memory_lost: bool) -> dict[str, Any]:
        known = self._known.get("terminal_id")
        who = {"terminal_id": known} if known else {"device_serial_number": self._serial}
        lost = {"memory_lost": True} if memory_lost else {}
        # The last token shows a server whose database was restored which address is the latest.
        held = {"token": self._session.authorization.removeprefix("Bearer ")} if self._session else {}
        return self._ask("renewal", "/v1/device/token", known or self._serial, {**who, **lost, **held})

    def _hand_in(self) -> None:
        """Hands in the results of a replaced device, from the log of its journal's address.

        Also when the server has everything: the answer to the last result says what a restored database still holds.
        """
        journal, last = self._journal, self._journal.last_number
        held = journal.held["number"] if journal.held else 0
        after = min(held, last - 1)
        try:
            while journal.address and after < last and (results := journal.after(after, MOST_HANDED_IN)):
                body = {"address": journal.address, "results": results}
                memory = memory_of(self._ask("results", "/v1/device/results", journal.address, body))
                if not journal.fits(memory):
                    log.warning("the server holds %s of another journal", memory)
                    return
                journal.held, before = memory, held
                after = held = memory["number"]
                if held == before:  # the server took none of them; sending them again changes nothing
                    return
        except (Refused, NoAnswer, ValueError) as failure:
            log.warning("what is left of the journal could not be handed in: %s", failure)
