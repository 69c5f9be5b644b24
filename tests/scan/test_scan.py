"""The command: what it says of a scanner's report, and of the real one where it is installed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.scan import checkov
from tests.scan.__main__ import main
from tests.scan.accepted import Finding
from tests.scan.checkov import NoScan, installed, scan

FAILED = {"check_id": "CKV_AWS_999", "resource": "aws_db_instance.x", "check_name": "Ensure so"}


@pytest.fixture
def scanner(tmp_path: Path) -> Callable[[str], Path]:
    """A program that says something."""

    def make(says: str, status: int = 0) -> Path:
        program = tmp_path / "checkov"
        program.write_text(f"#!{sys.executable}\nimport sys\nprint({says!r})\nsys.exit({status})\n")
        program.chmod(0o700)
        return program

    return make


def report(*failed: dict[str, str], resources: int = 3) -> str:
    summary: dict[str, Any] = {
        "passed": 7, "failed": len(failed), "parsing_errors": 0, "resource_count": resources,
        "checkov_version": "3.0.0",
    }  # fmt: skip
    return json.dumps({"summary": summary, "results": {"failed_checks": list(failed)}})


def test_a_report(scanner: Callable[[str], Path], tmp_path: Path) -> None:
    found = scan(scanner(report(FAILED)), tmp_path / "plan.json")
    assert (found.version, found.resources, found.passed) == ("3.0.0", 3, 7)
    assert found.findings == [Finding("CKV_AWS_999", "aws_db_instance.x", "Ensure so")]


@pytest.mark.parametrize("says", ["", "Traceback", "[]", report(resources=0)])
def test_a_scanner_that_saw_nothing_is_no_clean_stack(
    scanner: Callable[[str], Path], tmp_path: Path, says: str
) -> None:
    with pytest.raises(NoScan, match="checkov"):
        scan(scanner(says), tmp_path / "plan.json")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoScan, match="does not run: No such file"):
        scan(tmp_path / "none", tmp_path / "plan.json")


def test_a_new_finding_and_a_stale_line_fail_it(
    scanner: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--checkov", str(scanner(report(FAILED)))]) == 2
    said = capsys.readouterr().out
    assert "CKV_AWS_999 aws_db_instance.x: Ensure so" in said
    assert "does not occur; take the line out" in said
    assert "write what is accepted, and why, into docs/accepted-findings.md" in said


def test_where_nothing_is_installed_it_says_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checkov, "OWN", Path("/nowhere"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert main([]) == 2
    assert "run `make scan`" in capsys.readouterr().err


def test_a_stack_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "none"]) == 2
    assert "Pulumi.none.yaml" in capsys.readouterr().err


@pytest.mark.skipif(
    installed() is None or "CI" in os.environ,
    reason="checkov is not installed; `make scan` installs and runs it",
)
def test_prod_has_no_finding_that_is_neither_fixed_nor_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0, capsys.readouterr().out
