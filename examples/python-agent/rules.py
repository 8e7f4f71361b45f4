"""The rules of the protocol, without threads, sockets and clocks of its own, so that they can be tried step by step.

Whoever runs it hands in what happens, one thing after the other, calls `tick` when `next_wakeup` has come, and does what
`Outside` says. The numbers in the comments are those of docs/device-protocol.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from answers import Answers
from journal import Journal
from messages import Command, Message, operation_id_of, parse, text_of
from outside import Outside
from presence import Presence
from times import Backoff, Clock, ServerTime, from_text, to_text

log = logging.getLogger("agent.rules")

HOLD = 5.0
LOOK_FOR_PAYMENTS = 0.2
MOST_NAMED = 100
SETTLE = 60.0


@dataclass
class Waiting:
    command: Command
    came: float
    came_at: str
    told: bool = False
    held_since: float | None = None


class Rules:
    def __init__(self, journal: Journal, clock: Clock, outside: Outside, presence: Presence, agent: str) -> None:
        self._journal, self._clock, self._outside, self._presence = journal, clock, outside, presence
        self._agent = agent
        self.time = ServerTime(clock)
        self._session: str | None = None
        self._waiting: list[Waiting] = []
        self._beginning: Waiting | None = None
        self._cancelled_while_beginning = False
        self.running = False
        self._stopped = False
        self._answers = Answers(journal, clock, outside)
        self._hello_due: float | None = None
        self._hello_pauses = Backoff(2.0, 30.0, lambda: 0.0)
        self._look_again: float | None = None
        self._forget_due = clock.steady() + SETTLE

    # The link

    def connected(self, session: str) -> None:
        self._session = session
        self._presence.connected(session)
        self._hello_pauses.begin_again()
        self._say_hello()
        self._answers.connected()

    def disconnected(self) -> None:
        self._session = None
        self._hello_due = None
        self._answers.disconnected()
        self._presence.disconnected()

    def begin_nothing_more(self) -> None:
        """What waits is known in memory alone; the server sends it again (rule 27)."""
        self._stopped = True

    def goodbye(self) -> None:
        if self._session:
            self._outside.send("goodbye", {"session": self._session})

    def received(self, channel: str, payload: bytes) -> None:
        try:
            self.understood(channel, parse(payload))
        except (ValueError, RecursionError, ArithmeticError) as cause:
            log.warning("ignored a %s: %s", channel, cause)

    def understood(self, channel: str, message: Message) -> None:
        takers = {
            "welcome": self._welcome,
            "command": self._command,
            "receipt": self._answers.receipt,
            "cancel": self._cancel,
            "rejection": self._answers.rejection,
            "probe": self._probe,
        }
        taker = takers.get(channel)
        if taker:
            taker(message)

    @property
    def idle(self) -> bool:
        return not (self.running or self._beginning or self._waiting)

    # Time

    def next_wakeup(self) -> float:
        times = [self._forget_due, self._presence.due(), self._answers.due(), self._hello_due, self._look_again]
        return min(it for it in times if it is not None)

    def tick(self) -> None:
        now = self._clock.steady()
        if self._hello_due is not None and now >= self._hello_due:
            self._say_hello()
        self._answers.tick()
        heartbeat = self._presence.heartbeat(self.time.round_trip)
        if heartbeat and self._session:
            self._outside.send("heartbeat", heartbeat)
        if now >= self._forget_due:
            self._forget_due = now + SETTLE
            if self.time.known:
                self._journal.forget(self.time.now())
        if self._look_again is not None and now >= self._look_again:
            self._advance()

    # Hello

    def _say_hello(self) -> None:
        if not self._session:
            return
        sent_at = self._now()
        hello: Message = {
            "protocol": 1,
            "agent": self._agent,
            "sent_at": sent_at,
            "session": self._session,
            "operations": self._known_operations(),
        }
        self.time.said_hello(sent_at)
        self._hello_due = self._clock.steady() + self._hello_pauses.pause()
        self._outside.send("hello", hello)

    def _known_operations(self) -> list[Message]:
        waiting = [it.command.operation_id for it in reversed(self._waiting)]
        beginning = self._beginning.command.operation_id if self._beginning else None
        named = [{"operation_id": it, "phase": "delivered"} for it in waiting]
        for operation_id, record in self._journal.unreceipted():
            phase = "answered" if "result" in record else "delivered" if operation_id == beginning else "started"
            named.append({"operation_id": operation_id, "phase": phase})
        return named[:MOST_NAMED]

    def _welcome(self, message: Message) -> None:
        if not self.time.welcomed(text_of(message, "hello_sent_at"), from_text(message.get("server_time"))):
            return
        self._hello_due = None
        self._hello_pauses.begin_again()
        self._presence.welcomed(message.get("heartbeat_seconds"))
        self._advance()

    # Commands

    def _command(self, message: Message) -> None:
        command = Command.of(message)
        if self._answer_known(command.operation_id):
            return
        self._outside.emit(
            "operation", operation_id=command.operation_id, operation=command.operation, state="received"
        )
        strange = command.unsupported()
        if strange:
            self._fail(command, "unsupported", {"code": "unsupported", "message": f"Not known here: {strange}"[:500]})
            return
        self._waiting.append(Waiting(command, self._clock.steady(), self._now()))
        self._advance()
        for it in self._waiting:
            self._tell_waiting(it)

    def _answer_known(self, operation_id: str) -> bool:
        """Answers a copy of a command (rule 6)."""
        record = self._journal.get(operation_id)
        waiting = [it for it in [*self._waiting, self._beginning] if it and it.command.operation_id == operation_id]
        if waiting:
            waiting[0].told = False
            self._tell_waiting(waiting[0])
        elif record and "result" in record:
            self._outside.send("result", record["result"])
        elif record:
            self._outside.send("started", {"operation_id": operation_id, "started_at": record["started_at"]})
        return bool(waiting or record)

    def _tell_waiting(self, it: Waiting) -> None:
        if not it.told and self._session:
            it.told = True
            self._outside.send("delivered", {"operation_id": it.command.operation_id, "received_at": it.came_at})

    def _advance(self) -> None:
        """Brings the first that waits as far as it may go: one operation at a time (rule 8)."""
        self._look_again = None
        while self._waiting and not self._beginning and not self.running and not self._stopped:
            it = self._waiting[0]
            instant = self._instant(it)
            if instant is None:
                self._look_again = (it.held_since or self._clock.steady()) + HOLD
                return
            if instant >= it.command.expires_at:
                self._waiting.pop(0)
                self._fail(it.command, "expired")
            elif self._outside.take_till():
                self._outside.leave_till()  # the look that counts comes when "begun" is on the disk
                self._write_begun(self._waiting.pop(0))
            elif not self._busy(it, instant):
                return

    def _write_begun(self, it: Waiting) -> None:
        self._beginning, self._cancelled_while_beginning = it, False
        command = it.command
        try:
            self._journal.begin(command.operation_id, command.operation, command.expires_at, self._now())
        except OSError:
            self._beginning = None
            self._fail(command, "storage_failed")
            return
        self._outside.later(command.operation_id)

    def begin_written(self, operation_id: str) -> None:
        """"Begun" is on the disk, and what came in meanwhile has been heard. Now look once more, and begin."""
        it = self._beginning
        if not it or it.command.operation_id != operation_id:
            return
        self._beginning = None
        command, instant = it.command, self._instant(it)
        if self._cancelled_while_beginning:
            self._fail(command, "cancelled")
        elif instant is None or self._stopped:
            self._journal.unbegin(operation_id)
            self._waiting.insert(0, it)
        elif instant >= command.expires_at:
            self._fail(command, "expired")
        elif self._outside.take_till():
            started_at = self._journal.operations[operation_id]["started_at"]
            self.running = True
            self._outside.begin(command, command.expires_at - instant)
            self._outside.send("started", {"operation_id": operation_id, "started_at": started_at})
            self._outside.emit("operation", operation_id=operation_id, operation=command.operation, state="started")
        else:
            if command.when_busy == "wait":
                self._journal.unbegin(operation_id)
            self._waiting.insert(0, it)
            self._busy(it, instant)
        self._advance()

    def _busy(self, it: Waiting, instant: float) -> bool:
        """In the middle of a payment (rules 12 and 13). Whether the command is answered by it."""
        command = it.command
        if command.when_busy == "wait" and instant < command.latest_start:
            self._tell_waiting(it)
            self._look_again = self._clock.steady() + min(LOOK_FOR_PAYMENTS, command.latest_start - instant)
            return False
        self._waiting.remove(it)
        self._fail(command, "busy_payment")
        return True

    def _instant(self, it: Waiting) -> float | None:
        """The server's time to judge a command by, or None as long as it is worth waiting for a better one."""
        now = self._clock.steady()
        if not self.time.doubtful():
            return self.time.now()
        if it.held_since is None:
            it.held_since = now
            if self.time.known:
                self._say_hello()
        if now - it.held_since < HOLD:
            return None
        guess = max(self._clock.wall(), it.command.sent_at + now - it.came)
        return max(guess, self.time.now()) if self.time.known else guess

    # Cancelling

    def _cancel(self, message: Message) -> None:
        operation_id, operation = operation_id_of(message), text_of(message, "operation")
        expires_at = from_text(message.get("expires_at"))
        record = self._journal.get(operation_id)
        if self._beginning and self._beginning.command.operation_id == operation_id:
            self._cancelled_while_beginning = True
        elif record and "result" in record:
            self._outside.send("result", record["result"])
        elif record:
            if not self._outside.break_off(operation_id):
                self._outside.send("cancel_refused", {"operation_id": operation_id})
        else:
            self._waiting = [it for it in self._waiting if it.command.operation_id != operation_id]
            self._answers.give(operation_id, operation, expires_at, {"status": "FAILED", "reason": "cancelled"})
            self._advance()

    # Results

    def finished(self, operation_id: str, came_of_it: Message, device: Message | None = None) -> None:
        """`came_of_it`: status and result, or status, reason and error. `device`: what changed on the device."""
        record = self._journal.operations[operation_id]
        begun = {"started_at": record["started_at"]}
        self._answers.give(operation_id, record["operation"], record["expires_at"], {**begun, **came_of_it}, device)
        self.running = False
        self._outside.leave_till()
        self._advance()

    def _fail(self, command: Command, reason: str, error: Message | None = None) -> None:
        """Answers what was not begun. If it stands in the journal as begun, the answer takes its place."""
        came_of_it: Message = {"status": "FAILED", "reason": reason, **({"error": error} if error else {})}
        self._answers.give(command.operation_id, command.operation, command.expires_at, came_of_it)

    def _probe(self, message: Message) -> None:
        self._outside.send("probe_answer", {"probe_id": operation_id_of(message, "probe_id")})

    def _now(self) -> str:
        return to_text(self._clock.wall())
