"""RDS parameter groups on MariaDB: which values are passed on, and how."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)

OURS = frozenset(
    {
        # What makes the server this server, and what keeps it small: never a parameter group's.
        "basedir",
        "binlog_format",
        "datadir",
        "gtid_mode",
        "gtid_strict_mode",
        "innodb_buffer_pool_size",
        "innodb_log_file_size",
        "log_bin",
        "log_error",
        "performance_schema",
        "pid_file",
        "port",
        "read_only",
        "report_host",
        "server_id",
        "socket",
        "ssl_ca",
        "ssl_cert",
        "ssl_key",
    }
)
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")


def flags_of(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Start options for a parameter group's values.

    ``--loose-``: a name that only MySQL knows is ignored by MariaDB, with a line in its log.
    """
    return tuple(f"--loose-{name}={value}" for name, value in _passed_on(parameters))


def settable(parameters: Mapping[str, str]) -> dict[str, str]:
    """The values as SQL literals for ``SET GLOBAL``."""
    return {
        name: value if _NUMBER.match(value) else _quoted(value)
        for name, value in _passed_on(parameters)
    }


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _passed_on(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(parameters.items()):
        if name in OURS or not _NAME.match(name):
            log.debug("parameter %s is the local cloud's own", name)
        elif "{" in value:
            # A formula over the instance class, such as {DBInstanceClassMemory*3/4}.
            log.debug("parameter %s has a formula: left at the server's default", name)
        else:
            yield name, value
