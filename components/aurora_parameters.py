"""The parameters of an Aurora cluster, by what it speaks: TLS is required of every client."""

from __future__ import annotations

from components.mysql_parameters import audit_parameters, mysql_parameters
from components.postgres_parameters import postgres_parameters
from specs.aurora import AuroraCluster, AuroraMysqlCluster
from specs.aurora_postgresql import AuroraPostgresql

STATIC = frozenset({"binlog_format"})
"""Cluster parameters that a running cluster keeps until its writer reboots."""


def cluster_parameters(spec: AuroraCluster) -> list[dict[str, str]]:
    """Arguments of cluster parameter group parameters."""
    match spec:
        case AuroraMysqlCluster():
            return [
                *mysql_parameters(spec.slow_query_log, spec.migration, STATIC),
                *audit_parameters(spec.audit_log),
            ]
        case AuroraPostgresql():
            return postgres_parameters(spec.slow_query_log)
    raise TypeError(f"no parameters are known for {spec.kind}")
