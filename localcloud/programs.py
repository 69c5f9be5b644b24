"""The server programs the local cloud starts, and the Debian packages they come from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from localcloud.errors import MissingPackage

PROGRAMS = {
    "haproxy": "haproxy",
    "mariadbd": "mariadb-server",
    "memcached": "memcached",
    "pgbouncer": "pgbouncer",
    "postgres": "postgresql",
    "redis-server": "redis-server",
}
VALKEY = "valkey-server"
"""Not a package of Debian 12: used where somebody has installed it."""
_POSTGRES = Path("/usr/lib/postgresql")
"""Debian keeps PostgreSQL's servers off the path, one folder a version."""
_SEARCH = os.pathsep.join(
    [
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
        "/usr/local/bin",
        *(
            str(folder)
            for folder in sorted(
                _POSTGRES.glob("*/bin"), key=lambda f: int(f.parent.name), reverse=True
            )
        ),
    ]
)


def valkey() -> str:
    """The path of Valkey's server, or of Redis's where there is no Valkey."""
    return _found(VALKEY) or program("redis-server")


def program(name: str, package: str | None = None) -> str:
    """The path of a program; `MissingPackage` when it is not installed."""
    found = _found(name)
    if found is None:
        raise MissingPackage(name, package or PROGRAMS[name])
    return found


def _found(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_SEARCH)
