"""A promoted PostgreSQL replica, and MariaDB that was restored, each in its engine's words."""

from __future__ import annotations

import time
from typing import Any

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.engines import verify

__all__ = ["verify"]


def stands_for(verify: Verify, name: str, model: str, instance: Any, **changes: Any) -> None:
    """Facts of an instance that came from ``model``, in the record."""
    endpoint = {
        "role": "writer",
        "host": instance["Endpoint"]["Address"],
        "port": instance["Endpoint"]["Port"],
    }
    verify.databases[name] = {
        **verify.databases[model],
        "source": None,
        "origin": model,
        "instances": [name],
        "endpoints": [endpoint],
        **changes,
    }


def test_a_promoted_replica_of_postgresql_takes_writes_of_its_own(
    cloud: TestCloud, verify: Verify
) -> None:
    rds = cloud.client("rds")
    made = rds.create_db_instance_read_replica(
        DBInstanceIdentifier="promoted-ledger", SourceDBInstanceIdentifier="ledger"
    )["DBInstance"]
    stands_for(verify, "promoted-ledger", "ledger", made, kind="read-replica")
    try:
        still_follows = verify("promoted-ledger")
        rds.promote_read_replica(DBInstanceIdentifier="promoted-ledger")
        done = [verify("promoted-ledger") for _ in range(2)]
    finally:
        rds.delete_db_instance(DBInstanceIdentifier="promoted-ledger", SkipFinalSnapshot=True)
    assert still_follows.failed["it follows nobody"] == "it replicates from its source"
    assert "25006" in still_follows.failed["it takes writes"]
    for each in done:
        assert each.code == 0, each.out + each.err
        assert each.statuses == {"passed"}


def test_a_snapshot_of_mariadb_is_restored_as_mariadb(cloud: TestCloud, verify: Verify) -> None:
    rds = cloud.client("rds")
    rds.create_db_snapshot(DBSnapshotIdentifier="wiki-a", DBInstanceIdentifier="wiki")
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="wiki-b", DBSnapshotIdentifier="wiki-a", DBParameterGroupName="wiki"
    )
    end = time.monotonic() + 20
    while True:
        found = rds.describe_db_instances(DBInstanceIdentifier="wiki-b")["DBInstances"][0]
        if found["DBInstanceStatus"] != "creating":
            break
        assert time.monotonic() < end
        time.sleep(0.05)
    stands_for(verify, "wiki-b", "wiki", found, kind="restored-instance")
    try:
        done = verify("wiki-b")
    finally:
        rds.delete_db_instance(DBInstanceIdentifier="wiki-b", SkipFinalSnapshot=True)
        rds.delete_db_snapshot(DBSnapshotIdentifier="wiki-a")
    assert (found["Engine"], found["DBInstanceStatus"]) == ("mariadb", "available")
    assert done.code == 0, done.out + done.err


def test_postgresql_has_no_snapshots_here_and_that_is_said(
    cloud: TestCloud, verify: Verify
) -> None:
    rds = cloud.client("rds")
    for refused, arguments in (
        (
            rds.create_db_snapshot,
            {"DBSnapshotIdentifier": "ledger-a", "DBInstanceIdentifier": "ledger"},
        ),
        (
            rds.restore_db_instance_to_point_in_time,
            {
                "SourceDBInstanceIdentifier": "ledger",
                "TargetDBInstanceIdentifier": "ledger-b",
                "UseLatestRestorableTime": True,
            },
        ),
    ):
        try:
            refused(**arguments)
        except rds.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            assert code in ("InvalidParameterCombination", "PointInTimeRestoreNotEnabled")
        else:
            raise AssertionError(f"{refused.__name__} was accepted")
