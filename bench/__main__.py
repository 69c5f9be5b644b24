"""`python -m bench [--kills N] [--json FILE]`: every figure of the project beside its goal."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bench import cache_performance, deployment, failover, performance, report, resume
from bench.figure import Figure
from bench.migration import migrate
from bench.program import under_mocks
from bench.workspace import BenchFailed, Workspace, workspace

_RESUMES = 5


def _foundation(space: Workspace, kills: int) -> list[Figure]:
    deployment.keep_only(space, deployment.COURSE_FOUNDATION)
    figures = deployment.deploy(space, "the course's foundation", deployment.FOUNDATION)
    return [*figures, *failover.figures(space, kills)]


def _dev(space: Workspace, _: int) -> list[Figure]:
    figures = deployment.deploy(space, "dev", deployment.DEV)
    pauses = resume.resumes(space, _RESUMES)
    spread = f"{_RESUMES} pauses, median {statistics.median(pauses):.2f} s"
    resumed = Figure("resume of a paused cluster, worst", max(pauses), 1, "s", spread)
    return [
        *figures,
        resumed,
        *_performance(performance.measure(space)),
        *_cache(cache_performance.measure(space)),
        *report.measure(space),
    ]


def _performance(found: performance.Outcome) -> list[Figure]:
    percent, late = found.course_cpu_percent, found.slip_p99_ms
    figures = [
        Figure("client of the course's test, of one core", percent, 5, "%"),
        Figure("open loop at 500/s: timer error, p99", late, 1, "ms"),
        Figure("statements counted otherwise by the server", float(found.miscounted), 0, ""),
        Figure(
            "mean latency apart from the server's", found.apart_percent, 10, "%", found.apart_note
        ),
    ]
    beside = found.sysbench
    if beside is not None:
        ours = found.ours
        note = (
            f"{beside.per_second:.0f}/s and {ours.per_second:.0f}/s; mean {beside.mean_ms:.1f} "
            f"and {ours.mean_ms:.1f} ms, p99 {beside.p99_ms:.1f} and {ours.p99_ms:.1f} ms"
        )
        ratio = beside.per_second / ours.per_second
        figures.append(Figure("sysbench's throughput / ours, saturating", ratio, 2, "x", note))
    return figures


def _cache(found: cache_performance.Outcome) -> list[Figure]:
    figures = [Figure("Redis commands counted otherwise", float(found.miscounted), 0, "")]
    if found.theirs is not None:
        for name, ours, theirs in zip(
            ("alone", "50 a trip"), found.ours, found.theirs, strict=True
        ):
            note = f"one client each: {theirs:,.0f}/s and {ours:,.0f}/s"
            figures.append(
                Figure(f"redis-benchmark's rate / ours, {name}", theirs / ours, None, "x", note)
            )
    return figures


def _prod(space: Workspace, _: int) -> list[Figure]:
    return [*deployment.deploy(space, "prod", deployment.PROD, "prod"), *migrate(space)]


_DEPLOYMENTS: tuple[Callable[[Workspace, int], list[Figure]], ...] = (_foundation, _dev, _prod)


def main() -> int:
    """Measure, print, and exit 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="kills of each writer (default 20)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures: list[Figure] = []

    def tell(found: list[Figure]) -> None:
        figures.extend(found)
        for figure in found:
            print(figure.line(), flush=True)

    try:
        tell([under_mocks()])
        for measure in _DEPLOYMENTS:
            with workspace() as space:
                tell(measure(space, options.kills))
    except BenchFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if options.json:
        options.json.write_text(json.dumps([asdict(f) for f in figures], indent=2) + "\n")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
