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
    "postgres": "postgresql",
    "redis-server": "redis-server",
}
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


def program(name: str, package: str | None = None) -> str:
    """The path of a program; `MissingPackage` when it is not installed."""
    found = shutil.which(name) or shutil.which(name, path=_SEARCH)
    if found is None:
        raise MissingPackage(name, package or PROGRAMS[name])
    return found
