"""The production stack's caches by themselves: deployed, proven, changed, killed, taken down."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bench.workspace import Workspace, workspace
from tests.end_to_end.reach import servers

TOPOLOGIES = "aws-databases:topologies"
SESSIONS, PAGES = "sessions", "pages"


@pytest.fixture(scope="module")
def caches() -> Iterator[Workspace]:
    with workspace(prefix="127.86") as space:
        prod = yaml.safe_load((space.project / "Pulumi.prod.yaml").read_text())
        every = prod["config"][TOPOLOGIES]
        # Disposable, so that a secret that was deleted can be made again at once.
        prod["config"][TOPOLOGIES] = {
            name: every[name] | {"lifetime": "disposable"} for name in (SESSIONS, PAGES)
        }
        # The name by which the tests' own tools look for a record.
        (space.project / "Pulumi.dev.yaml").write_text(yaml.safe_dump(prod))
        space.run("-m", "localcloud", "up")
        yield space


def config(space: Workspace) -> Any:
    return yaml.safe_load((space.project / "Pulumi.dev.yaml").read_text())


def up(space: Workspace, content: Any) -> None:
    (space.project / "Pulumi.dev.yaml").write_text(yaml.safe_dump(content))
    space.run("-m", "localcloud", "up")


def pids(space: Workspace) -> dict[str, int]:
    return {s["identifier"]: s["pid"] for s in servers(space) if s["kind"] == "redis"}


def redis_cli(space: Workspace, *words: str) -> str:
    done = space.attempt("-m", "verify.shell", SESSIONS, "--", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def proven(space: Workspace) -> list[str]:
    """The steps of all exercises, each of which passed."""
    report = space.project / "report.json"
    done = space.attempt("-m", "verify.redis", "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [s for e in json.loads(report.read_text())["exercises"] for s in e["steps"]]
    assert {step["status"] for step in steps} == {"passed"}
    return [step["name"] for step in steps]


def test_both_shapes_are_proven_and_a_second_up_restarts_nothing(caches: Workspace) -> None:
    names = proven(caches)
    assert "several keys in one slot" in names
    assert "a write to a replica is refused" in names
    before = pids(caches)
    caches.run("-m", "localcloud", "up")
    assert pids(caches) == before


def test_a_changed_config_changes_users_and_shapes_in_place_and_back(caches: Workspace) -> None:
    original, changed = config(caches), config(caches)
    redis_cli(caches, "SET", "user:kept", "1")
    before = pids(caches)
    sessions, pages = (changed["config"][TOPOLOGIES][name] for name in (SESSIONS, PAGES))
    report = sessions["access"]["users"].pop()
    sessions["access"]["users"] += [
        report | {"may": "read-write", "keys": ["session:*", "user:*"]},
        {"name": "audit", "may": "read-only", "keys": ["*"]},
    ]
    sessions["shape"]["replicas_per_shard"] = 2
    users = [{"name": "page", "may": "read-write", "keys": ["*"]}]
    pages["access"] = {"auth": "users", "users": users}
    up(caches, changed)
    names = proven(caches)
    assert "user report may read-write its keys, no more" in names
    assert "user audit may read-only its keys, no more" in names
    assert "user page may read-write its keys, no more" in names
    after = pids(caches)
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2
    up(caches, original)
    assert "a wrong auth token is refused" in proven(caches)
    assert len(pids(caches)) == len(before)
    assert redis_cli(caches, "GET", "user:kept") == "1"


def test_keys_survive_a_sigkill_of_everything_and_a_night_down(caches: Workspace) -> None:
    redis_cli(caches, "SET", "user:kept", "2")
    daemon = json.loads((caches.state / "daemon.json").read_text())["pid"]
    for pid in [daemon, *(s["pid"] for s in servers(caches))]:
        os.kill(pid, signal.SIGKILL)
    caches.run("-m", "localcloud", "up")
    assert redis_cli(caches, "GET", "user:kept") == "2"
    caches.run("-m", "localcloud", "down")
    caches.run("-m", "localcloud", "up")
    assert redis_cli(caches, "GET", "user:kept") == "2"
    proven(caches)


def test_no_file_shows_a_password(caches: Workspace) -> None:
    state = json.loads((caches.state / "stacks" / "dev.json").read_text())
    found = _passwords(state)
    assert len(found) >= 4
    shown = (caches.project / ".deployments" / "dev.json").read_text()
    shown += (caches.state / "records.json").read_text()
    shown += "".join(f.read_text() for f in caches.state.glob("databases/*.json"))
    shown += "".join(f.read_text() for f in caches.state.glob("servers/*/users.acl"))
    shown += (caches.state / "daemon.log").read_text()
    assert not [secret for secret in found if secret in shown]


def _passwords(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["authToken"]} if isinstance(node.get("authToken"), str) else set()
        if isinstance(node.get("passwords"), list):
            own |= {each for each in node["passwords"] if isinstance(each, str)}
        return own.union(*map(_passwords, node.values()))
    if isinstance(node, list):
        return set().union(*map(_passwords, node))
    return set()


def test_a_removed_cache_takes_its_servers_and_users_along(caches: Workspace) -> None:
    content = config(caches)
    del content["config"][TOPOLOGIES][SESSIONS]
    up(caches, content)
    assert not [name for name in pids(caches) if SESSIONS in name]
    records = (caches.state / "records.json").read_text()
    assert "prod-sessions-app" not in records
