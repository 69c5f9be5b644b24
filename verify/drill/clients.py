"""What a drill does to a database, on one connection that notices silence within `PATIENCE_S`.

The driver of MySQL cannot be interrupted from another thread, so every read of a socket has its
own end; and nothing is repaired: after any error the connection is closed and a new one made.
A name is resolved anew for each connection; resolving it has the system's time limit, not ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from verify.audit import Outcome
from verify.cache import Denied, NoPermission, ReadOnly
from verify.errors import Refused, StepFailed, VerifyError

PATIENCE_S = 1.0
"""How long a client waits for an answer; the drivers of MySQL take whole seconds."""
_REFUSALS = frozenset({1290, 1836, 1792, "25006", "NOREPLICAS", "MOVED"})
"""Errors that say for certain that a write was not done."""


class NotSent(StepFailed):
    """A write was given up before anything was asked of the server that could stay."""


class NotTheWriter(StepFailed):
    """The endpoint leads to a server that takes no writes."""


@dataclass(frozen=True)
class Look:
    """Which server answers, in which role, and how many rows it has."""

    server: str
    writable: bool
    rows: int


class Client(Protocol):
    """One connection."""

    def look(self) -> Look: ...

    def add(self, element: int) -> None:
        """Write one row; returns when the write is acknowledged."""

    def elements(self) -> tuple[int, ...]:
        """Every row, as often as it is there."""

    def close(self) -> None: ...


class Ledger(Client, Protocol):
    """A connection to a database that has transactions, too."""

    def transfer(self, source: str, target: str, amount: int) -> None: ...

    def balances(self) -> Mapping[str, int]: ...

    def increment(self) -> None: ...

    def count(self) -> int: ...

    def group(self) -> tuple[str, tuple[int, ...]]:
        """The newest group of rows, and its name."""


def outcome_of(error: VerifyError) -> Outcome:
    """What is known of a call that ended so: only a refusal is certain."""
    if isinstance(error, NotSent | ReadOnly | Denied | NoPermission):
        return "fail"
    if isinstance(error, Refused) and error.errno in _REFUSALS:
        return "fail"
    return "unknown"
