"""Backups in a second region, below the databases they are of."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.aurora_cluster import AuroraCluster
from components.cluster_backup_copy import ClusterBackupCopy, ClusterBackupCopyArgs
from components.instance_backup_copy import Instance, InstanceBackupCopy, InstanceBackupCopyArgs
from components.keys import RegionKey
from specs.backup_copies import BackupCopy, SnapshotCopy, copy_of
from specs.topologies import Stack


def copy_backups(
    stack: Stack, built: Mapping[str, pulumi.ComponentResource], keys: Mapping[str, RegionKey]
) -> None:
    """Register the copies that the topologies ask for. ``keys`` are by region."""
    for name, topology in stack.topologies.items():
        copy, database = copy_of(topology), built[name]
        below = pulumi.ResourceOptions(parent=database)
        match copy:
            case BackupCopy():
                assert isinstance(database, Instance)
                key = keys[copy.region]
                args = InstanceBackupCopyArgs(database, copy, key)
                InstanceBackupCopy(f"{name}-copy", args, below)
            case SnapshotCopy():
                assert isinstance(database, AuroraCluster)
                spec = database.spec
                ClusterBackupCopy(
                    f"{name}-copy",
                    ClusterBackupCopyArgs(
                        identifier=spec.cluster_identifier,
                        cluster_arn=database.arn,
                        window=spec.backups.window,
                        spec=copy,
                        key=keys[database.region],
                        away=keys[copy.region],
                        disposable=spec.lifetime == "disposable",
                    ),
                    below,
                )
