"""Checkov, run over a plan: a program of its own environment, so that nothing here needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.scan.accepted import Finding
from tests.scan.scanner import NoScan, Scan, Scanner, said


def scan(program: Path, plan: Path) -> Scan:
    """Every check of ``program`` over ``plan``. Raises `NoScan`."""
    command = [str(program), "--file", str(plan), "--framework", "terraform_plan",
               "--output", "json", "--compact", "--quiet", "--skip-download"]  # fmt: skip
    report = said(command, plan.parent, ("BC_", "CKV_"))
    try:
        summary, results = report["summary"], report["results"]
    except KeyError as error:
        raise NoScan(f"{program} has said no {error}") from error
    if summary["parsing_errors"] or not summary["resource_count"]:
        raise NoScan(f"{program} could not read {plan}: {summary}")
    return Scan(
        version=summary["checkov_version"],
        passed=summary["passed"],
        findings=sorted(_findings(results["failed_checks"])),
    )


def _findings(failed: list[dict[str, Any]]) -> Iterator[Finding]:
    for each in failed:
        yield Finding(each["check_id"], each["resource"], each["check_name"])


CHECKOV = Scanner("checkov", re.compile(r"CKV"), scan)
