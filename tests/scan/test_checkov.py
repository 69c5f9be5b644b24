"""What Checkov's report becomes, and when it is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scan import samples
from tests.scan.accepted import Finding
from tests.scan.checkov import scan
from tests.scan.conftest import Program
from tests.scan.scanner import NoScan

FAILED = ("CKV_AWS_999", "aws_db_instance.x", "Ensure so")


def test_a_report(program: Program, plan: Path) -> None:
    found = scan(program(samples.checkov(FAILED)), plan)
    assert (found.version, found.passed) == ("3.0.0", 7)
    assert found.findings == [Finding("CKV_AWS_999", "aws_db_instance.x", "Ensure so")]


@pytest.mark.parametrize("says", ["", "Traceback", "[]", "{}", samples.checkov(resources=0)])
def test_a_scanner_that_saw_nothing_is_no_clean_stack(
    program: Program, plan: Path, says: str
) -> None:
    with pytest.raises(NoScan, match="scanner"):
        scan(program(says), plan)


def test_a_program_that_is_not_there(tmp_path: Path, plan: Path) -> None:
    with pytest.raises(NoScan, match="does not run: No such file"):
        scan(tmp_path / "none", plan)
