from __future__ import annotations

from typing import Any

import pulumi

from components.instance_backup_copy import InstanceBackupCopy, InstanceBackupCopyArgs
from components.keys import RegionKey, RegionKeyArgs
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from specs.backup_copies import BackupCopy
from tests.components.ground import WEST_KEY, ground
from tests.components.test_rds_mysql import spec
from tests.recorder import Recording, record


def made(**changes: Any) -> Recording:
    copy = BackupCopy.model_validate({"region": "us-west-2", "retention_days": 30, **changes})

    def program() -> None:
        here = ground()
        wanted = spec(enhanced_monitoring=None)
        database = RdsMysql("db", RdsMysqlArgs(wanted, here.network, here.key))
        key = RegionKey(f"key-{copy.region}", RegionKeyArgs(copy.region))
        below = pulumi.ResourceOptions(parent=database)
        InstanceBackupCopy("db-copy", InstanceBackupCopyArgs(database, copy, key), below)

    return record(program)


def test_it_is_one_replication_below_its_database() -> None:
    found = made()
    assert found.below("db-copy") == {
        "db-copy-replication": (
            "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
        )
    }
    assert "db-copy" in found.below("db")


def test_it_is_registered_in_the_region_of_the_copy_with_that_regions_key() -> None:
    # RDS calls for the ARN of the other region, and encrypted backups need a key of their own.
    assert made().named("db-copy-replication").inputs == {
        "region": "us-west-2",
        "sourceDbInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:myapp-mysql-db",
        "retentionPeriod": 30,
        "kmsKeyId": WEST_KEY,
    }


def test_the_period_is_the_copys_own() -> None:
    found = made(retention_days=7)
    assert found.named("db-copy-replication").inputs["retentionPeriod"] == 7
    assert found.named("db-instance").inputs["backupRetentionPeriod"] == 7
    assert made(retention_days=14).named("db-instance").inputs["backupRetentionPeriod"] == 7
