"""Starting and stopping workers, and their progress in DMS's words: tasks and replications."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from localcloud.api import ApiError, Call, page
from localcloud.fleet import Ref
from localcloud.migration.errors import BadMappings
from localcloud.migration.mappings import Mappings
from localcloud.migration.orders import Orders
from localcloud.migration.progress import Progress, TableProgress
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.dms_endpoints import Endpoints
from localcloud.services.dms_records import combination, invalid, wrong_state

TYPES = ("full-load", "cdc", "full-load-and-cdc")
_STARTS = ("start-replication", "resume-processing", "reload-target")
_PREPARATIONS = ("DO_NOTHING", "TRUNCATE_BEFORE_LOAD", "DROP_AND_CREATE")
_STOP_REASONS = {
    "stopped": "Stop Reason NORMAL",
    "finished": "Stop Reason FULL_LOAD_ONLY_FINISHED",
    "failed": "Stop Reason FATAL_ERROR Error Level FATAL",
}
_OVER = frozenset({"stopped", "finished", "failed"})


class Runs:
    """The runs of tasks and replication configs. Both are a migration of the fleet."""

    def __init__(self, cloud: Cloud, endpoints: Endpoints) -> None:
        self._cloud = cloud
        self._endpoints = endpoints

    def check(self, call: Call, record: Record) -> None:
        """Refuse a task or a config that could never run. ``record`` has DMS's member names."""
        if record["_type"] not in TYPES:
            raise invalid(f"Invalid migration type: {record['_type']}")
        for member, kind in (("SourceEndpointArn", "source"), ("TargetEndpointArn", "target")):
            endpoint = self._endpoints.endpoints.need(call.region, record[member])
            if endpoint["EndpointType"] != kind:
                raise invalid(f"{member} is a {endpoint['EndpointType']} endpoint.")
        try:
            Mappings.read(record["TableMappings"])
            self._preparation(record)
        except BadMappings as error:
            raise invalid(str(error)) from error

    def ref(self, record: Record) -> Ref:
        """The fleet's name of a task or config: both may have the same identifier."""
        return Ref(record["_region"], record["_worker"])

    def progress(self, record: Record) -> Progress | None:
        return self._cloud.fleet.migrations.progress(self.ref(record))

    def active(self, record: Record) -> bool:
        """Whether the worker is at work."""
        found = self.progress(record)
        return record.get("_run") is not None and (found is None or found.status not in _OVER)

    def start(self, call: Call, record: Record, how: str) -> dict[str, Any]:
        """Start the worker; the members of the record that change by it."""
        if how not in _STARTS:
            raise invalid(f"Invalid start type: {how}")
        if self.active(record):
            raise wrong_state("It is running already.")
        if how == "start-replication" and record.get("_run"):
            raise combination(
                "Start Type : START_REPLICATION, valid only for tasks running for the first time"
            )
        if how != "start-replication" and not record.get("_run"):
            raise combination(f"{how} is valid only for tasks that have run.")
        if call.params.get("CdcStartTime") or call.params.get("CdcStopPosition"):
            raise invalid("The local cloud serves CdcStartPosition, no other start or end.")
        if how == "reload-target" and record["_type"] == "cdc":
            raise combination("reload-target is not valid for a migration of changes only.")
        run = record["_run"] if how == "resume-processing" else uuid.uuid4().hex
        orders = Orders(
            task=record["_arn"].rpartition(":")[2],
            run=run,
            source=self._endpoints.end(call.region, record["SourceEndpointArn"]),
            target=self._endpoints.end(call.region, record["TargetEndpointArn"]),
            mappings=record["TableMappings"],
            mode=record["_type"],
            preparation=self._preparation(record),
            start_position=call.params.get("CdcStartPosition"),
        )
        if orders.source.engine != "mysql":
            raise invalid("The local cloud has workers for MySQL sources only.")
        self._cloud.fleet.migrations.start(self.ref(record), orders)
        return {"_run": run}

    def stop(self, record: Record) -> None:
        """Stop the worker."""
        if not self.active(record):
            raise wrong_state("It is not running.")
        self._cloud.fleet.migrations.stop(self.ref(record))

    def status(self, record: Record, before: str) -> dict[str, Any]:
        """Status, stop reason and failure; ``before`` is the status of one that never ran."""
        found = self.progress(record)
        if record.get("_run") is None:
            return {"Status": before}
        if found is None:
            return {"Status": "starting"}
        status = "stopped" if found.status == "finished" else found.status
        members: dict[str, Any] = {"Status": status}
        if found.status in _STOP_REASONS:
            members["StopReason"] = _STOP_REASONS[found.status]
        if found.trouble:
            members["LastFailureMessage"] = found.trouble
        if found.position:
            members["RecoveryCheckpoint"] = found.position
        return members

    def statistics(self, record: Record) -> dict[str, Any]:
        """``ReplicationTaskStats``, which replications have, too."""
        found = self.progress(record)
        if found is None:
            return {}
        states = [table.state for table in found.tables.values()]
        done = states.count("Table completed")
        end = _moment(found.ended) or datetime.now(UTC)
        started = _moment(found.started) or end
        members = {
            "FullLoadProgressPercent": 100 * done // len(states) if states else 0,
            "ElapsedTimeMillis": int((end - started).total_seconds() * 1000),
            "TablesLoaded": done,
            "TablesLoading": states.count("Full load"),
            "TablesQueued": states.count("Before load"),
            "TablesErrored": states.count("Table error"),
            "FreshStartDate": found.started,
            "StartDate": found.started,
            "StopDate": found.ended,
            "FullLoadStartDate": found.load_started,
            "FullLoadFinishDate": found.load_ended,
        }
        return {name: value for name, value in members.items() if value is not None}

    def tables(self, call: Call, record: Record, key: str) -> dict[str, Any]:
        """A page of table statistics under ``key``."""
        found = self.progress(record)
        rows = [_table(name, row) for name, row in sorted((found.tables if found else {}).items())]
        names = {
            "schema-name": "SchemaName",
            "table-name": "TableName",
            "table-state": "TableState",
        }
        for wanted in call.params.get("Filters") or []:
            member = names.get(wanted["Name"])
            if member is None:
                raise invalid(f"{wanted['Name']} is no filter of tables.")
            rows = [row for row in rows if row[member] in wanted["Values"]]
        return page(call, key, rows)

    @staticmethod
    def _preparation(record: Record) -> Any:
        try:
            settings = json.loads(record.get("_settings") or "{}")
            found = (settings.get("FullLoadSettings") or {}).get("TargetTablePrepMode")
        except (ValueError, AttributeError) as error:
            raise invalid(f"The task settings are not a JSON object: {error}") from error
        if (settings.get("Logging") or {}).keys() & {"CloudWatchLogGroup", "CloudWatchLogStream"}:
            raise invalid("Logging: CloudWatchLogGroup and CloudWatchLogStream are read-only.")
        found = found or "DROP_AND_CREATE"
        if found not in _PREPARATIONS:
            raise ApiError(
                "InvalidParameterValueException", f"Invalid TargetTablePrepMode: {found}"
            )
        return found


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _table(name: str, row: TableProgress) -> dict[str, Any]:
    schema, _, table = name.partition(".")
    members = {
        "SchemaName": schema,
        "TableName": table,
        "Inserts": row.inserts,
        "Deletes": row.deletes,
        "Updates": row.updates,
        "Ddls": 0,
        "AppliedInserts": row.inserts,
        "AppliedDeletes": row.deletes,
        "AppliedUpdates": row.updates,
        "AppliedDdls": 0,
        "FullLoadRows": row.loaded,
        "FullLoadCondtnlChkFailedRows": 0,
        "FullLoadErrorRows": 0,
        "FullLoadStartTime": row.load_started,
        "FullLoadEndTime": row.load_ended,
        "FullLoadReloaded": False,
        "LastUpdateTime": row.changed or row.load_ended,
        "TableState": row.state,
        "ValidationState": "Not enabled",
    }
    return {member: value for member, value in members.items() if value is not None}
