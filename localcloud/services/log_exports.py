"""Which logs RDS delivers to CloudWatch Logs, since when, and to which groups.

Nothing is copied: a group's lines are in the servers' own files, and this knows from which moment
to which they were delivered. So the files of a database that is gone stay as long as the group.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.logs.models import logs_backends

from localcloud.api import Answer, Call, Operations
from localcloud.logs import FORMATS
from localcloud.records import Record
from localcloud.servers.log_files import LogFiles
from localcloud.services.context import Cloud
from localcloud.site import ACCOUNT_ID, Site
from localcloud.state import MotoState

KIND = "log-export"
_CHANGES = (
    "CreateDBInstance", "ModifyDBInstance", "DeleteDBInstance", "CreateDBInstanceReadReplica",
    "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime", "CreateDBCluster",
    "ModifyDBCluster", "DeleteDBCluster",
)  # fmt: skip
"""After these a log may be delivered that was not, or no more."""
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Export:
    """What a group gets: one log of the servers, in the periods that it was delivered."""

    group: str
    log: str
    servers: tuple[str, ...]
    periods: tuple[tuple[int, int | None], ...]
    """In ms since 1970, the first included; the last one may go on."""

    def covers(self, at: int) -> bool:
        """Whether what happened ``at`` that time was delivered."""
        return any(since <= at and (until is None or at < until) for since, until in self.periods)


class LogExports:
    """The exports of a site."""

    def __init__(self, cloud: Cloud, state: MotoState, site: Site) -> None:
        self._records = cloud.records
        self._state = state
        self._root = site.logs_dir
        self._settling = threading.Lock()

    def register(self, operations: Operations) -> None:
        """Follow what happens to databases and to groups. To be called after theirs."""
        for operation in _CHANGES:
            self._follow(operations, operation)
        operations.then("logs", "CreateLogGroup", self._group_made)
        operations.then("logs", "DeleteLogGroup", self._group_deleted)
        for region in sorted({region for region, _ in self._owners()}):
            self._settle(region, _now())

    def find(self, region: str, group: str) -> Export | None:
        """What ``group`` gets, or got; ``None`` when it is not RDS's, or was deleted."""
        record = self._records.get(KIND, region, group)
        if record is None or self._group(region, group) is None:
            return None
        return Export(
            group,
            record["log"],
            tuple(record["servers"]),
            tuple((since, until) for since, until in record["periods"]),
        )

    def kept_since(self, region: str, group: str) -> int:
        """The moment before which the group's retention has expired what it had."""
        found = self._group(region, group)
        days = found.retention_in_days if found is not None else None
        return _now() - int(days) * _DAY_MS if days else 0

    def files(self, region: str, server: str) -> LogFiles:
        """The logs of a server, which may be gone."""
        return LogFiles(self._root, f"{region}.{server}")

    def _group(self, region: str, name: str) -> Any | None:
        with self._state.lock:
            return logs_backends[ACCOUNT_ID][region].groups.get(name)

    def _follow(self, operations: Operations, operation: str) -> None:
        def answer(call: Call) -> Answer:
            began = _now()
            try:
                return before(call)
            finally:
                self._settle(call.region, began)

        before = operations.take_over("rds", operation, answer)

    def _owners(self) -> Iterator[tuple[str, Record]]:
        """What may export logs: instances that are in no cluster, and clusters, by region."""
        for region, name in self._records.keys("instance"):
            record = self._records.get("instance", region, name)
            if record is not None and not record.get("DBClusterIdentifier"):
                yield region, record
        for region, name in self._records.keys("cluster"):
            record = self._records.get("cluster", region, name)
            if record is not None:
                yield region, record

    def _settle(self, region: str, began: int) -> None:
        """Let the records say what the databases say now, from ``began`` on."""
        with self._settling:
            wanted = {
                group: (log, servers)
                for its, record in self._owners()
                if its == region
                for log, group, servers in self._groups_of(region, record)
            }
            for group, (log, servers) in wanted.items():
                self._open(region, group, log, servers, began)
            for its, group in self._records.keys(KIND):
                if its == region and group not in wanted:
                    self._close(region, group)
            self._sweep()

    def _groups_of(self, region: str, record: Record) -> Iterator[tuple[str, str, list[str]]]:
        cluster = record.get("DBInstanceIdentifier") is None
        if cluster:
            name = record["DBClusterIdentifier"]
            servers = [
                i["DBInstanceIdentifier"]
                for i in self._records.all("instance", region)
                if i.get("DBClusterIdentifier") == name
            ]
        else:
            name = record["DBInstanceIdentifier"]
            servers = [name]
        for log in record.get("EnabledCloudwatchLogsExports") or ():
            yield log, f"/aws/rds/{'cluster' if cluster else 'instance'}/{name}/{log}", servers

    def _open(self, region: str, group: str, log: str, servers: list[str], began: int) -> None:
        record = self._records.get(KIND, region, group)
        if record is None:
            record = {"log": log, "servers": [], "periods": []}
        if not record["periods"] or record["periods"][-1][1] is not None:
            # Servers write whole seconds: what they do in this one is of the period.
            record["periods"].append([began // 1000 * 1000, None])
            self._make(region, group)
        gone = [server for server in record["servers"] if server not in servers]
        record["servers"] = [*gone, *servers]
        if record != self._records.get(KIND, region, group):
            self._records.put(KIND, region, group, record)

    def _close(self, region: str, group: str) -> None:
        record = self._records.get(KIND, region, group)
        if record is not None and record["periods"][-1][1] is None:
            record["periods"][-1][1] = (_now() // 1000 + 1) * 1000
            self._records.put(KIND, region, group, record)

    def _make(self, region: str, group: str) -> None:
        """The group, where nobody has made it before RDS: it keeps its lines for ever."""
        with self._state.lock:
            backend = logs_backends[ACCOUNT_ID][region]
            if group in backend.groups:
                return
            backend.create_log_group(group, {})
            ticket = self._state.ticket()
        self._state.secure(ticket)

    def _group_made(self, call: Call) -> None:
        if self._records.get(KIND, call.region, call.params["logGroupName"]) is not None:
            self._settle(call.region, _now())

    def _group_deleted(self, call: Call) -> None:
        """Its lines are gone; RDS makes it anew when it has another one, here at a change."""
        region, group = call.region, call.params["logGroupName"]
        with self._settling:
            record = self._records.get(KIND, region, group)
            if record is not None and record["periods"][-1][1] is None:
                now = _now()
                self._records.put(KIND, region, group, record | {"periods": [[now, now]]})
            elif record is not None:
                self._records.drop(KIND, region, group)
            self._sweep()

    def _sweep(self) -> None:
        """Delete the logs of servers that are gone, but for what a group has of them."""
        if not self._root.is_dir():
            return
        kept = {
            (f"{region}.{server}", record["log"])
            for region, group in self._records.keys(KIND)
            if (record := self._records.get(KIND, region, group)) is not None
            for server in record["servers"]
        }
        there = {f"{region}.{name}" for region, name in self._records.keys("instance")}
        for folder in self._root.iterdir():
            if folder.name in there:
                continue
            for log in FORMATS:
                if (folder.name, log) not in kept:
                    LogFiles(self._root, folder.name).forget(log)
            if not any(folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)


def _now() -> int:
    return time.time_ns() // 1_000_000
