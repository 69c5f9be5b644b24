"""Activity streams of Aurora clusters."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Kind, Outputs, Resource


class ClusterActivityStream(Kind):
    """aws.rds.ClusterActivityStream"""

    token, service = "aws:rds/clusterActivityStream:ClusterActivityStream", "rds"
    creates = "StartActivityStream"
    replaced_by = frozenset({"resourceArn", "mode", "kmsKeyId", "engineNativeAuditFieldsIncluded"})
    identified_by = ("resourceArn",)
    gone = frozenset({"DBClusterNotFoundFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).start_activity_stream(
            **self.arguments(resource, self.creates), ApplyImmediately=True
        )
        return resource.inputs["resourceArn"], {"kinesisStreamName": made["KinesisStreamName"]}

    def describe(self, resource: Resource) -> Outputs | None:
        found: Any = self.client(resource).describe_db_clusters(
            DBClusterIdentifier=resource.inputs["resourceArn"]
        )["DBClusters"][0]
        if found.get("ActivityStreamStatus") != "started":
            return None
        return {"kinesisStreamName": found["ActivityStreamKinesisStreamName"]}

    def delete(self, resource: Resource) -> None:
        if self.describe(resource) is not None:
            self.client(resource).stop_activity_stream(
                ResourceArn=resource.inputs["resourceArn"], ApplyImmediately=True
            )
