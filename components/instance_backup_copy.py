"""An RDS instance's backups in a second region."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.keys import RegionKey
from components.rds_instance import RdsInstance
from components.read_replica import ReadReplica
from components.restored_instance import RestoredInstance
from specs.backup_copies import BackupCopy

Instance = RdsInstance | ReadReplica | RestoredInstance


@dataclass(frozen=True)
class InstanceBackupCopyArgs:
    """``key`` is that of the region the copy lies in."""

    instance: Instance
    spec: BackupCopy
    key: RegionKey


class InstanceBackupCopy(pulumi.ComponentResource):
    """RDS replicates the automated backups, and the logs between them, to another region.

    Not AWS Backup, whose copy of an instance's backups is one snapshot a day: from these the other
    region restores to any moment up to some minutes ago.

    Creates: the replication. Costs: GB and month of backups in the other region, and each GB
    that goes there.
    Fails: RDS refuses pairs of regions that it does not serve (`aws rds describe-source-regions`
    names those that it does), and a 21st copy in a region (a quota). The copies outlive the
    replication and the instance, for ``retention_days``, and so must their key: a deleted stack's
    is gone after its window.
    """

    def __init__(
        self, name: str, args: InstanceBackupCopyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:InstanceBackupCopy", name, None, opts)
        replication = aws.rds.InstanceAutomatedBackupsReplication(
            f"{name}-replication",
            region=args.spec.region,
            source_db_instance_arn=args.instance.arn,
            retention_period=args.spec.retention_days,
            kms_key_id=args.key.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"region": args.spec.region, "id": replication.id})
