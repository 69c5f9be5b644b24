"""A promoted replica and a restored instance: their exercise passes, and each check can fail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify

PROMOTED = "promoted"


@pytest.fixture(scope="module")
def host(cloud: TestCloud) -> Iterator[str]:
    """A replica of the source that was promoted."""
    rds = cloud.client("rds")
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier=PROMOTED, SourceDBInstanceIdentifier="source"
    )
    rds.promote_read_replica(DBInstanceIdentifier=PROMOTED)
    yield rds.describe_db_instances(DBInstanceIdentifier=PROMOTED)["DBInstances"][0]["Endpoint"][
        "Address"
    ]
    rds.delete_db_instance(DBInstanceIdentifier=PROMOTED, SkipFinalSnapshot=True)


@pytest.fixture
def promoted(verify: Verify, host: str) -> dict[str, Any]:
    """Its facts in the record, as those of a promoted replica."""
    facts = {
        **verify.databases["copy"],
        "source": None,
        "origin": "mysql",
        "instances": [PROMOTED],
        "endpoints": [{"role": "writer", "host": host, "port": 3306}],
    }
    verify.databases[PROMOTED] = facts
    return facts


def test_it_passes_twice_for_a_promoted_replica(verify: Verify, promoted: dict[str, Any]) -> None:
    for _ in range(2):
        done = verify(PROMOTED)
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.exercises[0]["name"] == "replica"
        assert done.step("it takes writes")[1].startswith("3 rows: ")
        assert done.step("what that one writes does not arrive")[1] == "not within 1 s"
        assert done.step("clean up")[1] == "dropped testdb on both"


def test_it_passes_for_a_restored_instance(
    cloud: TestCloud, verify: Verify, promoted: dict[str, Any]
) -> None:
    rds = cloud.client("rds")
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="source",
        TargetDBInstanceIdentifier="restored",
        DBParameterGroupName="tls",
        UseLatestRestorableTime=True,
    )
    end = time.monotonic() + 20
    while True:
        found = rds.describe_db_instances(DBInstanceIdentifier="restored")["DBInstances"][0]
        if found["DBInstanceStatus"] == "available":
            break
        assert time.monotonic() < end
        time.sleep(0.05)
    endpoint = {"role": "writer", "host": found["Endpoint"]["Address"], "port": 3306}
    verify.databases["restored"] = {
        **promoted,
        "kind": "restored-instance",
        "instances": ["restored"],
        "endpoints": [endpoint],
    }
    try:
        done = verify("restored")
    finally:
        rds.delete_db_instance(DBInstanceIdentifier="restored", SkipFinalSnapshot=True)
    assert done.code == 0, done.out + done.err
    assert done.exercises[0]["name"] == "restored"


def test_one_that_still_follows_fails(verify: Verify) -> None:
    # The outputs say that the replica is promoted; nobody did it.
    copy = verify.databases["copy"]
    copy |= {"source": None, "origin": "mysql"}
    done = verify("replica")
    assert done.code == 1
    assert done.failed["settings as RDS reports them"] == (
        "ReadReplicaSourceDBInstanceIdentifier is 'source', not None; BackupRetentionPeriod is 0, "
        "not at least 1"
    )
    assert done.failed["it follows nobody"].startswith("it replicates from ")
    assert "(error 1290)" in done.failed["it takes writes"]


def test_one_that_writes_through_fails(
    cloud: TestCloud, verify: Verify, promoted: dict[str, Any]
) -> None:
    # Both addresses lead to one server.
    promoted["endpoints"] = [verify.endpoint("mysql", "writer")]
    done = verify(PROMOTED)
    assert done.code == 1
    said = done.failed["the one it came from is untouched"]
    assert said == "the database that was made here is there, too"
    assert done.step("what that one writes does not arrive")[0] == "skipped"
    assert done.step("clean up")[0] == "passed"


def test_one_that_is_down_could_not_be_examined(
    cloud: TestCloud, verify: Verify, promoted: dict[str, Any]
) -> None:
    with cloud.silent(PROMOTED):
        done = verify(PROMOTED, "--timeout", "1")
    assert done.code == 2
    assert "does not answer within 1 s" in done.err


def test_one_that_falls_silent_fails_and_ends(
    cloud: TestCloud,
    verify: Verify,
    promoted: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from verify.apart import Apart

    written = Apart._write

    def silent(self: Apart) -> str:
        with cloud.silent(PROMOTED):
            return written(self)

    monkeypatch.setattr(Apart, "_write", silent)
    done = verify(PROMOTED, "--timeout", "1")
    assert done.code == 1
    assert "gave no answer within 1 s" in done.failed["it takes writes"]
    assert done.step("clean up")[0] == "passed"


def test_an_origin_that_is_not_in_the_outputs(verify: Verify, promoted: dict[str, Any]) -> None:
    promoted["origin"] = "gone"
    done = verify(PROMOTED)
    assert done.code == 2
    assert "promoted came from 'gone', which is not among the stack's outputs" in done.err


def test_a_wrong_secret_is_a_failure(
    cloud: TestCloud, verify: Verify, promoted: dict[str, Any]
) -> None:
    verify.databases["mysql"]["secret_arn"] = cloud.arns["wrong"]
    done = verify(PROMOTED)
    assert done.code == 1
    said = done.failed["connect to the one it came from"]
    assert "does not accept the user and password" in said


def test_a_replica_of_a_replica_is_written_to_at_the_beginning(
    cloud: TestCloud, verify: Verify
) -> None:
    rds = cloud.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier="copy", BackupRetentionPeriod=1)
    made = rds.create_db_instance_read_replica(
        DBInstanceIdentifier="last", SourceDBInstanceIdentifier="copy"
    )["DBInstance"]
    endpoint = {"role": "reader", "host": made["Endpoint"]["Address"], "port": 3306}
    verify.databases["last"] = {
        **verify.databases["copy"],
        "source": "copy",
        "instances": ["last"],
        "endpoints": [endpoint],
    }
    try:
        done = verify("last")
    finally:
        rds.delete_db_instance(DBInstanceIdentifier="last", SkipFinalSnapshot=True)
        rds.modify_db_instance(DBInstanceIdentifier="copy", BackupRetentionPeriod=0)
    assert done.code == 0, done.out + done.err
    assert done.step("settings as RDS reports them")[1].startswith(
        "ReadReplicaSourceDBInstanceIdentifier copy"
    )


def test_replicas_of_each_other_end(verify: Verify) -> None:
    verify.databases["copy"]["source"] = "copy"
    done = verify("replica")
    assert done.code == 2
    assert "copy replicates itself, by the stack's outputs" in done.err
