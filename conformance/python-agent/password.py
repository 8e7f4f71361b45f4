"""The identity of a device that has a password in place of pairing: for tries and tests."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from credentials import LOCKED_OUT_PAUSE, NotPaired, Session
from durable import write_durably
from journal import Journal

log = logging.getLogger("agent.password")


def session_of(answer: dict[str, Any], server: str) -> Session:
    """Makes a session from the answer to `POST …/credentials`."""
    basic = base64.b64encode(f"{answer['address']}:{answer['password']}".encode()).decode()
    return Session(
        terminal_id=answer["terminal_id"],
        address=answer["address"],
        authorization=f"Basic {basic}",
        mqtt_url=answer["mqtt_url"],
        mqtt_username=answer["username"],
        mqtt_password=answer["password"],
        mqtt_client_id=answer["client_id"],
        https_url=server,
        renew_at=float("inf"),
    )


class Password:
    """A password is for one address, and cannot request another.

    So the agent lists the addresses that were begun, in a file.
    """

    def __init__(
        self, state: Path, file: Path, server: str, journal: Journal, emit: Callable[..., None], stopping: threading.Event
    ) -> None:
        try:
            self._session = session_of(json.loads(file.read_text("utf-8")), server)
        except (KeyError, TypeError, ValueError) as cause:
            raise ValueError(f"{file} is not an answer to POST …/credentials") from cause
        self._path = state / "addresses.json"
        self._begun: list[str] = json.loads(self._path.read_text("utf-8")) if self._path.exists() else []
        self._journal, self._emit, self._stopping = journal, emit, stopping
        self._told = False

    def start(self, code: str | None = None) -> Session:
        """Makes the journal belong to the password's address.

        Raises NotPaired when the journal of that address is lost.
        """
        address = self._session.address
        # While no address is listed, an unreadable journal may be that of this address.
        lost = self._journal.address != address if address in self._begun else self._journal.unreadable and not self._begun
        if not lost:
            self._journal.belongs_to(address)
        if address not in self._begun:
            # Written after the journal and before the agent connects: from now on a missing journal counts as lost.
            self._begun.append(address)
            write_durably(self._path, json.dumps(self._begun).encode())
        if lost:
            raise NotPaired(
                f"The journal of {address} is lost, so nobody knows what it did. It needs another password: "
                f"POST /v1/accounts/{{aid}}/terminals/{self._session.terminal_id}/credentials"
            )
        return self._session

    def current(self) -> Session | None:
        return None if self._stopping.is_set() else self._session

    def outdates(self, used: Session) -> bool:
        return False

    def renew(self, refused: Session | None) -> Session | None:
        """Returns the only session again after a minute: a refused device may be accepted again later."""
        if not self._told:
            self._told = True
            log.warning("the password is refused")
            self._emit("locked_out", terminal_id=self._session.terminal_id)
        self._stopping.wait(LOCKED_OUT_PAUSE)
        return self.current()

    def keep_fresh(self) -> None:
        return
