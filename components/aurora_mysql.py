"""A provisioned Aurora MySQL cluster (practice 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aurora_cluster import AuroraArgs, AuroraCluster
from components.rds_mysql import PORT
from components.tags import tags
from specs.aurora_mysql import AuroraMysql as Spec

AuroraMysqlArgs = AuroraArgs[Spec]


class AuroraMysql(AuroraCluster[Spec]):
    """A cluster of members of one class, and custom endpoints.

    Creates: a security group, a subnet group, a cluster parameter group, credentials, log groups,
    the cluster, its writer, its readers, its custom endpoints, its activity stream, a policy for
    each entry of ``connect``.
    Costs: hours x the class's price for every member, GB and month of the volume once, and
    requests to it by the million.
    Fails: a dead writer is replaced by the reader with the lowest promotion tier, which Aurora
    promises in under 30 s; connections to it break. The promotion tier follows the readers'
    order in the config. An activity stream costs what Kinesis takes for it, and needs a way from
    the cluster's subnets to KMS: a NAT gateway or an endpoint of the VPC, which nobody makes here.
    """

    custom_endpoints: Mapping[str, aws.rds.ClusterEndpoint]

    def __init__(
        self, name: str, args: AuroraMysqlArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:AuroraMysql", name, args, opts)
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
                "port": PORT,
                "members": endpoint.static_members,
            }
            for name, endpoint in self.custom_endpoints.items()
        ]
        writer, reader, *instances = super()._endpoints
        return [writer, reader, *custom, *instances]
