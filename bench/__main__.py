"""`python -m bench [--kills N] [--json FILE]`: every figure of the project beside its goal."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import failover, memory, performance, resume
from bench.workspace import ROOT, BenchFailed, Workspace, workspace

# pulumi_aws loads a module when something of it is first named; `import` alone loads none.
_IMPORTS_ONLY = "import pulumi, pulumi_random, pulumi_aws as aws; " + "; ".join(
    f"aws.{named}"
    for named in (
        "cloudwatch.LogGroup",
        "ec2.SecurityGroup",
        "elasticache.ReplicationGroup",
        "iam.Role",
        "kms.Key",
        "rds.Instance",
        "secretsmanager.Secret",
        "vpc.SecurityGroupIngressRule",
    )
)
_RESUMES = 5
_UNDER_MOCKS = "from tests.stacks.run_program import main; main()"


@dataclass(frozen=True)
class Figure:
    """A measured value with the goal it is held against (both in ``unit``)."""

    name: str
    measured: float
    goal: float
    unit: str
    note: str = ""

    @property
    def met(self) -> bool:
        return self.measured <= self.goal

    def line(self) -> str:
        verdict = "met" if self.met else "MISSED"
        tail = f"  ({self.note})" if self.note else ""
        measured = f"{self.measured:>8.2f} {self.unit:<4}"
        return f"{self.name:<48} {measured} goal {self.goal:g}  {verdict}{tail}"


def _deployment(space: Workspace, kills: int) -> list[Figure]:
    figures = [
        Figure("up on an empty local cloud", space.run("-m", "localcloud", "up"), 8, "s"),
        Figure("second up, nothing changed", space.run("-m", "localcloud", "up"), 3, "s"),
        Figure("all exercises", space.run("-m", "verify"), 15, "s"),
    ]
    processes, held = memory.of_state(space.state)
    figures.append(
        Figure("memory of the local cloud", held / 2**20, 800, "MiB", f"{processes} processes, PSS")
    )
    outcome = failover.kill_writers(space, kills)
    spread = f"{kills} kills, worst {max(outcome.outages):.2f} s"
    figures += [
        Figure(
            "write outage after SIGKILL of the writer, median", outcome.median, 0.3, "s", spread
        ),
        Figure(
            "acknowledged rows lost", outcome.lost, 0, "rows", f"of {outcome.acknowledged:,} acked"
        ),
        Figure("rows duplicated", outcome.duplicated, 0, "rows"),
    ]
    pauses = resume.resumes(space, _RESUMES)
    spread = f"{_RESUMES} pauses, median {statistics.median(pauses):.2f} s"
    figures.append(Figure("resume of a paused cluster, worst", max(pauses), 1, "s", spread))
    return figures + _performance(performance.measure(space))


def _performance(found: performance.Outcome) -> list[Figure]:
    percent, late = found.course_cpu_percent, found.slip_p99_ms
    figures = [
        Figure("client of the course's test, of one core", percent, 5, "%"),
        Figure("open loop at 500/s: timer error, p99", late, 1, "ms"),
        Figure("statements counted otherwise by the server", float(found.miscounted), 0, ""),
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


def _program(runs: int = 5) -> Figure:
    """The program under mocks against its loaded imports: pairs in turn, the median ratio."""

    def seconds(code: str) -> float:
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        return time.monotonic() - started

    seconds(_IMPORTS_ONLY), seconds(_UNDER_MOCKS)
    pairs = [(seconds(_UNDER_MOCKS), seconds(_IMPORTS_ONLY)) for _ in range(runs)]
    ratio = statistics.median(program / bare for program, bare in pairs)
    program, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    note = f"{program:.2f} s / {bare:.2f} s"
    return Figure("program under mocks / its imports, loaded", ratio, 1.3, "x", note)


def main() -> int:
    """Measure, print, and exit 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="writer kills (default 20)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    try:
        figures = [_program()]
        with workspace() as space:
            figures += _deployment(space, options.kills)
    except BenchFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    for figure in figures:
        print(figure.line())
    if options.json:
        options.json.write_text(json.dumps([asdict(f) for f in figures], indent=2) + "\n")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
