"""What is asked of a database whose copies are measured, SQL or cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from verify.deadline import Deadline
from verify.lag.copies import Copy
from verify.lag.watch import Arrivals
from verify.load import Load

CLIENTS = 4
"""Of the load; they share its rate."""
FILLER = "x" * 1000
"""What each of the load's writes carries."""


class Source(Protocol):
    """One database, entered by `connect`; the exercise closes what is opened."""

    resolution_s: float
    """Of the clock in its heartbeats."""

    def connect(self) -> str:
        """Enter it where it takes writes."""

    def copies(self) -> Sequence[Copy]:
        """Who follows it, as AWS reports it."""

    def follow(self, copy: Copy) -> Arrivals:
        """Enter a copy of it."""

    def clean(self) -> str:
        """Drop what an earlier run left."""

    def create(self) -> str:
        """Make what `write` and `load` write to."""

    def write(self, beat: int) -> None:
        """One heartbeat."""

    def load(self, rate: float) -> Load:
        """Clients that write as often as that, together, once they are let to."""

    def clean_up(self, deadline: Deadline) -> str:
        """`clean`, by a connection of its own."""
