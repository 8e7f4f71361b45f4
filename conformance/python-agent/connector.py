"""Keeps the device connected: connects again after each loss, by HTTPS where MQTT does not get through, and back."""

from __future__ import annotations

import itertools
import logging
import threading
import time
import uuid
from collections.abc import Callable

from credentials import Identity, Session
from links import HttpsLink, Link, LinkFailed, Listener, MqttLink
from mqtt_version import TAKEN_OVER, VersionChoice, wants_room
from times import Backoff

log = logging.getLogger("agent.connector")

GOOD_LINK = 2.0
TRIES_BEFORE_HTTPS = 3
LONGEST_ROOM = 60.0
# A link that lived this long had no takeover: the pause of a second device with its address is over by then.
STABLE_AFTER_TAKEOVER = 2 * LONGEST_ROOM
SILENT_ENDS_OF_TAKEOVER = 3
# After a takeover HTTPS is not used for so long, because both devices would be connected then.
HTTPS_PAUSE = 75.0


class Connector:
    def __init__(
        self,
        credentials: Identity,
        transport: str,
        version: VersionChoice,
        ca: str | None,
        listener: Listener,
        stopping: threading.Event,
    ) -> None:
        self._credentials, self._transport, self._ca = credentials, transport, ca
        self._version, self._room = version, Backoff(5.0, LONGEST_ROOM)
        self._listener, self._stopping = listener, stopping
        self._beside: threading.Event | None = None
        # By the name of the run the server knows that all its connections are of one device (rule 37).
        self._run, self._connections = uuid.uuid4(), itertools.count(1)
        self._no_https_until = 0.0
        self.welcomes = 0

    def start(self) -> None:
        self._thread(self._credentials.keep_fresh)
        self._thread(self._https if self._transport == "https" else self._mqtt)

    def _thread(self, target: Callable[[], None]) -> None:
        threading.Thread(target=target, name=target.__name__, daemon=True).start()

    def _mqtt(self) -> None:
        self._keep("mqtt", self._mqtt_link, self._stopping)

    def _https(self) -> None:
        self._keep("https", self._https_link, self._stopping)

    def _mqtt_link(self, session: Session) -> Link:
        return MqttLink(self._next_name(), session, self._version.begin(session.mqtt_url), self._ca, self._listener)

    def _https_link(self, session: Session) -> Link:
        return HttpsLink(self._next_name(), self._credentials, session.https_url, self._ca, self._listener)

    def _next_name(self) -> str:
        return f"{self._run}.{next(self._connections)}"

    def _keep(self, transport: str, make: Callable[[Session], Link], stopping: threading.Event) -> None:
        pauses, failures = Backoff(0.2, 10.0), 0
        silent_end_pauses, silent_ends = Backoff(0.2, 10.0), 0
        while not stopping.is_set() and not self._stopping.is_set():
            session = self._credentials.current()
            if session is None:
                return
            link = make(session)
            welcomes, began = self.welcomes, time.monotonic()
            try:
                link.open()
            except LinkFailed as failure:
                if self._turns(link):
                    log.info("%s: trying the other version", failure)
                    continue
                log.warning("no link by %s: %s", transport, failure)
                failures += 1
                self._fall_back(transport, failures)
                if link.refused:
                    self._credentials.renew(session)
            else:
                failures = 0
                outdated = False
                while not link.closed.wait(0.5):
                    if transport == "mqtt" and self.welcomes > welcomes:
                        self._come_back()  # not earlier: the end of HTTPS would look like the loss of the device
                    if stopping.is_set() and not self._stopping.is_set():
                        link.close()
                    elif transport == "mqtt" and self._credentials.outdates(session):
                        outdated = True
                        link.close()
                if outdated:
                    continue  # without a pause, so that the server sees no loss
                self._turns(link)
                if link.refused:
                    self._credentials.renew(session)
                if time.monotonic() - began >= STABLE_AFTER_TAKEOVER:
                    self._room.begin_again()
                    silent_end_pauses.begin_again()
                    silent_ends = 0
                if time.monotonic() - began >= GOOD_LINK:
                    pauses.begin_again()
                if self.welcomes > welcomes:
                    pauses.at_most(0.8)
            pause = self._room.pause() if self._needs_pause(link) else pauses.pause()
            if self._may_be_takeover(link, began):
                silent_ends += 1
                pause = max(pause, silent_end_pauses.pause())
            if isinstance(link, MqttLink) and (link.code == TAKEN_OVER or silent_ends >= SILENT_ENDS_OF_TAKEOVER and link.sent_away):
                self._no_https_until = time.monotonic() + HTTPS_PAUSE
            stopping.wait(pause)

    def _turns(self, link: Link) -> bool:
        """Whether to try MQTT in the other version at once."""
        if not isinstance(link, MqttLink):
            return False
        return self._version.ended(link.level, link.code, link.greeted, link.silent)

    def _needs_pause(self, link: Link) -> bool:
        """Whether to pause longer: twins must not take over in turn, and a fleet must not flood a broker."""
        if isinstance(link, HttpsLink):
            return link.replaced
        return isinstance(link, MqttLink) and wants_room(link.code)

    def _may_be_takeover(self, link: Link, began: float) -> bool:
        """Whether a device with the same address may have taken over; not every broker says so."""
        return isinstance(link, MqttLink) and link.sent_away and time.monotonic() - began < STABLE_AFTER_TAKEOVER

    def _fall_back(self, transport: str, failures: int) -> None:
        """Starts HTTPS once MQTT has failed several times; MQTT is tried all the while."""
        if transport != "mqtt" or self._transport != "auto" or self._beside:
            return
        if failures >= TRIES_BEFORE_HTTPS and time.monotonic() >= self._no_https_until:
            self._beside = beside = threading.Event()
            log.warning("MQTT does not get through: going by HTTPS until it does")
            threading.Thread(
                target=lambda: self._keep("https", self._https_link, beside), name="https-beside", daemon=True
            ).start()

    def _come_back(self) -> None:
        if self._beside:
            self._beside.set()
            self._beside = None
