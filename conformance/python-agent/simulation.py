"""Faults on demand, for tests: an `operator_id` of `simulate:slow`. Only with the option --simulate."""

from __future__ import annotations

import time

from operations import Failed, Ticket

SLOW_SHARE = 0.7


def take_time(ticket: Ticket) -> None:
    """Waits until 70 % of the window are over, or the operation is cancelled."""
    asked = str(ticket.command.parameters.get("operator_id", ""))
    if not asked.startswith("simulate:"):
        return
    if asked != "simulate:slow":
        raise Failed("refused", "unknown_fault", "operator_id names no fault to simulate; known: slow")
    window = ticket.command.expires_at - ticket.command.created_at
    ticket.cancelled.wait(max(0.0, ticket.ends - (1 - SLOW_SHARE) * window - time.monotonic()))
    if ticket.cancelled.is_set():
        raise Failed("cancelled")
