"""AWS Backup: vaults, plans and selections, as records. No job ever runs."""

from __future__ import annotations

import re
import uuid
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, given, now
from localcloud.records import Record
from localcloud.services.context import Cloud, moment
from localcloud.services.surroundings import arn, key_arn, region_of

VAULT, PLAN, SELECTION = "backup-vault", "backup-plan", "backup-selection"
_VAULT_NAME = re.compile(r"[a-zA-Z0-9_-]{2,50}\Z")
_LEAST_START_MINUTES = 60


def missing(what: str) -> ApiError:
    """There is no such vault, plan or selection."""
    return ApiError("ResourceNotFoundException", f"{what} does not exist.")


def invalid(message: str) -> ApiError:
    """A value that AWS Backup does not take."""
    return ApiError("InvalidParameterValueException", message)


class Backup:
    """What a plan consists of, and its tags."""

    def __init__(self, cloud: Cloud) -> None:
        self._records = cloud.records

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module; moto knows no selections, and so no other."""
        operations.closed.add("backup")
        for name, handler in {
            "CreateBackupVault": self._create_vault,
            "DescribeBackupVault": lambda call: _vault(self._need_vault(call)),
            "ListBackupVaults": self._list_vaults,
            "DeleteBackupVault": self._delete_vault,
            "ListRecoveryPointsByBackupVault": self._recovery_points,
            "CreateBackupPlan": self._create_plan,
            "GetBackupPlan": lambda call: _dated(self._need_plan(call)),
            "ListBackupPlans": self._list_plans,
            "UpdateBackupPlan": self._update_plan,
            "DeleteBackupPlan": self._delete_plan,
            "CreateBackupSelection": self._create_selection,
            "GetBackupSelection": lambda call: self._need_selection(call),
            "ListBackupSelections": self._list_selections,
            "DeleteBackupSelection": self._delete_selection,
            "ListTags": lambda call: {"Tags": self._tagged(call)[1]["_tags"]},
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }.items():
            operations.handle("backup", name, handler)

    def _create_vault(self, call: Call) -> Answer:
        name, region = call.params["BackupVaultName"], call.region
        if not _VAULT_NAME.match(name):
            raise invalid(f"Invalid vault name {name}: 2 to 50 letters, digits, - and _.")
        with self._records.change():
            if self._records.get(VAULT, region, name):
                text = f"Backup vault with the same name already exists: {name}"
                raise ApiError("AlreadyExistsException", text)
            vault_arn = arn("backup", region, "backup-vault", name)
            record = {
                "BackupVaultName": name,
                "BackupVaultArn": vault_arn,
                **self._key(call),
                "CreationDate": now(),
                "_arn": vault_arn,
                "_tags": call.params.get("BackupVaultTags") or {},
            }
            self._records.put(VAULT, region, name, record)
        return _vault(record)

    def _key(self, call: Call) -> Record:
        # Without one it is AWS's own, which nothing made.
        key = call.params.get("EncryptionKeyArn")
        return {"EncryptionKeyArn": key_arn(call.region, key, "backup")} if key else {}

    def _need_vault(self, call: Call) -> Record:
        name = call.params["BackupVaultName"]
        found = self._records.get(VAULT, call.region, name)
        if found is None:
            raise missing(f"Backup vault {name}")
        return found

    def _list_vaults(self, call: Call) -> Answer:
        return {"BackupVaultList": [_vault(v) for v in self._records.all(VAULT, call.region)]}

    def _delete_vault(self, call: Call) -> Answer:
        self._need_vault(call)
        self._records.drop(VAULT, call.region, call.params["BackupVaultName"])
        return {}

    def _recovery_points(self, call: Call) -> Answer:
        self._need_vault(call)
        return {"RecoveryPoints": []}

    def _create_plan(self, call: Call) -> Answer:
        region, content = call.region, call.params["BackupPlan"]
        self._check_rules(region, content)
        identifier = str(uuid.uuid4())
        plan_arn = arn("backup", region, "backup-plan", identifier)
        record = {
            "BackupPlanId": identifier,
            "BackupPlanArn": plan_arn,
            "CreationDate": now(),
            "VersionId": str(uuid.uuid4()),
            "BackupPlan": content,
            "_arn": plan_arn,
            "_tags": call.params.get("BackupPlanTags") or {},
        }
        with self._records.change():
            for other in self._records.all(PLAN, region):
                if other["BackupPlan"] == content:
                    text = f"Backup plan with the same plan document already exists: {identifier}"
                    raise ApiError("AlreadyExistsException", text)
            self._records.put(PLAN, region, identifier, record)
        return _dated(record)

    def _check_rules(self, region: str, plan: dict[str, Any]) -> None:
        for rule in plan["Rules"]:
            target = rule["TargetBackupVaultName"]
            if self._records.get(VAULT, region, target) is None:
                raise missing(f"Backup vault {target}")
            if int(rule.get("StartWindowMinutes") or _LEAST_START_MINUTES) < _LEAST_START_MINUTES:
                raise invalid("Invalid StartWindowMinutes: the least is 60.")
            for copy in rule.get("CopyActions") or []:
                wanted = copy["DestinationBackupVaultArn"]
                name = wanted.rpartition(":")[2]
                if self._records.get(VAULT, region_of(wanted, region), name) is None:
                    raise missing(f"Backup vault {wanted}")

    def _need_plan(self, call: Call) -> Record:
        identifier = call.params["BackupPlanId"]
        found = self._records.get(PLAN, call.region, identifier)
        if found is None:
            raise missing(f"Backup plan {identifier}")
        return found

    def _list_plans(self, call: Call) -> Answer:
        plans = self._records.all(PLAN, call.region)
        names = ("BackupPlanId", "BackupPlanArn", "VersionId", "CreationDate")
        return {
            "BackupPlansList": [
                _dated(given(p, names)) | {"BackupPlanName": p["BackupPlan"]["BackupPlanName"]}
                for p in plans
            ]
        }

    def _update_plan(self, call: Call) -> Answer:
        found, content = self._need_plan(call), call.params["BackupPlan"]
        self._check_rules(call.region, content)
        changes = {"BackupPlan": content, "VersionId": str(uuid.uuid4())}
        self._records.update(PLAN, call.region, found["BackupPlanId"], **changes)
        return _dated(found | changes)

    def _delete_plan(self, call: Call) -> Answer:
        found = self._need_plan(call)
        if self._selections(call):
            text = "Related backup plan selections must be deleted prior to backup plan deletion"
            raise ApiError("InvalidRequestException", text)
        self._records.drop(PLAN, call.region, found["BackupPlanId"])
        return _dated(found) | {"DeletionDate": moment(now())}

    def _create_selection(self, call: Call) -> Answer:
        plan, identifier = self._need_plan(call), str(uuid.uuid4())
        record = {
            "BackupPlanId": plan["BackupPlanId"],
            "SelectionId": identifier,
            "BackupSelection": call.params["BackupSelection"],
            "CreationDate": now(),
        }
        self._records.put(SELECTION, call.region, identifier, record)
        return _dated(record)

    def _selections(self, call: Call) -> list[Record]:
        wanted = call.params["BackupPlanId"]
        found = self._records.all(SELECTION, call.region)
        return [each for each in found if each["BackupPlanId"] == wanted]

    def _need_selection(self, call: Call) -> Record:
        wanted = call.params["SelectionId"]
        for each in self._selections(call):
            if each["SelectionId"] == wanted:
                return _dated(each)
        raise missing(f"Selection {wanted}")

    def _list_selections(self, call: Call) -> Answer:
        self._need_plan(call)
        found = []
        for each in self._selections(call):
            said = given(each["BackupSelection"], ("SelectionName", "IamRoleArn"))
            found.append(
                _dated(given(each, ("SelectionId", "BackupPlanId", "CreationDate"))) | said
            )
        return {"BackupSelectionsList": found}

    def _delete_selection(self, call: Call) -> Answer:
        self._need_selection(call)
        self._records.drop(SELECTION, call.region, call.params["SelectionId"])
        return {}

    def _tagged(self, call: Call) -> tuple[str, Record]:
        wanted = call.params["ResourceArn"]
        for kind in (VAULT, PLAN):
            for record in self._records.all(kind, call.region):
                if record["_arn"] == wanted:
                    return kind, record
        raise missing(wanted)

    def _tag(self, call: Call) -> Answer:
        kind, found = self._tagged(call)
        self._set_tags(call, kind, found["_tags"] | call.params["Tags"])
        return {}

    def _untag(self, call: Call) -> Answer:
        kind, found = self._tagged(call)
        gone = set(call.params["TagKeyList"])
        self._set_tags(call, kind, {k: v for k, v in found["_tags"].items() if k not in gone})
        return {}

    def _set_tags(self, call: Call, kind: str, tags: dict[str, str]) -> None:
        name = call.params["ResourceArn"].rpartition(":")[2]
        self._records.update(kind, call.region, name, _tags=tags)


def _vault(record: Record) -> Answer:
    return _dated(record) | {"NumberOfRecoveryPoints": 0, "Locked": False}


def _dated(record: Record) -> Record:
    # As a number of seconds, which the serializer makes of a datetime only.
    return record | {"CreationDate": moment(record["CreationDate"])}
