"""Restores by real servers: the exercise passes, cleans up, and each of its checks can fail."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from verify.backup import RESTORE, WANTED, Backup

RESTORED = "source-verify"


def instance(cloud: TestCloud, name: str = RESTORED) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = cloud.client("rds").describe_db_instances(
            DBInstanceIdentifier=name
        )["DBInstances"][0]
    except ClientError:
        return None
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left(cloud: TestCloud) -> Iterator[None]:
    yield
    end = time.monotonic() + 20
    while (found := instance(cloud)) and found["DBInstanceStatus"] == "creating":
        assert time.monotonic() < end
        time.sleep(0.05)
    if found:
        cloud.client("rds").delete_db_instance(
            DBInstanceIdentifier=RESTORED, SkipFinalSnapshot=True
        )


def test_it_passes_twice_and_leaves_nothing(cloud: TestCloud, verify: Verify) -> None:
    for _ in range(2):
        done = verify("backup")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert re.fullmatch(r"source-verify, available after [\d.]+ s", done.step(RESTORE)[1])
        assert done.step("the rows are back")[1] == (
            "john_doe, jane_smith, bob_wilson, and nothing that came later"
        )
        assert done.step("clean up")[1] == "deleted source-verify, dropped backuptest"
        assert instance(cloud) is None


def test_where_an_instance_is_charged_for_it_is_not_made_unasked(
    cloud: TestCloud, verify: Verify
) -> None:
    del verify.record["access"]["restore_s"]
    done = verify("backup")
    assert done.code == 0
    assert done.step(WANTED) == (
        "skipped",
        "an instance of the same class is charged for, and takes a quarter of an hour or more; "
        "pass --restore",
    )
    assert done.step(RESTORE)[0] == "skipped"
    assert "clean up" not in done.out
    assert instance(cloud) is None
    done = verify("backup", "--restore")
    assert done.code == 0, done.out + done.err
    assert done.statuses == {"passed"}


def test_what_an_interrupted_run_has_left_goes_first(cloud: TestCloud, verify: Verify) -> None:
    assert verify("backup", "--keep").code == 0
    assert instance(cloud) is not None
    done = verify("backup")
    assert done.code == 0, done.out + done.err
    said = done.step("no leftovers of an earlier run")[1]
    assert said == "dropped backuptest, deleted source-verify"


def test_somebody_elses_instance_of_that_name_is_left_alone(
    cloud: TestCloud, verify: Verify
) -> None:
    cloud.client("rds").restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="source",
        TargetDBInstanceIdentifier=RESTORED,
        UseLatestRestorableTime=True,
    )
    done = verify("backup")
    assert done.code == 1
    assert done.failed == {
        "no leftovers of an earlier run": "there is an instance source-verify that this exercise "
        "did not make, so it is left alone; rename it"
    }
    assert instance(cloud) is not None


def test_an_instance_without_backups_fails_within_the_deadline(verify: Verify) -> None:
    verify.databases["mysql"]["instances"] = ["copy"]
    verify.record["access"]["restore_s"] = 0.5
    done = verify("backup")
    assert done.code == 1
    assert done.failed["settings as RDS reports them"] == (
        "BackupRetentionPeriod is 0, not at least 1"
    )
    said = done.failed["that second can be restored"]
    assert re.fullmatch(r"backups do not reach \d\d:\d\d:\d\d UTC within 0.5 s", said)
    assert done.step("clean up") == ("passed", "dropped backuptest")
    assert done.seconds < 8


def test_a_second_before_the_backups_is_refused(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Backup, "_second_after", lambda self, moment: moment - timedelta(days=30))
    done = verify("backup")
    assert done.code == 1
    assert "InvalidParameterValue: The specified time" in done.failed[RESTORE]
    assert done.step("clean up") == ("passed", "dropped backuptest")


def test_rows_that_are_not_back_are_a_failure(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = Backup._delete

    def and_a_second_later(self: Backup) -> str:
        said = deleted(self)
        self._moment = self._second_after(self._now())
        return said

    monkeypatch.setattr(Backup, "_delete", and_a_second_later)
    done = verify("backup")
    assert done.code == 1
    assert done.failed["the rows are back"] == (
        "it has ['too_late'], not the 3 rows of that second"
    )
    assert done.step("the original is untouched")[0] == "passed"
    assert done.step("clean up")[0] == "passed"


def test_a_restored_server_that_does_not_answer_is_a_failure(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Backup._open

    def silent(self: Backup) -> str:
        with cloud.silent(RESTORED):
            return opened(self)

    monkeypatch.setattr(Backup, "_open", silent)
    done = verify("backup", "--timeout", "1")
    assert done.code == 1
    assert "does not answer within 1 s" in done.failed["connect to the new instance"]
    assert done.step("clean up")[0] == "passed"
    assert instance(cloud) is None


def test_a_source_that_falls_silent_fails_the_step(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = Backup._delete

    def silent(self: Backup) -> str:
        with cloud.silent("source"):
            return deleted(self)

    monkeypatch.setattr(Backup, "_delete", silent)
    done = verify("backup", "--timeout", "1")
    assert done.code == 1
    assert "gave no answer within" in done.failed["delete the rows"]
    assert done.step(RESTORE)[0] == "skipped"
    assert done.step("clean up")[0] == "passed"


def test_a_wrong_secret_is_a_failure(cloud: TestCloud, verify: Verify) -> None:
    verify.databases["mysql"]["secret_arn"] = cloud.arns["wrong"]
    done = verify("backup")
    assert done.code == 1
    assert "does not accept the user and password" in done.failed["connect to the instance"]
    assert done.statuses == {"failed", "skipped"}


def test_a_failed_restore_says_its_status(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The snapshots' folder of the servers is where a history is put together.
    folder = cloud.site.state_dir / "snapshots"
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("no folder")
    try:
        done = verify("backup")
    finally:
        folder.unlink()
        aside.rename(folder)
    assert done.code == 1
    assert done.failed == {RESTORE: "source-verify is restore-error"}
    assert done.step("clean up")[1] == "deleted source-verify, dropped backuptest"
