"""Aurora clusters, their members and custom endpoints through the provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.errors import DeployFailed
from localcloud.fleet import Ref
from tests.localcloud.front_fixtures import PASSWORD
from tests.localcloud.provider.life import Cloud, Life

CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
ENDPOINT = "aws:rds/clusterEndpoint:ClusterEndpoint"


def cluster_inputs(**changes: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        "clusterIdentifier": "myapp-aurora-cluster",
        "engine": "aurora-mysql",
        "engineVersion": "8.0.mysql_aurora.3.08",
        "masterUsername": "admin",
        "masterPassword": PASSWORD,
        "backupRetentionPeriod": 7,
        "preferredBackupWindow": "03:00-04:00",
        "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
        "enabledCloudwatchLogsExports": ["error"],
        "skipFinalSnapshot": True,
        "applyImmediately": True,
        "tags": {"Name": "aurora"},
    } | changes
    return {prop: value for prop, value in inputs.items() if value is not None}


def member_inputs(identifier: str, **changes: Any) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "clusterIdentifier": "myapp-aurora-cluster",
        "engine": "aurora-mysql",
        "engineVersion": "8.0.mysql_aurora.3.08",
        "instanceClass": "db.r5.large",
        "applyImmediately": True,
    } | changes


@dataclass
class Aurora:
    cluster: Life
    writer: Life
    reader: Life


@pytest.fixture(scope="module")
def aurora(cloud: Cloud) -> Iterator[Aurora]:
    cluster = Life(cloud, CLUSTER, cluster_inputs()).create()
    writer = Life(cloud, MEMBER, member_inputs("writer"), "writer").create()
    reader = Life(cloud, MEMBER, member_inputs("reader", promotionTier=1), "reader").create()
    yield Aurora(cluster, writer, reader)
    reader.delete()
    writer.delete()
    cluster.delete()


def described(cloud: Cloud) -> dict[str, Any]:
    rds = cloud.endpoint.client("rds")
    found = rds.describe_db_clusters(DBClusterIdentifier="myapp-aurora-cluster")["DBClusters"]
    return dict(found[0])


def member(cloud: Cloud, identifier: str) -> dict[str, Any]:
    rds = cloud.endpoint.client("rds")
    found = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    return dict(found[0])


def test_a_cluster_is_made_as_asked(cloud: Cloud, aurora: Aurora) -> None:
    found = described(cloud)
    outputs = aurora.cluster.read() or {}
    assert found["MasterUsername"] == "admin"
    assert outputs["endpoint"] == found["Endpoint"]
    assert outputs["readerEndpoint"] == found["ReaderEndpoint"] != found["Endpoint"]
    assert outputs["clusterMembers"] == ["reader", "writer"]
    assert outputs["engineVersionActual"].startswith("8.0.mysql_aurora.3.08.")
    assert aurora.cluster.tags() == {"Name": "aurora"}


def test_the_members_know_who_writes(cloud: Cloud, aurora: Aurora) -> None:
    assert aurora.writer.outputs["writer"] is True
    assert aurora.reader.outputs["writer"] is False
    assert member(cloud, "reader")["PromotionTier"] == 1
    assert aurora.reader.outputs["endpoint"] == member(cloud, "reader")["Endpoint"]["Address"]


@pytest.mark.parametrize(
    ("changes", "member", "reported"),
    [
        ({"backupRetentionPeriod": 9}, "BackupRetentionPeriod", 9),
        ({"preferredBackupWindow": "01:00-02:00"}, "PreferredBackupWindow", "01:00-02:00"),
        ({"preferredMaintenanceWindow": "mon:04:30-mon:05:30"}, "PreferredMaintenanceWindow",
         "mon:04:30-mon:05:30"),
        ({"enabledCloudwatchLogsExports": ["error", "slowquery"]}, "EnabledCloudwatchLogsExports",
         ["error", "slowquery"]),
        ({"enabledCloudwatchLogsExports": None}, "EnabledCloudwatchLogsExports", []),
        ({"copyTagsToSnapshot": True}, "CopyTagsToSnapshot", True),
        ({"copyTagsToSnapshot": None}, "CopyTagsToSnapshot", False),
        ({"iamDatabaseAuthenticationEnabled": True}, "IAMDatabaseAuthenticationEnabled", True),
        ({"iamDatabaseAuthenticationEnabled": None}, "IAMDatabaseAuthenticationEnabled", False),
        ({"deletionProtection": True}, "DeletionProtection", True),
        ({"deletionProtection": None}, "DeletionProtection", False),
    ],
)  # fmt: skip
def test_a_change_reaches_the_cluster(
    cloud: Cloud, aurora: Aurora, changes: dict[str, Any], member: str, reported: object
) -> None:
    aurora.cluster.change(**changes)
    assert described(cloud)[member] == reported


def test_a_newer_engine_reaches_the_members_through_the_cluster(
    cloud: Cloud, aurora: Aurora
) -> None:
    newer = "8.0.mysql_aurora.3.10.6"
    aurora.cluster.change(engineVersion=newer)
    aurora.reader.change(engineVersion=newer)
    assert described(cloud)["EngineVersion"] == newer
    assert member(cloud, "reader")["EngineVersion"] == newer


def test_a_new_password_reaches_the_cluster(cloud: Cloud, aurora: Aurora) -> None:
    aurora.cluster.change(masterPassword="another-good-1")
    ref = Ref("us-east-1", "myapp-aurora-cluster")
    assert cloud.endpoint.fleet.named("set_cluster_password") == [(ref, "another-good-1")]


def test_groups_of_a_cluster_can_change(cloud: Cloud, aurora: Aurora) -> None:
    rds = cloud.endpoint.client("rds")
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="mine",
        DBParameterGroupFamily="aurora-mysql8.0",
        Description="d",
    )
    security = cloud.security_group("another")
    aurora.cluster.change(
        dbClusterParameterGroupName="mine", vpcSecurityGroupIds=[security], tags={"Team": "data"}
    )
    found = described(cloud)
    assert found["DBClusterParameterGroup"] == "mine"
    assert [g["VpcSecurityGroupId"] for g in found["VpcSecurityGroups"]] == [security]
    assert aurora.cluster.tags() == {"Team": "data"}


@pytest.mark.parametrize(
    ("changes", "member_name", "reported"),
    [
        ({"instanceClass": "db.r5.xlarge"}, "DBInstanceClass", "db.r5.xlarge"),
        ({"promotionTier": 5}, "PromotionTier", 5),
        ({"autoMinorVersionUpgrade": False}, "AutoMinorVersionUpgrade", False),
        ({"autoMinorVersionUpgrade": None}, "AutoMinorVersionUpgrade", True),
        ({"performanceInsightsEnabled": True}, "PerformanceInsightsEnabled", True),
        ({"performanceInsightsEnabled": None}, "PerformanceInsightsEnabled", False),
        ({"preferredMaintenanceWindow": "mon:04:30-mon:05:30"}, "PreferredMaintenanceWindow",
         "mon:04:30-mon:05:30"),
    ],
)  # fmt: skip
def test_a_change_reaches_the_member(
    cloud: Cloud, aurora: Aurora, changes: dict[str, Any], member_name: str, reported: object
) -> None:
    aurora.reader.change(**changes)
    assert member(cloud, "reader")[member_name] == reported


def test_tags_of_a_member(aurora: Aurora) -> None:
    aurora.reader.change(tags={"Name": "reader"})
    assert aurora.reader.tags() == {"Name": "reader"}
    aurora.reader.change(tags=None)
    assert aurora.reader.tags() == {}


def test_a_member_of_a_cluster_that_is_gone_is_gone(cloud: Cloud, aurora: Aurora) -> None:
    inputs = member_inputs("elsewhere", clusterIdentifier="no-such-cluster")
    assert cloud.provider.read(MEMBER, "m", "elsewhere", inputs, {}) is None
    cloud.provider.delete(MEMBER, "m", "elsewhere", inputs, {})


def endpoint_inputs(**changes: Any) -> dict[str, Any]:
    return {
        "clusterEndpointIdentifier": "analytics",
        "clusterIdentifier": "myapp-aurora-cluster",
        "customEndpointType": "READER",
        "staticMembers": ["reader"],
        "tags": {"Name": "analytics"},
    } | changes


def test_a_custom_endpoint(cloud: Cloud, aurora: Aurora) -> None:
    def found() -> dict[str, Any]:
        rds = cloud.endpoint.client("rds")
        answer = rds.describe_db_cluster_endpoints(DBClusterEndpointIdentifier="analytics")
        return dict(answer["DBClusterEndpoints"][0])

    life = Life(cloud, ENDPOINT, endpoint_inputs()).create()
    assert found()["StaticMembers"] == ["reader"]
    assert life.outputs["endpoint"] == found()["Endpoint"]
    assert life.tags() == {"Name": "analytics"}
    life.change(staticMembers=["reader", "writer"], customEndpointType="ANY")
    assert sorted(found()["StaticMembers"]) == ["reader", "writer"]
    assert found()["CustomEndpointType"] == "ANY"
    life.change(tags={"Name": "other"})
    assert life.tags() == {"Name": "other"}
    life.delete()


def test_a_cluster_with_members_is_not_deleted_and_says_so(cloud: Cloud, aurora: Aurora) -> None:
    with pytest.raises(DeployFailed, match="still contains DB instances"):
        aurora.cluster.delete()
    assert described(cloud)["Status"] == "available"
