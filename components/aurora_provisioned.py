"""An Aurora cluster of members of one class, with custom endpoints and an activity stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pulumi
import pulumi_aws as aws

from components.aurora_cluster import AuroraArgs, AuroraCluster
from components.tags import tags
from specs.aurora_provisioned import ProvisionedCluster as Spec

S = TypeVar("S", bound=Spec)


class AuroraProvisioned(AuroraCluster[S]):
    """Base of one component an engine."""

    custom_endpoints: Mapping[str, aws.rds.ClusterEndpoint]

    def __init__(
        self, token: str, name: str, args: AuroraArgs[S], opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__(token, name, args, opts)
        self.custom_endpoints = {
            endpoint: aws.rds.ClusterEndpoint(
                f"{name}-endpoint-{endpoint}",
                region=self.region,
                cluster_identifier=self.cluster_identifier,
                cluster_endpoint_identifier=args.spec.endpoint_identifier(endpoint),
                custom_endpoint_type="ANY",
                static_members=[self.members[member].identifier for member in members],
                tags=tags(f"{name}-{endpoint}"),
                opts=self._child,
            )
            for endpoint, members in args.spec.custom_endpoints.items()
        }
        if args.spec.activity_stream is not None:
            aws.rds.ClusterActivityStream(
                f"{name}-activity",
                region=self.region,
                resource_arn=self.arn,
                mode=args.spec.activity_stream,
                kms_key_id=args.key.arn,
                # It runs on an instance: without one RDS refuses it.
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(self.members.values())),
            )
        self._let_in()
        custom = {name: each.endpoint for name, each in self.custom_endpoints.items()}
        self.register_outputs({**self._outputs, "customEndpoints": custom})

    @property
    def _endpoints(self) -> list[dict[str, Any]]:
        custom = [
            {
                "role": "custom",
                "name": name,
                "host": endpoint.endpoint,
                "port": self.spec.port,
                "members": endpoint.static_members,
            }
            for name, endpoint in self.custom_endpoints.items()
        ]
        writer, reader, *instances = super()._endpoints
        return [writer, reader, *custom, *instances]
