"""RDS parameter groups on MariaDB: which values are passed on, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping

from localcloud.servers import mariadb_audit
from localcloud.servers.parameter_groups import passed_on

OURS = frozenset(
    {
        # What makes the server this server, and what keeps it small: never a parameter group's.
        "basedir",
        "binlog_format",
        "datadir",
        "general_log_file",
        "gtid_mode",
        "gtid_strict_mode",
        "innodb_buffer_pool_size",
        "innodb_log_file_size",
        "log_bin",
        "log_error",
        "log_slow_query_file",
        "pid_file",
        "port",
        "read_only",
        "report_host",
        "server_id",
        "slow_query_log_file",
        "socket",
        "ssl_ca",
        "ssl_cert",
        "ssl_key",
        *mariadb_audit.OURS,
    }
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")


def flags_of(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Start options for a parameter group's values.

    ``--loose-``: a name that only MySQL knows is ignored by MariaDB, with a line in its log.
    """
    return tuple(f"--loose-{name}={value}" for name, value in passed_on(parameters, OURS))


def settable(parameters: Mapping[str, str]) -> dict[str, str]:
    """The values as SQL literals for ``SET GLOBAL``."""
    return {
        name: value if _NUMBER.match(value) else _quoted(value)
        for name, value in passed_on(parameters, OURS)
    }


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
