"""Plots of what was measured, each with the table that says the same in digits."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from verify.performance.measured import CacheTest, Counted, Diagnosis, Latency, Test, Variant
from verify.performance.tables import LATENCY, latency_cells
from verify.performance.tables import ms as in_ms
from verify.report.drills import DRAWN, Drill, Run
from verify.report.plots import Axis, Band, Line, plot
from verify.report.svg import number
from verify.results import Report, Series

_APART = (
    "What is apart beyond the round trip is the wait for a CPU at the client and on the way; it "
    "weighs where a statement itself takes less than a millisecond."
)
_PERCENTILES = ("p50", "p90", "p99", "p99.9", "max")


@dataclass(frozen=True)
class Table:
    """Cells as text; all columns but the first are numbers where it says so."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    note: str = ""
    numbers: bool = True


@dataclass(frozen=True)
class Chart:
    """A plot with its table below."""

    title: str
    picture: Markup
    table: Table
    beside: Table | None = None
    """More of the same moment, in words."""


def over_time(report: Report) -> Iterator[Chart]:
    """Lag, capacity and whatever else the exercises measured: one plot a unit and exercise."""
    lags = [s for e in report.exercises for s in e.series if s.unit == "ms"]
    # A few heartbeats say nothing more where there are many.
    if lags and not any(e.lags for e in report.exercises):
        yield _series("Replication lag, from commit to visible", lags, "ms")
    for exercise in report.exercises:
        others = [series for series in exercise.series if series.unit != "ms"]
        if others:
            units = " and ".join(dict.fromkeys(series.unit for series in others))
            yield _series(f"{exercise.database}: {units} over time", others, units)
    if report.hit_rates:
        yield _hit_rates(report.hit_rates)


def _series(title: str, found: Sequence[Series], unit: str) -> Chart:
    stepped = [series.unit == "clients" for series in found]
    lines = [
        Line(series.name, series.points, stepped=held)
        for series, held in zip(found, stepped, strict=True)
    ]
    rows = [_digits(series) for series in found if series.points]
    head = ("series", "points", "least", "median", "most", "last")
    return Chart(title, plot(title, lines, Axis("seconds"), Axis(unit)), Table(head, rows))


def _hit_rates(found: Sequence[Series]) -> Chart:
    title = "Cache hit rate by node, as CloudWatch counts"
    times = sorted({x for series in found for x, _ in series.points})
    # A reading a period, and none while nobody reads.
    period = min((b - a for a, b in itertools.pairwise(times)), default=1.0)
    lines = [Line(s.name, s.points, joined_within=3 * period) for s in found]
    head = ("node", "readings", "least", "median", "most", "last")
    table = Table(head, [_digits(series) for series in found])
    return Chart(title, plot(title, lines, Axis("seconds of the run"), Axis("% hits")), table)


def _digits(series: Series) -> tuple[str, ...]:
    values = [y for _, y in series.points]
    facts = (min(values), statistics.median(values), max(values), values[-1])
    return (f"{series.name} ({series.unit})", str(len(values)), *map(number, facts))


def drill(found: Drill) -> Iterator[Chart]:
    """The first runs on a time axis with their outages, and the outages of all runs."""
    for nth, run in enumerate(found.runs[:DRAWN], start=1):
        of = f", run {nth} of {len(found.runs)}" if len(found.runs) > 1 else ""
        yield _run(f"Failover of {found.target}{of}", found.promise, run)
    outages = [run.measured.write_outage for run in found.runs]
    points = [(n + 1.0, o.seconds) for n, o in enumerate(outages) if o is not None]
    if len(points) > 1:
        title = f"Failover of {found.target}: write outage by run"
        seconds = [y for _, y in points]
        facts = (min(seconds), statistics.median(seconds), max(seconds))
        row = (str(len(points)), *(f"{value:.3f} s" for value in facts))
        table = Table(("runs", "least", "median", "most"), (row,), note=found.promise)
        lines = [Line("write outage", points)]
        yield Chart(title, plot(title, lines, Axis("run"), Axis("seconds")), table)


def _run(title: str, promise: str, run: Run) -> Chart:
    measured = run.measured
    outages = [("write outage", measured.write_outage)]
    outages += [(f"reads at {e.endpoint}", e.read_outage) for e in measured.endpoints]
    known = [(name, outage) for name, outage in outages if outage is not None]
    bands = [
        Band(f"{name} {o.seconds:.2f} s", o.began_at, o.ended_at)
        for name, o in known
        if name == "write outage"
    ]
    points = [(at, float(n)) for n, at in enumerate(sorted(run.acknowledged()), start=1)]
    rows = [(name, f"{o.began_at:.3f}", f"{o.ended_at:.3f}") for name, o in known]
    rows += [(f"{e.source}: {e.message}", f"{e.at:.3f}", "") for e in run.events]
    rows += [(f"BROKEN: {said}", "", "") for said in run.broken]
    rows.insert(0, (f"triggered: {run.asked}", f"{measured.triggered_at:.3f}", ""))
    axis = Axis("seconds since the drill began", tight=True)
    lines = [Line("acknowledged rows", points)]
    picture = plot(title, lines, axis, Axis("rows"), bands)
    table = Table(("what", "from, s", "to, s"), rows, note=promise)
    return Chart(title, picture, table, _compared(run))


def _compared(run: Run) -> Table | None:
    if not run.compared:
        return None
    rows = [
        (each.client, each.absent or each.how)
        + (("", "", "") if each.absent else (each.silent, each.noticed, each.ended))
        for each in run.compared
    ]
    head = ("client", "how", "silent", "noticed", "ends on")
    return Table(head, rows, "What other clients noticed of it", numbers=False)


def performance(test: Test) -> Iterator[Chart]:
    """Percentiles of a request by variant, of the writer's statements, and throughput."""
    if not test.variants:
        return
    yield _percentiles(
        "A request's latency by arrangement",
        [(v.name, f) for v in test.variants for f in v.latencies if f.statement == "request"],
    )
    first = test.variants[0]
    yield _percentiles(
        f"Latency by statement ({first.name})", [(f.statement, f) for f in first.latencies]
    )
    yield _histogram(test.variants)
    longest = max(len(v.per_second) for v in test.variants)
    if longest > 1:
        title = "Requests a second over time"
        lines = [
            Line(v.name, [(n + 1.0, y) for n, y in enumerate(v.per_second)]) for v in test.variants
        ]
        rows = [
            (v.name, number(min(v.per_second)), number(statistics.median(v.per_second)),
             number(max(v.per_second)))
            for v in test.variants if v.per_second
        ]  # fmt: skip
        table = Table(("arrangement", "least", "median", "most"), rows)
        yield Chart(title, plot(title, lines, Axis("seconds"), Axis("requests/s")), table)


def cache_charts(test: CacheTest) -> Iterator[Chart]:
    """Percentiles by command and the hit rate of a cache that warms."""
    if test.latencies:
        yield _percentiles(
            "Latency of a trip by command", [(f.statement, f) for f in test.latencies]
        )
    if test.warming:
        title = "Cache hit rate from empty, filled on a miss"
        line = Line("hits", test.warming)
        rates = [y for _, y in test.warming]
        row = (f"{len(rates)} samples", f"{rates[0]:.0f} %", f"{max(rates):.0f} %",
               f"{rates[-1]:.0f} %")  # fmt: skip
        table = Table(("", "first", "highest", "last"), (row,))
        yield Chart(title, plot(title, [line], Axis("reads"), Axis("% hits")), table)


def cache_tables(test: CacheTest) -> Iterator[Table]:
    """Its agreement with the server's own counters."""
    if test.agreement or test.not_counted:
        yield _agreed([("", c) for c in test.agreement], test.not_counted or "")


def _percentiles(title: str, found: Sequence[tuple[str, Latency]]) -> Chart:
    lines, rows = [], []
    for name, latency in found:
        times = (latency.p50_us, latency.p90_us, latency.p99_us, latency.p999_us, latency.max_us)
        lines.append(Line(name, [(n + 0.0, us / 1000) for n, us in enumerate(times)]))
        rows.append((name, *latency_cells(latency)[1:]))
    marks = tuple((n + 0.0, name) for n, name in enumerate(_PERCENTILES))
    picture = plot(title, lines, Axis("percentile", marks=marks), Axis("ms", log=True))
    return Chart(title, picture, Table(("", *LATENCY[1:]), rows, note="Times in milliseconds."))


def _histogram(variants: Sequence[Variant]) -> Chart:
    title = "How a request's latencies are distributed"
    lines, rows = [], []
    for variant in variants:
        for latency in variant.latencies:
            if latency.statement == "request" and latency.bars:
                points = [(us / 1000, float(count)) for us, count in latency.bars]
                lines.append(Line(variant.name, points))
                fullest = max(points, key=lambda point: point[1])
                rows.append(
                    (variant.name, number(points[0][0]), number(fullest[0]), number(points[-1][0]))
                )
    picture = plot(title, lines, Axis("ms, up to", log=True), Axis("requests"))
    return Chart(title, picture, Table(("arrangement", "from ms", "most up to", "to"), rows))


def diagnosis(test: Test) -> Iterator[Table]:
    """The client's cost, agreement with the server, digests and the fix, as tables."""
    if test.variants:
        yield _client(test.variants)
        yield _agreement(test.variants)
    if test.skipped:
        yield Table(("not measured", "why"), list(test.skipped.items()), numbers=False)
    if test.diagnosis is not None:
        yield from _server(test.diagnosis)


def _client(variants: Sequence[Variant]) -> Table:
    rows = [
        (
            v.name,
            f"{v.client.cpu_percent:.1f} %",
            "" if v.client.slip_p99_us is None else f"{in_ms(v.client.slip_p99_us)} ms",
            str(v.client.late),
            v.client.limit or "no",
        )
        for v in variants
    ]
    head = ("the client", "CPU of a core", "schedule slip p99", "waited for a worker", "the limit?")
    return Table(head, rows)


def _agreement(variants: Sequence[Variant]) -> Table:
    note = "; ".join(f"{v.name}: {v.not_counted}" for v in variants if v.not_counted)
    note = f"{_APART} {note}"
    return _agreed([(f"{v.name}: ", c) for v in variants for c in v.agreement], note)


def _agreed(found: Sequence[tuple[str, Counted]], note: str) -> Table:
    rows = [
        (
            f"{name}{c.statement}",
            str(c.client_count),
            f"{c.server_count}{'' if c.exact else ' (NOT THE SAME)'}",
            in_ms(c.client_mean_us),
            in_ms(c.server_mean_us),
            in_ms(c.round_trip_us),
            f"{c.apart_percent:+.0f} %",
        )
        for name, c in found
    ]
    head = ("beside the server's counters", "counted here", "by the server", "mean ms here",
            "the server's", "round trip", "apart")  # fmt: skip
    return Table(head, rows, note=note)


def _server(found: Diagnosis) -> Iterator[Table]:
    rows = [
        (d.text, f"{d.total_ms:.1f}", str(d.count), in_ms(d.mean_us), in_ms(d.max_us),
         str(d.rows_examined), str(d.rows_sent))
        for d in found.top
    ]  # fmt: skip
    note = f"Slow query log: {found.slow_log}. Performance Insights: {found.performance_insights}."
    head = ("statement", "total ms", "count", "mean ms", "max ms", "rows examined", "sent")
    yield Table(head, rows, "What took the server longest", f"{found.no_digests or ''} {note}")
    fix = found.fix
    if fix is not None:
        both = [("before", *latency_cells(fix.before)), ("after", *latency_cells(fix.after))]
        title = f"A random row of {fix.rows:,}: by its key {fix.times:.0f} times as fast"
        yield Table(("", *LATENCY), both, title, "Times in milliseconds.")
        for plan in (fix.before_plan, fix.after_plan):
            yield Table(plan.columns, plan.rows, f"EXPLAIN {plan.statement}", numbers=False)
