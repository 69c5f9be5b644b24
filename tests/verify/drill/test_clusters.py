"""Drills of Aurora PostgreSQL and of Multi-AZ DB clusters, on real servers."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.faults import command
from tests.verify.cloud import TestCloud
from tests.verify.clusters import verify
from tests.verify.command import Verify
from tests.verify.drill.test_command import Failover

__all__ = ["verify"]


@pytest.fixture
def failover(verify: Verify, capsys: pytest.CaptureFixture[str]) -> Failover:
    return Failover(verify, capsys)


def kept_its_promises(drill: dict[str, Any]) -> dict[str, Any]:
    """The only run of a drill, in which somebody else writes and no row is missing."""
    (run,) = drill["runs"]
    assert run["broken"] == []
    writer = run["measured"]["endpoints"][0]
    assert writer["before"] != writer["after"]
    assert run["measured"]["detected_after_s"] is not None
    assert 0 < run["measured"]["write_outage"]["seconds"] < 10
    assert run["audit"]["rows"]["acknowledged"] > 100
    assert run["audit"]["rows"]["lost"] == run["audit"]["rows"]["duplicated"] == []
    assert run["audit"]["bank"]["reads"] > 5
    assert run["audit"]["bank"]["found"] == []
    found: dict[str, Any] = run
    return found


def test_aurora_postgresql_is_failed_over_and_killed(cloud: TestCloud, failover: Failover) -> None:
    code, (drill,) = failover("shop", "--to", "shop-c")
    assert code == 0, failover.out + failover.err
    run = kept_its_promises(drill)
    assert run["asked"] == "FailoverDBCluster of shop to shop-c"
    led = {each["endpoint"]: each for each in run["measured"]["endpoints"]}
    assert (led["writer"]["before"], led["writer"]["after"]) == (["shop-a"], ["shop-c"])
    # The static member of the custom endpoint became the writer: it reads there all the same.
    assert led["custom reports"]["after"] == ["shop-c"]
    assert led["reader"]["read_outage"]["open"] is False
    assert {e["source"] for e in run["events"]} >= {"shop"}
    assert "promised: Aurora: less than 30 s" in failover.out
    failover.record.record["access"]["faults"] = command(cloud.site)
    code, (drill,) = failover("shop", "--by", "kill")
    assert code == 0, failover.out + failover.err
    assert kept_its_promises(drill)["asked"] == "kill of shop-c"
    _write_again(cloud, "shop-a")


def _write_again(cloud: TestCloud, member: str) -> None:
    """The writer is who the other tests expect it to be."""
    rds = cloud.client("rds")
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier="shop")["DBClusters"]
    writers = [m for m in cluster["DBClusterMembers"] if m["IsClusterWriter"]]
    if writers[0]["DBInstanceIdentifier"] != member:
        rds.failover_db_cluster(DBClusterIdentifier="shop", TargetDBInstanceIdentifier=member)


@pytest.mark.parametrize("name", ["bookings", "stock"])
def test_a_multi_az_cluster_promotes_a_standby(
    cloud: TestCloud, failover: Failover, name: str
) -> None:
    code, (drill,) = failover(name)
    assert code == 0, failover.out + failover.err
    run = kept_its_promises(drill)
    assert run["asked"] == f"FailoverDBCluster of {name} to whom RDS chooses"
    assert "promised: RDS Multi-AZ DB cluster: typically less than 35 s" in failover.out
    assert drill["promised_s"] == 35
    failover.record.record["access"]["faults"] = command(cloud.site)
    code, (drill,) = failover(name, "--by", "kill")
    assert code == 0, failover.out + failover.err
    assert kept_its_promises(drill)["asked"].startswith(f"kill of {name}-instance-")


def test_nobody_chooses_the_standby_of_mysql(failover: Failover) -> None:
    code, drills = failover("stock", "--to", "stock-instance-2")
    assert (code, drills) == (2, [])
    assert failover.err == ("verify: stock fails over to whom AWS chooses; leave --to out\n")
