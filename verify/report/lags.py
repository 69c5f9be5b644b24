"""The plot of a lag: each copy's heartbeats, CloudWatch's readings, the alarms, the phases."""

from __future__ import annotations

from collections.abc import Iterator

from verify.lag.measured import CopyLag, in_words
from verify.report.charts import Chart, Table
from verify.report.plots import Axis, Band, Level, Line, plot
from verify.report.svg import number
from verify.results import Exercise, Report

_NOTE = (
    "From the source's own clock in each heartbeat to its row being seen, in milliseconds. A "
    "logarithmic axis has no place for nought: CloudWatch's readings of it are drawn at its end."
)
_HEAD = ("copy", "phase", "heartbeats", "p50", "p95", "max", "CloudWatch", "alarm beyond")


def lag_charts(report: Report) -> Iterator[Chart]:
    """One plot a source."""
    note = _NOTE
    for exercise in report.exercises:
        if any(copy.points for copy in exercise.lags):
            yield _chart(exercise, note)
            note = ""


def longest(report: Report) -> float | None:
    """The longest lag of all, in milliseconds."""
    lags = [phase.max_ms for e in report.exercises for copy in e.lags for phase in copy.phases]
    return max(lags, default=None)


def _chart(exercise: Exercise, note: str) -> Chart:
    title = f"Lag of the copies of {exercise.database}"
    copies = [copy for copy in exercise.lags if copy.points]
    lines = [Line(copy.copy_name, copy.points) for copy in copies]
    lines += [
        Line(f"CloudWatch: {copy.copy_name}", copy.reported, stepped=True, plain=True)
        for copy in copies
        if copy.reported
    ]
    levels = {
        copy.threshold_ms: Level(f"alarm beyond {in_words(copy.threshold_ms)}", copy.threshold_ms)
        for copy in copies
        if copy.threshold_ms is not None
    }
    spans = {p.name: (p.began_s, p.ended_s) for copy in copies for p in copy.phases}
    bands = [Band(name, *span, neutral=True) for name, span in spans.items()]
    picture = plot(
        title, lines, Axis("seconds"), Axis("ms", log=True), bands, list(levels.values())
    )
    rows = [row for copy in copies for row in _rows(copy)]
    return Chart(title, picture, Table(_HEAD, rows, note=note))


def _rows(copy: CopyLag) -> Iterator[tuple[str, ...]]:
    threshold = "none" if copy.threshold_ms is None else in_words(copy.threshold_ms)
    for phase in copy.phases:
        # The first reading is of the period that measuring began in.
        begin = 0.0 if phase is copy.phases[0] else phase.began_s
        values = [ms for at, ms in copy.reported if begin <= at <= phase.ended_s]
        scale = 1000 if copy.unit == "s" else 1
        said = f"{max(values) / scale:g} {copy.unit}" if values else "no reading"
        yield (
            copy.copy_name,
            phase.name,
            str(phase.beats),
            *map(number, (phase.p50_ms, phase.p95_ms, phase.max_ms)),
            f"{copy.metric} {said}",
            threshold,
        )
