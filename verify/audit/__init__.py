"""Whether a database kept what it promised, from one recorded history. Pure functions.

A history is JSON, ``{"schema_version": 1, "records": [...]}``, and a record is one call of one
client:

``process``       who called; one call at a time each
``endpoint``      through which endpoint, as the drill names it: ``writer``, ``reader``, ...
``invoked_at``    seconds since the drill's start, just before the call was sent
``completed_at``  seconds since the drill's start, when the answer came or nobody waited any more
``outcome``       ``ok``; ``fail``: it certainly did not happen; ``unknown``: it may have happened,
                  or happen yet. A time-out and a broken connection are unknown, never failed.
``op``            what was called, and for a read what came back; told apart by ``f``:

``{"f": "add", "element": 7, "to": "rows"}``          one row into a set; an element is added once
``{"f": "read", "elements": [7, 8], "of": "rows"}``   every row of a set, as often as it is there
``{"f": "size", "count": 2, "of": "rows"}``           only how many rows it has
``{"f": "transfer", "source": "a", "target": "b", "amount": 5}``  in one transaction
``{"f": "balances", "accounts": {"a": 95, "b": 105}}``  all accounts, in one snapshot
``{"f": "increment", "by": 1}``                       of one counter; ``by`` is positive
``{"f": "count", "value": 3}``                        the counter's value

What a read that is not ``ok`` has in its ``op`` counts for nothing. The checkers take a history as
it is: `History.through` narrows what was read to some endpoints, where an asynchronous replica is
not to be held against the writer's promise.
"""

from verify.audit.forks import Fork, Forks, long_fork
from verify.audit.history import (
    Add,
    Balances,
    Count,
    History,
    Increment,
    Op,
    Outcome,
    Read,
    Record,
    Size,
    Transfer,
)
from verify.audit.sessions import Regression, Regressions, monotonic_reads
from verify.audit.sets import SetFull, set_full
from verify.audit.totals import Bank, Counter, OutOfBounds, WrongTotal, bank, counter_bounds

Verdict = SetFull | Regressions | Forks | Bank | Counter
"""What a checker found; each says whether that is ``clean``."""

__all__ = [
    "Add",
    "Balances",
    "Bank",
    "Count",
    "Counter",
    "Fork",
    "Forks",
    "History",
    "Increment",
    "Op",
    "OutOfBounds",
    "Outcome",
    "Read",
    "Record",
    "Regression",
    "Regressions",
    "SetFull",
    "Size",
    "Transfer",
    "Verdict",
    "WrongTotal",
    "bank",
    "counter_bounds",
    "long_fork",
    "monotonic_reads",
    "set_full",
]
