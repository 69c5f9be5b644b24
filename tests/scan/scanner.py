"""What every scanner has in common: a program that reads a plan and says what it found."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.scan.accepted import Finding

BIN = Path(__file__).parents[2] / ".scan" / "bin"
"""Where `make scan` installs the programs."""
_DEADLINE_S = 300


class NoScan(Exception):
    """It could not be run; a sentence says why."""


@dataclass(frozen=True)
class Scan:
    """What a scanner said of a plan; ``version`` is the program's own word."""

    version: str
    passed: int
    findings: list[Finding]


@dataclass(frozen=True)
class Scanner:
    """A scanner: the name of its program, how the ids of its checks look, and how it is run."""

    name: str
    checks: re.Pattern[str]
    scan: Callable[[Path, Path], Scan]
    """A program and a plan to what it says; `NoScan`."""

    def installed(self) -> Path | None:
        """The program of `make scan`, or one on the path."""
        if (BIN / self.name).exists():
            return BIN / self.name
        found = shutil.which(self.name)
        return Path(found) if found else None


def said(command: Sequence[str], folder: Path, settings: Sequence[str]) -> dict[str, Any]:
    """The report that a program prints, run in ``folder``; `NoScan` where it prints none.

    ``settings`` are the beginnings of the variables that the program would read: what it does
    is not to depend on whose machine it is, nor is anything of a stack to go anywhere.
    """
    program = command[0]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(tuple(settings))}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_DEADLINE_S,
            env=environment,
            cwd=folder,
        )
    except OSError as error:
        raise NoScan(f"{program} does not run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise NoScan(f"{program} took longer than {_DEADLINE_S} s") from error
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = None
    if not isinstance(report, dict):
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise NoScan(f"{program} ended with {done.returncode} and no report: {last}")
    return report
