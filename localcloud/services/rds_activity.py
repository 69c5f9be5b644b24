"""Database activity streams of Aurora clusters: a setting that is reported. Nothing is streamed."""

from __future__ import annotations

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.services.context import Cloud
from localcloud.services.rds_clusters import Clusters
from localcloud.services.surroundings import key_arn, name_of


class ActivityStreams:
    """Start and stop; a cluster's description tells the rest."""

    def __init__(self, cloud: Cloud, clusters: Clusters) -> None:
        self._cloud = cloud
        self._clusters = clusters

    def register(self, operations: Operations) -> None:
        """Answer both operations."""
        operations.handle("rds", "StartActivityStream", self._start)
        operations.handle("rds", "StopActivityStream", self._stop)

    def _start(self, call: Call) -> Answer:
        p, region = call.params, call.region
        with self._cloud.records.change():
            record = self._clusters.need(region, p["ResourceArn"])
            identifier = record["DBClusterIdentifier"]
            members = self._clusters.members(region, identifier)
            if not members:
                raise ApiError(
                    "InvalidDBClusterStateFault", f"{identifier} has no instance to stream from."
                )
            refused = [m["DBInstanceClass"] for m in members if _has_none(m["DBInstanceClass"])]
            if refused:
                raise ApiError(
                    "InvalidParameterCombination",
                    f"Activity streams are not supported on {refused[0]}.",
                )
            if p["Mode"] != "async":
                raise ApiError(
                    "InvalidParameterCombination", "Aurora MySQL streams asynchronously only."
                )
            values = {
                "ActivityStreamStatus": "started",
                "ActivityStreamMode": p["Mode"],
                "ActivityStreamKmsKeyId": key_arn(region, p["KmsKeyId"], "rds"),
                "ActivityStreamKinesisStreamName": f"aws-rds-das-{record['DbClusterResourceId']}",
            }
            self._cloud.records.update("cluster", region, identifier, **values)
        return {
            "KmsKeyId": values["ActivityStreamKmsKeyId"],
            "KinesisStreamName": values["ActivityStreamKinesisStreamName"],
            "Status": "started",
            "Mode": p["Mode"],
            "ApplyImmediately": bool(p.get("ApplyImmediately")),
        }

    def _stop(self, call: Call) -> Answer:
        region = call.region
        with self._cloud.records.change():
            record = self._clusters.need(region, call.params["ResourceArn"])
            identifier = name_of(record["DBClusterIdentifier"])
            said = {
                "KmsKeyId": record.get("ActivityStreamKmsKeyId"),
                "KinesisStreamName": record.get("ActivityStreamKinesisStreamName"),
                "Status": "stopped",
            }
            self._cloud.records.update(
                "cluster",
                region,
                identifier,
                ActivityStreamStatus="stopped",
                ActivityStreamMode=None,
                ActivityStreamKmsKeyId=None,
                ActivityStreamKinesisStreamName=None,
            )
        return {name: value for name, value in said.items() if value is not None}


def _has_none(instance_class: str) -> bool:
    return instance_class.startswith("db.t") or instance_class == "db.serverless"
