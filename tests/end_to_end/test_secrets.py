"""No password of a real run is where somebody reads: printed, reported, logged, or a process's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.workspace import Workspace
from tests.end_to_end.reach import client, servers

MAY_KNOW = ("stacks/*.json", "moto.pickle", "servers/*", "snapshots/*", "databases/*", "run/*")
"""Files of the state folder with passwords in them, as its documentation says: the deployment's
state, Secrets Manager's memory, and what a server itself keeps, such as its binary log. Nobody
else may read them."""
_LEAST = 12
"""Characters of what was generated; what is shorter is a word."""


@pytest.fixture(scope="module")
def secrets(deployed: Workspace) -> set[str]:
    """Everything that was generated for the stack: as its state has it, as Secrets Manager does."""
    state = json.loads((deployed.state / "stacks" / "dev.json").read_text())
    found = set(_generated(state))
    for region in ("us-east-1", "us-west-2"):
        manager = client(deployed, "secretsmanager", region)
        for secret in manager.list_secrets()["SecretList"]:
            text = manager.get_secret_value(SecretId=secret["ARN"])["SecretString"]
            found |= set(_generated(json.loads(text)))
    assert len(found) >= 3
    return found


def _generated(node: Any, key: str = "") -> Iterator[str]:
    match node:
        case str() if len(node) >= _LEAST and key in _KEYS:
            yield node
        case dict():
            for inner, value in node.items():
                yield from _generated(value, inner)
        case list():
            for value in node:
                yield from _generated(value, key)


_KEYS = ("password", "masterPassword", "authToken", "auth_token", "result", "passwords")


def _shown(secrets: set[str], text: str) -> list[str]:
    # Never the secret itself: a failed test is read, too.
    return [secret[:2] + "..." for secret in sorted(secrets) if secret in text]


COMMANDS = [
    ("-m", "localcloud", "up"),
    ("-m", "localcloud", "up", "--preview"),
    ("-m", "localcloud", "status"),
    ("-m", "localcloud", "env"),
    ("-m", "stacks", "explain"),
    ("-m", "stacks", "explain", "--json"),
    ("-m", "stacks", "explain", "--time"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[1:]))
def test_a_command_prints_none(
    deployed: Workspace, secrets: set[str], command: tuple[str, ...]
) -> None:
    done = deployed.attempt(*command)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert _shown(secrets, done.stdout + done.stderr) == []


def test_verify_prints_and_writes_none(
    deployed: Workspace, secrets: set[str], tmp_path: Path
) -> None:
    json_, junit, report = tmp_path / "r.json", tmp_path / "r.xml", tmp_path / "report"
    done = deployed.attempt(
        "-m", "verify", "--json", str(json_), "--junit", str(junit), "--report", str(report)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert _shown(secrets, done.stdout + done.stderr) == []
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert {json_, junit} < set(files)
    for each in files:
        assert _shown(secrets, each.read_bytes().decode(errors="replace")) == [], each


def test_no_log_and_no_record_has_one(deployed: Workspace, secrets: set[str]) -> None:
    logs = sorted(deployed.state.rglob("*.log"))
    assert deployed.state / "daemon.log" in logs
    records = [
        deployed.project / ".deployments" / "dev.json",
        deployed.state / "records.json",
        deployed.state / "trail.jsonl",
    ]
    for file in (*logs, *records):
        assert _shown(secrets, file.read_bytes().decode(errors="replace")) == [], file


def test_a_file_that_has_one_is_its_owners_alone(deployed: Workspace, secrets: set[str]) -> None:
    for file in deployed.state.rglob("*"):
        if not file.is_file() or file.is_symlink():
            continue
        if _shown(secrets, file.read_bytes().decode(errors="replace")):
            name = str(file.relative_to(deployed.state))
            assert any(fnmatch(name, each) for each in MAY_KNOW), name
            assert file.stat().st_mode & 0o007 == 0, f"{name} can be read by anybody"


def test_no_process_was_started_with_one(deployed: Workspace, secrets: set[str]) -> None:
    found = 0
    for server in servers(deployed):
        if server["alive"]:
            process = psutil.Process(server["pid"])
            told = "\n".join([*process.cmdline(), *process.environ().values()])
            assert _shown(secrets, told) == [], server["name"]
            found += 1
    assert found > 3
