"""Checkov, run over a plan: a program of its own environment, so that nothing here needs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.scan.accepted import Finding

OWN = Path(__file__).parents[2] / ".scan" / "bin" / "checkov"
"""Where `make scan` installs it."""
_DEADLINE_S = 300


class NoScan(Exception):
    """It could not be run; a sentence says why."""


@dataclass(frozen=True)
class Scan:
    """What it said of a plan."""

    version: str
    resources: int
    passed: int
    findings: list[Finding]


def installed() -> Path | None:
    """The program of `make scan`, or one on the path."""
    if OWN.exists():
        return OWN
    found = shutil.which("checkov")
    return Path(found) if found else None


def scan(program: Path, plan: Path) -> Scan:
    """Every check of ``program`` over ``plan``. Raises `NoScan`."""
    command = [str(program), "--file", str(plan), "--framework", "terraform_plan",
               "--output", "json", "--compact", "--quiet", "--skip-download"]  # fmt: skip
    # Values of the mocks are all known; and nothing of a stack goes to anybody's platform.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BC_", "CKV_"))}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_DEADLINE_S, env=environment
        )
    except OSError as error:
        raise NoScan(f"{program} does not run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise NoScan(f"{program} took longer than {_DEADLINE_S} s") from error
    try:
        said: dict[str, Any] = json.loads(done.stdout)
        summary = said["summary"]
    except (ValueError, KeyError, TypeError) as error:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise NoScan(f"{program} ended with {done.returncode} and no report: {last}") from error
    if summary["parsing_errors"] or not summary["resource_count"]:
        raise NoScan(f"{program} could not read {plan}: {summary}")
    return Scan(
        version=summary["checkov_version"],
        resources=summary["resource_count"],
        passed=summary["passed"],
        findings=sorted(_findings(said["results"]["failed_checks"])),
    )


def _findings(failed: list[dict[str, Any]]) -> Iterator[Finding]:
    for each in failed:
        yield Finding(each["check_id"], each["resource"], each["check_name"])
