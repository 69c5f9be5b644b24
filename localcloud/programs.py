"""The server programs the local cloud starts, and the Debian packages they come from."""

from __future__ import annotations

import os
import shutil

from localcloud.errors import MissingPackage

PROGRAMS = {
    "haproxy": "haproxy",
    "mariadbd": "mariadb-server",
    "memcached": "memcached",
    "redis-server": "redis-server",
}
VALKEY = "valkey-server"
"""Not a package of Debian 12: used where somebody has installed it."""
_SEARCH = os.pathsep.join(["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"])


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
