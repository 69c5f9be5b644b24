"""The role by which AWS Backup takes and copies one cluster's snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.tags import tags
from components.trust_policy import trust

_SNAPSHOTS = "cluster-snapshot:awsbackup:*"
"""What AWS Backup calls those it takes; the rest of the name is the job's."""


@dataclass(frozen=True)
class BackupRoleArgs:
    """ARNs, and the two regions: ``vaults`` and ``keys`` of here first, then of there."""

    cluster_arn: pulumi.Output[str]
    vaults: tuple[pulumi.Output[str], pulumi.Output[str]]
    keys: tuple[pulumi.Output[str], pulumi.Output[str]]
    regions: tuple[str, str]


class BackupRole(pulumi.ComponentResource):
    """An IAM role for one cluster, the snapshots that AWS Backup makes of it, two vaults, two keys.

    AWS's own policy for the service reaches every database, volume and table of the account.
    Creates: the role and its policy. Costs nothing. The ARN is only known when the policy is
    there: a job without it fails, and nobody sees that before the night.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: BackupRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:BackupRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        within = pulumi.InvokeOptions(parent=self)
        account = aws.get_caller_identity(opts=within).account_id
        partition = aws.get_partition(opts=within).partition
        snapshots = [f"arn:{partition}:rds:{r}:{account}:{_SNAPSHOTS}" for r in args.regions]
        role = aws.iam.Role(
            f"{name}-role",
            description="AWS Backup takes and copies one cluster's snapshots",
            assume_role_policy=trust("backup.amazonaws.com"),
            tags=tags(name),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps(
                {"Version": "2012-10-17", "Statement": _statements(args, snapshots)}
            ),
            opts=child,
        )
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})


def _statements(args: BackupRoleArgs, snapshots: list[str]) -> list[Mapping[str, Any]]:
    return [
        {
            "Sid": "Snapshot",
            "Effect": "Allow",
            "Action": [
                "rds:AddTagsToResource",
                "rds:CopyDBClusterSnapshot",
                "rds:CreateDBClusterSnapshot",
                "rds:DescribeDBClusterSnapshots",
                "rds:DescribeDBClusters",
                "rds:ListTagsForResource",
            ],
            "Resource": [args.cluster_arn, *snapshots],
        },
        {
            "Sid": "Expire",
            "Effect": "Allow",
            "Action": ["rds:DeleteDBClusterSnapshot", "rds:ModifyDBClusterSnapshotAttribute"],
            "Resource": snapshots,
        },
        {
            "Sid": "Keep",
            "Effect": "Allow",
            "Action": ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
            "Resource": list(args.vaults),
        },
        {
            # A recovery point of Aurora is the snapshot itself, by its own ARN.
            "Sid": "Hand",
            "Effect": "Allow",
            "Action": "backup:CopyFromBackupVault",
            "Resource": snapshots,
        },
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": "kms:DescribeKey",
            "Resource": list(args.keys),
        },
        {
            # RDS encrypts by a grant, which AWS Backup asks for in its name.
            "Sid": "Encrypt",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": list(args.keys),
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]
