"""The parameters of an RDS instance, by its engine: TLS is required of every client."""

from __future__ import annotations

from components.mysql_parameters import mysql_parameters
from specs.parts import SlowQueryLog
from specs.rds_instance import RdsInstance
from specs.rds_mariadb import RdsMariadb
from specs.rds_mysql import RdsMysql
from specs.rds_oracle import RdsOracle
from specs.rds_postgres import RdsPostgres
from specs.rds_sqlserver import RdsSqlserver


def instance_parameters(spec: RdsInstance) -> list[dict[str, str]]:
    """Arguments of parameter group parameters."""
    match spec:
        case RdsMysql():
            return mysql_parameters(spec.slow_query_log, spec.migration)
        case RdsMariadb():
            return mysql_parameters(spec.slow_query_log)
        case RdsPostgres():
            return _postgres_parameters(spec.slow_query_log)
        case RdsSqlserver():
            # Static with this engine, and so in force from the first start on.
            return [{"name": "rds.force_ssl", "value": "1", "apply_method": "pending-reboot"}]
        case RdsOracle():
            # Its clients are made to encrypt by an option, not by a parameter.
            return []
    raise TypeError(f"no parameters are known for {spec.kind}")


def _postgres_parameters(slow_query_log: SlowQueryLog | None) -> list[dict[str, str]]:
    values = {"rds.force_ssl": "1"}
    if slow_query_log is not None:
        # In milliseconds.
        threshold = round(slow_query_log.threshold_seconds * 1000)
        values["log_min_duration_statement"] = str(threshold)
    return [
        {"name": name, "value": value, "apply_method": "immediate"}
        for name, value in sorted(values.items())
    ]
