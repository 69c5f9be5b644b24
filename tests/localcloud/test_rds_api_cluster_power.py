"""StopDBCluster and StartDBCluster are Aurora's, RebootDBCluster is the Multi-AZ DB cluster's."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import Ref
from tests.localcloud.front_fixtures import PASSWORD, endpoint, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]
REF = Ref("us-east-1", "aurora")
ONE = {"DBClusterIdentifier": "aurora"}


@pytest.fixture
def rds(endpoint: Endpoint) -> Any:
    client = endpoint.client("rds")
    user = {"MasterUsername": "dbadmin", "MasterUserPassword": PASSWORD}
    client.create_db_cluster(**ONE, Engine="aurora-postgresql", **user)
    for name in ("a", "b"):
        client.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
            **ONE,
        )
    return client


@pytest.fixture
def multi_az(endpoint: Endpoint) -> Any:
    client, ec2 = endpoint.client("rds"), endpoint.client("ec2")
    zones = {s["AvailabilityZone"]: s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]}
    client.create_db_subnet_group(
        DBSubnetGroupName="three",
        DBSubnetGroupDescription="d",
        SubnetIds=[zones[f"us-east-1{letter}"] for letter in "abc"],
    )
    client.create_db_cluster(
        DBClusterIdentifier="trio",
        Engine="mysql",
        DBClusterInstanceClass="db.m6gd.large",
        AllocatedStorage=100,
        Iops=1000,
        MasterUsername="dbadmin",
        MasterUserPassword=PASSWORD,
        DBSubnetGroupName="three",
    )
    return client


def states(rds: Any) -> set[str]:
    cluster = rds.describe_db_clusters(**ONE)["DBClusters"][0]
    members = rds.describe_db_instances()["DBInstances"]
    return {cluster["Status"], *(m["DBInstanceStatus"] for m in members)}


def test_a_stopped_cluster_says_so_and_takes_no_change(endpoint: Endpoint, rds: Any) -> None:
    rds.stop_db_cluster(**ONE)
    assert states(rds) == {"stopped"}
    assert endpoint.fleet.named("stop_cluster") == [(REF,)]
    for operation in (rds.stop_db_cluster, rds.modify_db_cluster, rds.failover_db_cluster):
        assert refusal(operation, **ONE) == "InvalidDBClusterStateFault"
    delete = rds.delete_db_instance
    assert refusal(delete, DBInstanceIdentifier="b") == "InvalidDBClusterStateFault"
    reboot = rds.reboot_db_instance
    assert refusal(reboot, DBInstanceIdentifier="b") == "InvalidDBInstanceState"
    rds.start_db_cluster(**ONE)
    assert states(rds) == {"available"}
    assert endpoint.fleet.named("start_cluster") == [(REF,)]
    assert refusal(rds.start_db_cluster, **ONE) == "InvalidDBClusterStateFault"
    events = rds.describe_events(SourceIdentifier="aurora")["Events"]
    assert [e["Message"] for e in events][-2:] == ["DB cluster stopped", "DB cluster started"]


def test_a_cluster_of_a_global_database_is_not_stopped(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_global_cluster(GlobalClusterIdentifier="world", Engine="aurora-mysql")
    rds.create_db_cluster(
        **ONE,
        Engine="aurora-mysql",
        GlobalClusterIdentifier="world",
        MasterUsername="dbadmin",
        MasterUserPassword=PASSWORD,
    )
    assert refusal(rds.stop_db_cluster, **ONE) == "InvalidDBClusterStateFault"
    assert endpoint.fleet.named("stop_cluster") == []


def test_a_multi_az_cluster_is_rebooted_and_not_stopped(endpoint: Endpoint, multi_az: Any) -> None:
    trio = {"DBClusterIdentifier": "trio"}
    assert refusal(multi_az.stop_db_cluster, **trio) == "InvalidParameterCombination"
    multi_az.reboot_db_cluster(**trio)
    rebooted = [ref.identifier for (ref,) in endpoint.fleet.named("reboot")]
    assert rebooted == [f"trio-instance-{number}" for number in (1, 2, 3)]


def test_an_aurora_cluster_is_rebooted_by_its_members(endpoint: Endpoint, rds: Any) -> None:
    assert refusal(rds.reboot_db_cluster, **ONE) == "InvalidParameterCombination"
    unknown = {"DBClusterIdentifier": "nobody"}
    for operation in (rds.stop_db_cluster, rds.start_db_cluster, rds.reboot_db_cluster):
        assert refusal(operation, **unknown) == "DBClusterNotFoundFault"
