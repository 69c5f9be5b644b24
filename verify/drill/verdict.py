"""What a drill is judged by: the promise on the time without writes, and the audit."""

from __future__ import annotations

from verify.audit import (
    Bank,
    Counter,
    Forks,
    History,
    Regressions,
    SetFull,
    bank,
    counter_bounds,
    long_fork,
    monotonic_reads,
    set_full,
)
from verify.audit.history import Frozen
from verify.drill.measure import Measured
from verify.drill.sql_client import TOTAL
from verify.drill.target import Target


class Audit(Frozen):
    """What every checker says of one history."""

    rows: SetFull
    rows_at_readers: dict[str, SetFull]
    monotonic: Regressions
    forks: Forks
    bank: Bank
    counter: Counter


def audit(history: History, writer: str, endpoints: list[str]) -> Audit:
    """Judge a history; rows and the counter by the writer, the rest through all endpoints."""
    at_writer = history.through(writer)
    return Audit(
        rows=set_full(at_writer),
        rows_at_readers={
            name: set_full(history.through(name)) for name in endpoints if name != writer
        },
        monotonic=monotonic_reads(history),
        forks=long_fork(history),
        bank=bank(history, TOTAL),
        counter=counter_bounds(at_writer),
    )


def broken(measured: Measured, found: Audit, target: Target) -> tuple[str, ...]:
    """Every promise that was not kept, a sentence's end each."""
    said = []
    outage = measured.write_outage
    if not measured.over:
        said.append("nobody wrote again in time, or nothing was interrupted")
    elif outage is None or outage.seconds > target.promise.limit_s:
        took = "unknown" if outage is None else f"{outage.seconds:.1f} s"
        said.append(f"the write outage of {took} is longer than promised")
    rows = found.rows
    for name, elements in (
        ("lost", () if target.may_lose else rows.lost),
        ("there twice", rows.duplicated),
        ("there that nobody wrote", rows.unexpected),
    ):
        if elements:
            said.append(f"{len(elements)} rows {name}, the first is {elements[0]}")
    if rows.never_read or not rows.acknowledged:
        said.append(f"{rows.never_read} of {rows.acknowledged} rows were never read again")
    if found.bank.found:
        wrong = found.bank.found[0]
        said.append(
            f"{len(found.bank.found)} snapshots with a wrong total, "
            f"{wrong.total} instead of {found.bank.expected} at {wrong.endpoint}"
        )
    if target.may_lose is None:
        said += _order_broken(found, target)
    return tuple(said)


def _order_broken(found: Audit, target: Target) -> list[str]:
    """What only a database that loses nothing promises."""
    said, writer = [], target.writer
    back = [each for each in found.monotonic.found if each.endpoint == writer]
    if back:
        said.append(f"{len(back)} reads at {writer} showed less than the one before")
    if found.forks.found and target.may_fork is None:
        said.append(f"{len(found.forks.found)} pairs of reads disagree about the order of rows")
    if found.counter.found:
        wrong = found.counter.found[0]
        said.append(f"the counter was {wrong.value}, outside of {wrong.lower} to {wrong.upper}")
    return said
