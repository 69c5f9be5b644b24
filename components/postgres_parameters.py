"""Parameters that every PostgreSQL of this project has."""

from __future__ import annotations

from specs.parts import AuditLog, SlowQueryLog

_PRELOADED = "shared_preload_libraries"
"""Static: in force from the first start on, or after the next one."""


def postgres_parameters(
    slow_query_log: SlowQueryLog | None, audit_log: AuditLog | None = None
) -> list[dict[str, str]]:
    """Arguments of parameter group parameters: TLS is required, slow statements are logged."""
    values = {"rds.force_ssl": "1"}
    if slow_query_log is not None:
        # In milliseconds.
        threshold = round(slow_query_log.threshold_seconds * 1000)
        values["log_min_duration_statement"] = str(threshold)
    if audit_log is not None:
        values |= {
            # Who comes and goes is the server's own to say.
            "log_connections": "1",
            "log_disconnections": "1",
            "pgaudit.log": "all" if audit_log.queries else "ddl,role",
            # RDS's own is the first alone.
            _PRELOADED: "pg_stat_statements,pgaudit",
        }
    return [
        {
            "name": name,
            "value": value,
            "apply_method": "pending-reboot" if name == _PRELOADED else "immediate",
        }
        for name, value in sorted(values.items())
    ]
