"""Messages of the server, checked.

A message that is not understood raises ValueError; the caller ignores it (rule 35).
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from times import from_text

Message = dict[str, Any]

DOWN = ("welcome", "command", "receipt", "cancel", "memory", "rejection", "probe")
# How much of a log the server holds: the `number` of the last result, and its `id`.
Memory = dict[str, Any]
LONGEST = 65536

KNOWN_PARAMETERS = {"operator_id"}
KNOWN_OPERATIONS = {"end_of_day", "send_logs", "check_update", "open_menu"}
# Transfers depend on the network, so they have no `max_seconds`.
ABILITIES = [
    {"operation": "end_of_day", "max_seconds": 60},
    {"operation": "send_logs"},
    {"operation": "check_update"},
    {"operation": "open_menu", "max_seconds": 5},
]


def parse(payload: bytes) -> Message:
    message = json.loads(payload.decode("utf-8")) if len(payload) <= LONGEST else None
    if not isinstance(message, dict):
        raise ValueError("not an object")
    return message


def text_of(message: Message, name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is not a text")
    return value


def operation_id_of(message: Message, name: str = "operation_id") -> str:
    value = text_of(message, name)
    uuid.UUID(value)
    return value


def memory_of(message: Message) -> Memory:
    memory = message.get("memory")
    if not isinstance(memory, dict) or type(memory.get("number")) is not int or memory["number"] < 0:
        raise ValueError("memory is not how far a log is")
    return {key: memory[key] for key in ("number", "id") if key in memory}


def may_have_closed(result: Message) -> bool:
    """Whether a result may have closed a batch, so that the next close has to know of it.

    A repeated result does not count.
    """
    if result["operation"] != "end_of_day" or "repeats" in result:
        return False
    if result["status"] == "FAILED":
        return bool(result.get("unknown_end"))
    return bool(result.get("result", {}).get("outcome") != "declined")


@dataclass(frozen=True)
class Command:
    operation_id: str
    operation: str
    parameters: Message
    when_busy: str
    created_at: float
    expires_at: float
    sent_at: float
    transfer: Message | None = None
    previous_close: str | None = None
    # Sent back unchanged with the result.
    origin: Message | None = None

    @classmethod
    def of(cls, message: Message) -> Command:
        parameters = message.get("parameters", {})
        if not isinstance(parameters, dict):
            raise ValueError("parameters is not an object")
        transfer = message.get("transfer")
        if transfer is not None:
            if not isinstance(transfer, dict):
                raise ValueError("transfer is not an object")
            text_of(transfer, "url"), text_of(transfer, "token")
        origin = message.get("origin")
        if origin is not None and not isinstance(origin, dict):
            raise ValueError("origin is not an object")
        return cls(
            operation_id=operation_id_of(message),
            operation=text_of(message, "operation"),
            parameters=parameters,
            when_busy=text_of(message, "when_busy") if "when_busy" in message else "fail",
            created_at=from_text(message.get("created_at")),
            expires_at=from_text(message.get("expires_at")),
            sent_at=from_text(message.get("sent_at")),
            transfer=transfer,
            previous_close=operation_id_of(message, "previous_close") if message.get("previous_close") else None,
            origin=origin,
        )

    @classmethod
    def of_cancellation(cls, message: Message) -> Command:
        """Reads a cancellation as a command, far enough to answer it: a cancellation may come before its command."""
        return cls.of({**message, "sent_at": message.get("created_at")})

    @property
    def is_close(self) -> bool:
        return self.operation == "end_of_day"

    @property
    def request(self) -> str | None:
        """The request of the command, which is equal for all commands of one request; None without one."""
        request = (self.origin or {}).get("request")
        return request if isinstance(request, str) else None

    def unsupported(self) -> str | None:
        """Names the part of the command that this agent does not know (rule 20); None when it knows all."""
        if self.operation not in KNOWN_OPERATIONS:
            return f"operation {self.operation}"
        strange = self.parameters.keys() - KNOWN_PARAMETERS
        if strange:
            return f"parameter {sorted(strange)[0]}"
        if self.when_busy not in ("fail", "wait"):
            return f"when_busy {self.when_busy}"
        return None

    @property
    def latest_start(self) -> float:
        """The instant at which waiting for a payment ends, early enough for the result to arrive in time (rule 27)."""
        return self.expires_at - min(1.0, (self.expires_at - self.created_at) / 10)
