"""Aurora global clusters."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_groups import RdsKind


class GlobalCluster(RdsKind):
    """aws.rds.GlobalCluster"""

    token = "aws:rds/globalCluster:GlobalCluster"
    creates, modifies = "CreateGlobalCluster", "ModifyGlobalCluster"
    ours = frozenset({"forceDestroy"})
    absent = {"deletionProtection": False}
    replaced_by = frozenset(
        {
            "databaseName", "engine", "globalClusterIdentifier", "sourceDbClusterIdentifier",
            "storageEncrypted",
        }
    )  # fmt: skip
    auto_named = "globalClusterIdentifier"
    identified_by = ("globalClusterIdentifier",)
    gone = frozenset({"GlobalClusterNotFoundFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_global_cluster(**self.arguments(resource, self.creates))
        return resource.inputs["globalClusterIdentifier"], _outputs(made["GlobalCluster"])

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_global_clusters(
            GlobalClusterIdentifier=resource.inputs["globalClusterIdentifier"]
        )
        return _outputs(answer["GlobalClusters"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        arguments = self.some(resource, self.modifies, changed - self.ours - {"tags"})
        if arguments:
            self.client(resource).modify_global_cluster(
                **arguments,
                GlobalClusterIdentifier=resource.inputs["globalClusterIdentifier"],
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        name = resource.inputs["globalClusterIdentifier"]
        client = self.client(resource)
        if resource.inputs.get("forceDestroy"):
            found = client.describe_global_clusters(GlobalClusterIdentifier=name)
            members = found["GlobalClusters"][0]["GlobalClusterMembers"]
            for member in sorted(members, key=lambda m: bool(m["IsWriter"])):
                client.remove_from_global_cluster(
                    GlobalClusterIdentifier=name, DbClusterIdentifier=member["DBClusterArn"]
                )
        client.delete_global_cluster(GlobalClusterIdentifier=name)


def leave(client: Any, name: str, cluster: Resource) -> None:
    """Take a cluster out of its global cluster; fine when it is out, or either has gone."""
    try:
        client.remove_from_global_cluster(
            GlobalClusterIdentifier=name, DbClusterIdentifier=(cluster.outputs or {})["arn"]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "DBClusterNotFoundFault",
            "GlobalClusterNotFoundFault",
        ):
            raise


def _outputs(found: Any) -> Outputs:
    return {
        "arn": found["GlobalClusterArn"],
        "engineVersionActual": found["EngineVersion"],
        "globalClusterMembers": [
            {"dbClusterArn": member["DBClusterArn"], "isWriter": member["IsWriter"]}
            for member in found["GlobalClusterMembers"]
        ],
        "globalClusterResourceId": found["GlobalClusterResourceId"],
    }
