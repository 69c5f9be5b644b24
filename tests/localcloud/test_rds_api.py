from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import Credentials, Ref
from tests.localcloud.front_fixtures import (
    PASSWORD,
    Ground,
    endpoint,
    ground,
    mysql,
    refusal,
    site,
)
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]
EAST = Ref("us-east-1", "myapp-mysql-db")


def test_an_instance_reports_what_was_asked_and_where_its_server_is(
    endpoint: Endpoint, ground: Ground
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_subnet_group(
        DBSubnetGroupName="db", DBSubnetGroupDescription="d", SubnetIds=list(ground.subnets[:2])
    )
    rds.create_db_parameter_group(
        DBParameterGroupName="slow", DBParameterGroupFamily="mysql8.4", Description="d"
    )
    rds.modify_db_parameter_group(
        DBParameterGroupName="slow",
        Parameters=[
            {"ParameterName": "slow_query_log", "ParameterValue": "1", "ApplyMethod": "immediate"}
        ],
    )
    asked = {
        "MultiAZ": True,
        "MaxAllocatedStorage": 100,
        "StorageEncrypted": True,
        "KmsKeyId": ground.key,
        "DBName": "myappdb",
        "PreferredBackupWindow": "03:00-04:00",
        "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
        "MonitoringInterval": 60,
        "MonitoringRoleArn": "arn:aws:iam::123456789012:role/monitor",
        "PubliclyAccessible": False,
        "DeletionProtection": True,
    }
    made = rds.create_db_instance(
        **mysql(**asked),
        VpcSecurityGroupIds=[ground.security_group],
        DBSubnetGroupName="db",
        DBParameterGroupName="slow",
        EnableCloudwatchLogsExports=["slowquery"],
        Tags=[{"Key": "stack", "Value": "dev"}],
    )["DBInstance"]
    shown = rds.describe_db_instances(DBInstanceIdentifier="myapp-mysql-db")["DBInstances"][0]
    # Told once there is a second to go back to: between the two answers it may have passed.
    assert {k: v for k, v in shown.items() if k != "LatestRestorableTime"} == made
    assert {name: shown[name] for name in asked} == asked
    assert shown["DBInstanceStatus"] == "available"
    assert shown["EngineVersion"] == "8.4.11"
    assert shown["Endpoint"]["Address"].startswith("127.82.")
    assert shown["Endpoint"]["Port"] == 3306
    assert shown["EnabledCloudwatchLogsExports"] == ["slowquery"]
    assert shown["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    assert shown["VpcSecurityGroups"] == [
        {"VpcSecurityGroupId": ground.security_group, "Status": "active"}
    ]
    assert PASSWORD not in str(shown)
    tags = rds.list_tags_for_resource(ResourceName=shown["DBInstanceArn"])["TagList"]
    assert tags == [{"Key": "stack", "Value": "dev"}]
    credentials = Credentials("admin", PASSWORD)
    assert endpoint.fleet.named("create_instance") == [
        (EAST, credentials, "myappdb", {"slow_query_log": "1"})
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"DBInstanceClass": "db.nonsense"}, "InvalidParameterValue"),
        ({"DBInstanceClass": "db.r8a.large"}, "InvalidParameterCombination"),
        ({"AllocatedStorage": 19}, "InvalidParameterValue"),
        ({"AllocatedStorage": None}, "MissingParameter"),
        ({"MasterUserPassword": "short"}, "InvalidParameterValue"),
        ({"MasterUserPassword": "has@sign-in-it"}, "InvalidParameterValue"),
        ({"MasterUsername": "rdsadmin"}, "InvalidParameterValue"),
        ({"EngineVersion": "8.4.3"}, "InvalidParameterCombination"),
        ({"EngineVersion": "9.7"}, "InvalidParameterCombination"),
        ({"Engine": "nonsense"}, "InvalidParameterValue"),
        ({"StorageType": "gp3", "Iops": 3000}, "InvalidParameterCombination"),
        ({"MaxAllocatedStorage": 21}, "InvalidParameterCombination"),
        ({"BackupRetentionPeriod": 36}, "InvalidParameterValue"),
        ({"MonitoringInterval": 60}, "InvalidParameterCombination"),
        ({"EnablePerformanceInsights": True}, "InvalidParameterCombination"),
        ({"EnableCloudwatchLogsExports": ["slow_query"]}, "InvalidParameterCombination"),
        ({"MultiAZ": True, "AvailabilityZone": "us-east-1a"}, "InvalidParameterCombination"),
        ({"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault"),
        ({"DBParameterGroupName": "none"}, "DBParameterGroupNotFound"),
        ({"VpcSecurityGroupIds": ["sg-0"]}, "InvalidParameterValue"),
        ({"StorageEncrypted": True, "KmsKeyId": "none"}, "KMSKeyNotAccessibleFault"),
        ({"CACertificateIdentifier": "rds-ca-2019"}, "CertificateNotFound"),
        ({"DBInstanceIdentifier": "two--dashes"}, "InvalidParameterValue"),
        (
            {
                "PreferredBackupWindow": "05:30-06:30",
                "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
            },
            "InvalidParameterCombination",
        ),
    ],
)
def test_what_rds_refuses_is_refused_and_starts_nothing(
    endpoint: Endpoint, change: dict[str, Any], code: str
) -> None:
    rds = endpoint.client("rds")
    assert refusal(rds.create_db_instance, **mysql(**change)) == code
    assert endpoint.fleet.calls == []
    assert rds.describe_db_instances()["DBInstances"] == []


def test_identifiers_are_unique_and_resource_identifiers_too(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    one = rds.create_db_instance(**mysql())["DBInstance"]
    two = rds.create_db_instance(**mysql(DBInstanceIdentifier="other"))["DBInstance"]
    assert one["DbiResourceId"] != two["DbiResourceId"]
    assert refusal(rds.create_db_instance, **mysql()) == "DBInstanceAlreadyExists"


def test_a_server_that_does_not_start_leaves_no_record(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    endpoint.fleet.failing.add("create_instance")
    with pytest.raises(rds.exceptions.ClientError) as caught:
        rds.create_db_instance(**mysql())
    error = caught.value.response["Error"]
    assert error["Code"] == "InternalFailure"
    assert "the log's last line" in error["Message"]
    assert refusal(rds.describe_db_instances, DBInstanceIdentifier="myapp-mysql-db") == (
        "DBInstanceNotFound"
    )
    endpoint.fleet.failing.clear()
    rds.create_db_instance(**mysql())


def test_deletion_asks_for_protection_and_snapshot(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql(DeletionProtection=True))
    name = "myapp-mysql-db"
    code = refusal(rds.delete_db_instance, DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    assert code == "InvalidParameterCombination"
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    code = refusal(rds.delete_db_instance, DBInstanceIdentifier=name)
    assert code == "InvalidParameterCombination"
    assert endpoint.fleet.named("delete_instance") == []
    rds.delete_db_instance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier="last")
    assert endpoint.fleet.named("delete_instance") == [(EAST,)]
    snapshots = rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"]
    assert [s["DBInstanceIdentifier"] for s in snapshots] == [name]
    messages = [e["Message"] for e in rds.describe_events(SourceIdentifier=name)["Events"]]
    assert messages == ["DB instance created", "DB instance deleted"]


def test_changes_wait_for_the_window_unless_told(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    name = "myapp-mysql-db"
    change = {"DBInstanceIdentifier": name, "AllocatedStorage": 40, "BackupRetentionPeriod": 3}
    waiting = rds.modify_db_instance(**change)["DBInstance"]
    assert (waiting["AllocatedStorage"], waiting["BackupRetentionPeriod"]) == (20, 3)
    assert waiting["PendingModifiedValues"] == {"AllocatedStorage": 40}
    done = rds.modify_db_instance(**change, ApplyImmediately=True)["DBInstance"]
    assert done["AllocatedStorage"] == 40
    assert done["PendingModifiedValues"] == {}
    assert refusal(rds.modify_db_instance, **(change | {"AllocatedStorage": 30})) == (
        "InvalidParameterValue"
    )
    rds.modify_db_instance(DBInstanceIdentifier=name, MasterUserPassword="another-one-2")
    assert endpoint.fleet.named("set_password") == [(EAST, "another-one-2")]


def test_a_parameter_group_reaches_the_servers_that_use_it(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    group = {"DBParameterGroupName": "p"}
    rds.create_db_parameter_group(**group, DBParameterGroupFamily="mysql8.4", Description="d")
    rds.create_db_instance(**mysql(DBParameterGroupName="p"))
    parameter = {"ParameterName": "long_query_time", "ParameterValue": "2"}
    rds.modify_db_parameter_group(**group, Parameters=[parameter | {"ApplyMethod": "immediate"}])
    assert endpoint.fleet.named("set_parameters") == [(EAST, {"long_query_time": "2"})]
    shown = rds.describe_db_parameters(**group, Source="user")["Parameters"]
    assert [(p["ParameterName"], p["ParameterValue"]) for p in shown] == [("long_query_time", "2")]
    assert refusal(rds.delete_db_parameter_group, **group) == "InvalidDBParameterGroupState"
    gone = {"ParameterName": "log_slave_updates", "ParameterValue": "1", "ApplyMethod": "immediate"}
    assert refusal(rds.modify_db_parameter_group, **group, Parameters=[gone]) == (
        "InvalidParameterValue"
    )
    static = gone | {"ParameterName": "performance_schema"}
    assert refusal(rds.modify_db_parameter_group, **group, Parameters=[static]) == (
        "InvalidParameterCombination"
    )


def test_a_subnet_group_covers_two_zones_and_stays_while_used(
    endpoint: Endpoint, ground: Ground
) -> None:
    rds = endpoint.client("rds")
    group = {"DBSubnetGroupName": "s", "DBSubnetGroupDescription": "d"}
    assert refusal(rds.create_db_subnet_group, **group, SubnetIds=[ground.subnets[0]]) == (
        "DBSubnetGroupDoesNotCoverEnoughAZs"
    )
    rds.create_db_subnet_group(**group, SubnetIds=list(ground.subnets[:2]))
    rds.create_db_instance(**mysql(DBSubnetGroupName="s"))
    assert refusal(rds.delete_db_subnet_group, DBSubnetGroupName="s") == (
        "InvalidDBSubnetGroupStateFault"
    )


def test_a_security_group_in_use_stays(endpoint: Endpoint, ground: Ground) -> None:
    rds, ec2 = endpoint.client("rds"), endpoint.client("ec2")
    rds.create_db_instance(**mysql(VpcSecurityGroupIds=[ground.security_group]))
    code = refusal(ec2.delete_security_group, GroupId=ground.security_group)
    assert code == "DependencyViolation"
    rds.delete_db_instance(DBInstanceIdentifier="myapp-mysql-db", SkipFinalSnapshot=True)
    ec2.delete_security_group(GroupId=ground.security_group)


def test_stop_start_and_reboot_reach_the_server(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    name = {"DBInstanceIdentifier": "myapp-mysql-db"}
    assert rds.stop_db_instance(**name)["DBInstance"]["DBInstanceStatus"] == "stopped"
    assert refusal(rds.reboot_db_instance, **name) == "InvalidDBInstanceState"
    assert rds.start_db_instance(**name)["DBInstance"]["DBInstanceStatus"] == "available"
    rds.reboot_db_instance(**name)
    done = [call[0] for call in endpoint.fleet.calls if call[0] not in ("create_instance", "take")]
    assert done == ["stop_instance", "start_instance", "reboot"]


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({"Engine": "mysql", "EngineVersion": "8.4", "DefaultOnly": True}, ["8.4.11"]),
        ({"Engine": "mysql", "DefaultOnly": True}, ["8.4.11"]),
        ({"Engine": "mysql", "EngineVersion": "8.4.5"}, ["8.4.5"]),
        (
            {"Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.08"},
            [f"8.0.mysql_aurora.3.08.{n}" for n in range(3)],
        ),
        ({"Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.05.2"}, []),
    ],
)
def test_versions_are_found_by_prefix(
    endpoint: Endpoint, wish: dict[str, Any], found: list[str]
) -> None:
    versions = endpoint.client("rds").describe_db_engine_versions(**wish)["DBEngineVersions"]
    assert [v["EngineVersion"] for v in versions] == found


def test_aurora_does_not_offer_small_classes(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")

    def offered(name: str) -> bool:
        options = rds.describe_orderable_db_instance_options(
            Engine="aurora-mysql", DBInstanceClass=name
        )
        return bool(options["OrderableDBInstanceOptions"])

    assert (offered("db.r5.large"), offered("db.t3.small")) == (True, False)


def test_lists_come_in_pages(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    pages = rds.get_paginator("describe_db_engine_versions").paginate(
        Engine="mysql", PaginationConfig={"PageSize": 5}
    )
    sizes = [len(page["DBEngineVersions"]) for page in pages]
    assert sizes == [5, 5, 2]
