"""RDS for MariaDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from components.rds_instance import RdsInstance, RdsInstanceArgs
from specs.rds_mariadb import RdsMariadb as Spec


@dataclass(frozen=True)
class RdsMariadbArgs(RdsInstanceArgs):
    """``monitoring_role`` is needed when the spec asks for Enhanced Monitoring."""

    spec: Spec


class RdsMariadb(RdsInstance):
    """A private MariaDB instance: encrypted, TLS only, backed up, its slow queries logged.

    Creates: a security group, a subnet group over the network's zones, a parameter group,
    credentials, log groups, the instance, a policy for each entry of ``connect``.
    Costs: as `RdsMysql`: hours x the class's price and GB x the storage's, both twice with
    Multi-AZ; backups beyond the size of the database; logs and Enhanced Monitoring by the GB.
    Fails: as `RdsMysql`. RDS has no extended support for MariaDB: at the end of a version's
    standard support it upgrades the instance by itself.
    """

    token: ClassVar[str] = "aws-databases:index:RdsMariadb"
