"""The command: what it says of scanners' reports, and of the real ones where they are installed."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from tests.scan import __main__ as command
from tests.scan import samples, scanner, stack
from tests.scan.__main__ import SCANNERS, main
from tests.scan.accepted import FILE, read
from tests.scan.conftest import Program

ONCE = functools.cache(stack.recorded)
FAILED = ("CKV_AWS_999", "aws_db_instance.x", "Ensure so")
TRIVYS = ("AWS-0999", "aws_db_instance.y", "Ensure this")


@pytest.fixture(autouse=True)
def recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack is the same for every test here, and takes seconds to record."""
    monkeypatch.setattr(command, "recorded", ONCE)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of accepted findings with a line for each scanner."""
    file = tmp_path / "accepted.md"
    file.write_text(
        "| `CKV_AWS_999` | `aws_db_instance.x` | It is so. |\n"
        "| `AWS-0999` | `aws_db_instance.y` | So is this. |\n"
    )
    monkeypatch.setattr(command, "FILE", file)
    return file


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "BIN", Path("/nowhere"))
    monkeypatch.setenv("PATH", "/nowhere")


def test_a_new_finding_and_a_stale_line_fail_it(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--checkov", str(program(samples.checkov(FAILED)))]) == 2
    said = capsys.readouterr().out
    assert "CKV_AWS_999 aws_db_instance.x: Ensure so" in said
    assert "does not occur; take the line out" in said
    assert "write what is accepted, and why, into docs/accepted-findings.md" in said


def test_every_scanner_is_held_to_its_own_lines(
    program: Program, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkov = program(samples.checkov(FAILED), name="checkov")
    trivy = program(samples.trivy(TRIVYS, samples.CONTROL), name="trivy")
    assert main(["--checkov", str(checkov), "--trivy", str(trivy)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "scan: checkov 3.0.0 over prod: 7 checks passed, 1 findings accepted, 0 not, "
        "0 stale line(s)",
        "scan: trivy 0.9.0 over prod: 42 checks passed, 1 findings accepted, 0 not, "
        "0 stale line(s)",
    ]


def test_what_one_finds_fails_it_whatever_the_other_says(program: Program, table: Path) -> None:
    checkov = program(samples.checkov(FAILED), name="checkov")
    trivy = program(samples.trivy(samples.CONTROL), name="trivy")
    assert main(["--checkov", str(checkov), "--trivy", str(trivy)]) == 2


def test_a_scanner_that_did_not_run_is_named_and_its_lines_are_not_stale(
    program: Program, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--checkov", str(program(samples.checkov(FAILED)))]) == 0
    assert "trivy did not run, and 1 accepted line(s) are its own" in capsys.readouterr().out


def test_a_line_of_no_scanner(
    program: Program, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text("| `KICS-1` | `aws_a.b` | It is so. |\n")
    assert main(["--checkov", str(program(samples.checkov(FAILED)))]) == 2
    assert "KICS-1 aws_a.b: a check of no scanner" in capsys.readouterr().err


@pytest.mark.usefixtures("nothing_installed")
def test_where_nothing_is_installed_it_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "run `make scan`" in capsys.readouterr().err


def test_a_stack_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "none"]) == 2
    assert "Pulumi.none.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("name", [each.name for each in SCANNERS])
def test_every_scanner_has_lines_in_the_table(name: str) -> None:
    (checks,) = (each.checks for each in SCANNERS if each.name == name)
    assert [line for line in read(FILE.read_text()) if checks.match(line.check)]


@pytest.mark.parametrize("name", [each.name for each in SCANNERS])
def test_prod_has_no_finding_that_is_neither_fixed_nor_accepted(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = (each.installed() for each in SCANNERS if each.name == name)
    if program is None or "CI" in os.environ:
        pytest.skip(f"{name} is not installed; `make scan` installs and runs it")
    assert main([f"--{name}", str(program)]) == 0, capsys.readouterr().out
