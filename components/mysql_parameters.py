"""Parameters that every MySQL of this project has."""

from __future__ import annotations

from specs.parts import SlowQueryLog


def mysql_parameters(slow_query_log: SlowQueryLog | None) -> list[dict[str, str]]:
    """Arguments of parameter group parameters; all of them are dynamic.

    TLS is required, and slow queries go to files, from where RDS exports them.
    """
    values = {"require_secure_transport": "1"}
    if slow_query_log is not None:
        values |= {
            "log_output": "FILE",
            "long_query_time": f"{slow_query_log.threshold_seconds:g}",
            "slow_query_log": "1",
        }
    return [
        {"name": name, "value": value, "apply_method": "immediate"}
        for name, value in sorted(values.items())
    ]
