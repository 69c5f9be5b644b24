"""An Aurora cluster's backups in a second region."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.backup_role import BackupRole, BackupRoleArgs
from components.keys import RegionKey
from components.tags import tags
from specs.backup_copies import SnapshotCopy, vault_names
from specs.parts import minutes

_START_WITHIN_MINUTES = 60
"""The least that AWS Backup takes."""
_END_WITHIN_MINUTES = 12 * 60
_KEPT_HERE_DAYS = 1
"""The least. The region has the cluster's own backups: this one is only there to be copied."""


@dataclass(frozen=True)
class ClusterBackupCopyArgs:
    """``window`` is the cluster's own for backups, ``key`` that of its region, ``away`` of the
    other. A ``disposable`` cluster takes its copies along.
    """

    identifier: str
    cluster_arn: pulumi.Output[str]
    window: str
    spec: SnapshotCopy
    key: RegionKey
    away: RegionKey
    disposable: bool


class ClusterBackupCopy(pulumi.ComponentResource):
    """A snapshot a day, after the cluster's own window, that AWS Backup copies to another region.

    RDS replicates the automated backups of instances, and not Aurora's; so the other region
    restores to the day, not to the moment. AWS Backup copies only where the vault there has a key
    of one's own.

    Creates: a vault in each region, a role, a plan, the selection of this cluster. Costs: GB and
    month of a day's snapshot here and of ``retention_days`` of them there, and each GB that goes
    there.
    Fails: an account that has opted Aurora out of AWS Backup (its region settings) has a plan
    that does nothing, and a job that fails is seen in AWS Backup only. A vault that has recovery
    points cannot be deleted: those of a protected cluster are deleted by hand, if you may.
    """

    def __init__(
        self, name: str, args: ClusterBackupCopyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ClusterBackupCopy", name, None, opts)
        self._args, child = args, pulumi.ResourceOptions(parent=self)
        spec, home = args.spec, args.key.region
        here, there = vault_names(args.identifier, home)
        vault = self._vault(f"{name}-vault", here, args.key, child)
        away = self._vault(f"{name}-away", there, args.away, child)
        role = BackupRole(
            f"{name}-access",
            BackupRoleArgs(
                cluster_arn=args.cluster_arn,
                vaults=(vault.arn, away.arn),
                keys=(args.key.arn, args.away.arn),
                regions=(home, spec.region),
            ),
            child,
        )
        plan = aws.backup.Plan(
            f"{name}-plan",
            region=home,
            name=here,
            rules=[
                {
                    "rule_name": "daily",
                    "target_vault_name": vault.name,
                    "schedule": _daily(args.window),
                    "start_window": _START_WITHIN_MINUTES,
                    "completion_window": _END_WITHIN_MINUTES,
                    "lifecycle": {"delete_after": _KEPT_HERE_DAYS},
                    "copy_actions": [
                        {
                            "destination_vault_arn": away.arn,
                            "lifecycle": {"delete_after": spec.retention_days},
                        }
                    ],
                }
            ],
            tags=tags(here),
            opts=child,
        )
        aws.backup.Selection(
            f"{name}-selection",
            region=home,
            name="cluster",
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=[args.cluster_arn],
            opts=child,
        )
        self.register_outputs({"region": spec.region, "vault": away.arn})

    def _vault(
        self, name: str, called: str, key: RegionKey, child: pulumi.ResourceOptions
    ) -> aws.backup.Vault:
        return aws.backup.Vault(
            name,
            region=key.region,
            name=called,
            kms_key_arn=key.arn,
            force_destroy=self._args.disposable,
            tags=tags(called),
            opts=child,
        )


def _daily(window: str) -> str:
    end = minutes(window)
    assert end is not None
    hour, minute = divmod(end[1], 60)
    return f"cron({minute} {hour % 24} ? * * *)"
