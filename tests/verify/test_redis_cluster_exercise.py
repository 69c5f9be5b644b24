"""The exercise on a real cluster with users, and on Valkey: it passes, and each check can fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.localcloud.fleet_site import eventually
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.sharded import NAME, NODES, RIGHTS, create_sharded, password_of
from tests.verify.test_shell import shell

SLOTS = "every slot is served, spread over the shards"
APP = "user app may read-write its keys, no more"
REPORT = "user report may read-only its keys, no more"
DEFAULT = "the default user cannot log in"


@pytest.fixture(scope="module")
def sharded(cloud: TestCloud) -> dict[str, Any]:
    return cloud.also(create_sharded, "redis")


@pytest.fixture
def sessions(
    cloud: TestCloud,
    sharded: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Verify:
    """The command on a stack that has this cache alone."""
    record = cloud.record()
    record["outputs"]["databases"] = {NAME: {**sharded, "users": list(sharded["users"])}}
    return Verify(record, tmp_path, capsys)


def as_administrator(cloud: TestCloud, host: str, *words: object) -> Any:
    """A command by a node's socket, with every right."""
    with redis.Redis(
        unix_socket_path=str(cloud.site.run_dir / host / "redis.sock"),
        username="localcloud:administrator",
        password=(cloud.site.ca_dir / "replication.password").read_text(),
        socket_timeout=5,
        decode_responses=True,
    ) as client:
        return client.execute_command(*words)


def primaries(cloud: TestCloud) -> list[str]:
    """The hosts of both shards' primaries."""
    found = cloud.client("elasticache").describe_cache_clusters(ShowCacheNodeInfo=True)
    hosts = [
        c["CacheNodes"][0]["Endpoint"]["Address"]
        for c in found["CacheClusters"]
        if c["CacheClusterId"] in NODES
    ]
    return [host for host in hosts if as_administrator(cloud, host, "ROLE")[0] == "master"]


@contextmanager
def rights(cloud: TestCloud, user: str, access: str, **changes: Any) -> Iterator[None]:
    """Other rights of a user for a while."""
    client = cloud.client("elasticache")
    client.modify_user(UserId=f"{NAME}-{user}", AccessString=access, **changes)
    try:
        yield
    finally:
        client.modify_user(
            UserId=f"{NAME}-{user}", AccessString=RIGHTS[user], Passwords=[password_of(user)]
        )


def test_it_passes_twice_and_leaves_nothing(cloud: TestCloud, sessions: Verify) -> None:
    for _ in range(2):
        done = sessions(exercises=("redis", "valkey"))
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step(SLOTS)[1] == "2 shards of 8192, 8192 slots, 4 nodes"
        assert (
            "(error MOVED); there GET user:1: 'John Doe'"
            in done.step("a node without the key says where it is")[1]
        )
        assert "(error CROSSSLOT)" in done.step("several keys in different slots are refused")[1]
        assert "in slot 5667" in done.step("several keys in one slot")[1]
        assert "(error MOVED)" in done.step("a write to a replica is sent to its primary")[1]
        assert "SET is denied (NOPERM)" in done.step(REPORT)[1]
        assert "SET works, KEYS is denied (NOPERM)" in done.step(APP)[1]
        assert "(error NOAUTH)" in done.step(DEFAULT)[1]
        assert password_of("app") not in done.out
        sizes = [as_administrator(cloud, host, "DBSIZE") for host in primaries(cloud)]
        assert sizes == [0, 0]


def test_valkey_has_the_same_exercise(verify: Verify) -> None:
    verify.databases["pages"] = verify.databases["redis"] | {"kind": "valkey", "engine": "valkey"}
    done = verify("pages", exercises=("redis", "valkey"))
    assert done.code == 0, done.out + done.err
    # What answers is said as it is, whatever was asked for.
    assert "server Redis 7" in done.step("connect to the primary endpoint")[1]


def test_nodes_and_shards_that_are_not_there_fail(cloud: TestCloud, sessions: Verify) -> None:
    sessions.databases[NAME]["instances"] = NODES[:3]
    failed = sessions().failed
    assert failed["settings as ElastiCache reports them"].startswith("nodes are ['sessions-0001")


def test_a_slot_without_a_primary_fails(sessions: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.redis_cluster.SLOTS", 16385)
    assert sessions().failed == {SLOTS: "16384 of 16385 slots have a primary"}


@pytest.mark.parametrize(
    ("user", "access", "step", "says"),
    [
        ("app", f"{RIGHTS['app']} +keys", APP, "KEYS user:verify-"),
        ("app", f"{RIGHTS['app']} allkeys", APP, "GET outside:"),
        ("report", f"{RIGHTS['report']} +set", REPORT, "SET session:verify-"),
    ],
)
def test_a_user_with_more_rights_than_it_should_have_fails(
    cloud: TestCloud, sessions: Verify, user: str, access: str, step: str, says: str
) -> None:
    with rights(cloud, user, access):
        failed = sessions().failed
    assert list(failed) == [step]
    assert failed[step].startswith(says)
    assert failed[step].endswith("was accepted")


def test_a_user_with_fewer_rights_fails(cloud: TestCloud, sessions: Verify) -> None:
    with rights(cloud, "report", "on ~other:* -@all +@read"):
        failed = sessions().failed
    assert list(failed) == [REPORT]
    assert "(error NOPERM)" in failed[REPORT]


def test_a_default_user_that_lets_everybody_in_fails(cloud: TestCloud, sessions: Verify) -> None:
    with rights(cloud, "default", "on ~* +@all", NoPasswordRequired=True):
        failed = sessions().failed
    assert failed == {DEFAULT: "a connection with no login was accepted"}


@pytest.mark.parametrize(
    ("number", "step"), [(0, "connect to the configuration endpoint"), (1, REPORT)]
)
def test_a_wrong_password_in_a_user_s_secret_fails(
    cloud: TestCloud, sessions: Verify, number: int, step: str
) -> None:
    users = sessions.databases[NAME]["users"]
    users[number] = users[number] | {"secret_arn": cloud.arns["wrong"]}
    done = sessions()
    assert done.code == 1
    assert "WRONGPASS" in done.failed[step]


def test_users_who_may_not_write_the_course_s_keys_are_no_proof(sessions: Verify) -> None:
    sessions.databases[NAME]["users"] = sessions.databases[NAME]["users"][1:]
    done = sessions()
    assert done.code == 2
    assert "none of its users may write the course's keys user:1, user:2" in done.out


def test_keys_that_do_not_share_a_slot_fail(
    sessions: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = {"user:a:1": "one", "user:b:2": "two"}
    monkeypatch.setattr("verify.redis_cluster.TAGGED", apart)
    assert "CROSSSLOT" in sessions().failed["several keys in one slot"]


def test_a_node_that_falls_silent_is_a_failed_step_and_no_hang(
    cloud: TestCloud, sessions: Verify
) -> None:
    silent = next(node for node in NODES if node.endswith("0002-001"))
    with cloud.silent(silent):
        done = sessions("--timeout", "1")
    assert done.code in (1, 2)
    assert done.seconds < 15
    assert "Traceback" not in done.err
    # Its cluster has to find out first that it is there again.
    eventually(lambda: sessions().code == 0, "it passes again", 40)


def test_the_shell_follows_the_cluster_and_takes_a_user(sessions: Verify) -> None:
    for key in ("user:1", "user:2"):
        done = shell(sessions, NAME, "--", "GET", key)
        assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
    denied = shell(sessions, NAME, "--user", "report", "--", "SET", "session:1", "x")
    assert "NOPERM" in denied.stdout
    unknown = shell(sessions, NAME, "--user", "nobody")
    assert unknown.returncode == 2
    assert "sessions has no user 'nobody': app, report" in unknown.stderr
