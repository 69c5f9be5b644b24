"""A provisioned Aurora MySQL cluster (practice 3)."""

from __future__ import annotations

import pulumi

from components.aurora_cluster import AuroraArgs
from components.aurora_provisioned import AuroraProvisioned
from specs.aurora_mysql import AuroraMysql as Spec

AuroraMysqlArgs = AuroraArgs[Spec]


class AuroraMysql(AuroraProvisioned[Spec]):
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

    def __init__(
        self, name: str, args: AuroraMysqlArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:AuroraMysql", name, args, opts)
