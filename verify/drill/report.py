"""What a person and a program read of drills."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from verify.audit import History
from verify.audit.history import Frozen
from verify.drill.comparison import Compared, comparison_lines
from verify.drill.crew import PROBE_S
from verify.drill.measure import Led, Measured, Outage
from verify.drill.run import Drill
from verify.drill.target import Target
from verify.drill.verdict import Audit

SCHEMA_VERSION = 1


class Event(Frozen):
    """What the control plane reported; seconds on the drill's axis, as far as clocks agree."""

    at: float
    source: str
    message: str


class Run(Frozen):
    """One failover."""

    asked: str
    measured: Measured
    events: tuple[Event, ...]
    troubles: tuple[str, ...]
    audit: Audit
    broken: tuple[str, ...]
    history: History | None
    compared: tuple[Compared, ...] = ()
    """What other clients noticed, where they were asked for."""


class Drilled(Frozen):
    """Every run on one database, in one way."""

    target: str
    database: str
    promise: str
    promised_s: float
    may_lose: str | None
    runs: tuple[Run, ...]

    @property
    def passed(self) -> bool:
        return not any(run.broken for run in self.runs)


class Drills(Frozen):
    """The JSON file."""

    schema_version: int = SCHEMA_VERSION
    stack: str
    drills: tuple[Drilled, ...]


@dataclass(frozen=True)
class Lines:
    """A drill in lines for a terminal or a pipe."""

    target: Target

    def run(self, drill: Drill, found: Audit, broken: Sequence[str]) -> list[str]:
        """One run."""
        measured, target = drill.measured, self.target
        lines = [
            f"{drill.asked}, {measured.triggered_at:.1f} s after the start",
            f"  noticed         {_noticed(measured)}",
            f"  write outage    {_outage(measured.write_outage)}; promised: {target.promise.said}",
            f"  read outage     {_seconds(measured.read_outage_s)} at the worst endpoint to "
            f"read from, asked every {1000 * PROBE_S:.0f} ms",
        ]
        lines += [f"  {_led(each)}" for each in measured.endpoints]
        for at, source, message in drill.events:
            lines.append(f"  event {at - measured.triggered_at:+8.1f} s  {source}: {message}")
        lines += [f"  {line}" for line in audit_lines(found, target)]
        lines += [f"  {line}" for line in comparison_lines(drill.compared)]
        lines += [f"  BROKEN: {each}" for each in broken]
        return lines


def audit_lines(found: Audit, target: Target) -> list[str]:
    """What the checkers say."""
    rows = found.rows
    lost = f"{len(rows.lost)} lost"
    if rows.lost and target.may_lose:
        lost += f" ({target.may_lose})"
    forks = f"{len(found.forks.found)} forks in {found.forks.reads} reads"
    if found.forks.found and target.may_fork:
        forks += f" ({target.may_fork})"
    lines = [
        f"rows            {rows.acknowledged} acknowledged: {lost}, {len(rows.duplicated)} twice, "
        f"{rows.stale} late; {rows.unknown} without an answer: {rows.recovered} are there",
        f"sessions        {len(found.monotonic.found)} of {found.monotonic.reads} reads showed "
        f"less than before ({_where(found, target.writer)})",
    ]
    if found.bank.reads:
        lines.append(
            f"transactions    {len(found.bank.found)} of {found.bank.reads} snapshots with a wrong "
            f"total, {len(found.counter.found)} of {found.counter.reads} counts out of bounds, "
            f"{forks}"
        )
    behind = {n: len(r.lost) for n, r in found.rows_at_readers.items() if r.lost}
    if behind:
        lines.append(
            "missing         "
            + ", ".join(f"{n} rows still at {name}" for name, n in behind.items())
        )
    return lines


def distribution(runs: Sequence[Measured]) -> str:
    """Several runs in one line."""
    outages = [run.write_outage.seconds for run in runs if run.write_outage is not None]
    if not outages:
        return f"{len(runs)} runs, no write outage measured"
    return (
        f"{len(runs)} runs: write outage min {min(outages):.3f} s, "
        f"median {statistics.median(outages):.3f} s, max {max(outages):.3f} s"
    )


def _noticed(measured: Measured) -> str:
    if measured.detected_after_s is None:
        return "by no writer: none met an error"
    return f"after {measured.detected_after_s:.3f} s by a writer"


def _outage(outage: Outage | None) -> str:
    if outage is None:
        return "unknown"
    return f"{outage.seconds:.3f} s{' and not over' if outage.open else ''}"


def _seconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f} s"


def _led(led: Led) -> str:
    before, after = (", ".join(each) or "nobody" for each in (led.before, led.after))
    way = f"{before}, as before" if before == after else f"{before} → {after}"
    return f"{led.endpoint:<15} {way}; reads {_outage(led.read_outage)}"


def _where(found: Audit, writer: str) -> str:
    at_writer = sum(each.endpoint == writer for each in found.monotonic.found)
    return f"{at_writer} of them at {writer}"
