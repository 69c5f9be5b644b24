"""`python -m stacks validate`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.__main__ import main
from tests.stacks.run_program import PROJECT, STACKS

GOOD = (PROJECT / "Pulumi.dev.yaml").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / "Pulumi.dev.yaml", tmp_path)
    return tmp_path


def run(
    capsys: pytest.CaptureFixture[str], project: Path, *arguments: str
) -> tuple[int, str, list[str]]:
    code = main(["validate", "--program", str(project), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err.splitlines()


def test_a_good_config(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    assert run(capsys, project) == (
        0,
        "mysql: rds-mysql myapp-mysql-db in us-east-1\n"
        "mysql-replica: read-replica myapp-mysql-replica in us-east-1\n"
        "mysql-replica-west: read-replica myapp-mysql-replica-west in us-west-2\n"
        "aurora: aurora-mysql myapp-aurora-cluster in us-east-1\n"
        "aurora-serverless: aurora-serverless myapp-aurora-serverless in us-east-1\n"
        "redis: redis myapp-redis-cache in us-east-1\n"
        "memcached: memcached myapp-memcached in us-east-1\n",
        [],
    )


@pytest.mark.parametrize("stack", STACKS)
def test_the_projects_own_stacks_are_good(capsys: pytest.CaptureFixture[str], stack: str) -> None:
    code, _, errors = run(capsys, PROJECT, "--stack", stack)
    assert (code, errors) == (0, [])


def test_a_missing_stack_file(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    code, out, errors = run(capsys, project, "--stack", "prd")
    assert (code, out) == (2, "")
    assert errors == [
        "1 problem in the stack's config:",
        f"  Pulumi.prd.yaml: is not there; {project} has Pulumi.dev.yaml",
    ]


def test_a_folder_without_any_stack(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, errors = run(capsys, tmp_path / "nowhere")
    assert code == 2
    assert errors[1:] == [f"  Pulumi.dev.yaml: is not there; {tmp_path / 'nowhere'} has no stack"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"config: {", "Pulumi.dev.yaml: is not YAML: while parsing a flow"),
        (b"config:\n\taws:region: us-east-1\n", "Pulumi.dev.yaml: is not YAML: while scanning"),
        (b"\xff\xfe\x00", "Pulumi.dev.yaml: is not YAML: "),
        (b"caf\xe9: 1", "Pulumi.dev.yaml: is not YAML: "),
        (b"", "Pulumi.dev.yaml: has no config; see Pulumi.dev.yaml"),
        (b"- a\n- b\n", "Pulumi.dev.yaml: has no config; see Pulumi.dev.yaml"),
        (b"config: [1]\n", "Pulumi.dev.yaml: has no config; see Pulumi.dev.yaml"),
        (b"config: {}\n", "aws:region: is missing; add it, such as us-east-1"),
    ],
)
def test_a_file_that_says_nothing(
    capsys: pytest.CaptureFixture[str], project: Path, content: bytes, problem: str
) -> None:
    (project / "Pulumi.dev.yaml").write_bytes(content)
    code, out, errors = run(capsys, project)
    assert (code, out) == (2, "")
    assert errors[1].startswith(f"  {problem}")


def test_a_folder_in_the_files_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").mkdir()
    code, _, errors = run(capsys, tmp_path)
    assert code == 2
    assert errors[1].startswith("  Pulumi.dev.yaml: cannot be read: ")


def test_every_problem_at_once(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    bad = GOOD.replace("class: db.r5.large", "class: db.t3.small").replace(
        "availability: multi-az", "availability: yes", 1
    )
    (project / "Pulumi.dev.yaml").write_text(bad)
    code, _, errors = run(capsys, project)
    assert code == 2
    assert errors[0] == "2 problems in the stack's config:"
    assert [line.split(":")[0] for line in errors[1:]] == [
        "  topologies.aurora.class",
        "  topologies.mysql.availability",
    ]


def test_a_key_that_is_written_twice_is_not_the_last_ones(
    capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    # YAML libraries take the last one: a database of the stack would silently be gone.
    twice = GOOD.replace("    # Practice 5\n    redis:", "    # Practice 5\n    mysql:")
    assert twice != GOOD
    (project / "Pulumi.dev.yaml").write_text(twice)
    code, _, errors = run(capsys, project)
    assert code == 2
    assert errors[1].startswith("  Pulumi.dev.yaml: is not YAML: ")
    assert "'mysql' is there twice" in errors[1]


@pytest.mark.parametrize(
    ("arguments", "code", "stream", "text"),
    [
        (["validate"], 0, "stdout", "mysql: rds-mysql myapp-mysql-db in us-east-1"),
        (["validate", "--stack", "none"], 2, "stderr", "Pulumi.none.yaml: is not there"),
        ([], 2, "stderr", "usage: python -m stacks"),
    ],
)
def test_as_a_command(arguments: list[str], code: int, stream: str, text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stacks", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert text in getattr(done, stream)
    assert "Traceback" not in done.stderr
