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
_SEARCH = os.pathsep.join(["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"])


def program(name: str, package: str | None = None) -> str:
    """The path of a program; `MissingPackage` when it is not installed."""
    found = shutil.which(name) or shutil.which(name, path=_SEARCH)
    if found is None:
        raise MissingPackage(name, package or PROGRAMS[name])
    return found
