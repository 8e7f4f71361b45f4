#!/usr/bin/python3
"""A device that pairs with a Tillkeeper server and carries out operations. Written from docs/device-protocol.md alone.

All events are handed to the main thread, in the order in which they came; see `Agent.run`. Work that may have to wait
(connections, uploads, renewing tokens) runs on threads of its own, which hand in their outcome.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import logging
import logging.handlers
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connector import Connector
from credentials import Credentials, Identity, NotPaired, parse_qr
from device import Device
from journal import Journal
from links import Link
from messages import Command, Message
from mqtt_version import LEVELS, VersionChoice
from operations import Failed, Result, Ticket, end_of_day, open_menu, send_logs
from password import Password
from presence import Presence
from rules import Rules
from simulation import take_time
from times import Clock, to_text
from updates import Updates
from versions import ReleaseKeys
from web import Refused

PROGRAM = "tillkeeper-python-agent"

# The longest wait for a running operation when the agent stops. A longer operation is answered as interrupted after the
# next start.
LONGEST_END = 5.0
LONGEST_GOODBYE = 8.0

log = logging.getLogger("agent")

Operation = Callable[[Ticket, Device], tuple[Result, Result]]


class Events:
    """Prints a line for each event to standard output: words, or with --json an object."""

    def __init__(self, as_json: bool) -> None:
        self._as_json, self._lock = as_json, threading.Lock()

    def emit(self, event: str, **fields: Any) -> None:
        words = " ".join([event, *(str(it) for it in fields.values())])
        line = json.dumps({"event": event, **fields}) if self._as_json else words
        log.info("%s", words)
        with self._lock, contextlib.suppress(OSError):
            print(line, flush=True)


class Agent:
    """Connects the rules with links, disk and device.

    It implements `Outside` for the rules and `Listener` for the links.
    """

    def __init__(self, options: argparse.Namespace, state: Path, stopping: threading.Event) -> None:
        self._stopping, self._events = stopping, Events(options.json)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._link: Link | None = None
        self._links: list[Link] = []
        self._ticket: Ticket | None = None
        self._restart_due = self._outdated = False
        self.emit = self._events.emit
        self._journal = journal = Journal(state / "journal.json")
        self._device = Device(state, journal, options.model, options.ca, not options.cannot_name_batch)
        self._operations: dict[str, Operation] = {
            "open_menu": open_menu,
            "end_of_day": end_of_day,
            "send_logs": send_logs,
            "check_update": Updates(ReleaseKeys(options.release_keys)).check_update,
        }
        name = f"{PROGRAM}/{self._device.software_version()}"[:100]
        self._identity: Identity
        if options.password:
            self._identity = Password(state, options.password, options.server, journal, self.emit, stopping)
        else:
            self._identity = Credentials(
                state, options.server, options.serial, options.ca, journal, name, self.emit, self._replaced, stopping
            )
        version = VersionChoice(options.mqtt_version)
        self._connector = Connector(self._identity, options.transport, version, options.ca, self, stopping)
        self._simulates = options.simulate
        clock = Clock()
        self._clock = clock
        self._rules = Rules(journal, clock, self, Presence(clock, self._device.condition), name)

    def run(self, code: str | None) -> bool:
        """Runs until the agent is stopped.

        Returns True when it must start anew, with another version or another address.
        """
        self._recover()
        session = self._identity.start(code)
        if session is None:
            return False
        self._recover()
        self._journal.look()
        self._rules.ask_reader()
        self._terminal_id = session.terminal_id
        self._connector.start()
        while not self._stopping.is_set() and not (self._restart_due and self._rules.idle):
            self._step(self._rules.next_wakeup() - self._clock.steady())
        restart = not self._stopping.is_set()
        self._stopping.set()
        self._rules.begin_nothing_more()
        ends = self._clock.steady() + LONGEST_END
        while self._rules.running and self._clock.steady() < ends:
            self._step(0.1)
        self._say_goodbye()
        if self._outdated:
            self._journal.disown()
        version = self._device.version_laid_ready()
        if restart and version is not None:
            self.emit("restarting", terminal_id=self._terminal_id, software_version=version)
        return restart

    def _recover(self) -> None:
        """Answers an interrupted operation, once the journal has an address; `Credentials` may hand that result in."""
        if self._journal.address:
            last = self._device.last_batch()
            interrupted = self._journal.answer_interrupted(to_text(time.time()), last["batch_id"] if last else None)
            if interrupted:
                log.warning("operation %s was interrupted", interrupted)

    def _step(self, longest: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._inbox.get(timeout=max(0.0, longest))()
        self._rules.tick()

    def stop(self) -> None:
        self._stopping.set()
        self._inbox.put(lambda: None)

    def _replaced(self) -> None:
        self._inbox.put(self._restart)

    def _restart(self) -> None:
        """Restarts once all waiting and running operations are answered: the start requests another address."""
        self._restart_due = True

    def _say_goodbye(self) -> None:
        if self._link:
            self._rules.goodbye()
            self._link.close()
            self.emit("disconnected", terminal_id=self._terminal_id)

    # Called by the links, from their own threads.

    def opened(self, link: Link) -> None:
        self._inbox.put(lambda: self._take_link(link))

    def heard(self, channel: str, payload: bytes) -> None:
        self._inbox.put(lambda: self._take_message(channel, payload))

    def _take_link(self, link: Link) -> None:
        self._links.append(link)
        # HTTPS may connect just after MQTT did; MQTT stays in use then.
        if self._link is None or link.transport == "mqtt":
            self._use(link)
        threading.Thread(target=self._watch, args=(link,), name="watch", daemon=True).start()

    def _use(self, link: Link) -> None:
        self._link = link
        self.emit("connected", terminal_id=self._terminal_id, transport=link.transport)
        self._rules.connected(link.session)

    def _watch(self, link: Link) -> None:
        link.closed.wait()
        self._inbox.put(lambda: self._lose_link(link))

    def _lose_link(self, link: Link) -> None:
        self._links.remove(link)
        if self._link is link:
            self._link = None
            self._rules.disconnected()
            self.emit("disconnected", terminal_id=self._terminal_id)
            if self._links:
                self._use(self._links[-1])

    def _take_message(self, channel: str, payload: bytes) -> None:
        if channel == "welcome":
            self._connector.welcomes += 1
        self._rules.received(channel, payload)

    # Called by the rules

    def send(self, channel: str, message: Message) -> None:
        # A device whose journal is an old copy sends nothing more (rule 6).
        if self._link and (channel == "goodbye" or not self._outdated):
            log.debug("say %s %s", channel, message)
            self._link.send(channel, message)

    def later(self, operation_id: str) -> None:
        self._inbox.put(lambda: self._rules.begin_written(operation_id))

    def take_till(self) -> bool:
        return self._device.reader.take_till()

    def leave_till(self) -> None:
        self._device.reader.leave_till()

    def run_operation(self, ticket: Ticket) -> None:
        changes: Result = {}
        try:
            if self._simulates:
                take_time(ticket)
            result, changes = self._operations[ticket.command.operation](ticket, self._device)
            outcome: Message = {"status": "COMPLETED", "result": result}
        except Failed as failure:
            outcome = failure.as_message()
        except Exception as failure:  # any fault of an operation is answered, and the agent goes on
            log.exception("%s broke", ticket.command.operation)
            outcome = Failed("device_error", "internal_error", type(failure).__name__).as_message()
            if ticket.command.is_close:
                outcome["unknown_end"] = True  # the reader may have closed the batch
        self._inbox.put(lambda: self._rules.finished(ticket.command.operation_id, outcome, changes))

    def begin(self, command: Command, seconds_left: float) -> None:
        self._ticket = ticket = Ticket(command, time.monotonic() + seconds_left)
        ticket.may_break_off = command.operation != "end_of_day"
        threading.Thread(target=self.run_operation, args=(ticket,), name=command.operation, daemon=True).start()

    def break_off(self, operation_id: str) -> bool:
        ticket = self._ticket
        if not ticket or ticket.command.operation_id != operation_id or not ticket.may_break_off:
            return False
        ticket.cancelled.set()
        return True

    def last_batch(self) -> Message | None:
        return self._device.last_batch()

    def all_held(self) -> None:
        # Restart for an update only now: before the receipt it would cost a repetition (rule U5).
        self._restart_due = self._restart_due or self._device.version_laid_ready() is not None

    def outdated(self) -> None:
        self._outdated = self._restart_due = True


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", metavar="URL", help="the server's address")
    parser.add_argument("--serial", metavar="NUMBER", help="the device's serial number, as it is registered")
    parser.add_argument("--code", help="the pairing code; not needed again once paired")
    parser.add_argument("--qr", metavar="TEXT", help="what the pairing's QR code says, in place of the three above")
    parser.add_argument("--password", metavar="FILE", type=Path,
                        help="what POST …/credentials answered, in place of pairing; with --server")  # fmt: skip
    parser.add_argument("--state", metavar="FOLDER", type=Path, required=True, help="keys, journal, log and releases")
    parser.add_argument("--json", action="store_true", help="print one JSON object per event, in place of words")
    parser.add_argument("--ca", metavar="FILE", help="certificates to trust, in place of the system's")
    parser.add_argument("--transport", choices=["auto", "mqtt", "https"], default="auto",
                        help="auto: MQTT, and HTTPS where it does not get through")  # fmt: skip
    parser.add_argument("--mqtt-version", choices=["auto", *LEVELS], default="auto",
                        help="auto: 5, and 3.1.1 where the broker knows no other")  # fmt: skip
    parser.add_argument("--release-keys", metavar="FILE", type=Path,
                        help="public keys of releases that may be installed: PEM, JWK or JWK set")  # fmt: skip
    parser.add_argument("--model", default="SATURN1000", help="the device's model")
    parser.add_argument("--cannot-name-batch", action="store_true",
                        help="a card reader that cannot say which batch it closed last")  # fmt: skip
    parser.add_argument("--simulate", action="store_true",
                        help="for tests: be slow where an operator_id says simulate:slow")  # fmt: skip
    options = parser.parse_args()
    if options.qr:
        try:
            values = parse_qr(options.qr)
        except ValueError as cause:
            parser.error(str(cause))
        if options.serial and options.serial != values["serial"]:
            parser.error("the QR code is that of another device")
        options.server, options.serial, options.code = values["server"], values["serial"], values["code"]
    if options.password and not options.server:
        parser.error("--password needs --server")
    return options


def prepare(state: Path) -> int:
    """Makes folder, log and lock, and returns the lock: two programs with one journal would do things twice."""
    os.umask(0o077)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(state / "running.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    to_file = logging.handlers.RotatingFileHandler(state / "agent.log", maxBytes=1_000_000, backupCount=1)
    to_screen = logging.StreamHandler()
    to_screen.setLevel(logging.WARNING)
    # On a full disk nothing is logged; the agent goes on.
    logging.raiseExceptions = False
    logging.basicConfig(
        level=logging.DEBUG, handlers=[to_file, to_screen], format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    return lock


def stop_by_signal(stopping: threading.Event, stop: Callable[[], None]) -> None:
    """Waits for signals on its own thread: a handler in the main thread could run while that thread holds a lock."""
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def wait() -> None:
        signal.sigwait(signals)
        stop()
        # Threads that still wait for the network are not awaited: everything that counts is on the disk.
        time.sleep(LONGEST_GOODBYE)
        os._exit(0)

    threading.Thread(target=wait, name="signals", daemon=True).start()


def main() -> int:
    options = parse_options()
    try:
        lock = prepare(options.state)
    except BlockingIOError:
        print(f"Another agent works in {options.state}.", file=sys.stderr)
        return 1
    stopping = threading.Event()
    try:
        agent = Agent(options, options.state, stopping)
        stop_by_signal(stopping, agent.stop)
        restart = agent.run(options.code)
    except (NotPaired, Refused, ValueError, OSError) as failure:
        print(f"{PROGRAM}: {failure}", file=sys.stderr)
        return 1
    if restart:
        logging.shutdown()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    os.close(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main())
