"""The lag of PostgreSQL's replicas."""

from __future__ import annotations

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.engines import as_administrator, verify

__all__ = ["verify"]


def test_a_replica_of_postgresql_is_measured_twice(verify: Verify) -> None:
    for _ in range(2):
        done = verify("--seconds", "1", exercises=("lag",))
        assert done.code == 0, done.out + done.err
        assert [e["database"] for e in done.exercises] == ["ledger"]
        (found,) = done.exercises[0]["lags"]
        assert (found["copy_name"], found["metric"]) == ("ledger-copy", "ReplicaLag")
        assert [phase["name"] for phase in found["phases"]] == ["at rest", "under load"]
        assert done.step("clean up")[1] == "dropped lagtest"


def test_one_that_has_paused_fails(cloud: TestCloud, verify: Verify) -> None:
    host = verify.endpoint("ledger-copy", "reader")["host"]
    as_administrator(cloud, host, "SELECT pg_wal_replay_pause()")
    try:
        done = verify("--seconds", "1", "--timeout", "3", exercises=("lag",))
    finally:
        as_administrator(cloud, host, "SELECT pg_wal_replay_resume()")
    assert done.code == 1
    assert "it does not replicate" in done.failed["ledger-copy at rest"]
    assert done.step("clean up")[0] == "passed"
