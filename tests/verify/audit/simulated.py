"""A database of one writer and one asynchronous replica, whose clients record a history.

A fault is seeded by asking for it; without one it keeps every promise that the audit looks at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from verify.audit import (
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

TOTAL = 200
Fault = Literal[
    "row dropped", "row doubled", "applies swapped", "half a transfer", "increment forgotten",
    "promoted with its link cut",
]  # fmt: skip
Step = Literal["add", "unanswered", "refused", "transfer", "increment", "replicate", "read"]


@dataclass(frozen=True)
class State:
    """What a server has after some of the log."""

    rows: tuple[int, ...]
    accounts: Mapping[str, int]
    counter: int


def _state(log: Sequence[Op]) -> State:
    rows: list[int] = []
    accounts = {"a": TOTAL // 2, "b": TOTAL // 2}
    counter = 0
    for op in log:
        match op:
            case Add(element=element):
                rows.append(element)
            case Transfer(source=source, target=target, amount=amount):
                accounts[source] -= amount
                accounts[target] += amount
            case Increment(by=by):
                counter += by
    return State(tuple(rows), accounts, counter)


class Simulated:
    """Runs steps one after the other; each takes a tenth of a second."""

    def __init__(self) -> None:
        self.log: list[Op] = []
        self.replica: list[Op] = []
        self.records: list[Record] = []
        self._now = 0.0
        self._next = 0

    def run(self, steps: Sequence[Step], fault: Fault | None = None) -> History:
        for step in steps:
            self._run(step)
        self._seed(fault)
        self._run("read")
        if fault == "promoted with its link cut":
            self.log = self.replica
        self._run("replicate")
        self._run("read")
        return History.of(self.records)

    def _run(self, step: Step) -> None:
        match step:
            case "replicate":
                self.replica += self.log[len(self.replica) :]
            case "read":
                for endpoint, log in (("writer", self.log), ("reader", self.replica)):
                    self._read(endpoint, _state(log))
            case "transfer":
                self._write(Transfer(source="a", target="b", amount=1), "ok", applied=True)
            case "increment":
                self._write(Increment(by=2), "ok", applied=True)
            case _:
                self._next += 1
                outcome: Outcome = {"add": "ok", "refused": "fail"}.get(step, "unknown")  # type: ignore[assignment]
                # Of those without an answer, every other one came through.
                applied = outcome == "ok" or (outcome == "unknown" and self._next % 2 == 0)
                self._write(Add(element=self._next), outcome, applied=applied)

    def _seed(self, fault: Fault | None) -> None:
        match fault:
            case "row dropped":
                self.log.remove(self._last_added())
            case "row doubled":
                self.log.append(self._last_added())
            case "applies swapped":
                # The writer shows the first row alone; then the replica only the second.
                self._write(Add(element=1001), "ok", applied=True)
                self._run("read")
                self._write(Add(element=1002), "ok", applied=True)
                self.replica = [op for op in self.log if op != Add(element=1001)]
            case "half a transfer":
                now = _state(self.replica)
                half = {**now.accounts, "a": now.accounts["a"] - 1}
                self._read("reader", State(now.rows, half, now.counter))
            case "increment forgotten":
                self._write(Increment(by=2), "ok", applied=False)
            case "promoted with its link cut":
                self._run("replicate")
                self._write(Add(element=1001), "ok", applied=True)
            case None:
                pass

    def _last_added(self) -> Add:
        self._run("add")
        return Add(element=self._next)

    def _write(self, op: Op, outcome: Outcome, *, applied: bool) -> None:
        if applied:
            self.log.append(op)
        self._record("writer-client", "writer", op, outcome)

    def _read(self, endpoint: str, state: State) -> None:
        for op in (
            Read(elements=state.rows),
            Size(count=len(state.rows)),
            Balances(accounts=state.accounts),
            Count(value=state.counter),
        ):
            self._record(f"{endpoint}-reader", endpoint, op, "ok")

    def _record(self, process: str, endpoint: str, op: Op, outcome: Outcome) -> None:
        self.records.append(
            Record(
                process=process,
                endpoint=endpoint,
                invoked_at=self._now,
                completed_at=self._now + 0.1,
                outcome=outcome,
                op=op,
            )
        )
        self._now = round(self._now + 0.2, 3)
