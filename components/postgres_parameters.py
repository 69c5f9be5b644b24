"""Parameters that every PostgreSQL of this project has."""

from __future__ import annotations

from specs.parts import SlowQueryLog


def postgres_parameters(slow_query_log: SlowQueryLog | None) -> list[dict[str, str]]:
    """Arguments of parameter group parameters: TLS is required, slow statements are logged."""
    values = {"rds.force_ssl": "1"}
    if slow_query_log is not None:
        # In milliseconds.
        threshold = round(slow_query_log.threshold_seconds * 1000)
        values["log_min_duration_statement"] = str(threshold)
    return [
        {"name": name, "value": value, "apply_method": "immediate"}
        for name, value in sorted(values.items())
    ]
