"""Snapshots, restores and automated backups as plain boto3 meets them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.fleet import Ref
from localcloud.records import Records
from localcloud.site import Site
from tests.localcloud.front_fixtures import Ground, endpoint, ground, mysql, refusal, site
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet

__all__ = ["endpoint", "ground", "site"]
SOURCE = "myapp-mysql-db"
EAST = "us-east-1"
LONG_AGO = "2020-01-01T00:00:00.000Z"


def instance(rds: Any, name: str) -> Any:
    return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def settled(rds: Any, name: str) -> Any:
    """The instance when it is no longer being made."""
    end = time.monotonic() + 10
    while (found := instance(rds, name))["DBInstanceStatus"] == "creating":
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def backed_up_since(site: Site, moment: str) -> None:
    """As if backups had been on since then."""
    records = Records(site.state_dir / "records.json")
    for member in ("InstanceCreateTime", "_backups_since"):
        records.update("instance", EAST, SOURCE, **{member: moment})


@pytest.fixture
def old(site: Site) -> Any:
    """An endpoint with an instance that is backed up since long ago."""
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        first.client("rds").create_db_instance(**mysql())
    backed_up_since(site, LONG_AGO)
    with served(site, fleet) as found:
        yield found


def test_a_snapshot_says_what_it_is_of(endpoint: Endpoint, ground: Ground) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(
        **mysql(
            StorageEncrypted=True,
            KmsKeyId=ground.key,
            CopyTagsToSnapshot=True,
            Tags=[{"Key": "Project", "Value": "p"}],
        )
    )
    taken = rds.create_db_snapshot(DBSnapshotIdentifier="Mine", DBInstanceIdentifier=SOURCE)
    shown = rds.describe_db_snapshots(DBSnapshotIdentifier="mine")["DBSnapshots"][0]
    assert taken["DBSnapshot"] == shown
    wanted = {
        "DBSnapshotIdentifier": "mine",
        "DBSnapshotArn": "arn:aws:rds:us-east-1:123456789012:snapshot:mine",
        "DBInstanceIdentifier": SOURCE,
        "Engine": "mysql",
        "AllocatedStorage": 20,
        "MasterUsername": "admin",
        "SnapshotType": "manual",
        "Status": "available",
        "PercentProgress": 100,
        "Encrypted": True,
        "KmsKeyId": ground.key,
        "Port": 3306,
        "TagList": [{"Key": "Project", "Value": "p"}],
    }
    assert {member: shown[member] for member in wanted} == wanted
    assert endpoint.fleet.named("take")[-1] == (Ref(EAST, "mine"), Ref(EAST, SOURCE))
    manual = rds.describe_db_snapshots(DBInstanceIdentifier=SOURCE, SnapshotType="manual")
    assert [s["DBSnapshotIdentifier"] for s in manual["DBSnapshots"]] == ["mine"]


def test_the_first_automated_snapshot_comes_with_the_instance_and_goes_with_it(
    endpoint: Endpoint,
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    (first,) = rds.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]
    assert first["DBSnapshotIdentifier"].startswith(f"rds:{SOURCE}-20")
    name = {"DBSnapshotIdentifier": first["DBSnapshotIdentifier"]}
    assert refusal(rds.delete_db_snapshot, **name) == "InvalidDBSnapshotState"
    rds.copy_db_snapshot(
        SourceDBSnapshotIdentifier=name["DBSnapshotIdentifier"], TargetDBSnapshotIdentifier="own"
    )
    rds.delete_db_instance(DBInstanceIdentifier=SOURCE, SkipFinalSnapshot=True)
    left = rds.describe_db_snapshots()["DBSnapshots"]
    assert [(s["DBSnapshotIdentifier"], s["SnapshotType"]) for s in left] == [("own", "manual")]
    assert endpoint.fleet.kept == {Ref(EAST, "own")}


def test_no_backups_no_automated_snapshot(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql(BackupRetentionPeriod=0))
    assert rds.describe_db_snapshots()["DBSnapshots"] == []
    assert "LatestRestorableTime" not in instance(rds, SOURCE)
    rds.modify_db_instance(DBInstanceIdentifier=SOURCE, BackupRetentionPeriod=1)
    assert len(rds.describe_db_snapshots()["DBSnapshots"]) == 1
    rds.modify_db_instance(DBInstanceIdentifier=SOURCE, BackupRetentionPeriod=0)
    assert rds.describe_db_snapshots()["DBSnapshots"] == []
    assert endpoint.fleet.kept == set()


def test_an_automated_snapshot_is_kept_as_long_as_the_config_says(
    site: Site, old: Endpoint
) -> None:
    rds = old.client("rds")
    assert len(rds.describe_db_snapshots()["DBSnapshots"]) == 1
    fleet = old.fleet
    records = Records(site.state_dir / "records.json")
    ((region, name),) = records.keys("snapshot")
    eight_days = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    records.update("snapshot", region, name, SnapshotCreateTime=eight_days)
    with served(site, fleet) as later:
        assert later.client("rds").describe_db_snapshots()["DBSnapshots"] == []
    assert fleet.kept == set()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"DBSnapshotIdentifier": "taken"}, "DBSnapshotAlreadyExists"),
        ({"DBSnapshotIdentifier": "TAKEN"}, "DBSnapshotAlreadyExists"),
        ({"DBSnapshotIdentifier": "rds:mine"}, "InvalidParameterValue"),
        ({"DBSnapshotIdentifier": "ends-"}, "InvalidParameterValue"),
        ({"DBSnapshotIdentifier": "x" * 256}, "InvalidParameterValue"),
        ({"DBInstanceIdentifier": "nobody"}, "DBInstanceNotFound"),
    ],
)
def test_a_snapshot_that_is_refused(
    endpoint: Endpoint, arguments: dict[str, str], code: str
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    rds.create_db_snapshot(DBSnapshotIdentifier="taken", DBInstanceIdentifier=SOURCE)
    asked = {"DBSnapshotIdentifier": "new", "DBInstanceIdentifier": SOURCE} | arguments
    assert refusal(rds.create_db_snapshot, **asked) == code
    assert len(endpoint.fleet.kept) == 2


def test_a_snapshot_that_fails_leaves_no_record(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    endpoint.fleet.failing.add("take")
    asked = {"DBSnapshotIdentifier": "new", "DBInstanceIdentifier": SOURCE}
    assert refusal(rds.create_db_snapshot, **asked) == "InternalFailure"
    endpoint.fleet.failing.clear()
    rds.create_db_snapshot(**asked)


def test_a_copy_in_another_region_needs_a_key_there(endpoint: Endpoint, ground: Ground) -> None:
    rds, west = endpoint.client("rds"), endpoint.client("rds", "us-west-2")
    rds.create_db_instance(**mysql(StorageEncrypted=True, KmsKeyId=ground.key))
    made = rds.create_db_snapshot(DBSnapshotIdentifier="a", DBInstanceIdentifier=SOURCE)
    copy = {
        "SourceDBSnapshotIdentifier": made["DBSnapshot"]["DBSnapshotArn"],
        "TargetDBSnapshotIdentifier": "b",
        "SourceRegion": EAST,
    }
    assert refusal(west.copy_db_snapshot, **copy) == "InvalidParameterCombination"
    found = west.copy_db_snapshot(**copy, KmsKeyId=ground.west_key)["DBSnapshot"]
    assert found["KmsKeyId"] == ground.west_key
    assert found["SourceRegion"] == EAST
    assert endpoint.fleet.named("copy") == [(Ref(EAST, "a"), Ref("us-west-2", "b"))]
    west.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="there", DBSnapshotIdentifier="b"
    )
    assert settled(west, "there")["KmsKeyId"] == ground.west_key


def test_the_final_snapshot_is_taken_when_nobody_writes_any_more(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    endpoint.fleet.calls.clear()
    rds.delete_db_instance(DBInstanceIdentifier=SOURCE, FinalDBSnapshotIdentifier="last")
    done = [call[0] for call in endpoint.fleet.calls]
    assert done == ["stop_instance", "take", "delete_instance", "delete_snapshot"]
    assert endpoint.fleet.kept == {Ref(EAST, "last")}
    made = rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier=SOURCE, DBSnapshotIdentifier="last"
    )["DBInstance"]
    assert made["DBInstanceStatus"] == "creating"
    assert settled(rds, SOURCE)["DBInstanceStatus"] == "available"
    assert endpoint.fleet.named("restore") == [
        (Ref(EAST, SOURCE), Ref(EAST, "last"), "mysql", "admin", {})
    ]


def test_an_instance_whose_final_snapshot_fails_is_stopped_and_there(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    endpoint.fleet.failing.add("take")
    last = {"DBInstanceIdentifier": SOURCE, "FinalDBSnapshotIdentifier": "last"}
    assert refusal(rds.delete_db_instance, **last) == "InternalFailure"
    assert instance(rds, SOURCE)["DBInstanceStatus"] == "stopped"
    assert endpoint.fleet.named("delete_instance") == []
    endpoint.fleet.failing.clear()
    rds.delete_db_instance(**last)


def test_a_restored_instance_has_its_own_doors_and_its_sources_data(
    endpoint: Endpoint, ground: Ground
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="own", DBParameterGroupFamily="mysql8.4", Description="d"
    )
    rds.create_db_instance(
        **mysql(
            DBName="myappdb",
            MaxAllocatedStorage=100,
            DBParameterGroupName="own",
            VpcSecurityGroupIds=[ground.security_group],
            MultiAZ=True,
            DeletionProtection=True,
            StorageEncrypted=True,
            KmsKeyId=ground.key,
            BackupRetentionPeriod=9,
        )
    )
    rds.create_db_snapshot(DBSnapshotIdentifier="a", DBInstanceIdentifier=SOURCE)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="b", DBSnapshotIdentifier="a")
    made = settled(rds, "b")
    kept = {
        "DBName": "myappdb",
        "MasterUsername": "admin",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "MaxAllocatedStorage": 100,
        "KmsKeyId": ground.key,
        "BackupRetentionPeriod": 9,
    }
    assert {member: made[member] for member in kept} == kept
    # RDS takes the defaults for all that guards it.
    assert made["DBParameterGroups"][0]["DBParameterGroupName"] == "default.mysql8.4"
    groups = [group["VpcSecurityGroupId"] for group in made["VpcSecurityGroups"]]
    assert ground.security_group not in groups
    assert made["MultiAZ"] is made["DeletionProtection"] is False
    # It is backed up itself.
    automated = rds.describe_db_snapshots(DBInstanceIdentifier="b", SnapshotType="automated")
    assert len(automated["DBSnapshots"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"DBSnapshotIdentifier": "unknown"}, "DBSnapshotNotFound"),
        ({"DBInstanceIdentifier": SOURCE}, "DBInstanceAlreadyExists"),
        ({"DBInstanceIdentifier": "1b"}, "InvalidParameterValue"),
        ({"DBInstanceClass": "db.nonsense"}, "InvalidParameterValue"),
        ({"DBName": "other"}, "InvalidParameterCombination"),
        ({"Engine": "postgres"}, "InvalidParameterCombination"),
        ({"DBParameterGroupName": "unknown"}, "DBParameterGroupNotFound"),
        ({"DBSubnetGroupName": "unknown"}, "DBSubnetGroupNotFoundFault"),
        ({"MultiAZ": True, "AvailabilityZone": "us-east-1a"}, "InvalidParameterCombination"),
        ({"BackupRetentionPeriod": 36}, "InvalidParameterValue"),
    ],
)
def test_a_restore_that_is_refused(
    endpoint: Endpoint, arguments: dict[str, Any], code: str
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    rds.create_db_snapshot(DBSnapshotIdentifier="a", DBInstanceIdentifier=SOURCE)
    asked = {"DBInstanceIdentifier": "b", "DBSnapshotIdentifier": "a"} | arguments
    assert refusal(rds.restore_db_instance_from_db_snapshot, **asked) == code
    assert endpoint.fleet.named("restore") == []


def test_a_restore_that_fails_says_so_and_can_be_deleted(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    rds.create_db_snapshot(DBSnapshotIdentifier="a", DBInstanceIdentifier=SOURCE)
    endpoint.fleet.failing.add("restore")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="b", DBSnapshotIdentifier="a")
    assert settled(rds, "b")["DBInstanceStatus"] == "restore-error"
    events = rds.describe_events(SourceIdentifier="b", SourceType="db-instance")["Events"]
    assert "Restore failed: restore: the log's last line" in events[-1]["Message"]
    last = {"DBInstanceIdentifier": "b", "FinalDBSnapshotIdentifier": "c"}
    assert refusal(rds.delete_db_instance, **last) == "InvalidDBInstanceState"
    rds.delete_db_instance(DBInstanceIdentifier="b", SkipFinalSnapshot=True)
    assert refusal(rds.describe_db_instances, DBInstanceIdentifier="b") == "DBInstanceNotFound"


def test_a_moment_is_restored_by_the_second(old: Endpoint) -> None:
    rds = old.client("rds")
    moment = datetime.now(UTC) - timedelta(hours=1)
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=SOURCE, TargetDBInstanceIdentifier="b", RestoreTime=moment
    )
    assert settled(rds, "b")["DBInstanceStatus"] == "available"
    assert old.fleet.named("restore_to") == [
        (Ref(EAST, "b"), Ref(EAST, SOURCE), moment.replace(microsecond=0), {})
    ]


def test_the_latest_moment_is_the_one_that_is_reported(old: Endpoint) -> None:
    rds = old.client("rds")
    before = datetime.now(UTC).replace(microsecond=0)
    told = instance(rds, SOURCE)["LatestRestorableTime"]
    resource = instance(rds, SOURCE)["DbiResourceId"]
    rds.restore_db_instance_to_point_in_time(
        SourceDbiResourceId=resource, TargetDBInstanceIdentifier="b", UseLatestRestorableTime=True
    )
    settled(rds, "b")
    ((_, _, until, _),) = old.fleet.named("restore_to")
    assert before <= told <= until <= datetime.now(UTC)


def test_the_window_is_as_long_as_backups_are_kept(old: Endpoint) -> None:
    rds = old.client("rds")
    (backup,) = rds.describe_db_instance_automated_backups(DBInstanceIdentifier=SOURCE)[
        "DBInstanceAutomatedBackups"
    ]
    window = backup["RestoreWindow"]
    assert window["LatestTime"] - window["EarliestTime"] == timedelta(days=7)
    assert backup["Status"] == "active"
    wanted = {"DBInstanceIdentifier": "nobody"}
    code = refusal(rds.describe_db_instance_automated_backups, **wanted)
    assert code == "DBInstanceAutomatedBackupNotFound"


def _moments(rds: Any) -> dict[str, datetime]:
    (backup,) = rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    window = backup["RestoreWindow"]
    return {
        "before the window": window["EarliestTime"] - timedelta(minutes=1),
        "after it": window["LatestTime"] + timedelta(minutes=1),
    }


@pytest.mark.parametrize("when", ["before the window", "after it"])
def test_a_moment_outside_of_the_window_is_refused(old: Endpoint, when: str) -> None:
    rds = old.client("rds")
    asked = {
        "SourceDBInstanceIdentifier": SOURCE,
        "TargetDBInstanceIdentifier": "b",
        "RestoreTime": _moments(rds)[when],
    }
    assert refusal(rds.restore_db_instance_to_point_in_time, **asked) == "InvalidParameterValue"
    assert old.fleet.named("restore_to") == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"SourceDBInstanceIdentifier": "nobody"}, "DBInstanceNotFound"),
        ({"TargetDBInstanceIdentifier": SOURCE}, "DBInstanceAlreadyExists"),
        ({"UseLatestRestorableTime": False}, "InvalidParameterCombination"),
        ({"RestoreTime": datetime(2026, 1, 1, tzinfo=UTC)}, "InvalidParameterCombination"),
        ({"SourceDbiResourceId": "db-X"}, "InvalidParameterCombination"),
        (
            {"SourceDBInstanceIdentifier": f"arn:aws:rds:us-west-2:123456789012:db:{SOURCE}"},
            "InvalidParameterValue",
        ),
    ],
)
def test_a_restore_to_a_moment_that_is_refused(
    old: Endpoint, arguments: dict[str, Any], code: str
) -> None:
    asked = {
        "SourceDBInstanceIdentifier": SOURCE,
        "TargetDBInstanceIdentifier": "b",
        "UseLatestRestorableTime": True,
    } | arguments
    rds = old.client("rds")
    assert refusal(rds.restore_db_instance_to_point_in_time, **asked) == code
    assert old.fleet.named("restore_to") == []


def test_without_backups_there_is_no_moment_to_restore(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql(BackupRetentionPeriod=0))
    asked = {
        "SourceDBInstanceIdentifier": SOURCE,
        "TargetDBInstanceIdentifier": "b",
        "UseLatestRestorableTime": True,
    }
    code = refusal(rds.restore_db_instance_to_point_in_time, **asked)
    assert code == "PointInTimeRestoreNotEnabled"
    rds.modify_db_instance(DBInstanceIdentifier=SOURCE, BackupRetentionPeriod=1)
    rds.create_db_instance_read_replica(DBInstanceIdentifier="r", SourceDBInstanceIdentifier=SOURCE)
    asked["SourceDBInstanceIdentifier"] = "r"
    code = refusal(rds.restore_db_instance_to_point_in_time, **asked)
    assert code == "PointInTimeRestoreNotEnabled"


def test_a_cluster_has_no_snapshots_here_and_that_is_said(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    assert refusal(rds.describe_db_cluster_snapshots) == "InvalidAction"
    asked = {"DBClusterIdentifier": "b", "SourceDBClusterIdentifier": "a"}
    code = refusal(rds.restore_db_cluster_to_point_in_time, **asked, UseLatestRestorableTime=True)
    assert code == "InvalidAction"


@pytest.mark.parametrize("status", ["creating", "deleting"])
def test_a_snapshot_that_a_kill_cut_short_goes(site: Site, status: str) -> None:
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        rds = first.client("rds")
        rds.create_db_instance(**mysql())
        rds.create_db_snapshot(DBSnapshotIdentifier="a", DBInstanceIdentifier=SOURCE)
    Records(site.state_dir / "records.json").update("snapshot", EAST, "a", Status=status)
    with served(site, fleet) as second:
        rds = second.client("rds")
        code = refusal(rds.describe_db_snapshots, DBSnapshotIdentifier="a")
        assert code == "DBSnapshotNotFound"
    assert Ref(EAST, "a") not in fleet.kept


def test_data_without_a_record_goes_and_a_record_without_data_says_so(site: Site) -> None:
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        rds = first.client("rds")
        rds.create_db_instance(**mysql())
        rds.create_db_snapshot(DBSnapshotIdentifier="lost", DBInstanceIdentifier=SOURCE)
    fleet.kept = {Ref(EAST, "unknown")}
    with served(site, fleet) as second:
        rds = second.client("rds")
        (lost,) = rds.describe_db_snapshots(DBSnapshotIdentifier="lost")["DBSnapshots"]
        assert lost["Status"] == "failed"
        restore = {"DBInstanceIdentifier": "b", "DBSnapshotIdentifier": "lost"}
        code = refusal(rds.restore_db_instance_from_db_snapshot, **restore)
        assert code == "InvalidDBSnapshotState"
        rds.delete_db_snapshot(DBSnapshotIdentifier="lost")
    assert fleet.kept == set()
