"""Practice 2 on a real source and replica: it passes, and each of its checks can fail."""

from __future__ import annotations

import re

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify

LAG = "rows arrive at the replica"


@pytest.fixture
def host(verify: Verify) -> str:
    found: str = verify.endpoint("copy", "reader")["host"]
    return found


def test_it_passes_twice_and_measures_the_lag(verify: Verify) -> None:
    for _ in range(2):
        done = verify("replica")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert re.fullmatch(
            r"20 heartbeats, from commit to visible: "
            r"min [\d.]+ ms, median [\d.]+ ms, max [\d.]+ ms",
            done.step(LAG)[1],
        )
        assert "(error 1290)" in done.step("insert on the replica is refused")[1]
        assert done.step("clean up")[1] == "dropped testdb"


def test_a_replica_that_does_not_replicate_fails_within_the_deadline(
    cloud: TestCloud, verify: Verify, host: str
) -> None:
    cloud.as_administrator(host, "STOP SLAVE")
    try:
        done = verify("replica", "--timeout", "0.5")
    finally:
        cloud.as_administrator(host, "START SLAVE")
    assert done.code == 1
    assert done.failed == {
        LAG: "heartbeat 1 did not reach the replica within 0.5 s: it does not replicate, "
        "or lags behind"
    }
    assert done.step("select on the replica")[0] == "skipped"
    assert done.seconds < 4
    assert verify("replica").code == 0


def test_heartbeats_of_an_earlier_run_prove_nothing(
    cloud: TestCloud, verify: Verify, host: str
) -> None:
    assert verify("replica", "--keep").code == 0
    cloud.as_administrator(host, "STOP SLAVE")
    try:
        done = verify("replica", "--timeout", "0.5")
    finally:
        cloud.as_administrator(host, "START SLAVE")
    assert set(done.failed) == {LAG}


def test_a_replica_that_takes_writes_fails(verify: Verify, host: str) -> None:
    verify.endpoint("copy", "reader")["host"] = verify.endpoint("mysql", "writer")["host"]
    done = verify("replica")
    assert done.code == 1
    assert done.failed == {"insert on the replica is refused": "the write was accepted"}


def test_a_refusal_for_another_reason_is_no_proof(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.course.REFUSED_INSERT", "INSERT users")
    said = verify("replica").failed["insert on the replica is refused"]
    assert said.startswith("refused, but not because the server is read-only: ")


def test_settings_of_an_instance_that_is_no_replica_fail(verify: Verify) -> None:
    verify.databases["copy"]["instances"] = ["source"]
    said = verify("replica").failed["settings as RDS reports them"]
    assert said == "ReadReplicaSourceDBInstanceIdentifier is None, not a value"


def test_a_replica_of_another_source_fails(verify: Verify) -> None:
    verify.databases["mysql"]["instances"] = ["another"]
    said = verify("replica").failed["settings as RDS reports them"]
    assert said == "it replicates 'source', not one of ['another']"


def test_other_rows_than_the_course_fail_the_select(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "verify.course.SELECT_USERS", "SELECT 1, username, email FROM users LIMIT 1"
    )
    assert verify("replica").failed["select on the replica"].startswith("SELECT returned [(")


def test_a_source_that_is_not_in_the_outputs_stops_only_the_replica(verify: Verify) -> None:
    verify.databases["copy"]["source"] = "gone"
    done = verify("replica", "mysql")
    assert done.code == 2
    assert done.err == (
        "verify: could not run: copy: copy replicates 'gone', which is not among the stack's "
        "outputs\n"
    )
    assert [e["status"] for e in done.exercises] == ["passed", "not-run"]
