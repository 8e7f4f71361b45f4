#!/usr/bin/python3
"""A simulated card reader: it closes batches, and names the batch that it closed last.

It has a file of its own, which only it writes. A person at the terminal may close the day by hand, too:

    /usr/bin/python3 reader.py FOLDER
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from durable import write_durably
from times import to_text

Batch = dict[str, Any]


class Reader:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "reader.json"
        self._lock = folder / "till.lock"
        self._till: int | None = None

    # A payment holds this lock, and so does an operation. So neither begins while the other is under way, and nothing
    # comes between checking and taking.

    def take_till(self) -> bool:
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._till = descriptor
        return True

    def leave_till(self) -> None:
        if self._till is not None:
            os.close(self._till)
            self._till = None

    def last_batch(self) -> Batch | None:
        """Returns the figures of the batch that was closed last; None without one, or when they cannot be read."""
        with contextlib.suppress(OSError, ValueError):
            batch: Batch = json.loads(self._path.read_text("utf-8"))
            return batch
        return None

    def close_batch(self) -> Batch:
        """Closes the batch with invented totals. It is closed when the totals are on the reader's disk."""
        last, now = self.last_batch(), to_text(time.time())
        purchases, reversals = random.randint(1, 80), random.randint(0, 3)
        purchases_amount = sum(random.randint(2_000, 90_000) for _ in range(purchases))
        tips = purchases_amount // 50
        reversals_amount = sum(random.randint(1_000, 9_000) for _ in range(reversals))
        batch = {
            "outcome": "accepted",
            "batch_id": str(int(last["batch_id"]) + 1 if last else 1),
            "start_of_day_at": last["last_end_of_day_at"] if last else now,
            "last_end_of_day_at": now,
            "purchases_count": purchases,
            "purchases_amount": purchases_amount,
            "reversals_count": reversals,
            "reversals_amount": reversals_amount,
            "sale_amount": purchases_amount - tips - reversals_amount,
            "tip_amount": tips,
            "currency": "NOK",
        }
        write_durably(self._path, json.dumps(batch).encode())
        return batch


def main() -> int:
    reader = Reader(Path(sys.argv[1]))
    if not reader.take_till():
        print("There is a payment or an operation under way.", file=sys.stderr)
        return 1
    print(f"batch {reader.close_batch()['batch_id']} is closed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
