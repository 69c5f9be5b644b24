"""The API's other engines: what differs between them and MySQL."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import Credentials, Ref
from localcloud.services.rds_engines import INSTANCE_ENGINES
from tests.localcloud.front_fixtures import PASSWORD, Ground, endpoint, ground, mysql, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]


def postgres(**changes: Any) -> dict[str, Any]:
    """The arguments of a PostgreSQL instance, with changes."""
    engine = {"Engine": "postgres", "EngineVersion": "17", "MasterUsername": "app"}
    return mysql(**{**engine, "DBInstanceIdentifier": "pg", **changes})


def mariadb(**changes: Any) -> dict[str, Any]:
    engine = {"Engine": "mariadb", "EngineVersion": "11.4"}
    return mysql(**{**engine, "DBInstanceIdentifier": "wiki", **changes})


@pytest.mark.parametrize(
    ("arguments", "version", "license_model", "group", "port"),
    [
        (postgres(), "17.11", "postgresql-license", "default.postgres17", 5432),
        (postgres(EngineVersion="16.9"), "16.9", "postgresql-license", "default.postgres16", 5432),
        (mariadb(), "11.4.13", "general-public-license", "default.mariadb11.4", 3306),
        (
            mariadb(EngineVersion="10.11"),
            "10.11.19",
            "general-public-license",
            "default.mariadb10.11",
            3306,
        ),
    ],
)
def test_version_licence_family_and_server_are_the_engine_s(
    endpoint: Endpoint,
    arguments: dict[str, Any],
    version: str,
    license_model: str,
    group: str,
    port: int,
) -> None:
    made = endpoint.client("rds").create_db_instance(**arguments)["DBInstance"]
    assert made["EngineVersion"] == version
    assert made["LicenseModel"] == license_model
    assert [g["DBParameterGroupName"] for g in made["DBParameterGroups"]] == [group]
    assert made["Endpoint"]["Port"] == port
    ref = Ref("us-east-1", made["DBInstanceIdentifier"])
    assert endpoint.fleet.engines == {ref: arguments["Engine"]}
    assert endpoint.fleet.named("create_instance") == [
        (ref, Credentials(arguments["MasterUsername"], PASSWORD), None, {})
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (postgres(MasterUsername="admin"), "InvalidParameterValue"),
        (postgres(MasterUsername="pg_app"), "InvalidParameterValue"),
        (postgres(DBName="a" * 64), "InvalidParameterValue"),
        (postgres(EngineVersion="13.23"), "InvalidParameterCombination"),
        (postgres(EngineVersion="17.4"), "InvalidParameterCombination"),
        (postgres(LicenseModel="general-public-license"), "InvalidParameterCombination"),
        (postgres(DBInstanceClass="db.m4.large"), "InvalidParameterCombination"),
        (postgres(EnableCloudwatchLogsExports=["error"]), "InvalidParameterCombination"),
        (
            postgres(StorageType="gp3", AllocatedStorage=399, Iops=12000),
            "InvalidParameterCombination",
        ),
        (postgres(DBParameterGroupName="of-mysql"), "InvalidParameterCombination"),
        (mariadb(MasterUsername="mariadb"), "InvalidParameterValue"),
        (mariadb(EnablePerformanceInsights=True), "InvalidParameterCombination"),
        (mariadb(EngineVersion="10.5"), "InvalidParameterCombination"),
        (mariadb(EnableCloudwatchLogsExports=["postgresql"]), "InvalidParameterCombination"),
        (mariadb(MasterUserPassword="x" * 42), "InvalidParameterValue"),
    ],
)
def test_what_rds_refuses_of_an_engine_is_refused(
    endpoint: Endpoint, arguments: dict[str, Any], code: str
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="of-mysql", DBParameterGroupFamily="mysql8.4", Description="d"
    )
    assert refusal(rds.create_db_instance, **arguments) == code
    assert endpoint.fleet.calls == []


def test_postgresql_has_performance_insights_on_its_smallest_class(endpoint: Endpoint) -> None:
    made = endpoint.client("rds").create_db_instance(**postgres(EnablePerformanceInsights=True))
    assert made["DBInstance"]["PerformanceInsightsEnabled"] is True


def test_a_long_password_is_for_postgresql_only(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**postgres(MasterUserPassword="x" * 128))
    assert refusal(rds.create_db_instance, **postgres(MasterUserPassword="x" * 129)) == (
        "InvalidParameterValue"
    )


def test_which_parameters_are_static_is_the_engine_s_matter(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    for name, family in (("pg", "postgres17"), ("my", "mysql8.4")):
        rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily=family, Description="d"
        )
    connections = {
        "ParameterName": "max_connections",
        "ParameterValue": "200",
        "ApplyMethod": "immediate",
    }
    rds.modify_db_parameter_group(DBParameterGroupName="my", Parameters=[connections])
    code = refusal(
        rds.modify_db_parameter_group, DBParameterGroupName="pg", Parameters=[connections]
    )
    assert code == "InvalidParameterCombination"
    later = connections | {"ApplyMethod": "pending-reboot"}
    rds.modify_db_parameter_group(DBParameterGroupName="pg", Parameters=[later])


def test_a_minor_upgrade_needs_no_leave_and_a_major_one_does(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**postgres(EngineVersion="16.9"))
    change = {"DBInstanceIdentifier": "pg", "ApplyImmediately": True}
    done = rds.modify_db_instance(**change, EngineVersion="16.15")["DBInstance"]
    assert done["EngineVersion"] == "16.15"
    assert refusal(rds.modify_db_instance, **change, EngineVersion="17") == (
        "InvalidParameterCombination"
    )


def test_replicas_take_no_parameter_group_at_first_and_inherit_the_licence(
    endpoint: Endpoint, ground: Ground
) -> None:
    east, west = endpoint.client("rds"), endpoint.client("rds", "us-west-2")
    source = east.create_db_instance(**postgres(StorageEncrypted=True, KmsKeyId=ground.key))[
        "DBInstance"
    ]
    west.create_db_parameter_group(
        DBParameterGroupName="west", DBParameterGroupFamily="postgres17", Description="d"
    )
    wanted = {
        "DBInstanceIdentifier": "far",
        "SourceDBInstanceIdentifier": source["DBInstanceArn"],
        "SourceRegion": "us-east-1",
        "KmsKeyId": ground.west_key,
    }
    with pytest.raises(
        west.exceptions.ClientError, match="during Read Replica creation"
    ) as refused:
        west.create_db_instance_read_replica(**wanted, DBParameterGroupName="west")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterCombination"
    far = west.create_db_instance_read_replica(**wanted)["DBInstance"]
    assert (far["Engine"], far["LicenseModel"]) == ("postgres", "postgresql-license")
    changed = west.modify_db_instance(DBInstanceIdentifier="far", DBParameterGroupName="west")
    assert changed["DBInstance"]["DBParameterGroups"] == [
        {"DBParameterGroupName": "west", "ParameterApplyStatus": "pending-reboot"}
    ]


def test_every_version_and_family_can_be_looked_up(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    for engine in INSTANCE_ENGINES:
        pages = rds.get_paginator("describe_db_engine_versions").paginate(Engine=engine.name)
        found = {
            v["EngineVersion"]: v["DBParameterGroupFamily"]
            for page in pages
            for v in page["DBEngineVersions"]
        }
        assert tuple(found) == engine.versions
        assert engine.default in found
        (default,) = rds.describe_db_engine_versions(Engine=engine.name, DefaultOnly=True)[
            "DBEngineVersions"
        ]
        assert default["EngineVersion"] == engine.default
