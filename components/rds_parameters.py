"""The parameters of an RDS instance, by its engine: TLS is required of every client."""

from __future__ import annotations

from components.mysql_parameters import mysql_parameters
from components.postgres_parameters import postgres_parameters
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
            return postgres_parameters(spec.slow_query_log, spec.audit_log)
        case RdsSqlserver():
            # Static with this engine, and so in force from the first start on.
            return [{"name": "rds.force_ssl", "value": "1", "apply_method": "pending-reboot"}]
        case RdsOracle():
            # Its clients are made to encrypt by an option, not by a parameter.
            return []
    raise TypeError(f"no parameters are known for {spec.kind}")
