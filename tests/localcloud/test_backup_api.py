"""AWS Backup over the API: records, refused where AWS refuses them. No job runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.site import Site
from tests.localcloud.front_fixtures import Ground, endpoint, ground, refusal, site
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet

__all__ = ["endpoint", "ground", "site"]
CLUSTER = "arn:aws:rds:us-east-1:123456789012:cluster:shop"
ROLE = "arn:aws:iam::123456789012:role/backup"


def vaults(endpoint: Endpoint, ground: Ground) -> tuple[str, str]:
    """One here, one in the west: their ARNs."""
    here = endpoint.client("backup").create_backup_vault(
        BackupVaultName="shop", EncryptionKeyArn=ground.key, BackupVaultTags={"Name": "shop"}
    )
    west = endpoint.client("backup", "us-west-2").create_backup_vault(
        BackupVaultName="shop_us-east-1", EncryptionKeyArn=ground.west_key
    )
    return here["BackupVaultArn"], west["BackupVaultArn"]


def document(destination: str, vault: str = "shop", **changes: Any) -> dict[str, Any]:
    rule = {
        "RuleName": "daily",
        "TargetBackupVaultName": vault,
        "ScheduleExpression": "cron(0 4 ? * * *)",
        "StartWindowMinutes": 60,
        "Lifecycle": {"DeleteAfterDays": 1},
        "CopyActions": [
            {"DestinationBackupVaultArn": destination, "Lifecycle": {"DeleteAfterDays": 30}}
        ],
    }
    return {"BackupPlanName": "shop", "Rules": [rule | changes]}


def test_a_vault(endpoint: Endpoint, ground: Ground) -> None:
    here, west = vaults(endpoint, ground)
    backup = endpoint.client("backup")
    found = backup.describe_backup_vault(BackupVaultName="shop")
    assert (found["BackupVaultArn"], found["EncryptionKeyArn"]) == (here, ground.key)
    assert found["NumberOfRecoveryPoints"] == 0
    assert abs((found["CreationDate"] - datetime.now(UTC)).total_seconds()) < 60
    assert [v["BackupVaultArn"] for v in backup.list_backup_vaults()["BackupVaultList"]] == [here]
    assert west.startswith("arn:aws:backup:us-west-2:")
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName="shop")
    assert points["RecoveryPoints"] == []
    backup.delete_backup_vault(BackupVaultName="shop")
    again = refusal(backup.describe_backup_vault, BackupVaultName="shop")
    assert again == "ResourceNotFoundException"


def test_its_tags(endpoint: Endpoint, ground: Ground) -> None:
    here, _ = vaults(endpoint, ground)
    backup = endpoint.client("backup")
    backup.tag_resource(ResourceArn=here, Tags={"Team": "data"})
    assert backup.list_tags(ResourceArn=here)["Tags"] == {"Name": "shop", "Team": "data"}
    backup.untag_resource(ResourceArn=here, TagKeyList=["Name"])
    assert backup.list_tags(ResourceArn=here)["Tags"] == {"Team": "data"}


def test_a_plan_and_what_it_is_for(endpoint: Endpoint, ground: Ground) -> None:
    _, west = vaults(endpoint, ground)
    backup = endpoint.client("backup")
    made = backup.create_backup_plan(BackupPlan=document(west))
    plan = made["BackupPlanId"]
    assert backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"] == document(west)
    selected = {"SelectionName": "cluster", "IamRoleArn": ROLE, "Resources": [CLUSTER]}
    chosen = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selected)
    where = {"BackupPlanId": plan, "SelectionId": chosen["SelectionId"]}
    assert backup.get_backup_selection(**where)["BackupSelection"] == selected
    # A plan in use stays.
    assert refusal(backup.delete_backup_plan, BackupPlanId=plan) == "InvalidRequestException"
    backup.delete_backup_selection(**where)
    assert backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"] == []
    backup.delete_backup_plan(BackupPlanId=plan)
    assert backup.list_backup_plans()["BackupPlansList"] == []


def test_a_changed_plan_is_another_version(endpoint: Endpoint, ground: Ground) -> None:
    _, west = vaults(endpoint, ground)
    backup = endpoint.client("backup")
    made = backup.create_backup_plan(BackupPlan=document(west))
    changed = document(west, ScheduleExpression="cron(0 5 ? * * *)")
    after = backup.update_backup_plan(BackupPlanId=made["BackupPlanId"], BackupPlan=changed)
    assert after["VersionId"] != made["VersionId"]
    found = backup.get_backup_plan(BackupPlanId=made["BackupPlanId"])
    assert (found["BackupPlan"], found["VersionId"]) == (changed, after["VersionId"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"vault": "none"}, "ResourceNotFoundException"),
        ({"StartWindowMinutes": 59}, "InvalidParameterValueException"),
    ],
)
def test_a_plan_that_cannot_be(
    endpoint: Endpoint, ground: Ground, changes: dict[str, Any], code: str
) -> None:
    _, west = vaults(endpoint, ground)
    create = endpoint.client("backup").create_backup_plan
    assert refusal(create, BackupPlan=document(west, **changes)) == code


def test_no_copy_goes_to_a_vault_that_is_not_there(endpoint: Endpoint, ground: Ground) -> None:
    vaults(endpoint, ground)
    nowhere = "arn:aws:backup:eu-west-1:123456789012:backup-vault:shop_us-east-1"
    create = endpoint.client("backup").create_backup_plan
    assert refusal(create, BackupPlan=document(nowhere)) == "ResourceNotFoundException"


def test_no_two_vaults_of_a_region_have_one_name(endpoint: Endpoint, ground: Ground) -> None:
    vaults(endpoint, ground)
    create = endpoint.client("backup").create_backup_vault
    assert refusal(create, BackupVaultName="shop") == "AlreadyExistsException"
    assert refusal(create, BackupVaultName="a.b") == "InvalidParameterValueException"


def test_a_vault_needs_a_key_of_its_region(endpoint: Endpoint, ground: Ground) -> None:
    create = endpoint.client("backup").create_backup_vault
    refused = refusal(create, BackupVaultName="shop", EncryptionKeyArn=ground.west_key)
    assert refused == "KMSKeyNotAccessibleFault"


def test_what_is_not_served_is_said(endpoint: Endpoint) -> None:
    # moto would answer, of a vault that it does not have.
    start = endpoint.client("backup").start_backup_job
    asked = {"BackupVaultName": "shop", "ResourceArn": CLUSTER, "IamRoleArn": ROLE}
    assert refusal(start, **asked) == "InvalidAction"


def test_it_outlives_the_endpoint(site: Site) -> None:
    with served(site, RecordingFleet()) as before:
        before.client("backup").create_backup_vault(BackupVaultName="shop")
    with served(site, RecordingFleet()) as after:
        found = after.client("backup").list_backup_vaults()["BackupVaultList"]
        assert [vault["BackupVaultName"] for vault in found] == ["shop"]
