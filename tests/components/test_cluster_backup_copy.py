from __future__ import annotations

import pulumi
import pytest

from components.cluster_backup_copy import ClusterBackupCopy, ClusterBackupCopyArgs
from components.keys import RegionKey, RegionKeyArgs
from specs.backup_copies import SnapshotCopy
from tests.components.ground import EAST_KEY, WEST_KEY, inputs
from tests.recorder import Recording, record

CLUSTER = "arn:aws:rds:us-east-1:123456789012:cluster:catalog"
VAULTS = [
    "arn:aws:backup:us-east-1:123456789012:backup-vault:catalog",
    "arn:aws:backup:us-west-2:123456789012:backup-vault:catalog_us-east-1",
]
CHILDREN = {
    "copy-vault": "aws:backup/vault:Vault",
    "copy-away": "aws:backup/vault:Vault",
    "copy-access": "aws-databases:index:BackupRole",
    "copy-access-role": "aws:iam/role:Role",
    "copy-access-policy": "aws:iam/rolePolicy:RolePolicy",
    "copy-plan": "aws:backup/plan:Plan",
    "copy-selection": "aws:backup/selection:Selection",
}


def made(window: str = "03:00-04:00", *, disposable: bool = False) -> Recording:
    def program() -> None:
        east, west = (RegionKey(f"key-{r}", RegionKeyArgs(r)) for r in ("us-east-1", "us-west-2"))
        args = ClusterBackupCopyArgs(
            identifier="catalog",
            cluster_arn=pulumi.Output.from_input(CLUSTER),
            window=window,
            spec=SnapshotCopy(region="us-west-2", retention_days=90),
            key=east,
            away=west,
            disposable=disposable,
        )
        ClusterBackupCopy("copy", args)

    return record(program)


@pytest.fixture(scope="module")
def copied() -> Recording:
    return made()


def test_the_exact_children(copied: Recording) -> None:
    assert copied.below("copy") == CHILDREN


def test_a_vault_in_each_region_with_that_regions_key(copied: Recording) -> None:
    assert inputs(copied, "copy-vault") == {
        "region": "us-east-1", "name": "catalog", "kmsKeyArn": EAST_KEY, "forceDestroy": False,
    }  # fmt: skip
    assert inputs(copied, "copy-away") == {
        "region": "us-west-2", "name": "catalog_us-east-1", "kmsKeyArn": WEST_KEY,
        "forceDestroy": False,
    }  # fmt: skip


def test_a_snapshot_a_day_goes_to_the_other_region_and_is_kept_there(copied: Recording) -> None:
    assert inputs(copied, "copy-plan") == {
        "region": "us-east-1",
        "name": "catalog",
        "rules": [
            {
                "ruleName": "daily",
                "targetVaultName": "catalog",
                # When the cluster's own window ends.
                "schedule": "cron(0 4 ? * * *)",
                "startWindow": 60,
                "completionWindow": 720,
                "lifecycle": {"deleteAfter": 1},
                "copyActions": [
                    {"destinationVaultArn": VAULTS[1], "lifecycle": {"deleteAfter": 90}}
                ],
            }
        ],
    }


def test_it_is_of_this_cluster_and_of_nothing_else(copied: Recording) -> None:
    # No tags: whoever may tag another database could have it copied.
    assert inputs(copied, "copy-selection") == {
        "region": "us-east-1",
        "name": "cluster",
        "planId": "copy-plan-id",
        "iamRoleArn": "arn:aws:iam::123456789012:role/copy-access-role",
        "resources": [CLUSTER],
    }


def test_a_window_that_ends_in_another_day() -> None:
    (rule,) = made("23:30-00:15").named("copy-plan").inputs["rules"]
    assert rule["schedule"] == "cron(15 0 ? * * *)"


def test_a_disposable_clusters_vaults_go_with_what_is_in_them() -> None:
    found = made(disposable=True)
    vaults = [found.named(f"copy-{each}").inputs for each in ("vault", "away")]
    assert [vault["forceDestroy"] for vault in vaults] == [True, True]
