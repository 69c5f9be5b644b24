"""Automated backups replicated to another region: reported, refused where RDS refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.front_fixtures import PASSWORD, Ground, endpoint, ground, mysql, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]


def instance(endpoint: Endpoint, ground: Ground, **changes: Any) -> str:
    asked = mysql(StorageEncrypted=True, KmsKeyId=ground.key, **changes)
    made = endpoint.client("rds").create_db_instance(**asked)["DBInstance"]
    return str(made["DBInstanceArn"])


def copies(endpoint: Endpoint, region: str = "us-west-2") -> list[dict[str, Any]]:
    described = endpoint.client("rds", region).describe_db_instance_automated_backups()
    return list(described["DBInstanceAutomatedBackups"])


def test_it_is_reported_in_both_regions_until_it_is_stopped(
    endpoint: Endpoint, ground: Ground
) -> None:
    source = instance(endpoint, ground)
    west, east = endpoint.client("rds", "us-west-2"), endpoint.client("rds")
    made = west.start_db_instance_automated_backups_replication(
        SourceDBInstanceArn=source, BackupRetentionPeriod=30, KmsKeyId=ground.west_key
    )["DBInstanceAutomatedBackup"]
    (found,) = copies(endpoint)
    assert found["DBInstanceAutomatedBackupsArn"] == made["DBInstanceAutomatedBackupsArn"]
    assert found["DBInstanceAutomatedBackupsArn"].startswith("arn:aws:rds:us-west-2:")
    assert (found["Status"], found["Region"]) == ("replicating", "us-east-1")
    assert (found["BackupRetentionPeriod"], found["KmsKeyId"]) == (30, ground.west_key)
    (shown,) = east.describe_db_instances()["DBInstances"]
    assert shown["DBInstanceAutomatedBackupsReplications"] == [
        {"DBInstanceAutomatedBackupsArn": found["DBInstanceAutomatedBackupsArn"]}
    ]
    # The region's own are another matter.
    assert "replicating" not in [own["Status"] for own in copies(endpoint, "us-east-1")]
    west.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source)
    assert copies(endpoint) == []
    (shown,) = east.describe_db_instances()["DBInstances"]
    assert shown.get("DBInstanceAutomatedBackupsReplications", []) == []
    again = refusal(west.stop_db_instance_automated_backups_replication, SourceDBInstanceArn=source)
    assert again == "DBInstanceAutomatedBackupNotFound"


def test_it_is_found_by_what_it_is_a_copy_of(endpoint: Endpoint, ground: Ground) -> None:
    source = instance(endpoint, ground)
    west = endpoint.client("rds", "us-west-2")
    west.start_db_instance_automated_backups_replication(
        SourceDBInstanceArn=source, KmsKeyId=ground.west_key
    )
    describe = west.describe_db_instance_automated_backups
    (found,) = describe(DBInstanceIdentifier="myapp-mysql-db")["DBInstanceAutomatedBackups"]
    assert found["BackupRetentionPeriod"] == 7
    asked = {"DBInstanceAutomatedBackupsArn": found["DBInstanceAutomatedBackupsArn"]}
    assert len(describe(**asked)["DBInstanceAutomatedBackups"]) == 1
    missing = refusal(describe, DBInstanceIdentifier="another")
    assert missing == "DBInstanceAutomatedBackupNotFound"


@pytest.mark.parametrize(
    ("region", "changes", "code"),
    [
        ("us-east-1", {}, "InvalidParameterValue"),
        ("us-west-2", {"KmsKeyId": None}, "InvalidParameterValue"),
        ("us-west-2", {"KmsKeyId": "of the east"}, "KMSKeyNotAccessibleFault"),
        ("us-west-2", {"BackupRetentionPeriod": 36}, "InvalidParameterValue"),
        ("us-west-2", {"SourceDBInstanceArn": "another"}, "DBInstanceNotFound"),
    ],
)
def test_what_rds_refuses(
    endpoint: Endpoint, ground: Ground, region: str, changes: dict[str, Any], code: str
) -> None:
    source = instance(endpoint, ground)
    known = {"of the east": ground.key, "another": source + "-2"}
    asked = {"SourceDBInstanceArn": source, "KmsKeyId": ground.west_key, **changes}
    asked = {key: known.get(value, value) for key, value in asked.items() if value is not None}
    start = endpoint.client("rds", region).start_db_instance_automated_backups_replication
    assert refusal(start, **asked) == code


def test_an_instance_without_backups_has_none_to_copy(endpoint: Endpoint, ground: Ground) -> None:
    source = instance(endpoint, ground, BackupRetentionPeriod=0)
    start = endpoint.client("rds", "us-west-2").start_db_instance_automated_backups_replication
    refused = refusal(start, SourceDBInstanceArn=source, KmsKeyId=ground.west_key)
    assert refused == "InvalidDBInstanceState"


def test_there_is_one_copy_a_region(endpoint: Endpoint, ground: Ground) -> None:
    source = instance(endpoint, ground)
    start = endpoint.client("rds", "us-west-2").start_db_instance_automated_backups_replication
    start(SourceDBInstanceArn=source, KmsKeyId=ground.west_key)
    refused = refusal(start, SourceDBInstanceArn=source, KmsKeyId=ground.west_key)
    assert refused == "InvalidDBInstanceAutomatedBackupState"


def test_a_member_of_a_cluster_has_no_backups_of_its_own(
    endpoint: Endpoint, ground: Ground
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="shop", Engine="aurora-mysql", MasterUsername="admin",
        MasterUserPassword=PASSWORD,
    )  # fmt: skip
    made = rds.create_db_instance(
        DBInstanceIdentifier="shop-a", DBClusterIdentifier="shop", Engine="aurora-mysql",
        DBInstanceClass="db.r6g.large",
    )["DBInstance"]  # fmt: skip
    start = endpoint.client("rds", "us-west-2").start_db_instance_automated_backups_replication
    refused = refusal(start, SourceDBInstanceArn=made["DBInstanceArn"], KmsKeyId=ground.west_key)
    assert refused == "InvalidParameterCombination"
