"""RDS for PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from components.rds_instance import RdsInstance, RdsInstanceArgs
from specs.rds_postgres import RdsPostgres as Spec


@dataclass(frozen=True)
class RdsPostgresArgs(RdsInstanceArgs):
    """``monitoring_role`` is needed when the spec asks for Enhanced Monitoring."""

    spec: Spec


class RdsPostgres(RdsInstance):
    """A private PostgreSQL instance: encrypted, TLS only, backed up, its slow statements logged.

    Creates: a security group, a subnet group over the network's zones, a parameter group,
    credentials, log groups, the instance, a policy for each entry of ``connect``.
    Costs: hours x the class's price and GB x the storage's, both twice with Multi-AZ; backups
    beyond the size of the database; logs and Enhanced Monitoring by the GB.
    Fails: while a change waits for the maintenance window the plan shows it again; a destroy of
    a ``protected`` one is refused until it was deployed as ``disposable``. A dead Multi-AZ
    instance is replaced by its standby behind the same name within 60 to 120 s. A replica that
    reads nothing any more makes its source keep its log, until the storage is full.
    """

    token: ClassVar[str] = "aws-databases:index:RdsPostgres"
