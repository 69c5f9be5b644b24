"""A real global database: the exercise passes, and each of its checks can fail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.global_store import WEST, create_global
from verify.aws import Cloud
from verify.errors import StepFailed
from verify.global_database import BACK, CONNECT, HOME, SWITCHOVER

LAG, WRITE = "rows arrive in us-west-2", "a write in us-west-2 is refused"
FORWARD = "a write in us-west-2 reaches the primary"
SETTINGS = "settings as RDS reports them"
ARN = "arn:aws:rds:{}:123456789012:cluster:{}"


@pytest.fixture
def verify(cloud: TestCloud, verify: Verify) -> Verify:
    verify.add(cloud.also(create_global, "mysql"))
    return verify


@pytest.fixture
def west(verify: Verify) -> dict[str, Any]:
    """The secondary with an instance, to be bent in place."""
    found: dict[str, Any] = verify.databases["store"]["worldwide"]["secondaries"][0]
    return found


def switch(cloud: TestCloud, region: str, cluster: str) -> None:
    cloud.client("rds").switchover_global_cluster(
        GlobalClusterIdentifier="store", TargetDbClusterIdentifier=ARN.format(region, cluster)
    )


def writer(cloud: TestCloud) -> str:
    found = cloud.client("rds").describe_global_clusters(GlobalClusterIdentifier="store")
    members = found["GlobalClusters"][0]["GlobalClusterMembers"]
    return str(next(m["DBClusterArn"] for m in members if m["IsWriter"])).rpartition(":")[2]


def test_it_passes_twice_measures_the_lag_and_says_what_it_does_not_prove(verify: Verify) -> None:
    for _ in range(2):
        done = verify("global_database")
        assert done.code == 0, done.out + done.err
        assert done.failed == {}
        assert re.fullmatch(
            r"20 heartbeats, from commit to visible: "
            r"min [\d.]+ ms, median [\d.]+ ms, max [\d.]+ ms",
            done.step(LAG)[1],
        )
        assert "(error 1290)" in done.step(WRITE)[1]
        assert done.step("connect in eu-west-1") == (
            "skipped",
            "store-eu is headless: it has a copy and no instance to read it by",
        )
        assert done.step(SWITCHOVER) == (
            "skipped",
            "it interrupts other users; --switchover allows it",
        )
        assert done.step("clean up")[1] == "dropped globaltest"


def test_a_switchover_and_back(cloud: TestCloud, verify: Verify) -> None:
    done = verify("global_database", "--switchover")
    assert done.code == 0, done.out + done.err
    for step, cluster in ((SWITCHOVER, "store-west"), (BACK, "store-east")):
        status, said = done.step(step)
        assert status == "passed"
        assert re.match(
            rf"{cluster} took writes [\d.]+ s after the call and has every row; who wrote before "
            r"follows, a write there is refused: .*\(error 1290\)",
            said,
        )
    assert writer(cloud) == "store-east"
    assert verify("global_database").code == 0


def test_a_switchover_that_goes_wrong_is_taken_back(
    cloud: TestCloud, verify: Verify, west: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody is at this address, so that the new primary cannot be seen to write.
    west["writer"]["port"] = 3999
    monkeypatch.setattr("verify.global_roles.SWITCHOVER_IN_WAITS", 1)
    done = verify("global_database", "--switchover", "--timeout", "3")
    assert done.code == 1
    assert done.failed[SWITCHOVER].startswith("store-west takes no writes in time: ")
    assert done.step("clean up") == ("passed", "dropped globaltest, after a switchover back")
    assert writer(cloud) == "store-east"


def test_a_call_that_is_heard_and_not_answered_in_time_is_no_failure(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.aws.Cloud.switch_over", _heard_twice)
    done = verify("global_database", "--switchover")
    assert done.code == 0, done.out + done.err
    assert writer(cloud) == "store-east"


def _heard_twice(cloud: Cloud, region: str, identifier: str, target: str) -> None:
    rds = cloud.client("rds", region)
    wanted = {"GlobalClusterIdentifier": identifier, "TargetDbClusterIdentifier": target}
    rds.switchover_global_cluster(**wanted)
    with pytest.raises(ClientError) as caught:
        rds.switchover_global_cluster(**wanted)
    raise StepFailed(str(caught.value))


def test_roles_that_somebody_has_swapped(cloud: TestCloud, verify: Verify) -> None:
    switch(cloud, WEST, "store-west")
    try:
        done = verify("global_database")
    finally:
        switch(cloud, "us-east-1", "store-east")
    assert done.code == 1
    assert set(done.failed) == {HOME}
    assert done.failed[HOME].startswith("store-west takes the writes, not store-east: ")


def test_a_secondary_that_lags_fails_within_the_deadline(cloud: TestCloud, verify: Verify) -> None:
    found = cloud.client("rds", WEST).describe_db_instances(DBInstanceIdentifier="store-west-a")
    host = found["DBInstances"][0]["Endpoint"]["Address"]
    with cloud.administrator(host) as administrator:
        administrator.cursor().execute("FLUSH TABLES WITH READ LOCK")
        done = verify("global_database", "--timeout", "0.5")
    assert done.code == 1
    assert done.failed == {
        LAG: "heartbeat 1 did not reach store-west within 0.5 s: it does not replicate, or lags "
        "behind"
    }
    assert done.step(WRITE)[0] == "skipped"
    assert verify("global_database").code == 0


def test_a_secondary_that_takes_writes_fails(verify: Verify, west: dict[str, Any]) -> None:
    west["reader"] = verify.endpoint("store", "writer") | {"role": "reader"}
    done = verify("global_database")
    assert done.code == 1
    assert done.failed == {WRITE: "the write was accepted"}


def test_members_that_are_not_the_outputs_fail(verify: Verify, west: dict[str, Any]) -> None:
    west["instances"] = ["store-west-a", "store-west-b"]
    done = verify("global_database")
    assert done.failed == {
        SETTINGS: "members of store-west are ['store-west-a'], not ['store-west-a', 'store-west-b']"
    }


def test_a_wrong_password_in_the_secret_fails(cloud: TestCloud, verify: Verify) -> None:
    verify.databases["store"]["secret_arn"] = cloud.arns["wrong"]
    done = verify("global_database")
    assert done.code == 1
    assert "does not accept the user and password of the secret" in done.failed[CONNECT]


def test_forwarding_where_nobody_forwards(verify: Verify, west: dict[str, Any]) -> None:
    west["write_forwarding"] = True
    verify.record["access"]["lacks"] = {"global-write-forwarding": "nobody forwards here"}
    assert verify("global_database").step(FORWARD) == ("skipped", "nobody forwards here")
    # And no pretending: without that reason it has to work.
    del verify.record["access"]["lacks"]
    done = verify("global_database")
    assert done.code == 1
    assert set(done.failed) == {FORWARD}


@pytest.mark.parametrize("silent", ["store-east-a", "store-west-a"])
def test_a_silent_server_is_no_hang(cloud: TestCloud, verify: Verify, silent: str) -> None:
    with cloud.silent(silent):
        done = verify("global_database", "--timeout", "1")
    assert done.code == 2
    assert done.seconds < 8


def test_outputs_that_name_no_global_cluster_stop_it(verify: Verify) -> None:
    verify.databases["store"]["worldwide"] = None
    done = verify("global_database")
    assert done.code == 2
    assert "names no global cluster" in done.err
