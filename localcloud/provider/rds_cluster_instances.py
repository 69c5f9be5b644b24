"""The members of clusters, which RDS calls instances, too."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_instances import AnyInstance


class ClusterInstance(AnyInstance):
    """aws.rds.ClusterInstance"""

    token = "aws:rds/clusterInstance:ClusterInstance"
    creates, modifies = "CreateDBInstance", "ModifyDBInstance"
    names = {
        "clusterIdentifier": "DBClusterIdentifier",
        "dbParameterGroupName": "DBParameterGroupName",
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "caCertIdentifier": "CACertificateIdentifier",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
    }
    ours = frozenset({"applyImmediately", "forceDestroy", "engineVersion"})
    absent = {
        "autoMinorVersionUpgrade": True, "copyTagsToSnapshot": False, "monitoringInterval": 0,
        "performanceInsightsEnabled": False,
    }  # fmt: skip
    replaced_by = frozenset(
        {"availabilityZone", "clusterIdentifier", "customIamInstanceProfile", "dbSubnetGroupName",
         "engine", "identifier", "publiclyAccessible"}
    )  # fmt: skip
    auto_named = "identifier"

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).create_db_instance(**self.arguments(resource, self.creates))
        return resource.inputs["identifier"], {}

    def complete(self, resource: Resource) -> Outputs:
        self.settled(resource)
        return self.describe(resource)

    def describe(self, resource: Resource) -> Outputs:
        found = self.find(resource)
        cluster = self.client(resource).describe_db_clusters(
            DBClusterIdentifier=resource.inputs["clusterIdentifier"]
        )["DBClusters"][0]
        writers = {m["DBInstanceIdentifier"] for m in cluster["DBClusterMembers"]
                   if m["IsClusterWriter"]}  # fmt: skip
        return {**self.outputs(found), "writer": resource.inputs["identifier"] in writers}

    def outputs(self, found: Any) -> Outputs:
        endpoint = found.get("Endpoint") or {}
        return {
            "arn": found["DBInstanceArn"],
            "availabilityZone": found.get("AvailabilityZone"),
            "dbiResourceId": found["DbiResourceId"],
            "endpoint": endpoint.get("Address"),
            "engineVersionActual": found["EngineVersion"],
            "port": endpoint.get("Port"),
        }

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        # The version lives on the cluster.
        self.modify(resource, changed - self.ours - self.also_changes)
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_db_instance(DBInstanceIdentifier=resource.inputs["identifier"])
