"""DMS Serverless: replication configs, and the replications that run by them."""

from __future__ import annotations

from localcloud.api import Answer, Call, Operations, given, now
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.dms_kinds import CONFIG, SUBNET_GROUP
from localcloud.services.dms_records import Store, combination, invalid, wrong_state
from localcloud.services.dms_runs import Runs

_UNITS = (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384)


class Serverless:
    """The operations on replication configs and replications."""

    def __init__(self, cloud: Cloud, runs: Runs) -> None:
        self._cloud = cloud
        self._configs = Store(cloud, CONFIG)
        self._groups = Store(cloud, SUBNET_GROUP)
        self._runs = runs

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        for name, handler in (
            ("CreateReplicationConfig", self._create),
            ("DescribeReplicationConfigs", self._describe),
            ("ModifyReplicationConfig", self._modify),
            ("DeleteReplicationConfig", self._delete),
            ("StartReplication", self._start),
            ("StopReplication", self._stop),
            ("DescribeReplications", self._describe_replications),
            ("DescribeReplicationTableStatistics", self._statistics),
        ):
            operations.handle("dms", name, handler)

    def _create(self, call: Call) -> Answer:
        p = call.params
        moment = now()
        record = {
            "SourceEndpointArn": p["SourceEndpointArn"],
            "TargetEndpointArn": p["TargetEndpointArn"],
            "ReplicationType": p["ReplicationType"],
            "ComputeConfig": self._compute(call, p["ComputeConfig"]),
            "TableMappings": p["TableMappings"],
            "ReplicationSettings": p.get("ReplicationSettings") or "{}",
            "ReplicationConfigCreateTime": moment,
            "ReplicationConfigUpdateTime": moment,
            "_type": p["ReplicationType"],
            "_settings": p.get("ReplicationSettings"),
            "_worker": f"config-{str(p['ReplicationConfigIdentifier']).lower()}",
        }
        self._runs.check(call, record)
        made = self._configs.create(call, record)
        self._cloud.fleet.migrations.create(self._runs.ref(made))
        return {"ReplicationConfig": made}

    def _compute(self, call: Call, wanted: Record) -> Record:
        least, most = wanted.get("MinCapacityUnits") or 1, wanted.get("MaxCapacityUnits") or 0
        for units in (least, most):
            if units not in _UNITS:
                raise invalid(f"Invalid capacity units: {units}")
        if least > most:
            raise combination("MinCapacityUnits is above MaxCapacityUnits.")
        if wanted.get("MultiAZ") and wanted.get("AvailabilityZone"):
            raise combination("AvailabilityZone can't be set if MultiAZ is true.")
        group = self._groups.need(call.region, wanted.get("ReplicationSubnetGroupId") or "default")
        name = group["ReplicationSubnetGroupIdentifier"]
        return {**wanted, "MinCapacityUnits": least, "ReplicationSubnetGroupId": name}

    def _need(self, call: Call) -> Record:
        return self._configs.need(call.region, call.params["ReplicationConfigArn"])

    def _describe(self, call: Call) -> Answer:
        return self._configs.describe(call, "ReplicationConfigs")

    def _modify(self, call: Call) -> Answer:
        p, record = call.params, self._need(call)
        if self._runs.active(record):
            raise wrong_state("A running replication cannot be modified; stop it first.")
        changed = given(
            p,
            ("SourceEndpointArn", "TargetEndpointArn", "ReplicationType", "TableMappings",
             "ReplicationSettings"),
        )  # fmt: skip
        if p.get("ComputeConfig"):
            compute = {**record["ComputeConfig"], **p["ComputeConfig"]}
            changed["ComputeConfig"] = self._compute(call, compute)
        changed["_type"] = changed.get("ReplicationType", record["_type"])
        changed["_settings"] = changed.get("ReplicationSettings", record["_settings"])
        changed["ReplicationConfigUpdateTime"] = now()
        self._runs.check(call, {**record, **changed})
        return {"ReplicationConfig": self._configs.update(record, **changed)}

    def _delete(self, call: Call) -> Answer:
        record = self._need(call)
        if self._runs.active(record):
            raise wrong_state("A running replication cannot be deleted; stop it first.")
        self._cloud.fleet.migrations.delete(self._runs.ref(record))
        self._configs.drop(record)
        return {"ReplicationConfig": record}

    def _start(self, call: Call) -> Answer:
        record = self._need(call)
        started = self._runs.start(call, record, call.params["StartReplicationType"])
        started["_start_type"] = call.params["StartReplicationType"]
        return {"Replication": self._shown(self._configs.update(record, **started))}

    def _stop(self, call: Call) -> Answer:
        record = self._need(call)
        self._runs.stop(record)
        return {"Replication": {**self._shown(record), "Status": "stopping"}}

    def _shown(self, record: Record) -> Record:
        status = self._runs.status(record, "created")
        running = self._runs.active(record)
        shown = {
            **given(
                record,
                ("ReplicationConfigIdentifier", "ReplicationConfigArn", "SourceEndpointArn",
                 "TargetEndpointArn", "ReplicationType"),
            ),
            **status,
            # Capacity is there while it is needed.
            "ProvisionData": {
                "ProvisionState": "provisioned" if running else "deprovisioned",
                "ProvisionedCapacityUnits": (
                    record["ComputeConfig"]["MinCapacityUnits"] if running else 0
                ),
            },
            "ReplicationStats": self._runs.statistics(record),
            "ReplicationCreateTime": record["ReplicationConfigCreateTime"],
        }  # fmt: skip
        if "LastFailureMessage" in status:
            shown["FailureMessages"] = [status["LastFailureMessage"]]
        if record.get("_start_type"):
            shown["StartReplicationType"] = record["_start_type"]
        return shown

    def _describe_replications(self, call: Call) -> Answer:
        return self._configs.describe(call, "Replications", self._shown)

    def _statistics(self, call: Call) -> Answer:
        record = self._need(call)
        tables = self._runs.tables(call, record, "ReplicationTableStatistics")
        return {"ReplicationConfigArn": record["_arn"], **tables}
