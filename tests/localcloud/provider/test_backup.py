"""Vaults, plans, selections and replicated backups through the provider."""

from __future__ import annotations

from typing import Any

from tests.localcloud.front_fixtures import mysql
from tests.localcloud.provider.life import Cloud, Life

CLUSTER = "arn:aws:rds:us-east-1:123456789012:cluster:shop"


def vault(cloud: Cloud, name: str, region: str = "us-east-1") -> Life:
    inputs = {"name": name, "region": region, "kmsKeyArn": cloud.key(region), "tags": {"a": "b"}}
    token = "aws:backup/vault:Vault"
    return Life(cloud, token, {**inputs, "forceDestroy": False}, name).create()


def rule(here: Life, away: Life, schedule: str = "cron(0 4 ? * * *)") -> dict[str, Any]:
    return {
        "ruleName": "daily",
        "targetVaultName": here.inputs["name"],
        "schedule": schedule,
        "startWindow": 60.0,
        "completionWindow": 720.0,
        "lifecycle": {"deleteAfter": 1.0},
        "copyActions": [
            {"destinationVaultArn": away.outputs["arn"], "lifecycle": {"deleteAfter": 30.0}}
        ],
    }


def test_a_vault(cloud: Cloud) -> None:
    backup = cloud.endpoint.client("backup")
    life = vault(cloud, "one")
    arn = life.outputs["arn"]
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    life.change(tags={"c": "d"})
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"c": "d"}
    life.change(forceDestroy=True)
    life.delete()


def test_a_plan_changes_in_place_and_its_selection_does_not(cloud: Cloud) -> None:
    backup = cloud.endpoint.client("backup")
    here, away = vault(cloud, "shop"), vault(cloud, "shop_us-east-1", "us-west-2")
    inputs = {"name": "shop", "rules": [rule(here, away)], "tags": {"a": "b"}}
    plan = Life(cloud, "aws:backup/plan:Plan", inputs, "plan").create()
    (said,) = backup.get_backup_plan(BackupPlanId=plan.id)["BackupPlan"]["Rules"]
    assert said["CopyActions"] == [
        {"DestinationBackupVaultArn": away.outputs["arn"], "Lifecycle": {"DeleteAfterDays": 30}}
    ]
    assert (said["StartWindowMinutes"], said["CompletionWindowMinutes"]) == (60, 720)
    first = plan.outputs["version"]
    plan.change(rules=[rule(here, away, "cron(0 5 ? * * *)")])
    assert plan.outputs["version"] != first

    asked = {"planId": plan.id, "name": "cluster", "iamRoleArn": "arn:r", "resources": [CLUSTER]}
    token = "aws:backup/selection:Selection"
    selection = Life(cloud, token, asked, "selection").create()
    found = backup.get_backup_selection(BackupPlanId=plan.id, SelectionId=selection.id)
    assert found["BackupSelection"]["Resources"] == [CLUSTER]
    changed = {**selection.inputs, "resources": ["arn:other"]}
    difference = cloud.provider.diff(token, selection.inputs, changed)
    assert difference.replaces == {"resources"}
    assert difference.delete_first
    selection.delete()
    plan.delete()
    for each in (here, away):
        each.delete()


def test_what_an_interrupted_run_has_made_is_found(cloud: Cloud) -> None:
    here, away = vault(cloud, "left"), vault(cloud, "left_us-east-1", "us-west-2")
    inputs = {"name": "left", "rules": [rule(here, away)]}
    plan = Life(cloud, "aws:backup/plan:Plan", inputs, "plan").create()
    adopt = cloud.provider.adopt
    assert adopt(plan.token, "plan", plan.inputs) == (plan.id, plan.outputs)
    asked = {"planId": plan.id, "name": "cluster", "iamRoleArn": "arn:r", "resources": [CLUSTER]}
    selection = Life(cloud, "aws:backup/selection:Selection", asked, "selection").create()
    assert adopt(selection.token, "selection", selection.inputs) == (selection.id, {})
    assert adopt(plan.token, "plan", {**plan.inputs, "name": "never"}) is None


def test_replicated_backups(cloud: Cloud) -> None:
    asked = mysql(StorageEncrypted=True, DBInstanceIdentifier="copied")
    made = cloud.endpoint.client("rds").create_db_instance(**asked)["DBInstance"]
    inputs = {
        "region": "us-west-2",
        "sourceDbInstanceArn": made["DBInstanceArn"],
        "retentionPeriod": 30.0,
        "kmsKeyId": cloud.key("us-west-2"),
    }
    token = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    life = Life(cloud, token, inputs, "copy").create()
    west = cloud.endpoint.client("rds", "us-west-2")
    (found,) = west.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    assert found["BackupRetentionPeriod"] == 30
    assert life.id == found["DBInstanceAutomatedBackupsArn"]
    assert cloud.provider.adopt(token, "copy", life.inputs) == (life.id, {})
    # RDS has no call that changes one.
    difference = cloud.provider.diff(token, life.inputs, {**life.inputs, "retentionPeriod": 7.0})
    assert difference.replaces == {"retentionPeriod"}
    assert difference.delete_first
    life.delete()
