"""The rules of the protocol, without threads, sockets and clocks of its own, so that tests can run them step by step.

The caller hands in the events one after the other, calls `tick` when `next_wakeup` has come, and implements `Outside`. The
numbers in the comments are those of docs/device-protocol.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from answers import Answers
from closes import Closes
from journal import Journal
from messages import ABILITIES, Command, Memory, Message, memory_of, operation_id_of, parse, text_of
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
    cancelled: bool = False


class Rules:
    def __init__(self, journal: Journal, clock: Clock, outside: Outside, presence: Presence, agent: str) -> None:
        self._journal, self._clock, self._outside, self._presence = journal, clock, outside, presence
        self._agent = agent
        self.time = ServerTime(clock)
        self._session: str | None = None
        self._waiting: list[Waiting] = []
        self._beginning: Waiting | None = None
        # Cancelled operations whose command has not come: the cancellation has everything that a result needs.
        self._cancelled_unseen: dict[str, Command] = {}
        self.running = False
        self._stopped = False
        self._answers = Answers(journal, clock, outside)
        self._closes = Closes(journal, outside, self._answers)
        self._hello_due: float | None = None
        self._hello_pauses = Backoff(2.0, 30.0, lambda: 0.0)
        self._look_again: float | None = None
        self._settle_due = clock.steady() + SETTLE
        # Whether the welcome to a hello of this run was compared with the journal (rule 6).
        self._compared = False

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
        """Begins nothing more. Waiting commands are only in memory, and the server sends them again (rule 2)."""
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
            "receipt": self._receipt,
            "cancel": self._cancel,
            "memory": lambda message: self._hold(memory_of(message)),
            "rejection": self._rejection,
            "probe": self._probe,
        }
        taker = takers.get(channel)
        if taker:
            taker(message)

    @property
    def idle(self) -> bool:
        return not (self.running or self._beginning or (self._waiting and not self._stopped))

    # Time

    def next_wakeup(self) -> float:
        times = [self._settle_due, self._presence.due(), self._answers.due(), self._hello_due, self._look_again]
        return min(it for it in times if it is not None)

    def tick(self) -> None:
        now = self._clock.steady()
        if self._hello_due is not None and now >= self._hello_due:
            self._say_hello()
        self._answers.tick()
        heartbeat = self._presence.heartbeat(self.time.round_trip, self._journal.held)
        if heartbeat and self._session:
            self._outside.send("heartbeat", heartbeat)
        if now >= self._settle_due:
            self._settle_due = now + SETTLE
            self.ask_reader()
            if self.time.known:
                self._journal.forget(self.time.now())
        if self._look_again is not None and now >= self._look_again:
            self._advance()

    # Hello

    def _say_hello(self) -> None:
        if not self._session:
            return
        self.ask_reader()
        sent_at = self._now()
        hello: Message = {
            "protocol": 1,
            "agent": self._agent,
            "sent_at": sent_at,
            "session": self._session,
            "operations": self._known_operations(),
            "abilities": ABILITIES,
        }
        self.time.said_hello(sent_at)
        self._hello_due = self._clock.steady() + self._hello_pauses.pause()
        self._outside.send("hello", hello)

    def _known_operations(self) -> list[Message]:
        begun = self._journal.begun
        named = [{"operation_id": begun["operation_id"], "phase": "started"}] if begun and not self._beginning else []
        waiting = [*reversed(self._waiting), *([self._beginning] if self._beginning else [])]
        named += [{"operation_id": it.command.operation_id, "phase": "delivered"} for it in waiting]
        return named[:MOST_NAMED]

    def _welcome(self, message: Message) -> None:
        memory = memory_of(message)
        if not self.time.welcomed(text_of(message, "hello_sent_at"), from_text(message.get("server_time"))):
            return
        self._hello_due = None
        self._hello_pauses.begin_again()
        if self._hold(memory):
            self._compared = True
        self._presence.welcomed(message.get("heartbeat_seconds"))
        self._advance()

    # Memory

    def ask_reader(self) -> None:
        if not self.running:
            self._closes.ask_reader()

    def _hold(self, memory: Memory) -> bool:
        """Takes how much of the log the server holds. False when that does not fit this log."""
        if self._journal.fits(memory):
            self._answers.hold(memory)
            return True
        log.error("the server holds %s of this address, and the journal does not: it is an old copy", memory)
        self._compared = False
        self.begin_nothing_more()
        self._outside.outdated()
        return False

    def _receipt(self, message: Message) -> None:
        memory = memory_of(message)
        self._answers.receipt(message)
        self._hold(memory)

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
            self._answers.fail(command, "unsupported", {"code": "unsupported", "message": f"Not known here: {strange}"[:500]})
            return
        cancelled = self._cancelled_unseen.pop(command.operation_id, None) is not None
        self._waiting.append(Waiting(command, self._clock.steady(), self._now(), cancelled=cancelled))
        self._advance()
        for it in self._waiting:
            self._tell_waiting(it)

    def _answer_known(self, operation_id: str) -> bool:
        """Answers a copy of a known command (rule 17); returns whether the command is known."""
        begun = self._journal.begun
        waiting = [it for it in [*self._waiting, self._beginning] if it and it.command.operation_id == operation_id]
        if waiting:
            waiting[0].told = False
            self._tell_waiting(waiting[0])
        elif begun and begun["operation_id"] == operation_id:
            self._outside.send("started", {"operation_id": operation_id, "started_at": begun["started_at"]})
        elif self._journal.answered(operation_id):
            self._answers.again(operation_id)
        else:
            return False
        return True

    def _tell_waiting(self, it: Waiting) -> None:
        if not it.told and self._session:
            it.told = True
            self._outside.send("delivered", {"operation_id": it.command.operation_id, "received_at": it.came_at})

    def _advance(self) -> None:
        """Takes the first waiting command as far as possible: one operation at a time (rule 19)."""
        self._look_again = None
        self._give_up_cancelled()
        while not self._beginning and not self.running and not self._stopped:
            # A close waits for the welcome, which shows whether the journal lacks an earlier begin of it (rule 6).
            it = next((it for it in self._waiting if self._compared or not it.command.is_close), None)
            if it is None:
                return
            if self._closes.answer_known_request(it.command):
                self._waiting.remove(it)
                continue
            instant = self._instant(it)
            if instant is None:
                self._look_again = (it.held_since or self._clock.steady()) + HOLD
                return
            if instant >= it.command.expires_at:
                self._waiting.remove(it)
                self._answers.fail(it.command, "expired")
            elif self._outside.take_till():
                self._outside.leave_till()  # the deciding check comes when "begun" is on the disk
                self._waiting.remove(it)
                self._write_begun(it)
            elif not self._busy(it, instant):
                return

    def _write_begun(self, it: Waiting) -> None:
        command = it.command
        if not self._closes.in_step(command):
            return
        try:
            self._journal.begin(command.operation_id, command.operation, self._now(), command.origin)
        except OSError:
            self._answers.fail(command, "storage_failed")
            return
        self._beginning = it
        self._outside.later(command.operation_id)

    def begin_written(self, operation_id: str) -> None:
        """Called when "begun" is on the disk, after the messages that came meanwhile: checks once more, and begins."""
        it = self._beginning
        if not it or it.command.operation_id != operation_id:
            return
        self._beginning = None
        command, instant = it.command, self._instant(it)
        if it.cancelled:
            self._answers.fail(command, "cancelled")
        elif instant is None or self._stopped:
            self._journal.unbegin()
            self._waiting.insert(0, it)
        elif instant >= command.expires_at:
            self._answers.fail(command, "expired")
        elif self._outside.take_till():
            if self._closes.in_step(command):  # from here on no close by hand can happen
                self._begin(command, command.expires_at - instant)
            else:
                self._outside.leave_till()
        else:
            if command.when_busy == "wait":
                self._journal.unbegin()
            self._waiting.insert(0, it)
            self._busy(it, instant)
        self._advance()

    def _begin(self, command: Command, seconds_left: float) -> None:
        assert self._journal.begun
        head = {"operation_id": command.operation_id}
        self.running = True
        self._outside.begin(command, seconds_left)
        self._outside.send("started", {**head, "started_at": self._journal.begun["started_at"]})
        self._outside.emit("operation", **head, operation=command.operation, state="started")

    def _busy(self, it: Waiting, instant: float) -> bool:
        """Deals with a command during a payment (rules 26 and 27). Returns whether the command was answered."""
        command = it.command
        if command.when_busy == "wait" and instant < command.latest_start:
            self._tell_waiting(it)
            self._look_again = self._clock.steady() + min(LOOK_FOR_PAYMENTS, command.latest_start - instant)
            return False
        self._waiting.remove(it)
        self._answers.fail(command, "busy_payment")
        return True

    def _instant(self, it: Waiting) -> float | None:
        """Returns the server's time for a command; None while it is worth waiting for a better estimate."""
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
        operation_id = operation_id_of(message)
        begun = self._journal.begun
        if self._beginning and self._beginning.command.operation_id == operation_id:
            self._beginning.cancelled = True
        elif begun and begun["operation_id"] == operation_id:
            if not self._outside.break_off(operation_id):
                self._outside.send("cancel_refused", {"operation_id": operation_id})
        elif self._journal.answered(operation_id):
            self._answers.again(operation_id)
        else:
            waiting = next((it for it in self._waiting if it.command.operation_id == operation_id), None)
            if waiting:
                waiting.cancelled = True
            else:
                self._cancelled_unseen[operation_id] = Command.of_cancellation(message)
            self._advance()

    def _give_up_cancelled(self) -> None:
        """Answers cancelled commands. A close needs the comparison of a begin, for which nothing may run (rule 29)."""
        may_compare = self._compared and not self.running and not self._stopped
        for it in [it for it in self._waiting if it.cancelled]:
            if may_compare or not it.command.is_close:
                self._waiting.remove(it)
                self._give_up(it.command)
        for command in list(self._cancelled_unseen.values()):
            if may_compare or not command.is_close:
                del self._cancelled_unseen[command.operation_id]
                self._give_up(command)

    def _give_up(self, command: Command) -> None:
        if command.is_close:
            self._closes.give_up(command)
        else:
            self._answers.fail(command, "cancelled")

    # Results

    def finished(self, operation_id: str, outcome: Message, device: Message | None = None) -> None:
        """Takes the end of an operation.

        `outcome`: status and result, or status, reason and error. `device`: changes of the device.
        """
        begun = self._journal.begun
        assert begun and begun["operation_id"] == operation_id
        result = {**begun, "finished_at": self._now(), **outcome}
        self._answers.give(result, self._closes.batch_after(result), device)
        self.running = False
        self._outside.leave_till()
        self._advance()

    def _rejection(self, message: Message) -> None:
        """Logs a fault of this program.

        The server skips a message that it does not understand, and says so by `memory`.
        """
        log.error("the server did not understand a %s: %s", message.get("channel"), message.get("errors"))

    def _probe(self, message: Message) -> None:
        self._outside.send("probe_answer", {"probe_id": operation_id_of(message, "probe_id")})

    def _now(self) -> str:
        return to_text(self._clock.wall())
