"""Snapshots of RDS instances."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_groups import RdsKind


class Snapshot(RdsKind):
    """aws.rds.Snapshot"""

    token = "aws:rds/snapshot:Snapshot"
    names = {
        "dbInstanceIdentifier": "DBInstanceIdentifier",
        "dbSnapshotIdentifier": "DBSnapshotIdentifier",
    }
    replaced_by = frozenset({"dbInstanceIdentifier", "dbSnapshotIdentifier"})
    identified_by = ("dbSnapshotIdentifier",)
    gone = frozenset({"DBSnapshotNotFound", "DBSnapshotNotFoundFault"})
    taken = frozenset({"DBSnapshotAlreadyExists"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_db_snapshot(
            **self.arguments(resource, "CreateDBSnapshot")
        )
        return resource.inputs["dbSnapshotIdentifier"], _snapshot(made["DBSnapshot"])

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_db_snapshots(
            DBSnapshotIdentifier=resource.inputs["dbSnapshotIdentifier"]
        )
        return _snapshot(answer["DBSnapshots"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        arn = (resource.outputs or {})["dbSnapshotArn"]
        self.retag(Resource(resource.name, resource.inputs, resource.id, {"arn": arn}), old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_db_snapshot(
            DBSnapshotIdentifier=resource.inputs["dbSnapshotIdentifier"]
        )


def _snapshot(found: Any) -> Outputs:
    return {
        "allocatedStorage": found["AllocatedStorage"],
        "dbSnapshotArn": found["DBSnapshotArn"],
        "encrypted": found["Encrypted"],
        "engine": found["Engine"],
        "engineVersion": found["EngineVersion"],
        "kmsKeyId": found.get("KmsKeyId"),
        "snapshotType": found["SnapshotType"],
        "status": found["Status"],
    }
