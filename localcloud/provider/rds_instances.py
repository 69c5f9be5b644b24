"""RDS instances: standalone, replicas, restored ones, and what members of clusters share."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from localcloud.errors import DeployFailed
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs, members
from localcloud.provider.rds_groups import RdsKind
from localcloud.provider.rds_restores import (
    PROPERTIES,
    modified_later,
    restore_arguments,
    restore_call,
)
from localcloud.provider.secrets import master_user_secrets

_READY_S = 60.0
_RESTORED_S = 600.0
"""A restore takes as long as there is data."""
_POLL_S = 0.1
_CREATE_REPLICA = "CreateDBInstanceReadReplica"
_SETTLED = frozenset({"available", "stopped"})
_NO_GROUP_YET = "parameter group can't be specified during Read Replica creation"
"""What RDS says to a replica in its source's region and to most engines. The AWS provider
modifies and reboots the new replica then (terraform-provider-aws#38227)."""

_FAILED = frozenset({"failed", "restore-error"})


class AnyInstance(RdsKind):
    identified_by = ("identifier",)
    gone = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})

    def describe(self, resource: Resource) -> Outputs | None:
        return self.outputs(self.find(resource))

    def outputs(self, found: Any) -> Outputs:
        raise NotImplementedError

    def find(self, resource: Resource) -> Any:
        answer = self.client(resource).describe_db_instances(
            DBInstanceIdentifier=resource.inputs["identifier"]
        )
        return answer["DBInstances"][0]

    def settled(self, resource: Resource) -> Any:
        within_s = _RESTORED_S if restore_call(resource.inputs) else _READY_S
        end = time.monotonic() + within_s
        while (found := self.find(resource))["DBInstanceStatus"] not in _SETTLED:
            status = found["DBInstanceStatus"]
            if status in _FAILED or time.monotonic() > end:
                raise DeployFailed(
                    f"{resource.inputs['identifier']} is {status}, not available"
                    + ("" if status in _FAILED else f" within {within_s:.0f} s")
                )
            time.sleep(_POLL_S)
        return found

    def modify(self, resource: Resource, changed: frozenset[str], **fixed: Any) -> None:
        arguments = self.some(resource, self.modifies, changed, **fixed)
        if arguments:
            self.client(resource).modify_db_instance(
                **arguments,
                DBInstanceIdentifier=resource.inputs["identifier"],
                ApplyImmediately=bool(resource.inputs.get("applyImmediately")),
            )


class Instance(AnyInstance):
    """aws.rds.Instance"""

    token = "aws:rds/instance:Instance"
    creates, modifies = "CreateDBInstance", "ModifyDBInstance"
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
        {"allowMajorVersionUpgrade", "applyImmediately", "deleteAutomatedBackups",
         "finalSnapshotIdentifier", "replicateSourceDb", "skipFinalSnapshot", *PROPERTIES}
    )  # fmt: skip
    also_changes = frozenset({"tags", "enabledCloudwatchLogsExports", "port"})
    absent = {
        "autoMinorVersionUpgrade": True, "copyTagsToSnapshot": False, "deletionProtection": False,
        "iamDatabaseAuthenticationEnabled": False, "monitoringInterval": 0,
        "manageMasterUserPassword": False, "performanceInsightsEnabled": False,
        "publiclyAccessible": False,
    }  # fmt: skip
    replaced_by = frozenset(
        {
            "availabilityZone", "backupTarget", "characterSetName", "customIamInstanceProfile",
            "dbName", "dbSubnetGroupName", "engine", "identifier", "kmsKeyId",
            "ncharCharacterSetName", "storageEncrypted", "timezone", "username",
            *PROPERTIES,
        }
    )  # fmt: skip
    auto_named = "identifier"

    def replaces(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """Following another source needs a new replica; following none is a promotion.

        An instance that follows none cannot begin to: `update` says so, as AWS's provider does.
        """
        before, source = old.get("replicateSourceDb"), new.get("replicateSourceDb")
        moved = None not in (before, source) and source != before
        return frozenset({"replicateSourceDb"}) if moved else frozenset()

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        if resource.inputs.get("replicateSourceDb"):
            made = self._create_replica(resource)
        elif operation := restore_call(resource.inputs):
            made = self._restore(resource, operation)
        else:
            made = self.client(resource).create_db_instance(
                **self.arguments(resource, self.creates)
            )
        return made["DBInstance"]["DbiResourceId"], {}

    def complete(self, resource: Resource) -> Outputs:
        self.settled(resource)
        if resource.inputs.get("replicateSourceDb"):
            self._complete_replica(resource)
        elif operation := restore_call(resource.inputs):
            client, p = self.client(resource), resource.inputs
            self.modify(resource, modified_later(client, operation, p, self.names) - self.ours)
        return self.outputs(self.find(resource))

    def _create_replica(self, resource: Resource) -> Any:
        asked = frozenset(resource.inputs) - {"region", *self._later(resource)}
        arguments = self.some(resource, _CREATE_REPLICA, asked)
        if region := self._region_of_source(resource):
            arguments["SourceRegion"] = region
        client = self.client(resource)
        try:
            return client.create_db_instance_read_replica(**arguments)
        except ClientError as error:
            if _NO_GROUP_YET not in error.response["Error"]["Message"]:
                raise
            del arguments["DBParameterGroupName"]
            return client.create_db_instance_read_replica(**arguments)

    def _complete_replica(self, resource: Resource) -> None:
        later = self._later(resource)
        wanted = resource.inputs.get("parameterGroupName")
        has = self.find(resource)["DBParameterGroups"][0]["DBParameterGroupName"]
        if wanted not in (None, has):
            later |= {"parameterGroupName"}
        self.modify(resource, later)
        if "parameterGroupName" in later:
            self.client(resource).reboot_db_instance(
                DBInstanceIdentifier=resource.inputs["identifier"]
            )

    def _later(self, resource: Resource) -> frozenset[str]:
        """What the call that creates a replica does not take."""
        given = {p for p, value in resource.inputs.items() if value is not None}
        taken = set(members(self.client(resource), _CREATE_REPLICA, given, self.names))
        if not self._region_of_source(resource):
            # RDS refuses a parameter group for a MySQL replica in its source's region; the AWS
            # provider modifies and reboots the new replica.
            taken.discard("parameterGroupName")
        return frozenset(given - self.ours - {"region", "tags"} - taken)

    def _region_of_source(self, resource: Resource) -> str | None:
        """The region of a replica's source when it is another one."""
        source = str(resource.inputs["replicateSourceDb"])
        region = source.split(":")[3] if source.startswith("arn:") else None
        return None if region == (resource.region or self._clients.region) else region

    def _restore(self, resource: Resource, operation: str) -> Any:
        p, client = resource.inputs, self.client(resource)
        call = client.restore_db_instance_to_point_in_time
        if p.get("snapshotIdentifier"):
            call = client.restore_db_instance_from_db_snapshot
        return call(**restore_arguments(client, operation, p, self.names))

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["resourceId"])

    def outputs(self, found: Any) -> Outputs:
        facts = {
            "arn": found["DBInstanceArn"],
            "availabilityZone": found.get("AvailabilityZone"),
            "engine": found["Engine"],
            "engineVersionActual": found["EngineVersion"],
            **master_user_secrets(found),
            "resourceId": found["DbiResourceId"],
            "status": found["DBInstanceStatus"],
        }
        endpoint = found.get("Endpoint")
        if endpoint is None:
            return facts  # not there yet
        return facts | {
            "address": endpoint["Address"],
            "endpoint": f"{endpoint['Address']}:{endpoint['Port']}",
            "hostedZoneId": endpoint.get("HostedZoneId"),
            "port": endpoint["Port"],
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
            self.settled(resource)
        more: dict[str, Any] = {}
        if "enabledCloudwatchLogsExports" in changed:
            more = log_exports(old, p)
        if "port" in changed:
            more["DBPortNumber"] = int(p["port"])
        if "engineVersion" in changed:
            more["AllowMajorVersionUpgrade"] = bool(p.get("allowMajorVersionUpgrade"))
        if "maxAllocatedStorage" in changed and not p.get("maxAllocatedStorage"):
            # RDS has no other word for storage that does not grow.
            more["MaxAllocatedStorage"] = int(p["allocatedStorage"])
        self.modify(resource, changed - self.ours - self.also_changes, **more)
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
            **({} if skip else final_snapshot(p)),
            DeleteAutomatedBackups=p.get("deleteAutomatedBackups") is not False,
        )


def final_snapshot(inputs: Inputs) -> dict[str, str]:
    """The snapshot a deletion leaves. Raises `DeployFailed` when the program names none."""
    name = inputs.get("finalSnapshotIdentifier")
    if not name:
        raise DeployFailed(
            "finalSnapshotIdentifier is needed to delete it, unless skipFinalSnapshot is true; "
            "run `up` with one of them first"
        )
    return {"FinalDBSnapshotIdentifier": str(name)}


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
