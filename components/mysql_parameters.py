"""Parameters that every MySQL of this project has."""

from __future__ import annotations

from collections.abc import Mapping

from specs.parts import AuditLog, MigrationRole, SlowQueryLog

_MIGRATION: Mapping[MigrationRole | None, Mapping[str, str]] = {
    None: {},
    # DMS's conditions for following a binary log: whole rows, and no checksums.
    "source": {"binlog_checksum": "NONE", "binlog_format": "ROW", "binlog_row_image": "FULL"},
    # DMS loads a MySQL target from files that it sends.
    "target": {"local_infile": "1"},
}


def mysql_parameters(
    slow_query_log: SlowQueryLog | None,
    migration: MigrationRole | None = None,
    static: frozenset[str] = frozenset(),
) -> list[dict[str, str]]:
    """Arguments of parameter group parameters; a ``static`` one waits for a reboot.

    TLS is required, and slow queries go to files, from where RDS exports them. RDS refuses to
    apply a static parameter immediately.
    """
    values = {"require_secure_transport": "1", **_MIGRATION[migration]}
    if slow_query_log is not None:
        values |= {
            "log_output": "FILE",
            "long_query_time": f"{slow_query_log.threshold_seconds:g}",
            "slow_query_log": "1",
        }
    return [
        {
            "name": name,
            "value": value,
            "apply_method": "pending-reboot" if name in static else "immediate",
        }
        for name, value in sorted(values.items())
    ]


def audit_parameters(audit_log: AuditLog | None) -> list[dict[str, str]]:
    """Those of Aurora's own audit plugin, which only its cluster parameter groups have."""
    if audit_log is None:
        return []
    values = {"server_audit_events": audit_log.events, "server_audit_logging": "1"}
    return [
        {"name": name, "value": value, "apply_method": "immediate"}
        for name, value in sorted(values.items())
    ]
