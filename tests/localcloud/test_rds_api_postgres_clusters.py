"""The RDS API on Aurora PostgreSQL: what differs from Aurora MySQL, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import Ref
from tests.localcloud.front_fixtures import PASSWORD, endpoint, mysql, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]
NAME = "myapp-aurora-pg"
REF = Ref("us-east-1", NAME)


def aurora(**changes: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": NAME,
        "Engine": "aurora-postgresql",
        "MasterUsername": "dbadmin",
        "MasterUserPassword": PASSWORD,
        "DatabaseName": "auroratest",
    } | changes


def member(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": name,
        "DBClusterIdentifier": NAME,
        "Engine": "aurora-postgresql",
        "DBInstanceClass": "db.r6g.large",
    } | changes


@pytest.fixture
def rds(endpoint: Endpoint) -> Any:
    client = endpoint.client("rds")
    client.create_db_cluster(**aurora(EngineVersion="16"))
    for name in ("a", "b"):
        client.create_db_instance(**member(name))
    return client


def test_a_cluster_is_of_its_engine_and_so_are_its_members(endpoint: Endpoint, rds: Any) -> None:
    cluster = rds.describe_db_clusters()["DBClusters"][0]
    assert (cluster["Engine"], cluster["EngineVersion"]) == ("aurora-postgresql", "16.15")
    assert cluster["DBClusterParameterGroup"] == "default.aurora-postgresql16"
    assert cluster["Port"] == 5432
    assert endpoint.fleet.engines[REF] == "aurora-postgresql"
    for found in rds.describe_db_instances()["DBInstances"]:
        assert found["Engine"] == "aurora-postgresql"
        assert found["LicenseModel"] == "postgresql-license"
        assert found["Endpoint"]["Port"] == 5432
        groups = [g["DBParameterGroupName"] for g in found["DBParameterGroups"]]
        assert groups == ["default.aurora-postgresql16"]


def test_versions_and_classes_are_listed(rds: Any) -> None:
    newest = rds.describe_db_engine_versions(
        Engine="aurora-postgresql", EngineVersion="17", DefaultOnly=True
    )["DBEngineVersions"]
    assert [v["EngineVersion"] for v in newest] == ["17.11"]
    assert newest[0]["DBParameterGroupFamily"] == "aurora-postgresql17"
    orderable = rds.describe_orderable_db_instance_options(
        Engine="aurora-postgresql", EngineVersion="17.11", DBInstanceClass="db.r6g.large"
    )["OrderableDBInstanceOptions"]
    assert [o["StorageType"] for o in orderable] == ["aurora"]


def test_cluster_parameters_and_a_password_reach_the_servers(endpoint: Endpoint, rds: Any) -> None:
    group = {"DBClusterParameterGroupName": "c"}
    rds.create_db_cluster_parameter_group(
        **group, DBParameterGroupFamily="aurora-postgresql16", Description="d"
    )
    parameter = {"ParameterName": "log_statement", "ParameterValue": "ddl"}
    rds.modify_db_cluster_parameter_group(
        **group, Parameters=[parameter | {"ApplyMethod": "immediate"}]
    )
    rds.modify_db_cluster(DBClusterIdentifier=NAME, **group, MasterUserPassword="another-horse-2")
    assert endpoint.fleet.named("set_parameters") == [
        (Ref("us-east-1", name), {"log_statement": "ddl"}) for name in ("a", "b")
    ]
    assert endpoint.fleet.named("set_cluster_password") == [(REF, "another-horse-2")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"EngineVersion": "8.0.mysql_aurora.3.10.6"}, "InvalidParameterCombination"),
        ({"EngineVersion": "13.4"}, "InvalidParameterCombination"),
        ({"MasterUsername": "admin"}, "InvalidParameterValue"),
        ({"MasterUsername": "pg_admin"}, "InvalidParameterValue"),
        ({"DatabaseName": "9lives"}, "InvalidParameterValue"),
        ({"EnableCloudwatchLogsExports": ["slowquery"]}, "InvalidParameterCombination"),
        ({"StorageType": "gp3"}, "InvalidParameterValue"),
        ({"DBClusterInstanceClass": "db.m6gd.large"}, "InvalidParameterCombination"),
        ({"AllocatedStorage": 100}, "InvalidParameterCombination"),
        ({"EngineMode": "serverless"}, "InvalidParameterValue"),
        ({"BackupRetentionPeriod": 0}, "InvalidParameterValue"),
        (
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 4}},
            "InvalidParameterCombination",
        ),
        ({"MasterUserPassword": "short"}, "InvalidParameterValue"),
    ],
)
def test_what_a_cluster_may_not_be(endpoint: Endpoint, change: dict[str, Any], code: str) -> None:
    assert refusal(endpoint.client("rds").create_db_cluster, **aurora(**change)) == code
    assert endpoint.fleet.calls == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Engine": "aurora-mysql"}, "InvalidParameterCombination"),
        ({"Engine": "postgres"}, "InvalidParameterCombination"),
        ({"EngineVersion": "17.11"}, "InvalidParameterCombination"),
        ({"DBInstanceClass": "db.m6g.large"}, "InvalidParameterCombination"),
        ({"DBInstanceClass": "db.t3.small"}, "InvalidParameterCombination"),
        ({"DBInstanceClass": "db.serverless"}, "InvalidParameterCombination"),
        ({"PromotionTier": 16}, "InvalidParameterValue"),
    ],
)
def test_what_a_member_may_not_be(rds: Any, change: dict[str, Any], code: str) -> None:
    assert refusal(rds.create_db_instance, **member("m", **change)) == code
    assert len(rds.describe_db_instances()["DBInstances"]) == 2


def test_a_member_of_another_engine_is_no_member(endpoint: Endpoint, rds: Any) -> None:
    single = mysql(DBInstanceIdentifier="m", DBClusterIdentifier=NAME)
    assert refusal(rds.create_db_instance, **single) == "InvalidParameterCombination"


def test_a_global_database_has_one_engine(endpoint: Endpoint, rds: Any) -> None:
    arn = rds.describe_db_clusters()["DBClusters"][0]["DBClusterArn"]
    create = rds.create_global_cluster
    call = {"GlobalClusterIdentifier": "world", "SourceDBClusterIdentifier": arn}
    assert refusal(create, **call) == "InvalidParameterValue"
    create(GlobalClusterIdentifier="world", Engine="aurora-mysql")
    west = endpoint.client("rds", "us-west-2")
    joined = aurora(GlobalClusterIdentifier="world")
    assert refusal(west.create_db_cluster, **joined) == "InvalidParameterCombination"
