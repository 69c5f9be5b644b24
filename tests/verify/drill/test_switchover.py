"""A drill of a global database: over to another region and back, on real servers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from localcloud.faults import command
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import REGION
from tests.verify.drill.test_command import Failover
from tests.verify.global_store import WEST, create_global
from tests.verify.test_global_database_exercise import switch, writer


@pytest.fixture
def failover(cloud: TestCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Failover:
    record = cloud.record()
    aurora = record["outputs"]["databases"]["aurora"]
    record["outputs"]["databases"] = {"aurora": aurora, **cloud.also(create_global, "mysql")}
    return Failover(Verify(record, tmp_path, capsys), capsys)


def test_the_writer_is_followed_to_another_region_and_comes_back(
    cloud: TestCloud, failover: Failover
) -> None:
    code, (drill,) = failover("store")
    assert code == 0, failover.out + failover.err
    (run,) = drill["runs"]
    assert run["asked"] == "SwitchoverGlobalCluster of store to store-west in us-west-2"
    led = {each["endpoint"]: each for each in run["measured"]["endpoints"]}
    assert list(led) == ["writer", "reader us-east-1", "reader us-west-2"]
    assert (led["writer"]["before"], led["writer"]["after"]) == (["store-east-a"], ["store-west-a"])
    assert led["reader us-west-2"]["before"] == ["store-west-a (reads only)"]
    assert led["reader us-east-1"]["after"][-1].endswith(" (reads only)")
    assert run["measured"]["detected_after_s"] is not None
    assert 0 < run["measured"]["write_outage"]["seconds"] < 10
    rows = run["audit"]["rows"]
    assert rows["acknowledged"] > 100
    assert rows["lost"] == rows["duplicated"] == []
    assert run["audit"]["counter"]["reads"] > 0
    assert {event["source"] for event in run["events"]} == {"store-east", "store-west"}
    assert "promised: Aurora Global Database: a switchover loses no row" in failover.out
    # Back where it was, and what it made is in neither region any more.
    assert writer(cloud) == "store-east"
    for region in (REGION, WEST):
        found = cloud.client("rds", region).describe_db_clusters()["DBClusters"]
        (host,) = (
            c["ReaderEndpoint"] for c in found if c["DBClusterIdentifier"].startswith("store")
        )
        end = time.monotonic() + 5
        while has_the_drills_database(cloud, host):
            assert time.monotonic() < end, region
            time.sleep(0.05)


def has_the_drills_database(cloud: TestCloud, host: str) -> bool:
    with cloud.login(host) as cursor:
        cursor.execute("SHOW DATABASES LIKE 'verify_drill'")
        return bool(cursor.fetchall())


def test_only_those_that_were_agreed_to_move(failover: Failover) -> None:
    del failover.record.databases["aurora"]
    code, drills = failover()
    assert (code, drills) == (2, [])
    assert failover.out == (
        "store: no drill: a switchover moves its primary to another region; "
        "name it, or add --switchover\n"
    )
    code, drills = failover("--switchover", "--to", "store-west")
    assert code == 0, failover.out + failover.err
    assert [drill["target"] for drill in drills] == ["store, switchover"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "kill"), "verify: --by kill: store is left alone: it is drilled by a switchover"),
        (("--to", "store-eu"), "'store-eu' is no secondary of store that could take over; "),
    ],
)
def test_how_it_is_not_drilled(
    cloud: TestCloud, failover: Failover, arguments: tuple[str, ...], said: str
) -> None:
    failover.record.record["access"]["faults"] = command(cloud.site)
    code, _ = failover("store", *arguments)
    assert code == 2
    assert said in failover.err
    assert writer(cloud) == "store-east"


def test_one_that_somebody_moved_stays_there(cloud: TestCloud, failover: Failover) -> None:
    switch(cloud, WEST, "store-west")
    try:
        code, drills = failover("store")
        assert (code, drills) == (2, [])
        assert failover.err.startswith(
            "verify: store is not at home: store-west takes the writes, not store-east: "
        )
        assert writer(cloud) == "store-west"
    finally:
        switch(cloud, REGION, "store-east")


def test_what_goes_wrong_is_switched_back(cloud: TestCloud, failover: Failover) -> None:
    (west, _) = failover.record.databases["store"]["worldwide"]["secondaries"]
    # Nobody is at this address, so that the new primary cannot be found.
    west["writer"]["port"] = 3999
    code, _ = failover("store", "--within", "1")
    assert code == 2
    assert "its rows cannot be read through writer within 10 s after the drill" in failover.err
    assert writer(cloud) == "store-east"
