"""Trivy, run over a plan: its checks of misconfigurations, those that its program carries.

Where nothing in a plan can be read Trivy passes all its checks and says so of no resource.
So the plan that it gets has one resource more, of which it has to complain.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.scan.accepted import Finding
from tests.scan.scanner import NoScan, Scan, Scanner, said

_TYPE, _NAME = "aws_db_instance", "trivy-control"
_CONTROL = f"{_TYPE}.{_NAME}"


def scan(program: Path, plan: Path) -> Scan:
    """Every check of ``program`` over ``plan``. Raises `NoScan`."""
    # Of its own, since a trivy.yaml or a .trivyignore that lies about would be obeyed.
    with tempfile.TemporaryDirectory() as own:
        folder = Path(own) / "plan"
        folder.mkdir()
        file = folder / "plan.json"
        file.write_text(json.dumps(_with_control(json.loads(plan.read_text()))))
        command = [str(program), "config", "--format", "json", "--quiet",
                   "--misconfig-scanners", "terraformplan-json", "--skip-check-update",
                   "--skip-version-check", "--disable-telemetry",
                   "--cache-dir", str(Path(own) / "cache"), str(file)]  # fmt: skip
        report = said(command, folder, ("TRIVY_",))
    found = list(_findings(report))
    if not any(each.resource == _CONTROL for each in found):
        raise NoScan(f"{program} could not read {plan}: a public database in it is no finding")
    return Scan(
        version=report.get("Trivy", {}).get("Version", "of no version"),
        passed=sum(each["MisconfSummary"]["Successes"] for each in _results(report)),
        # Once for a resource, of whose lines a check may complain one by one.
        findings=sorted({each for each in found if each.resource != _CONTROL}),
    )


def _with_control(plan: dict[str, Any]) -> dict[str, Any]:
    resource = {"address": _CONTROL, "mode": "managed", "type": _TYPE, "name": _NAME}
    values = {"publicly_accessible": True, "storage_encrypted": False}
    module = plan["planned_values"]["root_module"]
    change = {**resource, "change": {"actions": ["create"], "before": None, "after": values}}
    return {
        **plan,
        "planned_values": {
            "root_module": {"resources": [*module["resources"], {**resource, "values": values}]}
        },
        "resource_changes": [*plan["resource_changes"], change],
    }


def _results(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in report.get("Results", []) if "MisconfSummary" in each]


def _findings(report: dict[str, Any]) -> Iterator[Finding]:
    for result in _results(report):
        for each in result.get("Misconfigurations", []):
            if each["Status"] == "FAIL":
                # A check of what is missing from the whole plan names no resource.
                resource = each["CauseMetadata"].get("Resource") or "plan"
                yield Finding(each["ID"], resource, each["Title"])


TRIVY = Scanner("trivy", re.compile(r"(AVD-)?AWS-\d"), scan)
