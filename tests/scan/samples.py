"""What scanners say, in the shape of their reports, as far as it is read here."""

from __future__ import annotations

import json
from typing import Any


def checkov(*failed: tuple[str, str, str], resources: int = 3) -> str:
    """A report of Checkov's: checks, resources and titles."""
    summary = {
        "passed": 7, "failed": len(failed), "parsing_errors": 0, "resource_count": resources,
        "checkov_version": "3.0.0",
    }  # fmt: skip
    found = [{"check_id": a, "resource": b, "check_name": c} for a, b, c in failed]
    return json.dumps({"summary": summary, "results": {"failed_checks": found}})


CONTROL = ("AWS-0180", "aws_db_instance.trivy-control", "RDS Publicly Accessible")
"""What Trivy finds in every plan that it can read."""


def trivy(*failed: tuple[str, str, str]) -> str:
    """A report of Trivy's: checks, resources and titles."""
    found: list[dict[str, Any]] = [
        {"ID": a, "Title": c, "Status": "FAIL", "CauseMetadata": {"Resource": b} if b else {}}
        for a, b, c in failed
    ]
    plan = {
        "Target": "plan.json", "Class": "config", "Type": "terraformplan",
        "MisconfSummary": {"Successes": 40, "Failures": 0}, "Misconfigurations": [],
    }  # fmt: skip
    # What is found is of the file into which Trivy translates a plan.
    main = {
        "Target": "main.tf", "Class": "config", "Type": "terraformplan",
        "MisconfSummary": {"Successes": 2, "Failures": len(found)}, "Misconfigurations": found,
    }  # fmt: skip
    return json.dumps({"SchemaVersion": 2, "Trivy": {"Version": "0.9.0"}, "Results": [plan, main]})
