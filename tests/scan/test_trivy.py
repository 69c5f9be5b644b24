"""What Trivy's report becomes, and that the real one sees what is wrong with a stack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scan import samples
from tests.scan.accepted import Finding
from tests.scan.conftest import Program
from tests.scan.scanner import NoScan
from tests.scan.trivy import scan

FAILED = ("AWS-0999", "aws_db_instance.x", "Ensure so")


def test_a_report(program: Program, plan: Path) -> None:
    found = scan(program(samples.trivy(FAILED, samples.CONTROL)), plan)
    assert (found.version, found.passed) == ("0.9.0", 42)
    assert found.findings == [Finding("AWS-0999", "aws_db_instance.x", "Ensure so")]


def test_two_lines_of_a_resource_are_one_finding(program: Program, plan: Path) -> None:
    found = scan(program(samples.trivy(FAILED, FAILED, samples.CONTROL)), plan)
    assert len(found.findings) == 1


def test_a_finding_of_the_whole_plan(program: Program, plan: Path) -> None:
    found = scan(program(samples.trivy(("AWS-0998", "", "Have one"), samples.CONTROL)), plan)
    assert found.findings == [Finding("AWS-0998", "plan", "Have one")]


def test_what_it_is_to_complain_of_is_in_its_plan_and_not_in_ours(
    program: Program, plan: Path, tmp_path: Path
) -> None:
    before = plan.read_text()
    assert scan(program(samples.trivy(samples.CONTROL)), plan).findings == []
    assert plan.read_text() == before
    (control,) = json.loads((tmp_path / "read.json").read_text())["resource_changes"]
    assert control["address"] == samples.CONTROL[1]
    assert control["change"]["after"]["publicly_accessible"] is True


@pytest.mark.parametrize("says", ["", "FATAL", "[]", "{}", samples.trivy(FAILED)])
def test_a_scanner_that_saw_nothing_is_no_clean_stack(
    program: Program, plan: Path, says: str
) -> None:
    with pytest.raises(NoScan, match="scanner"):
        scan(program(says), plan)
