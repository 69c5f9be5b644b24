"""A provisioned Aurora PostgreSQL cluster."""

from __future__ import annotations

import pulumi

from components.aurora_cluster import AuroraArgs
from components.aurora_provisioned import AuroraProvisioned
from specs.aurora_postgresql import AuroraPostgresql as Spec

AuroraPostgresqlArgs = AuroraArgs[Spec]


class AuroraPostgresql(AuroraProvisioned[Spec]):
    """A cluster of members of one class that speaks PostgreSQL, and custom endpoints.

    Creates: a security group, a subnet group, a cluster parameter group, credentials, log groups,
    the cluster, its writer, its readers, its custom endpoints, its activity stream.
    Costs: hours x the class's price for every member, GB and month of the volume once, and
    requests to it by the million.
    Fails: as an Aurora MySQL cluster. A synchronous activity stream makes each statement wait
    until it is told, an asynchronous one does not; both need a way from the cluster to KMS.
    """

    def __init__(
        self, name: str, args: AuroraPostgresqlArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:AuroraPostgresql", name, args, opts)
