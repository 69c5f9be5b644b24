"""The records of a history; the package says what their fields mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, model_validator

SCHEMA_VERSION: Literal[1] = 1
ROWS = "rows"

Outcome = Literal["ok", "fail", "unknown"]


class Frozen(BaseModel):
    """A fact."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Add(Frozen):
    """One element into a set."""

    f: Literal["add"] = "add"
    element: int
    to: str = ROWS


class Read(Frozen):
    """Every element of a set, as often as it is there."""

    f: Literal["read"] = "read"
    elements: tuple[int, ...] = ()
    of: str = ROWS


class Size(Frozen):
    """How many elements a set has."""

    f: Literal["size"] = "size"
    count: int = 0
    of: str = ROWS


class Transfer(Frozen):
    """An amount from one account to another, in one transaction."""

    f: Literal["transfer"] = "transfer"
    source: str
    target: str
    amount: PositiveInt


class Balances(Frozen):
    """All accounts, in one snapshot."""

    f: Literal["balances"] = "balances"
    accounts: Mapping[str, int] = Field(default_factory=dict)


class Increment(Frozen):
    """Of the counter."""

    f: Literal["increment"] = "increment"
    by: PositiveInt = 1


class Count(Frozen):
    """The counter's value."""

    f: Literal["count"] = "count"
    value: int = 0


Op = Add | Read | Size | Transfer | Balances | Increment | Count


class Record(Frozen):
    """One call of one process. Times in seconds since the drill's start."""

    process: str
    endpoint: str
    invoked_at: NonNegativeFloat
    completed_at: NonNegativeFloat
    outcome: Outcome
    op: Annotated[Op, Field(discriminator="f")]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.completed_at < self.invoked_at:
            raise ValueError(f"{self.process} completed a call before it made it")
        return self


class History(Frozen):
    """Every call of every process, ordered by when it was made."""

    schema_version: Literal[1] = SCHEMA_VERSION
    records: tuple[Record, ...]

    @model_validator(mode="after")
    def _one_call_at_a_time(self) -> Self:
        ends: dict[str, float] = {}
        before = 0.0
        for record in self.records:
            if record.invoked_at < before:
                raise ValueError("the records are not in the order of invoked_at")
            if record.invoked_at < ends.get(record.process, 0.0):
                raise ValueError(f"{record.process} made two calls at once")
            before = record.invoked_at
            ends[record.process] = record.completed_at
        return self

    @classmethod
    def of(cls, records: list[Record]) -> Self:
        """A history of records in any order."""
        ordered = sorted(records, key=lambda r: (r.invoked_at, r.completed_at))
        return cls(records=tuple(ordered))

    def through(self, *endpoints: str) -> History:
        """The same writes, and the reads through ``endpoints`` only."""
        return History(
            records=tuple(
                r
                for r in self.records
                if r.endpoint in endpoints or isinstance(r.op, Add | Transfer | Increment)
            )
        )
