"""ElastiCache replication groups through the provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.errors import DeployFailed
from localcloud.fleet import Ref, hash_of
from tests.localcloud.provider.life import Cloud, Life

TOKEN = "aws:elasticache/replicationGroup:ReplicationGroup"
REF = Ref("us-east-1", "myapp-redis-cache")


def redis(subnet_group: str, **changes: Any) -> dict[str, Any]:
    return {
        "replicationGroupId": "myapp-redis-cache",
        "description": "Application caching layer",
        "engine": "redis",
        "engineVersion": "7.0",
        "nodeType": "cache.t3.micro",
        "numCacheClusters": 3,
        "port": 6379,
        "subnetGroupName": subnet_group,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "snapshotRetentionLimit": 1,
        "snapshotWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        "authToken": "a-token-of-sixteen-characters",
        "applyImmediately": True,
        "tags": {"Name": "redis"},
    } | changes


@pytest.fixture(scope="module")
def subnet_group(cloud: Cloud) -> str:
    cloud.endpoint.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="subnets",
        CacheSubnetGroupDescription="d",
        SubnetIds=cloud.subnets[:3],
    )
    return "subnets"


@pytest.fixture(scope="module")
def group(cloud: Cloud, subnet_group: str) -> Iterator[Life]:
    life = Life(cloud, TOKEN, redis(subnet_group)).create()
    yield life
    life.delete()


def described(cloud: Cloud) -> dict[str, Any]:
    """The group, with what only its nodes tell."""
    client = cloud.endpoint.client("elasticache")
    found = client.describe_replication_groups(ReplicationGroupId="myapp-redis-cache")
    group = found["ReplicationGroups"][0]
    nodes = client.describe_cache_clusters(CacheClusterId=group["MemberClusters"][0])
    return {**nodes["CacheClusters"][0], **group}


def test_a_group_is_made_as_asked(cloud: Cloud, group: Life) -> None:
    found = described(cloud)
    nodes = [f"myapp-redis-cache-00{n}" for n in (1, 2, 3)]
    ends = found["NodeGroups"][0]
    assert group.outputs["memberClusters"] == found["MemberClusters"] == nodes
    assert group.outputs["primaryEndpointAddress"] == ends["PrimaryEndpoint"]["Address"]
    assert group.outputs["readerEndpointAddress"] == ends["ReaderEndpoint"]["Address"]
    assert group.outputs["engineVersionActual"] == "7.0.0"
    assert group.tags() == {"Name": "redis"}


@pytest.mark.parametrize(
    ("changes", "member", "reported"),
    [
        ({"description": "Another layer"}, "Description", "Another layer"),
        ({"nodeType": "cache.t3.small"}, "CacheNodeType", "cache.t3.small"),
        ({"engineVersion": "7.1"}, "EngineVersion", "7.1.0"),
        ({"snapshotRetentionLimit": 5}, "SnapshotRetentionLimit", 5),
        ({"snapshotRetentionLimit": None}, "SnapshotRetentionLimit", 0),
        ({"snapshotWindow": "01:00-02:00"}, "SnapshotWindow", "01:00-02:00"),
        ({"maintenanceWindow": "mon:04:30-mon:05:30"}, "PreferredMaintenanceWindow",
         "mon:04:30-mon:05:30"),
        ({"multiAzEnabled": None}, "MultiAZ", "disabled"),
        ({"automaticFailoverEnabled": None}, "AutomaticFailover", "disabled"),
        ({"automaticFailoverEnabled": True, "multiAzEnabled": True}, "MultiAZ", "enabled"),
        ({"autoMinorVersionUpgrade": False}, "AutoMinorVersionUpgrade", False),
    ],
)  # fmt: skip
def test_a_change_reaches_the_group(
    cloud: Cloud, group: Life, changes: dict[str, Any], member: str, reported: object
) -> None:
    group.change(**changes)
    assert described(cloud)[member] == reported


def test_replicas_come_and_go(cloud: Cloud, group: Life) -> None:
    group.change(numCacheClusters=5)
    assert len(described(cloud)["MemberClusters"]) == 5
    group.change(numCacheClusters=2, snapshotRetentionLimit=3)
    assert described(cloud)["MemberClusters"] == group.outputs["memberClusters"]
    assert len(group.outputs["memberClusters"]) == 2
    assert described(cloud)["SnapshotRetentionLimit"] == 3


def test_the_token_is_rotated_so_that_the_old_one_still_opens(cloud: Cloud, group: Life) -> None:
    old = str(group.inputs["authToken"])
    group.change(authToken="another-token-of-enough")
    ((ref, users),) = cloud.endpoint.fleet.named("set_users")
    assert ref == REF
    assert {h for user in users for h in user.hashes} == {
        hash_of(old),
        hash_of("another-token-of-enough"),
    }
    assert described(cloud)["AuthTokenEnabled"] is True


def test_groups_of_a_group_can_change(cloud: Cloud, group: Life) -> None:
    client = cloud.endpoint.client("elasticache")
    client.create_cache_parameter_group(
        CacheParameterGroupName="mine", CacheParameterGroupFamily="redis7", Description="d"
    )
    security = cloud.security_group("another")
    group.change(parameterGroupName="mine", securityGroupIds=[security])
    found = described(cloud)
    assert found["CacheParameterGroup"]["CacheParameterGroupName"] == "mine"
    assert [g["SecurityGroupId"] for g in found["SecurityGroups"]] == [security]


def test_tags_of_a_group(group: Life) -> None:
    group.change(tags={"Team": "data"})
    assert group.tags() == {"Team": "data"}


def test_other_zones_are_for_new_groups_only(cloud: Cloud, group: Life) -> None:
    before = described(cloud)
    group.change(preferredCacheClusterAzs=["us-east-1c", "us-east-1b"])
    assert described(cloud) == before


def test_what_the_api_refuses_leaves_no_group(cloud: Cloud, subnet_group: str) -> None:
    inputs = redis(subnet_group, replicationGroupId="wrong", authToken="short")
    life = Life(cloud, TOKEN, inputs)
    with pytest.raises(DeployFailed, match=r"InvalidParameterValue: .*CreateReplicationGroup"):
        life.create()
    life.inputs = inputs
    assert life.read() is None
