"""The page of a run, and the folder it is written to beside JSON and JUnit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from contract import Database
from verify.errors import CannotRun
from verify.performance.measured import CacheTest, Test
from verify.report import charts
from verify.report.architecture import architecture
from verify.report.changes import changes
from verify.report.drills import Drill, drills_in
from verify.report.lags import lag_charts, longest
from verify.report.nodes import Node
from verify.results import Outcome, Report, Status, write_json, write_junit, write_text

PAGE, RESULTS, JUNIT = "report.html", "results.json", "junit.xml"
_SIGNS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.NOT_RUN: "○"}


def check_folder(folder: Path) -> None:
    """Make ``folder``; `CannotRun` when a report cannot be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PAGE).open("a", encoding="utf-8").close()
    except OSError as error:
        raise CannotRun(f"cannot write the report to {folder}: {error.strerror}") from error
    drills_in(folder)


def write_report(
    folder: Path,
    report: Report,
    databases: Mapping[str, Database],
    nodes: Mapping[str, tuple[Node, ...]],
    asked: str,
    old: Report | None = None,
) -> Path:
    """Write page, results and JUnit into ``folder``; returns the page's path."""
    write_json(report, folder / RESULTS)
    write_junit(report, folder / JUNIT)
    page = render(report, databases, nodes, asked, old, drills_in(folder))
    write_text(folder / PAGE, page)
    return folder / PAGE


def render(
    report: Report,
    databases: Mapping[str, Database],
    nodes: Mapping[str, tuple[Node, ...]],
    asked: str,
    old: Report | None = None,
    drills: list[Drill] | None = None,
) -> str:
    """The page as text: complete in itself."""
    environment = Environment(
        loader=PackageLoader("verify.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    tests = report.performance.all if report.performance else ()
    drawn = [chart for drill in drills or () for chart in charts.drill(drill)]
    over_time = [*drawn, *lag_charts(report), *charts.over_time(report)]
    broken = [
        (f"failover of {drill.target}", said, Status.FAILED)
        for drill in drills or ()
        for run in drill.runs
        for said in run.broken
    ]
    verdict, outcome = _verdict(report, len(broken))
    problems = [*_problems(report), *broken]
    return environment.get_template("page.html").render(
        report=report,
        when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        asked=asked,
        verdict=verdict,
        outcome=outcome,
        sign=_SIGNS[outcome],
        tiles=list(_tiles(report)),
        problems=problems,
        old=old,
        changes=changes(old, report) if old is not None else [],
        architecture=architecture(databases, nodes),
        charts=over_time,
        tests=[_test(test) for test in tests],
        sections=[
            *([("problems", "Attention")] if problems else []),
            *([("changes", "Changes")] if old is not None else []),
            ("architecture", "Architecture"),
            *([("measured", "Over time")] if over_time else []),
            *((f"performance-{n}", t.database) for n, t in enumerate(tests, start=1)),
            ("exercises", "Exercises"),
        ],
    )


def _test(test: Test | CacheTest) -> dict[str, Any]:
    if isinstance(test, CacheTest):
        return {
            "facts": test,
            "charts": list(charts.cache_charts(test)),
            "tables": list(charts.cache_tables(test)),
        }
    return {
        "facts": test,
        "charts": list(charts.performance(test)),
        "tables": list(charts.diagnosis(test)),
    }


def _verdict(report: Report, broken: int) -> tuple[str, Outcome]:
    whole = len(report.exercises)
    failed = sum(e.status is Outcome.FAILED for e in report.exercises)
    not_run = sum(e.status is Outcome.NOT_RUN for e in report.exercises)
    tests = report.performance.all if report.performance else ()
    not_run += sum(test.not_run is not None for test in tests)
    if failed:
        return f"{failed} of {whole} exercises failed", Outcome.FAILED
    if broken:
        return f"Failover drills broke {broken} promises", Outcome.FAILED
    if not_run or not whole:
        return f"{not_run} of {whole + len(tests)} could not run", Outcome.NOT_RUN
    return f"All {whole} exercises passed", Outcome.PASSED


def _tiles(report: Report) -> Iterator[tuple[str, str]]:
    for status in Status:
        yield str(sum(e.count(status) for e in report.exercises)), f"steps {status}"
    yield f"{report.seconds:.0f} s", "whole run"
    lags = [y for e in report.exercises for s in e.series if s.unit == "ms" for _, y in s.points]
    lag = longest(report) or max(lags, default=None)
    if lag is not None:
        yield f"{lag:.1f} ms", "longest replication lag"
    p99 = [
        latency.p99_us
        for test in (report.performance.tests if report.performance else ())
        for latency in (test.variants[0].latencies if test.variants else ())
        if latency.statement == "request"
    ]
    if p99:
        yield f"{max(p99) / 1000:.1f} ms", "slowest p99 of a request at a writer"


def _problems(report: Report) -> Iterator[tuple[str, str, str]]:
    for exercise in report.exercises:
        where = f"{exercise.name} on {exercise.database}"
        if exercise.not_run is not None:
            yield where, exercise.not_run, Outcome.NOT_RUN
        for step in exercise.steps:
            if step.status is Status.FAILED:
                yield f"{where}, {step.name}", step.said, step.status
    for test in report.performance.all if report.performance else ():
        if test.not_run is not None:
            yield f"performance of {test.database}", test.not_run, Outcome.NOT_RUN
        for variant in test.variants if isinstance(test, Test) else ():
            if variant.client.limit is not None:
                said = f"the client was the limit: {variant.client.limit}"
                yield f"performance of {test.database}, {variant.name}", said, Status.SKIPPED
