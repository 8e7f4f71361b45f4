"""What the server says, checked. Whatever is not understood raises ValueError and is ignored by the caller (rule 26)."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from times import from_text

Message = dict[str, Any]

DOWN = ("welcome", "command", "receipt", "cancel", "rejection", "probe")
LONGEST = 65536

KNOWN_PARAMETERS = {"operator_id"}
KNOWN_OPERATIONS = {"end_of_day", "send_logs", "check_update", "open_menu"}


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


@dataclass(frozen=True)
class Command:
    operation_id: str
    operation: str
    parameters: Message
    when_busy: str
    created_at: float
    expires_at: float
    sent_at: float
    transfer: Message | None

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
        return cls(
            operation_id=operation_id_of(message),
            operation=text_of(message, "operation"),
            parameters=parameters,
            when_busy=text_of(message, "when_busy") if "when_busy" in message else "fail",
            created_at=from_text(message.get("created_at")),
            expires_at=from_text(message.get("expires_at")),
            sent_at=from_text(message.get("sent_at")),
            transfer=transfer,
        )

    def unsupported(self) -> str | None:
        """What this agent does not know of it (rule 9)."""
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
        """When waiting for a payment ends, early enough for the server to take the answer in time (rule 13)."""
        return self.expires_at - min(1.0, (self.expires_at - self.created_at) / 10)
