"""RDS instances and replicas through the provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.errors import DeployFailed
from localcloud.fleet import Ref
from tests.localcloud.front_fixtures import PASSWORD
from tests.localcloud.provider.life import Cloud, Life

TOKEN = "aws:rds/instance:Instance"
ROLE = "arn:aws:iam::123456789012:role/monitoring"


def mysql(**changes: Any) -> dict[str, Any]:
    """The course's instance as the program asks for it; None leaves a property out."""
    inputs: dict[str, Any] = {
        "identifier": "myapp-mysql-db",
        "engine": "mysql",
        "engineVersion": "8.4",
        "instanceClass": "db.t3.micro",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp2",
        "username": "admin",
        "password": PASSWORD,
        "dbName": "myappdb",
        "multiAz": True,
        "backupRetentionPeriod": 7,
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "monitoringInterval": 60,
        "monitoringRoleArn": ROLE,
        "enabledCloudwatchLogsExports": ["error"],
        "tags": {"Name": "mysql"},
        "applyImmediately": True,
        "skipFinalSnapshot": True,
    } | changes
    return {prop: value for prop, value in inputs.items() if value is not None}


def described(cloud: Cloud, identifier: str, region: str = "us-east-1") -> dict[str, Any]:
    rds = cloud.endpoint.client("rds", region)
    found = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    return dict(found[0])


@pytest.fixture(scope="module")
def instance(cloud: Cloud) -> Iterator[Life]:
    life = Life(cloud, TOKEN, mysql()).create()
    yield life
    life.delete()


def test_an_instance_is_made_as_asked(cloud: Cloud, instance: Life) -> None:
    found = described(cloud, "myapp-mysql-db")
    assert found["DBName"] == "myappdb"
    assert found["MultiAZ"] is True
    assert found["MaxAllocatedStorage"] == 100
    assert found["MonitoringInterval"] == 60
    assert found["EnabledCloudwatchLogsExports"] == ["error"]
    assert instance.id == found["DbiResourceId"]
    assert instance.outputs["address"] == found["Endpoint"]["Address"]
    assert instance.outputs["endpoint"] == f"{found['Endpoint']['Address']}:3306"
    assert instance.tags() == {"Name": "mysql"}


@pytest.mark.parametrize(
    ("changes", "member", "reported"),
    [
        ({"instanceClass": "db.t3.small"}, "DBInstanceClass", "db.t3.small"),
        ({"allocatedStorage": 30}, "AllocatedStorage", 30),
        ({"storageType": "gp3"}, "StorageType", "gp3"),
        ({"maxAllocatedStorage": 200}, "MaxAllocatedStorage", 200),
        ({"maxAllocatedStorage": None}, "MaxAllocatedStorage", 30),
        ({"multiAz": False}, "MultiAZ", False),
        ({"backupRetentionPeriod": 9}, "BackupRetentionPeriod", 9),
        ({"backupWindow": "01:00-02:00"}, "PreferredBackupWindow", "01:00-02:00"),
        (
            {"maintenanceWindow": "mon:04:30-mon:05:30"},
            "PreferredMaintenanceWindow",
            "mon:04:30-mon:05:30",
        ),
        ({"monitoringInterval": 30}, "MonitoringInterval", 30),
        ({"monitoringInterval": None, "monitoringRoleArn": None}, "MonitoringInterval", 0),
        ({"enabledCloudwatchLogsExports": ["slowquery"]}, "EnabledCloudwatchLogsExports",
         ["slowquery"]),
        ({"enabledCloudwatchLogsExports": None}, "EnabledCloudwatchLogsExports", []),
        ({"publiclyAccessible": True}, "PubliclyAccessible", True),
        ({"publiclyAccessible": None}, "PubliclyAccessible", False),
        ({"copyTagsToSnapshot": True}, "CopyTagsToSnapshot", True),
        ({"copyTagsToSnapshot": None}, "CopyTagsToSnapshot", False),
        ({"autoMinorVersionUpgrade": False}, "AutoMinorVersionUpgrade", False),
        ({"autoMinorVersionUpgrade": None}, "AutoMinorVersionUpgrade", True),
        ({"iamDatabaseAuthenticationEnabled": True}, "IAMDatabaseAuthenticationEnabled", True),
        ({"iamDatabaseAuthenticationEnabled": None}, "IAMDatabaseAuthenticationEnabled", False),
        ({"caCertIdentifier": "rds-ca-rsa4096-g1"}, "CACertificateIdentifier",
         "rds-ca-rsa4096-g1"),
        ({"deletionProtection": True}, "DeletionProtection", True),
        ({"deletionProtection": None}, "DeletionProtection", False),
    ],
)  # fmt: skip
def test_a_change_reaches_the_instance(
    cloud: Cloud, instance: Life, changes: dict[str, Any], member: str, reported: object
) -> None:
    instance.change(**changes)
    assert described(cloud, "myapp-mysql-db")[member] == reported


def test_a_new_password_reaches_the_server(cloud: Cloud, instance: Life) -> None:
    instance.change(password="another-good-1")
    ref = Ref("us-east-1", "myapp-mysql-db")
    assert cloud.endpoint.fleet.named("set_password") == [(ref, "another-good-1")]


def test_tags_are_added_changed_and_removed(instance: Life) -> None:
    instance.change(tags={"Name": "other", "Team": "data"})
    assert instance.tags() == {"Name": "other", "Team": "data"}
    instance.change(tags={"Team": "data"})
    assert instance.tags() == {"Team": "data"}
    instance.change(tags=None)
    assert instance.tags() == {}


def test_another_security_group_is_taken(cloud: Cloud, instance: Life) -> None:
    group = cloud.security_group("another")
    instance.change(vpcSecurityGroupIds=[group])
    groups = described(cloud, "myapp-mysql-db")["VpcSecurityGroups"]
    assert [g["VpcSecurityGroupId"] for g in groups] == [group]


def test_a_parameter_group_is_in_force_at_once(cloud: Cloud, instance: Life) -> None:
    rds = cloud.endpoint.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="mine", DBParameterGroupFamily="mysql8.4", Description="d"
    )
    instance.change(parameterGroupName="mine")
    assert described(cloud, "myapp-mysql-db")["DBParameterGroups"] == [
        {"DBParameterGroupName": "mine", "ParameterApplyStatus": "in-sync"}
    ]


def test_without_apply_immediately_a_change_waits_for_the_window(cloud: Cloud) -> None:
    waiting = Life(cloud, TOKEN, mysql(identifier="waits", applyImmediately=None)).create()
    waiting.change(instanceClass="db.t3.medium")
    found = described(cloud, "waits")
    assert found["DBInstanceClass"] == "db.t3.micro"
    assert found["PendingModifiedValues"]["DBInstanceClass"] == "db.t3.medium"
    waiting.delete()


def test_a_major_upgrade_needs_the_flag_and_gets_it(cloud: Cloud) -> None:
    old = Life(cloud, TOKEN, mysql(identifier="old", engineVersion="8.0")).create()
    with pytest.raises(DeployFailed, match="AllowMajorVersionUpgrade"):
        old.change(engineVersion="8.4")
    old.change(engineVersion="8.4", allowMajorVersionUpgrade=True)
    assert described(cloud, "old")["EngineVersion"].startswith("8.4.")
    old.delete()


def test_a_refusal_is_in_the_words_of_the_api(cloud: Cloud) -> None:
    micro = mysql(identifier="insights", performanceInsightsEnabled=True)
    with pytest.raises(
        DeployFailed,
        match=r"InvalidParameterCombination: Performance Insights not supported .*CreateDBInstance",
    ):
        Life(cloud, TOKEN, micro).create()


def test_the_snapshot_that_was_asked_for_is_left_behind(cloud: Cloud) -> None:
    inputs = mysql(identifier="kept", skipFinalSnapshot=False, finalSnapshotIdentifier="kept-final")
    life = Life(cloud, TOKEN, inputs).create()
    life.delete()
    rds = cloud.endpoint.client("rds")
    found = rds.describe_db_snapshots(DBInstanceIdentifier="kept")["DBSnapshots"]
    assert [s["DBSnapshotIdentifier"] for s in found] == ["kept-final"]


def test_a_deletion_without_a_snapshots_name_says_what_to_do(cloud: Cloud) -> None:
    life = Life(cloud, TOKEN, mysql(identifier="nameless", skipFinalSnapshot=None)).create()
    with pytest.raises(DeployFailed, match="finalSnapshotIdentifier is needed"):
        life.delete()
    assert life.read() is not None
    life.change(skipFinalSnapshot=True)
    life.delete()


def replica(**changes: Any) -> dict[str, Any]:
    return {
        "identifier": "myapp-mysql-replica",
        "replicateSourceDb": "source",
        "instanceClass": "db.t3.micro",
        "applyImmediately": True,
        "skipFinalSnapshot": True,
    } | changes


@pytest.fixture(scope="module")
def source(cloud: Cloud) -> Iterator[Life]:
    key = cloud.key()
    inputs = mysql(identifier="source", storageEncrypted=True, kmsKeyId=key)
    life = Life(cloud, TOKEN, inputs).create()
    yield life
    life.delete()


def test_a_replica_in_the_region_gets_its_parameter_group_after_its_creation(
    cloud: Cloud, source: Life
) -> None:
    rds = cloud.endpoint.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="replicas", DBParameterGroupFamily="mysql8.4", Description="d"
    )
    inputs = replica(parameterGroupName="replicas", backupRetentionPeriod=1)
    life = Life(cloud, TOKEN, inputs).create()
    found = described(cloud, "myapp-mysql-replica")
    assert found["ReadReplicaSourceDBInstanceIdentifier"] == "source"
    assert found["BackupRetentionPeriod"] == 1
    assert found["DBParameterGroups"] == [
        {"DBParameterGroupName": "replicas", "ParameterApplyStatus": "in-sync"}
    ]
    life.delete()


def test_a_replica_in_another_region_has_its_own_key_and_groups(cloud: Cloud, source: Life) -> None:
    west = cloud.endpoint.client("rds", "us-west-2")
    subnets = cloud.endpoint.client("ec2", "us-west-2").describe_subnets()["Subnets"]
    west.create_db_subnet_group(
        DBSubnetGroupName="west",
        DBSubnetGroupDescription="d",
        SubnetIds=[s["SubnetId"] for s in subnets],
    )
    west.create_db_parameter_group(
        DBParameterGroupName="west", DBParameterGroupFamily="mysql8.4", Description="d"
    )
    key = cloud.key("us-west-2")
    inputs = replica(
        region="us-west-2",
        replicateSourceDb=source.outputs["arn"],
        kmsKeyId=key,
        dbSubnetGroupName="west",
        parameterGroupName="west",
    )
    life = Life(cloud, TOKEN, inputs).create()
    found = described(cloud, "myapp-mysql-replica", "us-west-2")
    assert found["ReadReplicaSourceDBInstanceIdentifier"] == source.outputs["arn"]
    assert found["KmsKeyId"] == key
    assert found["DBSubnetGroup"]["DBSubnetGroupName"] == "west"
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == "west"
    life.delete()


def test_a_replica_without_a_source_is_promoted(cloud: Cloud, source: Life) -> None:
    life = Life(cloud, TOKEN, replica()).create()
    life.change(replicateSourceDb=None)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in described(cloud, "myapp-mysql-replica")
    assert cloud.endpoint.fleet.named("promote") == [(Ref("us-east-1", "myapp-mysql-replica"),)]
    life.delete()


def test_a_replica_of_another_source_is_a_new_one(cloud: Cloud, source: Life) -> None:
    difference = cloud.provider.diff(TOKEN, replica(), replica(replicateSourceDb="other"))
    assert difference.replaces == {"replicateSourceDb"}
    assert difference.delete_first
