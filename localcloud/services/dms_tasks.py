"""Replication tasks of DMS: each has a real worker."""

from __future__ import annotations

from localcloud.api import Answer, Call, Operations, given, now
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.dms_endpoints import Endpoints
from localcloud.services.dms_kinds import INSTANCE, TASK
from localcloud.services.dms_records import Store, invalid, wrong_state
from localcloud.services.dms_runs import Runs


class Tasks:
    """The operations on replication tasks."""

    def __init__(self, cloud: Cloud, endpoints: Endpoints, runs: Runs) -> None:
        self._cloud = cloud
        self._tasks = Store(cloud, TASK)
        self._instances = Store(cloud, INSTANCE)
        self._endpoints = endpoints
        self._runs = runs

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        for name, handler in (
            ("CreateReplicationTask", self._create),
            ("DescribeReplicationTasks", self._describe),
            ("ModifyReplicationTask", self._modify),
            ("DeleteReplicationTask", self._delete),
            ("StartReplicationTask", self._start),
            ("StopReplicationTask", self._stop),
            ("DescribeTableStatistics", self._statistics),
        ):
            operations.handle("dms", name, handler)

    def _create(self, call: Call) -> Answer:
        p = call.params
        instance = self._instances.need(call.region, p["ReplicationInstanceArn"])
        record = {
            "SourceEndpointArn": p["SourceEndpointArn"],
            "TargetEndpointArn": p["TargetEndpointArn"],
            "ReplicationInstanceArn": instance["_arn"],
            "MigrationType": p["MigrationType"],
            "TableMappings": p["TableMappings"],
            "ReplicationTaskSettings": p.get("ReplicationTaskSettings") or "{}",
            "ReplicationTaskCreationDate": now(),
            "_type": p["MigrationType"],
            "_settings": p.get("ReplicationTaskSettings"),
            "_worker": f"task-{str(p['ReplicationTaskIdentifier']).lower()}",
            **given(p, ("CdcStartPosition",)),
        }
        self._runs.check(call, record)
        made = self._tasks.create(call, record)
        self._cloud.fleet.migrations.create(self._runs.ref(made))
        self._tell(made, "creation", "created")
        return {"ReplicationTask": self._shown(made)}

    def _shown(self, record: Record) -> Record:
        statistics = self._runs.statistics(record)
        shown = {**record, **self._runs.status(record, "ready")}
        if statistics:
            shown["ReplicationTaskStats"] = statistics
            shown["ReplicationTaskStartDate"] = statistics["StartDate"]
        return shown

    def _need(self, call: Call) -> Record:
        return self._tasks.need(call.region, call.params["ReplicationTaskArn"])

    def _describe(self, call: Call) -> Answer:
        answer = self._tasks.describe(call, "ReplicationTasks", self._shown)
        if call.params.get("WithoutSettings"):
            for task in answer["ReplicationTasks"]:
                del task["ReplicationTaskSettings"]
        return answer

    def _modify(self, call: Call) -> Answer:
        p, record = call.params, self._need(call)
        if self._runs.active(record):
            raise wrong_state("A running task cannot be modified; stop it first.")
        if p.get("ReplicationTaskIdentifier") not in (None, record["ReplicationTaskIdentifier"]):
            raise invalid("The local cloud does not rename tasks.")
        changed = given(p, ("MigrationType", "TableMappings", "ReplicationTaskSettings"))
        changed["_type"] = changed.get("MigrationType", record["_type"])
        changed["_settings"] = changed.get("ReplicationTaskSettings", record["_settings"])
        self._runs.check(call, {**record, **changed})
        return {"ReplicationTask": self._shown(self._tasks.update(record, **changed))}

    def _delete(self, call: Call) -> Answer:
        record = self._need(call)
        if self._runs.active(record):
            raise wrong_state(
                f"Replication task {record['ReplicationTaskIdentifier']} is running; stop it first."
            )
        shown = self._shown(record)
        self._cloud.fleet.migrations.delete(self._runs.ref(record))
        self._tasks.drop(record)
        self._tell(record, "deletion", "deleted")
        return {"ReplicationTask": {**shown, "Status": "deleting"}}

    def _start(self, call: Call) -> Answer:
        record = self._need(call)
        instance = record["ReplicationInstanceArn"]
        for member in ("SourceEndpointArn", "TargetEndpointArn"):
            if not self._endpoints.tested(call.region, instance, record[member]):
                raise wrong_state(
                    "Test connection for replication instance and endpoint should be successful "
                    f"for starting the replication task: {record[member]}"
                )
        started = self._runs.start(call, record, call.params["StartReplicationTaskType"])
        self._tell(record, "state change", "started")
        return {"ReplicationTask": self._shown(self._tasks.update(record, **started))}

    def _stop(self, call: Call) -> Answer:
        record = self._need(call)
        self._runs.stop(record)
        self._tell(record, "state change", "stopped")
        return {"ReplicationTask": {**self._shown(record), "Status": "stopping"}}

    def _tell(self, record: Record, category: str, done: str) -> None:
        source = ("replication-task", record["ReplicationTaskIdentifier"], record["_arn"])
        said = f"The replication task has been {done}."
        self._cloud.event("dms", record["_region"], source, said, (category,))

    def _statistics(self, call: Call) -> Answer:
        record = self._need(call)
        tables = self._runs.tables(call, record, "TableStatistics")
        return {"ReplicationTaskArn": record["_arn"], **tables}
