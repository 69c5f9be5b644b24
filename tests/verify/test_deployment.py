"""Where a stack's outputs come from: a file, the record, or a `pulumi` on the PATH."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verify.deployment import databases_of, find_deployment
from verify.errors import NoDeployment

DATABASES = {
    "databases": {
        "mysql": {
            "kind": "rds-mysql",
            "engine": "mysql",
            "version": "8.4",
            "region": "us-east-1",
            "endpoints": [{"role": "writer", "host": "db.example", "port": 3306}],
        }
    }
}
ASKED = "stack output --json --show-secrets=false --non-interactive --stack dev"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An otherwise empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path, path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / ".deployments").mkdir(parents=True)
    return folder


def program(path: Path, script: str) -> None:
    file = path / "pulumi"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def record(project: Path, **changes: object) -> None:
    facts = {"stack": "dev", "outputs": DATABASES, "access": {"ca_file": "ca.pem"}} | changes
    (project / ".deployments" / "dev.json").write_text(json.dumps(facts))


def test_the_record_comes_first(project: Path, path: Path) -> None:
    program(path, "exit 1")
    record(project)
    found = find_deployment("dev", project=project)
    assert found.access.ca_file == "ca.pem"
    assert databases_of(found)["mysql"].endpoint("writer").host == "db.example"


def test_pulumi_is_asked_where_there_is_no_record(project: Path, path: Path) -> None:
    outputs = project / "outputs.json"
    outputs.write_text(json.dumps(DATABASES))
    program(
        path, f'[ "$*" = "{ASKED}" ] || exit 9\nread x && exit 8\npwd >ran-in\n/bin/cat {outputs}'
    )
    found = find_deployment("dev", project=project)
    assert (project / "ran-in").read_text().strip() == str(project)
    assert set(databases_of(found)) == {"mysql"}
    assert found.access.endpoint_url is None


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo warning >&2; echo error: no stack named dev >&2; exit 255", "error: no stack named"),
        ("exit 7", "failed: exit code 7"),
        ("echo no json", "the output of pulumi is not JSON (line 1"),
        ("echo '[]'", "the output of pulumi is not a JSON object of stack outputs"),
    ],
)
def test_what_pulumi_says_is_passed_on(project: Path, path: Path, script: str, says: str) -> None:
    program(path, script)
    with pytest.raises(NoDeployment) as refused:
        find_deployment("dev", project=project)
    assert says in str(refused.value)
    assert "warning" not in str(refused.value)


def test_a_pulumi_that_never_answers_is_given_up(
    project: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.deployment._PULUMI_SECONDS", 0.2)
    program(path, "exec /bin/sleep 30")
    with pytest.raises(NoDeployment, match=r"did not answer within 0\.2 s"):
        find_deployment("dev", project=project)


def test_a_pulumi_that_does_not_start(project: Path, path: Path) -> None:
    program(path, "")
    (path / "pulumi").write_text("#!/nonexistent/sh\n")
    with pytest.raises(NoDeployment, match="`pulumi` does not start: No such file"):
        find_deployment("dev", project=project)


def test_neither_record_nor_pulumi(project: Path) -> None:
    with pytest.raises(NoDeployment) as refused:
        find_deployment("dev", project=project)
    said = str(refused.value)
    assert "stack 'dev' is not deployed from here" in said
    assert str(project / ".deployments" / "dev.json") in said


def test_a_file_of_outputs_wins(project: Path, tmp_path: Path) -> None:
    record(project)
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(DATABASES))
    found = find_deployment("prod", file, project)
    assert found.stack == "prod"
    assert found.access.ca_file is None
    file.write_text(json.dumps({"outputs": DATABASES, "access": {"ca_file": "other.pem"}}))
    assert find_deployment("prod", file, project).access.ca_file == "other.pem"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot read the stack's outputs in"),
        ("{", "is not JSON"),
        ("3", "is not a JSON object"),
        ('{"outputs": 3}', "is not a record of this version of the project (outputs: "),
        ('{"outputs": {}, "more": 1}', "(more: "),
    ],
)
def test_a_file_that_is_no_record(
    project: Path, tmp_path: Path, content: str | None, says: str
) -> None:
    file = tmp_path / "outputs.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(NoDeployment) as refused:
        find_deployment("dev", file, project)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        ({}, "stack 'dev': the stack has no output 'databases'"),
        ({"databases": {"mysql": {"kind": "x"}}}, "stack 'dev': databases.mysql.engine: "),
        (
            {"databases": {"mysql": {**DATABASES["databases"]["mysql"], "schema_version": 2}}},
            "databases.mysql.schema_version",
        ),
    ],
)
def test_outputs_of_another_make(project: Path, outputs: dict[str, object], says: str) -> None:
    record(project, outputs=outputs)
    with pytest.raises(NoDeployment) as refused:
        databases_of(find_deployment("dev", project=project))
    assert says in str(refused.value)
