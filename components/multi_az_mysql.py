"""A Multi-AZ DB cluster of RDS for MySQL."""

from __future__ import annotations

import pulumi

from components.multi_az_cluster import MultiAzArgs, MultiAzCluster
from specs.multi_az_mysql import MultiAzMysql as Spec

MultiAzMysqlArgs = MultiAzArgs[Spec]


class MultiAzMysql(MultiAzCluster[Spec]):
    """A writer and two standbys of MySQL; a commit waits until one of them has it.

    Creates: a security group, a subnet group over three zones, a cluster parameter group,
    credentials, log groups, the cluster, of which RDS makes three instances.
    Costs: three times hours x the class's price, three times GB x the storage's price, and three
    times the I/O operations a second that were bought; backups beyond the size of the database;
    logs and Enhanced Monitoring by the GB.
    Fails: a dead writer is replaced by the standby that has more, typically in under 35 s, when
    it has applied what it had received; connections break. Writes wait for a standby, so that two
    slow standbys make a slow writer. Its port, its encryption and the type of its storage stay
    as they are (another type is another cluster), and it can neither be stopped nor turned into
    an instance.
    """

    def __init__(
        self, name: str, args: MultiAzMysqlArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:MultiAzMysql", name, args, opts)
