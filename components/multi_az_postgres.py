"""A Multi-AZ DB cluster of RDS for PostgreSQL."""

from __future__ import annotations

import pulumi

from components.multi_az_cluster import MultiAzArgs, MultiAzCluster
from specs.multi_az_postgres import MultiAzPostgres as Spec

MultiAzPostgresArgs = MultiAzArgs[Spec]


class MultiAzPostgres(MultiAzCluster[Spec]):
    """A writer and two standbys of PostgreSQL; a commit waits until one of them has it.

    Creates, costs and fails as `components.multi_az_mysql.MultiAzMysql`. What a standby shows
    may be in another order than what the writer does: such clusters up to PostgreSQL 17.4 were
    seen to violate snapshot isolation without any fault (jepsen.io, 2025-04-29).
    """

    def __init__(
        self, name: str, args: MultiAzPostgresArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:MultiAzPostgres", name, args, opts)
