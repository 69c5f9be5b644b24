"""A global cluster and its members through the provider, created and deleted as Pulumi does."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.front_fixtures import PASSWORD
from tests.localcloud.provider.life import Cloud, Life

GLOBAL = "aws:rds/globalCluster:GlobalCluster"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
VERSION = "8.0.mysql_aurora.3.10.6"


def global_inputs(**changes: Any) -> dict[str, Any]:
    return {
        "globalClusterIdentifier": "store",
        "engine": "aurora-mysql",
        "engineVersion": VERSION,
        "storageEncrypted": True,
        "deletionProtection": False,
        "tags": {"Name": "store"},
    } | changes


def cluster_inputs(cloud: Cloud, region: str, identifier: str, **changes: Any) -> dict[str, Any]:
    return {
        "region": region,
        "clusterIdentifier": identifier,
        "engine": "aurora-mysql",
        "engineVersion": VERSION,
        "globalClusterIdentifier": "store",
        "storageEncrypted": True,
        "kmsKeyId": cloud.key(region),
        "skipFinalSnapshot": True,
    } | changes


def member_inputs(region: str, identifier: str) -> dict[str, Any]:
    return {
        "region": region,
        "identifier": identifier,
        "clusterIdentifier": identifier.rpartition("-")[0],
        "engine": "aurora-mysql",
        "instanceClass": "db.r6g.large",
    }


def described(cloud: Cloud) -> dict[str, Any]:
    rds = cloud.endpoint.client("rds")
    return dict(rds.describe_global_clusters(GlobalClusterIdentifier="store")["GlobalClusters"][0])


def test_its_life(cloud: Cloud) -> None:
    world = Life(cloud, GLOBAL, global_inputs(), "world").create()
    credentials = {"masterUsername": "admin", "masterPassword": PASSWORD}
    east = cluster_inputs(cloud, "us-east-1", "store-east", **credentials)
    primary = Life(cloud, CLUSTER, east, "primary").create()
    first = Life(cloud, MEMBER, member_inputs("us-east-1", "store-east-a"), "first").create()
    west = cluster_inputs(cloud, "us-west-2", "store-west", enableGlobalWriteForwarding=False)
    secondary = Life(cloud, CLUSTER, west, "secondary").create()
    second = Life(cloud, MEMBER, member_inputs("us-west-2", "store-west-a"), "second").create()
    assert [m["isWriter"] for m in (world.read() or {})["globalClusterMembers"]] == [True, False]
    assert world.tags() == {"Name": "store"}
    world.change(tags={"Name": "other"})
    assert world.tags() == {"Name": "other"}
    world.change(engineVersion="8.0.mysql_aurora.3.13.0")
    assert described(cloud)["EngineVersion"] == "8.0.mysql_aurora.3.13.0"
    secondary.change(enableGlobalWriteForwarding=True)
    with pytest.raises(DeployFailed, match="Cannot delete the last instance of the master"):
        first.delete()
    with pytest.raises(DeployFailed, match="there are other global cluster members"):
        primary.delete()
    for life in (second, secondary, first, primary, world):
        life.delete()


def test_force_destroy_lets_its_members_go(cloud: Cloud) -> None:
    rds = cloud.endpoint.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="kept",
        Engine="aurora-mysql",
        MasterUsername="admin",
        MasterUserPassword=PASSWORD,
    )
    inputs = {
        "globalClusterIdentifier": "around",
        "sourceDbClusterIdentifier": "arn:aws:rds:us-east-1:123456789012:cluster:kept",
        "forceDestroy": True,
    }
    Life(cloud, GLOBAL, inputs).create().delete()
    found = rds.describe_db_clusters(DBClusterIdentifier="kept")["DBClusters"][0]
    assert "GlobalClusterIdentifier" not in found
    rds.delete_db_cluster(DBClusterIdentifier="kept", SkipFinalSnapshot=True)
