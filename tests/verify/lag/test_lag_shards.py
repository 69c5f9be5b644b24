"""The lag of a cache in cluster mode: every shard's replica, and each that is not well is told."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from redis.crc import key_slot

from contract import Endpoint
from tests.localcloud.fleet_site import eventually
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.lag.test_lag_exercise import SHORT, half_way, lag
from tests.verify.sharded import NAME, create_sharded
from verify.errors import StepFailed
from verify.lag.sharded_source import _shard
from verify.slots import Shard

REPLICAS = ["sessions-0001-002", "sessions-0002-002"]


@pytest.fixture
def sessions(cloud: TestCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    record = cloud.record()
    record["outputs"]["databases"] = {NAME: cloud.also(create_sharded, "redis")}
    return Verify(record, tmp_path, capsys)


def test_the_replica_of_every_shard_is_measured_twice(sessions: Verify) -> None:
    for _ in range(2):
        done = lag(sessions, *SHORT)
        assert done.code == 0, done.out + done.err
        assert done.step("connect to the source")[1].endswith(
            f"shards 0001, 0002; {', '.join(REPLICAS)} follow it"
        )
        (exercise,) = done.exercises
        found = {(copy["copy_name"], copy["metric"]) for copy in exercise["lags"]}
        assert found == {(name, "ReplicationLag") for name in REPLICAS}
        for copy in exercise["lags"]:
            assert [phase["name"] for phase in copy["phases"]] == ["at rest", "under load"]
            assert all(phase["beats"] >= 10 for phase in copy["phases"])
            assert copy["reported"]
        for name in REPLICAS:
            assert done.step(f"{name} in CloudWatch")[1].startswith("ReplicationLag ")
        assert done.step("clean up")[1] == "deleted 4 keys"


def test_keys_of_an_earlier_run_are_deleted_in_every_shard(sessions: Verify) -> None:
    assert lag(sessions, *SHORT, "--keep").code == 0
    done = lag(sessions, *SHORT)
    assert done.step("no leftovers of an earlier run")[1] == "deleted 4 keys"


def test_a_replica_that_is_stopped_is_told_and_the_other_shard_is_measured(
    cloud: TestCloud, sessions: Verify
) -> None:
    with cloud.silent(REPLICAS[0]):
        done = lag(sessions, *SHORT, "--timeout", "3")
    assert done.code == 1, done.out + done.err
    assert set(done.failed) == {f"connect to {REPLICAS[0]}"}
    assert done.step(f"{REPLICAS[0]} at rest")[0] == "skipped"
    assert done.step(f"{REPLICAS[1]} under load")[0] == "passed"
    assert done.step(f"{REPLICAS[1]} in CloudWatch")[0] == "passed"
    assert done.seconds < 60
    well(sessions)


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_replica_that_ends_half_way_fails_in_the_phase_that_it_ends_in(
    cloud: TestCloud, sessions: Verify, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    with half_way(cloud, monkeypatch, REPLICAS[1], how):
        done = lag(sessions, *SHORT, "--timeout", "3")
    assert done.code == 1, done.out
    assert f"{REPLICAS[1]} under load" in done.failed
    assert f"{REPLICAS[0]} under load" not in done.failed
    assert done.step(f"{REPLICAS[1]} at rest")[0] == "passed"
    assert done.seconds < 60
    well(sessions)


def test_a_primary_that_falls_silent_half_way_is_a_failed_step(
    cloud: TestCloud, sessions: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    with half_way(cloud, monkeypatch, "sessions-0001-001", signal.SIGSTOP):
        done = lag(sessions, *SHORT, "--timeout", "3")
    assert done.code == 1, done.out
    assert "within 3 s" in done.failed["heartbeats under load"]
    assert "Traceback" not in done.out + done.err
    well(sessions)


def test_a_user_that_may_only_read_is_no_writer_of_heartbeats(sessions: Verify) -> None:
    users = sessions.databases[NAME]["users"]
    sessions.databases[NAME]["users"] = [u for u in users if u["may"] == "read-only"]
    done = lag(sessions, *SHORT)
    assert done.code == 2
    assert "no user of sessions may write a key of our own" in done.err


def well(sessions: Verify) -> None:
    """The cluster has found out that all of it is there again."""
    eventually(lambda: lag(sessions, *SHORT).code == 0, "it passes again", 60)


def node(name: str) -> dict[str, Any]:
    return {"Address": name, "Port": 6379}


def primary(host: str) -> Endpoint:
    return Endpoint(role="node", host=host, port=6379)


@pytest.mark.parametrize("ranges", [((0, 8191),), ((8192, 16383),), ((5, 5), (16000, 16000))])
def test_both_keys_of_a_shard_are_in_one_of_its_slots(
    ranges: tuple[tuple[int, int], ...],
) -> None:
    found = _shard("0001", {"a": node("a"), "b": node("b")}, [Shard(ranges, primary("b"), ())], "k")
    (slot,) = {key_slot(key.encode()) for key in (found.beats, found.filler)}
    assert any(first <= slot <= last for first, last in ranges)
    assert (found.primary.host, found.beats[:3]) == ("b", "k:{")


def test_a_shard_without_a_primary_is_named() -> None:
    with pytest.raises(StepFailed, match="none of a as a primary: shard 0002 serves no slot"):
        _shard("0002", {"a": node("a")}, [Shard(((0, 16383),), primary("x"), ())], "k")


def test_keys_that_have_a_hash_tag_already_stay_in_their_slot() -> None:
    elsewhere = Shard(((0, 0),), primary("a"), ())
    with pytest.raises(StepFailed, match="give the user a pattern of keys without a hash tag"):
        _shard("0001", {"a": node("a")}, [elsewhere], "{user}:verify-lag")
