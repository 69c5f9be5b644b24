"""AWS Backup: vaults, plans, selections; and the backups that RDS itself replicates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.provider.kind import Kind, Outputs, Resource, tag_changes
from localcloud.provider.mapping import Inputs

_MISSING = frozenset({"ResourceNotFoundException"})


class InstanceAutomatedBackupsReplication(Kind):
    """aws.rds.InstanceAutomatedBackupsReplication"""

    token = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    service = "rds"
    creates = "StartDBInstanceAutomatedBackupsReplication"
    names = {"retentionPeriod": "BackupRetentionPeriod"}
    replaced_by = frozenset({"sourceDbInstanceArn", "kmsKeyId", "retentionPeriod", "preSignedUrl"})
    identified_by = ("sourceDbInstanceArn",)
    gone = frozenset({"DBInstanceAutomatedBackupNotFound"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        arguments = self.arguments(resource, self.creates)
        client = self.client(resource)
        made = client.start_db_instance_automated_backups_replication(**arguments)
        return str(made["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"]), {}

    def describe(self, resource: Resource) -> Outputs | None:
        return None if self._find(resource) is None else {}

    def id_of(self, resource: Resource, outputs: Mapping[str, Any]) -> str:
        found = self._find(resource)
        return "" if found is None else str(found["DBInstanceAutomatedBackupsArn"])

    def _find(self, resource: Resource) -> Any:
        source = resource.inputs["sourceDbInstanceArn"]
        client = self.client(resource)
        for found in client.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]:
            if found["DBInstanceArn"] == source and found["Status"] == "replicating":
                return found
        return None

    def delete(self, resource: Resource) -> None:
        self.client(resource).stop_db_instance_automated_backups_replication(
            SourceDBInstanceArn=resource.inputs["sourceDbInstanceArn"]
        )


class Vault(Kind):
    """aws.backup.Vault"""

    token, service = "aws:backup/vault:Vault", "backup"
    creates = "CreateBackupVault"
    names = {"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"}
    ours = frozenset({"tags", "forceDestroy"})
    replaced_by = frozenset({"name", "kmsKeyArn"})
    auto_named = "name"
    identified_by = ("name",)
    gone = _MISSING

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        tags = resource.inputs.get("tags") or {}
        arguments = self.arguments(resource, self.creates, BackupVaultTags=tags)
        made = self.client(resource).create_backup_vault(**arguments)
        return resource.inputs["name"], {"arn": made["BackupVaultArn"]}

    def describe(self, resource: Resource) -> Outputs | None:
        found = self.client(resource).describe_backup_vault(BackupVaultName=resource.inputs["name"])
        return {"arn": found["BackupVaultArn"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        _retag(self.client(resource), (resource.outputs or {})["arn"], old, resource.inputs)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_backup_vault(BackupVaultName=resource.inputs["name"])


class Plan(Kind):
    """aws.backup.Plan of rules"""

    token, service = "aws:backup/plan:Plan", "backup"
    identified_by = ("name",)
    gone = _MISSING

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        return frozenset(inputs) - {"name", "rules", "tags", "region"}

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_backup_plan(
            BackupPlan=_document(resource.inputs),
            BackupPlanTags=resource.inputs.get("tags") or {},
        )
        return made["BackupPlanId"], _plan(made)

    def describe(self, resource: Resource) -> Outputs | None:
        client = self.client(resource)
        if resource.id:
            return _plan(client.get_backup_plan(BackupPlanId=resource.id))
        wanted = resource.inputs["name"]
        plans = client.list_backup_plans()["BackupPlansList"]
        return next((_plan(p) for p in plans if p["BackupPlanName"] == wanted), None)

    def id_of(self, resource: Resource, outputs: Mapping[str, Any]) -> str:
        return str(outputs["arn"]).rpartition(":")[2]

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        client = self.client(resource)
        if changed - {"tags"}:
            client.update_backup_plan(
                BackupPlanId=resource.id, BackupPlan=_document(resource.inputs)
            )
        _retag(client, (resource.outputs or {})["arn"], old, resource.inputs)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_backup_plan(BackupPlanId=resource.id)


class Selection(Kind):
    """aws.backup.Selection of ARNs"""

    token, service = "aws:backup/selection:Selection", "backup"
    replaced_by = frozenset({"planId", "name", "iamRoleArn", "resources"})
    identified_by = ("planId", "name")
    gone = _MISSING

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        return frozenset(inputs) - {"planId", "name", "iamRoleArn", "resources", "region"}

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        p = resource.inputs
        made = self.client(resource).create_backup_selection(
            BackupPlanId=p["planId"],
            BackupSelection={
                "SelectionName": p["name"],
                "IamRoleArn": p["iamRoleArn"],
                "Resources": list(p.get("resources") or []),
            },
        )
        return made["SelectionId"], {}

    def describe(self, resource: Resource) -> Outputs | None:
        return None if self._find(resource) is None else {}

    def id_of(self, resource: Resource, outputs: Mapping[str, Any]) -> str:
        found = self._find(resource)
        return "" if found is None else str(found["SelectionId"])

    def _find(self, resource: Resource) -> Any:
        p = resource.inputs
        answer = self.client(resource).list_backup_selections(BackupPlanId=p["planId"])
        found = answer["BackupSelectionsList"]
        return next((each for each in found if each["SelectionName"] == p["name"]), None)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_backup_selection(
            BackupPlanId=resource.inputs["planId"], SelectionId=resource.id
        )


def _plan(found: Any) -> Outputs:
    return {"arn": found["BackupPlanArn"], "version": found["VersionId"]}


def _document(inputs: Inputs) -> dict[str, Any]:
    return {"BackupPlanName": inputs["name"], "Rules": [_rule(each) for each in inputs["rules"]]}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "RuleName": rule["ruleName"],
        "TargetBackupVaultName": rule["targetVaultName"],
        "ScheduleExpression": rule.get("schedule"),
        "StartWindowMinutes": _whole(rule.get("startWindow")),
        "CompletionWindowMinutes": _whole(rule.get("completionWindow")),
        "Lifecycle": _lifecycle(rule.get("lifecycle")),
        "CopyActions": [
            {
                "DestinationBackupVaultArn": copy["destinationVaultArn"],
                "Lifecycle": _lifecycle(copy.get("lifecycle")) or {},
            }
            for copy in rule.get("copyActions") or []
        ],
    }
    return {member: value for member, value in found.items() if value is not None}


def _lifecycle(given: Mapping[str, Any] | None) -> dict[str, int] | None:
    return {"DeleteAfterDays": int(given["deleteAfter"])} if given else None


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _retag(client: Any, arn: str, old: Inputs, new: Inputs) -> None:
    fresh, stale = tag_changes(old, new)
    if fresh:
        client.tag_resource(ResourceArn=arn, Tags={tag["Key"]: tag["Value"] for tag in fresh})
    if stale:
        client.untag_resource(ResourceArn=arn, TagKeyList=stale)
