"""What is different from another run: outcomes, new and missing steps, times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from verify.errors import CannotRun
from verify.results import Report, Step

_NOTABLE = 1.5
_LEAST_S = 0.1
"""Less than that is noise, whatever the ratio."""
_LEAST_US = 200
_LEAST_MS = 5


@dataclass(frozen=True)
class Change:
    """One difference: where, before and now."""

    where: str
    before: str
    now: str


def read_old(path: Path) -> Report:
    """Another run's results.json; `CannotRun` when it is none."""
    try:
        return Report.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotRun(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise CannotRun(
            f"{path} is not a run's results.json: {error.errors()[0]['msg']}"
        ) from error


def changes(old: Report, new: Report) -> list[Change]:
    """What changed from ``old`` to ``new``."""
    return [*_steps(old, new), *_latencies(old, new), *_lags(old, new)]


def _steps(old: Report, new: Report) -> Iterator[Change]:
    before, now = _by_place(old), _by_place(new)
    for where, step in now.items():
        was = before.get(where)
        if was is None:
            yield Change(where, "not there", f"{step.status}: {step.said}")
        elif was.status != step.status:
            yield Change(where, f"{was.status}: {was.said}", f"{step.status}: {step.said}")
        elif _differ(was.seconds, step.seconds, _LEAST_S):
            yield Change(where, f"{was.seconds:.2f} s", f"{step.seconds:.2f} s")
    for where, step in before.items():
        if where not in now:
            yield Change(where, f"{step.status}: {step.said}", "not there")


def _by_place(report: Report) -> dict[str, Step]:
    return {
        f"{exercise.name} {exercise.database}: {step.name}": step
        for exercise in report.exercises
        for step in exercise.steps
    }


def _latencies(old: Report, new: Report) -> Iterator[Change]:
    before, now = _p99(old), _p99(new)
    for where, us in now.items():
        was = before.get(where)
        if was is not None and _differ(was, us, _LEAST_US):
            yield Change(f"{where}, p99", f"{was / 1000:.2f} ms", f"{us / 1000:.2f} ms")


def _p99(report: Report) -> dict[str, float]:
    if report.performance is None:
        return {}
    return {
        f"{test.database}, {variant.name}: {latency.statement}": latency.p99_us
        for test in report.performance.tests
        for variant in test.variants
        for latency in variant.latencies
    }


def _lags(old: Report, new: Report) -> Iterator[Change]:
    before, now = _p95(old), _p95(new)
    for where, ms in now.items():
        was = before.get(where)
        if was is not None and _differ(was, ms, _LEAST_MS):
            yield Change(f"{where}, p95 of its lag", f"{was:.1f} ms", f"{ms:.1f} ms")


def _p95(report: Report) -> dict[str, float]:
    return {
        f"{copy.copy_name} {phase.name}": phase.p95_ms
        for exercise in report.exercises
        for copy in exercise.lags
        for phase in copy.phases
    }


def _differ(before: float, now: float, least: float) -> bool:
    if abs(before - now) < least:
        return False
    return max(before, now) > _NOTABLE * min(before, now)
