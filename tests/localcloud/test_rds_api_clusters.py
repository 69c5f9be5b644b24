from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import Ref
from tests.localcloud.front_fixtures import PASSWORD, endpoint, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]
NAME = "myapp-aurora-cluster"
REF = Ref("us-east-1", NAME)


def aurora(**changes: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": NAME,
        "Engine": "aurora-mysql",
        "MasterUsername": "admin",
        "MasterUserPassword": PASSWORD,
        "DatabaseName": "auroratest",
    } | changes


def member(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": name,
        "DBClusterIdentifier": NAME,
        "Engine": "aurora-mysql",
        "DBInstanceClass": "db.r5.large",
    } | changes


@pytest.fixture
def rds(endpoint: Endpoint) -> Any:
    client = endpoint.client("rds")
    client.create_db_cluster(**aurora())
    for name in ("writer", "reader-1", "reader-2"):
        client.create_db_instance(**member(name))
    return client


def roles(rds: Any) -> dict[str, bool]:
    cluster = rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]
    return {m["DBInstanceIdentifier"]: m["IsClusterWriter"] for m in cluster["DBClusterMembers"]}


def test_a_cluster_reports_its_endpoints_and_members(endpoint: Endpoint, rds: Any) -> None:
    cluster = rds.describe_db_clusters()["DBClusters"][0]
    assert cluster["Status"] == "available"
    assert cluster["Endpoint"].startswith("127.82.")
    assert cluster["Endpoint"] != cluster["ReaderEndpoint"]
    assert cluster["Port"] == 3306
    assert PASSWORD not in str(cluster)
    assert roles(rds) == {"writer": True, "reader-1": False, "reader-2": False}
    wish = [{"Name": "db-cluster-id", "Values": [NAME]}]
    members = rds.describe_db_instances(Filters=wish)["DBInstances"]
    assert len({m["Endpoint"]["Address"] for m in members}) == 3
    assert {m["EngineVersion"] for m in members} == {cluster["EngineVersion"]}
    assert [args[1] for args in endpoint.fleet.named("add_member")] == [
        "writer",
        "reader-1",
        "reader-2",
    ]


def test_failover_shows_and_leaves_events(endpoint: Endpoint, rds: Any) -> None:
    rds.failover_db_cluster(DBClusterIdentifier=NAME, TargetDBInstanceIdentifier="reader-2")
    assert roles(rds) == {"writer": False, "reader-1": False, "reader-2": True}
    assert endpoint.fleet.named("fail_over") == [(REF, "reader-2")]
    events = rds.describe_events(SourceIdentifier=NAME, EventCategories=["failover"])["Events"]
    assert [e["Message"] for e in events] == [
        "Started failover from writer",
        "Completed failover to DB instance: reader-2",
    ]


def test_a_failover_of_the_servers_own_is_noticed(endpoint: Endpoint, rds: Any) -> None:
    roles(rds)
    endpoint.fleet.writers[REF] = "reader-1"
    events = rds.describe_events(SourceIdentifier=NAME, EventCategories=["failover"])["Events"]
    assert [e["Message"] for e in events] == ["Completed failover to DB instance: reader-1"]
    assert roles(rds)["reader-1"]


def test_failover_needs_a_known_reader(endpoint: Endpoint, rds: Any) -> None:
    call = {"DBClusterIdentifier": NAME}
    fail_over = rds.failover_db_cluster
    assert refusal(fail_over, **call, TargetDBInstanceIdentifier="x") == "InvalidDBInstanceState"
    for name in ("reader-1", "reader-2"):
        rds.delete_db_instance(DBInstanceIdentifier=name)
    assert refusal(fail_over, **call) == "InvalidDBClusterStateFault"
    assert endpoint.fleet.named("fail_over") == []


def test_a_custom_endpoint_follows_its_members(endpoint: Endpoint, rds: Any) -> None:
    made = rds.create_db_cluster_endpoint(
        DBClusterIdentifier=NAME,
        DBClusterEndpointIdentifier="analytics",
        EndpointType="READER",
        StaticMembers=["reader-1"],
    )
    shown = rds.describe_db_cluster_endpoints(DBClusterEndpointIdentifier="analytics")
    assert [e["Endpoint"] for e in shown["DBClusterEndpoints"]] == [made["Endpoint"]]
    rds.modify_db_cluster_endpoint(
        DBClusterEndpointIdentifier="analytics", StaticMembers=["reader-2"]
    )
    assert endpoint.fleet.named("set_custom_endpoint") == [
        (REF, "analytics", ["reader-1"]),
        (REF, "analytics", ["reader-2"]),
    ]
    both = rds.describe_db_cluster_endpoints(DBClusterIdentifier=NAME)["DBClusterEndpoints"]
    assert sorted(e["EndpointType"] for e in both) == ["CUSTOM", "READER", "WRITER"]
    rds.delete_db_cluster_endpoint(DBClusterEndpointIdentifier="analytics")
    assert endpoint.fleet.named("delete_custom_endpoint") == [(REF, "analytics")]


def test_a_custom_endpoint_of_strangers_is_refused(endpoint: Endpoint, rds: Any) -> None:
    call = {
        "DBClusterIdentifier": NAME,
        "DBClusterEndpointIdentifier": "e",
        "EndpointType": "READER",
    }
    create = rds.create_db_cluster_endpoint
    assert refusal(create, **call, StaticMembers=["x"]) == "DBInstanceNotFound"
    both = {"StaticMembers": ["writer"], "ExcludedMembers": ["reader-1"]}
    assert refusal(create, **call, **both) == "InvalidParameterCombination"
    assert endpoint.fleet.named("set_custom_endpoint") == []
    assert len(rds.describe_db_cluster_endpoints()["DBClusterEndpoints"]) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"DBInstanceClass": "db.t3.small"}, "InvalidParameterCombination"),
        ({"DBInstanceClass": "db.t3.micro"}, "InvalidParameterCombination"),
        ({"DBInstanceClass": "db.nonsense"}, "InvalidParameterValue"),
        ({"DBInstanceClass": "db.serverless"}, "InvalidParameterCombination"),
        ({"DBClusterIdentifier": "unknown"}, "DBClusterNotFoundFault"),
        ({"PromotionTier": 16}, "InvalidParameterValue"),
        ({"EngineVersion": "8.4.mysql_aurora.8.4.7"}, "InvalidParameterCombination"),
        ({"AllocatedStorage": 20}, "InvalidParameterCombination"),
        ({"AvailabilityZone": "us-east-1z"}, "InvalidVPCNetworkStateFault"),
    ],
)
def test_what_a_member_may_not_be(rds: Any, change: dict[str, Any], code: str) -> None:
    assert refusal(rds.create_db_instance, **member("m", **change)) == code
    assert sorted(roles(rds)) == ["reader-1", "reader-2", "writer"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Engine": "aurora"}, "InvalidParameterValue"),
        ({"EngineVersion": "8.0.mysql_aurora.3.05.2"}, "InvalidParameterCombination"),
        ({"BackupRetentionPeriod": 0}, "InvalidParameterValue"),
        ({"MasterUsername": "an_admin"}, "InvalidParameterValue"),
        ({"DBClusterParameterGroupName": "none"}, "DBParameterGroupNotFound"),
        ({"EngineMode": "serverless"}, "InvalidParameterValue"),
        ({"DBClusterInstanceClass": "db.r5.large"}, "InvalidParameterCombination"),
    ],
)
def test_what_a_cluster_may_not_be(endpoint: Endpoint, change: dict[str, Any], code: str) -> None:
    assert refusal(endpoint.client("rds").create_db_cluster, **aurora(**change)) == code
    assert endpoint.fleet.calls == []


def test_a_cluster_goes_after_its_members(endpoint: Endpoint, rds: Any) -> None:
    delete = {"DBClusterIdentifier": NAME, "SkipFinalSnapshot": True}
    assert refusal(rds.delete_db_cluster, **delete) == "InvalidDBClusterStateFault"
    for name in roles(rds):
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    code = refusal(rds.delete_db_cluster, DBClusterIdentifier=NAME)
    assert code == "InvalidParameterCombination"
    rds.modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=True)
    assert refusal(rds.delete_db_cluster, **delete) == "InvalidParameterCombination"
    rds.modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=False)
    rds.delete_db_cluster(**delete)
    assert endpoint.fleet.named("delete_cluster") == [(REF,)]
    assert rds.describe_db_clusters()["DBClusters"] == []


def test_cluster_parameters_reach_every_member(endpoint: Endpoint, rds: Any) -> None:
    group = {"DBClusterParameterGroupName": "c"}
    rds.create_db_cluster_parameter_group(
        **group, DBParameterGroupFamily="aurora-mysql8.0", Description="d"
    )
    parameter = {"ParameterName": "long_query_time", "ParameterValue": "1"}
    rds.modify_db_cluster_parameter_group(
        **group, Parameters=[parameter | {"ApplyMethod": "immediate"}]
    )
    rds.modify_db_cluster(DBClusterIdentifier=NAME, **group)
    assert endpoint.fleet.named("set_parameters") == [
        (Ref("us-east-1", name), {"long_query_time": "1"})
        for name in ("writer", "reader-1", "reader-2")
    ]
    shown = rds.describe_db_cluster_parameters(**group)["Parameters"]
    assert [p["ParameterName"] for p in shown] == ["long_query_time"]
