"""Backups: rows that were deleted come back in a new instance, as of the second before."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from contract import Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.endpoints import main_endpoint
from verify.errors import DeadlineExceeded, NotApplicable, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import BACKED_UP, judge
from verify.sql import Sql, connect, open_connection
from verify.sql_checks import drop_own_database

CONNECT = "connect to the instance"
WANTED = "another instance may be made"
CREATE = "rows, and a second after them"
DELETE = "delete the rows"
REACHED = "that second can be restored"
RESTORE = "restore it to a new instance"
OPEN = "connect to the new instance"
DATABASE = "backuptest"
OWN = {"accounts": "owner IN ('john_doe', 'jane_smith', 'bob_wilson', 'too_late', 'apart')"}
"""What it makes in `DATABASE`: a table, and a condition for its rows."""
ROWS = ("john_doe", "jane_smith", "bob_wilson")
SUFFIX = "-verify"
LONGEST_IDENTIFIER = 63
PURPOSE = {"Key": "Purpose", "Value": "python -m verify.backup"}
"""A tag of what may be deleted again."""
_CLOCK_POLL_S = 0.02
_STATUS_POLL_S = 0.2
_SETTLED = frozenset({"available"})
_FAILED = frozenset({"failed", "restore-error", "incompatible-restore", "incompatible-network"})


class Backup(Exercise):
    """A restore to a point in time of one RDS MySQL instance."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = main_endpoint(scene.database)
        self._identifier = scene.database.instances[0]
        # Derived, so that the next run finds what an interrupted one has left.
        self._restored = (
            f"{self._identifier[: LONGEST_IDENTIFIER - len(SUFFIX)].rstrip('-')}{SUFFIX}"
        )
        self._credentials = Credentials(None, "")
        self._made = False
        self._moment: datetime
        self._sql: Sql
        self._other: Sql

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT, self._connect, opens=True),
            Check("settings as RDS reports them", self._settings, (CONNECT,)),
            Check(WANTED, self._wanted, (CONNECT,)),
            Check(CLEAN, self._clean, (WANTED,)),
            Check(CREATE, self._create, (CLEAN,)),
            Check(DELETE, self._delete, (CREATE,)),
            Check(REACHED, self._reach, (DELETE,)),
            Check(RESTORE, self._restore, (REACHED,)),
            Check(OPEN, self._open, (RESTORE,)),
            Check("the rows are back", self._back, (OPEN,)),
            Check("the original is untouched", self._untouched, (OPEN,)),
            Check("they do not know of each other", self._apart, (OPEN,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        said = []
        if self._made and self.scene.cloud.find_instance(self._region, self._restored):
            self.scene.cloud.delete_instance(self._region, self._restored)
            said.append(f"deleted {self._restored}")
        with connect(self._endpoint, self._credentials, deadline, ca=self.scene.ca) as sql:
            said.append(drop_own_database(sql, DATABASE, OWN))
        return ", ".join(said)

    @property
    def _region(self) -> str:
        return self.scene.database.region

    def _reported(self, identifier: str) -> dict[str, Any]:
        return self.scene.cloud.instance(self._region, identifier)

    def _connect(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(scene.database)
        self._sql = self._opened(self._endpoint)
        return f"{self._endpoint.host}:{self._endpoint.port}"

    def _opened(self, endpoint: Endpoint) -> Sql:
        scene = self.scene
        sql = open_connection(endpoint, self._credentials, scene.deadline(), ca=scene.ca)
        self.opened.callback(sql.close)
        return sql

    def _settings(self) -> str:
        return judge(self._reported(self._identifier), BACKED_UP)

    def _wanted(self) -> str:
        cloud = self.scene.cloud
        if cloud.restores_freely:
            return "which costs nothing here"
        if "restore" in self.scene.allowed:
            return f"{self._restored}, for as long as this takes"
        raise NotApplicable(
            "an instance of the same class is charged for, and takes a quarter of an hour or "
            "more; pass --restore"
        )

    def _clean(self) -> str:
        said = drop_own_database(self._sql, DATABASE, OWN)
        left = self.scene.cloud.find_instance(self._region, self._restored)
        if left is None:
            return said
        if PURPOSE not in left.get("TagList", []):
            raise StepFailed(
                f"there is an instance {self._restored} that this exercise did not make, so it is "
                "left alone; rename it"
            )
        if left["DBInstanceStatus"] != "deleting":
            self.scene.cloud.delete_instance(self._region, self._restored)
        self._await(
            lambda: self.scene.cloud.find_instance(self._region, self._restored) is None,
            f"{self._restored} of an earlier run does not go away",
        )
        return f"{said}, deleted {self._restored}"

    def _create(self) -> str:
        self.began = True
        self._sql.run(f"CREATE DATABASE {DATABASE}")
        self._sql.run(
            f"CREATE TABLE {DATABASE}.accounts "
            "(id INT AUTO_INCREMENT PRIMARY KEY, owner VARCHAR(50) NOT NULL)"
        )
        for owner in ROWS:
            self._sql.run(f"INSERT INTO {DATABASE}.accounts (owner) VALUES (%s)", (owner,))
        # Whether RDS counts the second itself in or not: the rows are older than it, and it is
        # over before they are deleted.
        self._moment = self._second_after(self._now())
        self._second_after(self._moment)
        return f"{len(ROWS)} rows before {self._moment:%H:%M:%S} UTC"

    def _now(self) -> datetime:
        """The server's clock, by the second."""
        now: datetime = self._sql.run("SELECT UTC_TIMESTAMP()")[0][0]
        return now.replace(tzinfo=UTC)

    def _second_after(self, moment: datetime) -> datetime:
        deadline = self.scene.deadline()
        while (now := self._now()) <= moment:
            if deadline.expired:
                raise DeadlineExceeded(f"the server's clock stands at {now:%H:%M:%S}")
            time.sleep(_CLOCK_POLL_S)
        return now

    def _delete(self) -> str:
        self._sql.run(f"DELETE FROM {DATABASE}.accounts")
        self._sql.run(f"INSERT INTO {DATABASE}.accounts (owner) VALUES ('too_late')")
        return f"at {self._now():%H:%M:%S} UTC, and inserted another one"

    def _reach(self) -> str:
        def reached() -> bool:
            latest = self._reported(self._identifier).get("LatestRestorableTime")
            return latest is not None and latest >= self._moment

        self._await(reached, f"backups do not reach {self._moment:%H:%M:%S} UTC")
        return f"LatestRestorableTime is {self._moment:%H:%M:%S} UTC or later"

    def _restore(self) -> str:
        source = self._reported(self._identifier)
        began = time.monotonic()
        self._made = True
        self.scene.cloud.restore_instance(
            self._region,
            {
                "SourceDBInstanceIdentifier": self._identifier,
                "TargetDBInstanceIdentifier": self._restored,
                "RestoreTime": self._moment,
                "DBInstanceClass": source["DBInstanceClass"],
                "DBSubnetGroupName": source["DBSubnetGroup"]["DBSubnetGroupName"],
                "DBParameterGroupName": source["DBParameterGroups"][0]["DBParameterGroupName"],
                "VpcSecurityGroupIds": [
                    group["VpcSecurityGroupId"] for group in source["VpcSecurityGroups"]
                ],
                "MultiAZ": False,
                "PubliclyAccessible": False,
                "DeletionProtection": False,
                "Tags": [PURPOSE],
            },
        )

        def settled() -> bool:
            status = self._reported(self._restored)["DBInstanceStatus"]
            if status in _FAILED:
                raise StepFailed(f"{self._restored} is {status}")
            return status in _SETTLED

        self._await(settled, f"{self._restored} is not available")
        return f"{self._restored}, available after {time.monotonic() - began:.1f} s"

    def _open(self) -> str:
        found = self._reported(self._restored)["Endpoint"]
        endpoint = Endpoint(role="writer", host=found["Address"], port=found["Port"])
        self._other = self._opened(endpoint)
        return f"{endpoint.host}:{endpoint.port}, with the source's secret"

    def _owners(self, sql: Sql) -> list[str]:
        rows = sql.run(f"SELECT owner FROM {DATABASE}.accounts ORDER BY id")
        return [str(row[0]) for row in rows]

    def _back(self) -> str:
        found = self._owners(self._other)
        if found != list(ROWS):
            raise StepFailed(f"it has {found}, not the {len(ROWS)} rows of that second")
        return f"{', '.join(found)}, and nothing that came later"

    def _untouched(self) -> str:
        found = self._owners(self._sql)
        if found != ["too_late"]:
            raise StepFailed(f"the original has {found}, not the one row that came later")
        return "still without them"

    def _apart(self) -> str:
        self._other.run(f"INSERT INTO {DATABASE}.accounts (owner) VALUES ('apart')")
        if "apart" in self._owners(self._sql):
            raise StepFailed("a row of the new instance is in the original")
        if "apart" not in self._owners(self._other):
            raise StepFailed("the new instance lost a row")
        return "the new one took a row that the original has not"

    def _await(self, condition: Callable[[], bool], or_else: str) -> None:
        longest = self.scene.cloud.restore_s
        deadline = self.scene.limit.within(longest)
        while not condition():
            if deadline.expired:
                raise DeadlineExceeded(f"{or_else} within {longest:g} s")
            time.sleep(min(_STATUS_POLL_S, deadline.left))


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("backup",)))
