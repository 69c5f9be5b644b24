"""DB clusters, Aurora's and Multi-AZ ones, and custom endpoints."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_global_clusters import leave
from localcloud.provider.rds_groups import RdsKind
from localcloud.provider.rds_instances import final_snapshot, log_exports
from localcloud.provider.secrets import master_user_secrets


class Cluster(RdsKind):
    """aws.rds.Cluster"""

    token = "aws:rds/cluster:Cluster"
    creates, modifies = "CreateDBCluster", "ModifyDBCluster"
    names = {
        "clusterIdentifier": "DBClusterIdentifier",
        "dbClusterParameterGroupName": "DBClusterParameterGroupName",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "masterPassword": "MasterUserPassword",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
    }
    ours = frozenset(
        {"allowMajorVersionUpgrade", "applyImmediately", "deleteAutomatedBackups",
         "finalSnapshotIdentifier", "skipFinalSnapshot"}
    )  # fmt: skip
    also_changes = frozenset({"tags", "enabledCloudwatchLogsExports"})
    absent = {
        "copyTagsToSnapshot": False, "deletionProtection": False,
        "iamDatabaseAuthenticationEnabled": False, "manageMasterUserPassword": False,
        "performanceInsightsEnabled": False,
    }  # fmt: skip
    replaced_by = frozenset(
        {
            "availabilityZones", "clusterIdentifier", "clusterScalabilityType", "databaseName",
            "dbSubnetGroupName", "dbSystemId", "engine", "engineMode", "kmsKeyId",
            "masterUsername", "publiclyAccessible", "sourceRegion", "storageEncrypted",
        }
    )  # fmt: skip
    auto_named = "clusterIdentifier"
    identified_by = ("clusterIdentifier",)
    gone = frozenset({"DBClusterNotFoundFault"})

    def replaces(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """Storage of a Multi-AZ DB cluster stays of its type; Aurora's changes in place."""
        aurora = str(new.get("engine")).startswith("aurora")
        differs = old.get("storageType") != new.get("storageType")
        return frozenset({"storageType"} if differs and not aurora else ())

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        answer = self.client(resource).create_db_cluster(**self.arguments(resource, self.creates))
        return resource.inputs["clusterIdentifier"], _cluster(answer["DBCluster"])

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_db_clusters(
            DBClusterIdentifier=resource.inputs["clusterIdentifier"]
        )
        return _cluster(answer["DBClusters"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        p = resource.inputs
        more: dict[str, Any] = {}
        if "enabledCloudwatchLogsExports" in changed:
            more = log_exports(old, p)
        if "engineVersion" in changed:
            more["AllowMajorVersionUpgrade"] = bool(p.get("allowMajorVersionUpgrade"))
        arguments = self.some(
            resource, self.modifies, changed - self.ours - self.also_changes, **more
        )
        if arguments:
            self.client(resource).modify_db_cluster(
                **arguments,
                DBClusterIdentifier=p["clusterIdentifier"],
                ApplyImmediately=bool(p.get("applyImmediately")),
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        p = resource.inputs
        skip = bool(p.get("skipFinalSnapshot"))
        if p.get("globalClusterIdentifier"):
            # RDS deletes no member of a global cluster.
            leave(self.client(resource), p["globalClusterIdentifier"], resource)
        self.client(resource).delete_db_cluster(
            DBClusterIdentifier=p["clusterIdentifier"],
            SkipFinalSnapshot=skip,
            **({} if skip else final_snapshot(p)),
        )


def _cluster(found: Any) -> Outputs:
    return {
        "arn": found["DBClusterArn"],
        "clusterMembers": sorted(
            m["DBInstanceIdentifier"] for m in found.get("DBClusterMembers", [])
        ),
        "clusterResourceId": found.get("DbClusterResourceId"),
        "endpoint": found["Endpoint"],
        "engineVersionActual": found["EngineVersion"],
        "hostedZoneId": found.get("HostedZoneId"),
        **master_user_secrets(found),
        "port": found["Port"],
        "readerEndpoint": found["ReaderEndpoint"],
    }


class ClusterEndpoint(RdsKind):
    """aws.rds.ClusterEndpoint"""

    token = "aws:rds/clusterEndpoint:ClusterEndpoint"
    creates, modifies = "CreateDBClusterEndpoint", "ModifyDBClusterEndpoint"
    names = {
        "clusterIdentifier": "DBClusterIdentifier",
        "clusterEndpointIdentifier": "DBClusterEndpointIdentifier",
        "customEndpointType": "EndpointType",
    }
    replaced_by = frozenset({"clusterIdentifier", "clusterEndpointIdentifier"})
    identified_by = ("clusterEndpointIdentifier",)
    gone = frozenset({"DBClusterEndpointNotFoundFault", "DBClusterNotFoundFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_db_cluster_endpoint(
            **self.arguments(resource, self.creates)
        )
        return resource.inputs["clusterEndpointIdentifier"], _endpoint(made)

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_db_cluster_endpoints(
            DBClusterIdentifier=resource.inputs["clusterIdentifier"],
            DBClusterEndpointIdentifier=resource.inputs["clusterEndpointIdentifier"],
        )
        found = answer["DBClusterEndpoints"]
        return _endpoint(found[0]) if found else None

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        chosen = changed & {"customEndpointType", "staticMembers", "excludedMembers"}
        if chosen:
            self.client(resource).modify_db_cluster_endpoint(
                **self.some(resource, self.modifies, chosen),
                DBClusterEndpointIdentifier=resource.inputs["clusterEndpointIdentifier"],
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_db_cluster_endpoint(
            DBClusterEndpointIdentifier=resource.inputs["clusterEndpointIdentifier"]
        )


def _endpoint(found: Any) -> Outputs:
    return {"arn": found["DBClusterEndpointArn"], "endpoint": found["Endpoint"]}
