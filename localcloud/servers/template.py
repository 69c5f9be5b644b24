"""Empty data folders: made once a version, copied for each new server.

Several local clouds may share a folder of them: whoever is later takes what is there.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from localcloud.servers.machine import own

_making = threading.Lock()


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, filled by ``make`` if it is not there yet; whole or not at all."""
    with _making:
        if not folder.exists():
            fresh = folder.with_name(f".{folder.name}.{os.getpid()}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            make(fresh)
            _put(fresh, folder)
    return folder


def _put(fresh: Path, folder: Path) -> None:
    try:
        fresh.replace(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(fresh)


def copy(template: Path, target: Path, user: str | None) -> None:
    """Make ``target`` a copy of ``template`` that ``user`` owns; whole or not at all."""
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(template, fresh)
    fresh.chmod(0o700)
    for path in [fresh, *fresh.rglob("*")]:
        own(path, user)
    fresh.replace(target)
