"""A Multi-AZ DB cluster through the provider: aws.rds.Cluster with a class and storage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.front_fixtures import PASSWORD
from tests.localcloud.provider.life import Cloud, Life

CLUSTER = "aws:rds/cluster:Cluster"
NAME = "myapp-multi-az"


def inputs(**changes: Any) -> dict[str, Any]:
    return {
        "clusterIdentifier": NAME,
        "engine": "postgres",
        "engineVersion": "16",
        "dbClusterInstanceClass": "db.m6gd.large",
        "allocatedStorage": 100.0,
        "storageType": "io1",
        "iops": 1000.0,
        "masterUsername": "dbadmin",
        "masterPassword": PASSWORD,
        "dbSubnetGroupName": "three",
        "skipFinalSnapshot": True,
        "applyImmediately": True,
    } | changes


@pytest.fixture(scope="module")
def multi_az(cloud: Cloud) -> Iterator[Life]:
    cloud.endpoint.client("rds").create_db_subnet_group(
        DBSubnetGroupName="three",
        DBSubnetGroupDescription="three zones",
        SubnetIds=cloud.subnets[:3],
    )
    made = Life(cloud, CLUSTER, inputs()).create()
    yield made
    made.delete()


def described(cloud: Cloud) -> dict[str, Any]:
    rds = cloud.endpoint.client("rds")
    return dict(rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0])


def test_it_is_made_as_asked_with_the_members_that_rds_makes(cloud: Cloud, multi_az: Life) -> None:
    found, outputs = described(cloud), multi_az.read() or {}
    assert found["DBClusterInstanceClass"] == "db.m6gd.large"
    assert (found["AllocatedStorage"], found["StorageType"], found["Iops"]) == (100, "io1", 1000)
    assert outputs["clusterMembers"] == [f"{NAME}-instance-{number}" for number in (1, 2, 3)]
    assert outputs["port"] == 5432
    assert outputs["readerEndpoint"] == found["ReaderEndpoint"] != outputs["endpoint"]


def test_the_address_of_a_member_that_is_no_resource_is_asked_for(
    cloud: Cloud, multi_az: Life
) -> None:
    members = (multi_az.read() or {})["clusterMembers"]
    token = "aws:rds/getInstance:getInstance"
    found = [cloud.provider.invoke(token, {"dbInstanceIdentifier": name}) for name in members]
    assert [each["port"] for each in found] == [5432] * 3
    assert [each["availabilityZone"][-1] for each in found] == ["a", "b", "c"]
    assert len({each["address"] for each in found}) == 3
    with pytest.raises(DeployFailed, match="DBInstanceNotFound"):
        cloud.provider.invoke(token, {"dbInstanceIdentifier": "nobody"})


@pytest.mark.parametrize(
    ("changes", "member", "reported"),
    [
        ({"dbClusterInstanceClass": "db.m6gd.xlarge"}, "DBClusterInstanceClass", "db.m6gd.xlarge"),
        ({"allocatedStorage": 200.0}, "AllocatedStorage", 200),
        ({"iops": 3000.0}, "Iops", 3000),
        ({"performanceInsightsEnabled": True}, "PerformanceInsightsEnabled", True),
        ({"performanceInsightsEnabled": None}, "PerformanceInsightsEnabled", False),
    ],
)
def test_a_change_reaches_the_cluster(
    cloud: Cloud, multi_az: Life, changes: dict[str, Any], member: str, reported: object
) -> None:
    multi_az.change(**changes)
    assert described(cloud)[member] == reported


@pytest.mark.parametrize(
    ("changes", "replaced"),
    [
        ({"storageType": "io2"}, {"storageType"}),
        ({"publiclyAccessible": True}, {"publiclyAccessible"}),
        ({"engine": "mysql"}, {"engine"}),
        ({"dbClusterInstanceClass": "db.r6gd.large"}, set()),
        ({"allocatedStorage": 400.0, "iops": 4000.0}, set()),
    ],
)
def test_what_needs_a_new_cluster(
    cloud: Cloud, multi_az: Life, changes: dict[str, Any], replaced: set[str]
) -> None:
    difference = cloud.provider.diff(CLUSTER, multi_az.inputs, multi_az.inputs | changes)
    assert difference.changed == changes.keys()
    assert difference.replaces == replaced


def test_auroras_storage_changes_in_place(cloud: Cloud) -> None:
    aurora = inputs(engine="aurora-postgresql", storageType="aurora")
    changed = aurora | {"storageType": "aurora-iopt1"}
    assert not cloud.provider.diff(CLUSTER, aurora, changed).replaces
