"""Drills of one shard of a cache in cluster mode, on real servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.faults import command
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.drill.test_command import Failover
from tests.verify.sharded import NAME, create_sharded
from verify.slots import slot_of

KEY = "user:verify-drill:rows"
"""As the user app may call it."""


@pytest.fixture
def failover(cloud: TestCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Failover:
    record = cloud.record()
    record["outputs"]["databases"] = {NAME: cloud.also(create_sharded, "redis")}
    return Failover(Verify(record, tmp_path, capsys), capsys)


def shard_of_the_rows(cloud: TestCloud) -> tuple[str, set[str]]:
    """The node group with the key's slot, and its nodes, by the API."""
    found = cloud.client("elasticache").describe_replication_groups(ReplicationGroupId=NAME)
    for group in found["ReplicationGroups"][0]["NodeGroups"]:
        first, _, last = group["Slots"].partition("-")
        if int(first) <= slot_of(KEY) <= int(last):
            nodes = {each["CacheClusterId"] for each in group["NodeGroupMembers"]}
            return group["NodeGroupId"], nodes
    raise LookupError(KEY)


def test_one_shard_is_failed_over_without_and_with_wait(
    cloud: TestCloud, failover: Failover
) -> None:
    shard, _ = shard_of_the_rows(cloud)
    code, (without, with_wait) = failover(NAME)
    assert code == 0, failover.out + failover.err
    assert without["may_lose"] == "Redis acknowledges a write before any replica has it"
    assert with_wait["may_lose"] is None
    for drill in (without, with_wait):
        (run,) = drill["runs"]
        assert run["asked"] == f"TestFailover of {NAME}, node group {shard}"
        led = {each["endpoint"]: each for each in run["measured"]["endpoints"]}
        assert led["configuration"]["before"] != led["configuration"]["after"]
        assert led["reader"]["before"][0].endswith(" (reads only)")
        assert run["audit"]["rows"]["acknowledged"] > 100
        assert run["audit"]["rows"]["duplicated"] == []
        assert any(shard in event["message"] for event in run["events"])
    assert with_wait["runs"][0]["audit"]["rows"]["lost"] == []
    assert "promised: ElastiCache in cluster mode: about 30 s" in failover.out


def test_a_killed_primary_of_the_rows_loses_none_that_a_replica_confirmed(
    cloud: TestCloud, failover: Failover
) -> None:
    _, nodes = shard_of_the_rows(cloud)
    failover.record.record["access"]["faults"] = command(cloud.site)
    code, drills = failover(NAME, "--by", "kill")
    assert code == 0, failover.out + failover.err
    for drill in drills:
        (run,) = drill["runs"]
        assert run["asked"] in {f"kill of {node}" for node in nodes}
        assert run["measured"]["detected_after_s"] is not None
    rows = drills[1]["runs"][0]["audit"]["rows"]
    assert rows["acknowledged"] > 100
    assert rows["lost"] == []
