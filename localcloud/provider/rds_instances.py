"""RDS instances: standalone, replicas, and members of Aurora clusters."""

from __future__ import annotations

import time
from typing import Any

from localcloud.errors import DeployFailed
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_groups import RdsKind
from localcloud.provider.rds_restores import (
    PROPERTIES,
    modified_later,
    restore_arguments,
    restore_call,
)

_READY_S = 60.0
_RESTORED_S = 600.0
"""A restore takes as long as there is data."""
_POLL_S = 0.1
_SETTLED = frozenset({"available", "stopped"})
_FAILED = frozenset({"failed", "restore-error"})


class _AnyInstance(RdsKind):
    identified_by = ("identifier",)
    gone = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})
    taken = frozenset({"DBInstanceAlreadyExists"})

    def describe(self, resource: Resource) -> Outputs | None:
        return self.outputs(self._find(resource))

    def outputs(self, found: Any) -> Outputs:
        raise NotImplementedError

    def _find(self, resource: Resource) -> Any:
        answer = self.client(resource).describe_db_instances(
            DBInstanceIdentifier=resource.inputs["identifier"]
        )
        return answer["DBInstances"][0]

    def _settled(self, resource: Resource) -> Any:
        within_s = _RESTORED_S if restore_call(resource.inputs) else _READY_S
        end = time.monotonic() + within_s
        while (found := self._find(resource))["DBInstanceStatus"] not in _SETTLED:
            status = found["DBInstanceStatus"]
            if status in _FAILED or time.monotonic() > end:
                raise DeployFailed(
                    f"{resource.inputs['identifier']} is {status}, not available"
                    + ("" if status in _FAILED else f" within {within_s:.0f} s")
                )
            time.sleep(_POLL_S)
        return found

    def _modify(self, resource: Resource, changed: frozenset[str], **fixed: Any) -> None:
        arguments = self.some(resource, "ModifyDBInstance", changed, **fixed)
        if arguments:
            self.client(resource).modify_db_instance(
                **arguments,
                DBInstanceIdentifier=resource.inputs["identifier"],
                ApplyImmediately=bool(resource.inputs.get("applyImmediately")),
            )


class Instance(_AnyInstance):
    """aws.rds.Instance"""

    token = "aws:rds/instance:Instance"
    names = {
        "backupWindow": "PreferredBackupWindow",
        "caCertIdentifier": "CACertificateIdentifier",
        "dbName": "DBName",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "multiAz": "MultiAZ",
        "parameterGroupName": "DBParameterGroupName",
        "password": "MasterUserPassword",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
        "replicateSourceDb": "SourceDBInstanceIdentifier",
        "username": "MasterUsername",
    }
    ours = frozenset(
        {"applyImmediately", "deleteAutomatedBackups", "finalSnapshotIdentifier",
         "skipFinalSnapshot"}
    )  # fmt: skip
    replaced_by = frozenset(
        {
            "availabilityZone", "characterSetName", "dbName", "dbSubnetGroupName", "engine",
            "identifier", "kmsKeyId", "storageEncrypted", "username", *PROPERTIES,
        }
    )  # fmt: skip
    auto_named = "identifier"
    _silent = frozenset({"region", "tags", "replicateSourceDb"}) | PROPERTIES

    def replaces(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """Following another source needs a new replica; following none is a promotion.

        An instance that follows none cannot begin to: `update` says so, as AWS's provider does.
        """
        before, source = old.get("replicateSourceDb"), new.get("replicateSourceDb")
        moved = None not in (before, source) and source != before
        return frozenset({"replicateSourceDb"}) if moved else frozenset()

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        if resource.inputs.get("replicateSourceDb"):
            self._create_replica(resource)
        elif operation := restore_call(resource.inputs):
            self._restore(resource, operation)
        else:
            self.client(resource).create_db_instance(**self.arguments(resource, "CreateDBInstance"))
        found = self._settled(resource)
        return found["DbiResourceId"], self.outputs(found)

    def _create_replica(self, resource: Resource) -> None:
        p, client = resource.inputs, self.client(resource)
        source = p["replicateSourceDb"]
        arguments = self.some(resource, "CreateDBInstanceReadReplica", frozenset(p) - {"region"})
        elsewhere = source.startswith("arn:") and source.split(":")[3] != (
            resource.region or self._clients.region
        )
        if elsewhere:
            arguments["SourceRegion"] = source.split(":")[3]
        else:
            # RDS refuses a parameter group for a MySQL replica in its source's region; the AWS
            # provider modifies and reboots the new replica.
            arguments.pop("DBParameterGroupName", None)
        client.create_db_instance_read_replica(**arguments)
        self._settled(resource)
        members = client.meta.service_model.operation_model(
            "CreateDBInstanceReadReplica"
        ).input_shape.members
        later = frozenset(
            prop
            for prop in set(p) - self.ours - self._silent
            if self._member(prop) not in members or (prop == "parameterGroupName" and not elsewhere)
        )
        self._modify(resource, later)
        if "parameterGroupName" in later:
            client.reboot_db_instance(DBInstanceIdentifier=p["identifier"])

    def _restore(self, resource: Resource, operation: str) -> None:
        p, client = resource.inputs, self.client(resource)
        call = client.restore_db_instance_to_point_in_time
        if p.get("snapshotIdentifier"):
            call = client.restore_db_instance_from_db_snapshot
        call(**restore_arguments(client, operation, p, self.names))
        self._settled(resource)
        self._modify(resource, modified_later(client, operation, p, self.names) - self.ours)

    def adopt(self, resource: Resource) -> tuple[str, Outputs] | None:
        """What an interrupted run has made, when it is whole: a restore goes on without us."""
        found = self.read(resource)
        if found is not None:
            self._settled(resource)
        return super().adopt(resource)

    def _member(self, prop: str) -> str:
        return self.names.get(prop) or prop[0].upper() + prop[1:]

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["resourceId"])

    def outputs(self, found: Any) -> Outputs:
        endpoint = found.get("Endpoint") or {"Address": None, "Port": None}
        return {
            "address": endpoint["Address"],
            "arn": found["DBInstanceArn"],
            "availabilityZone": found.get("AvailabilityZone"),
            "endpoint": f"{endpoint['Address']}:{endpoint['Port']}",
            "engine": found["Engine"],
            "engineVersionActual": found["EngineVersion"],
            "hostedZoneId": endpoint.get("HostedZoneId"),
            "port": endpoint["Port"],
            "resourceId": found["DbiResourceId"],
            "status": found["DBInstanceStatus"],
        }

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        p = resource.inputs
        if "replicateSourceDb" in changed:
            if p.get("replicateSourceDb"):
                raise DeployFailed(
                    f"{p['identifier']} takes writes of its own: cannot elect new source database "
                    "for replication; a replica is made anew, under another identifier"
                )
            kept = frozenset({"identifier", "backupRetentionPeriod", "backupWindow"})
            self.client(resource).promote_read_replica(
                **self.some(resource, "PromoteReadReplica", kept)
            )
            self._settled(resource)
        exports: dict[str, Any] = {}
        if "enabledCloudwatchLogsExports" in changed:
            exports = log_exports(old, p)
        if "port" in changed:
            exports["DBPortNumber"] = int(p["port"])
        chosen = changed - self._silent - self.ours
        self._modify(resource, chosen, **exports)
        if "parameterGroupName" in changed:
            self.client(resource).reboot_db_instance(DBInstanceIdentifier=p["identifier"])
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        p = resource.inputs
        # RDS refuses a final snapshot of a replica.
        skip = bool(p.get("skipFinalSnapshot") or p.get("replicateSourceDb"))
        self.client(resource).delete_db_instance(
            DBInstanceIdentifier=p["identifier"],
            SkipFinalSnapshot=skip,
            **({} if skip else {"FinalDBSnapshotIdentifier": p["finalSnapshotIdentifier"]}),
            DeleteAutomatedBackups=p.get("deleteAutomatedBackups") is not False,
        )


class ClusterInstance(_AnyInstance):
    """aws.rds.ClusterInstance"""

    token = "aws:rds/clusterInstance:ClusterInstance"
    names = {
        "clusterIdentifier": "DBClusterIdentifier",
        "dbParameterGroupName": "DBParameterGroupName",
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "caCertIdentifier": "CACertificateIdentifier",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
    }
    ours = frozenset({"applyImmediately", "forceDestroy", "engineVersion"})
    replaced_by = frozenset(
        {"availabilityZone", "clusterIdentifier", "dbSubnetGroupName", "engine", "identifier",
         "publiclyAccessible"}
    )  # fmt: skip
    auto_named = "identifier"

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).create_db_instance(**self.arguments(resource, "CreateDBInstance"))
        return resource.inputs["identifier"], self.outputs(self._settled(resource))

    def describe(self, resource: Resource) -> Outputs | None:
        found = self._find(resource)
        cluster = self.client(resource).describe_db_clusters(
            DBClusterIdentifier=resource.inputs["clusterIdentifier"]
        )["DBClusters"][0]
        writers = {m["DBInstanceIdentifier"] for m in cluster["DBClusterMembers"]
                   if m["IsClusterWriter"]}  # fmt: skip
        return {**self.outputs(found), "writer": resource.inputs["identifier"] in writers}

    def outputs(self, found: Any) -> Outputs:
        return {
            "arn": found["DBInstanceArn"],
            "availabilityZone": found.get("AvailabilityZone"),
            "dbiResourceId": found["DbiResourceId"],
            "endpoint": found["Endpoint"]["Address"],
            "engineVersionActual": found["EngineVersion"],
            "port": found["Endpoint"]["Port"],
        }

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        # The version lives on the cluster.
        self._modify(resource, changed - self.ours - {"tags", "region"})
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_db_instance(DBInstanceIdentifier=resource.inputs["identifier"])


def log_exports(old: Inputs, new: Inputs) -> dict[str, Any]:
    """The Modify call's form of a changed list of exported logs."""
    before = set(old.get("enabledCloudwatchLogsExports") or [])
    after = set(new.get("enabledCloudwatchLogsExports") or [])
    return {
        "CloudwatchLogsExportConfiguration": {
            "EnableLogTypes": sorted(after - before),
            "DisableLogTypes": sorted(before - after),
        }
    }
