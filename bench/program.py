"""The program under Pulumi's mocks against a process that only loads what it imports."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from bench.figure import Figure
from bench.workspace import ROOT

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
_UNDER_MOCKS = "from tests.stacks.run_program import main; main()"


def under_mocks(runs: int = 5) -> Figure:
    """Pairs in turn, and the median of their ratios."""
    _seconds(_IMPORTS_ONLY), _seconds(_UNDER_MOCKS)
    pairs = [(_seconds(_UNDER_MOCKS), _seconds(_IMPORTS_ONLY)) for _ in range(runs)]
    ratio = statistics.median(program / bare for program, bare in pairs)
    program, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    note = f"{program:.2f} s / {bare:.2f} s"
    return Figure("program under mocks / its imports, loaded", ratio, 1.3, "x", note)


def _seconds(code: str) -> float:
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return time.monotonic() - started
