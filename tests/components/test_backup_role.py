from __future__ import annotations

import json
from typing import Any

import pulumi

from components.backup_role import BackupRole, BackupRoleArgs
from tests.components.ground import EAST_KEY, WEST_KEY
from tests.recorder import Recording, record

CLUSTER = "arn:aws:rds:us-east-1:123456789012:cluster:catalog"
SNAPSHOTS = [
    f"arn:aws:rds:{region}:123456789012:cluster-snapshot:awsbackup:*"
    for region in ("us-east-1", "us-west-2")
]
VAULTS = [
    "arn:aws:backup:us-east-1:123456789012:backup-vault:catalog",
    "arn:aws:backup:us-west-2:123456789012:backup-vault:catalog_us-east-1",
]


def made() -> Recording:
    def program() -> None:
        known = pulumi.Output.from_input
        BackupRole(
            "access",
            BackupRoleArgs(
                cluster_arn=known(CLUSTER),
                vaults=(known(VAULTS[0]), known(VAULTS[1])),
                keys=(known(EAST_KEY), known(WEST_KEY)),
                regions=("us-east-1", "us-west-2"),
            ),
        )

    return record(program)


def test_the_exact_children() -> None:
    assert made().below("access") == {
        "access-role": "aws:iam/role:Role",
        "access-policy": "aws:iam/rolePolicy:RolePolicy",
    }


def policy(recording: Recording) -> dict[str, dict[str, Any]]:
    document = json.loads(recording.named("access-policy").inputs["policy"])
    return {each.pop("Sid"): each for each in document["Statement"]}


def test_it_is_for_one_cluster_its_snapshots_two_vaults_and_two_keys() -> None:
    assert policy(made()) == {
        "Snapshot": {
            "Effect": "Allow",
            "Action": [
                "rds:AddTagsToResource", "rds:CopyDBClusterSnapshot",
                "rds:CreateDBClusterSnapshot", "rds:DescribeDBClusterSnapshots",
                "rds:DescribeDBClusters", "rds:ListTagsForResource",
            ],
            "Resource": [CLUSTER, *SNAPSHOTS],
        },
        # Never the cluster: nobody who comes by this role deletes more than its own snapshots.
        "Expire": {
            "Effect": "Allow",
            "Action": ["rds:DeleteDBClusterSnapshot", "rds:ModifyDBClusterSnapshotAttribute"],
            "Resource": SNAPSHOTS,
        },
        "Keep": {
            "Effect": "Allow",
            "Action": ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
            "Resource": VAULTS,
        },
        "Hand": {
            "Effect": "Allow", "Action": "backup:CopyFromBackupVault", "Resource": SNAPSHOTS,
        },
        "Look": {
            "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": [EAST_KEY, WEST_KEY],
        },
        "Encrypt": {
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": [EAST_KEY, WEST_KEY],
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    }  # fmt: skip


def test_aws_backup_and_nobody_else_may_be_it() -> None:
    trust = json.loads(made().named("access-role").inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "backup.amazonaws.com"}
