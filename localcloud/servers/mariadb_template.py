"""An empty MariaDB data folder, made once a version and copied for each new server.

Making one takes 0.6 s, copying it 0.03 s.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import threading
from functools import cache
from pathlib import Path

from localcloud.errors import ServerFailed
from localcloud.programs import program
from localcloud.servers.machine import own

REDO_LOG = "--innodb-log-file-size=4M"
"""The redo log's size is fixed by the template; every server must agree."""
_MAKE_S = 60.0
_making = threading.Lock()


def administrator() -> str:
    """Our own system user: MariaDB knows it by the socket and asks for no password."""
    return pwd.getpwuid(os.geteuid()).pw_name


def copy_template(templates: Path, target: Path, user: str | None) -> None:
    """Fill ``target`` with an empty data folder that ``user`` owns; whole or not at all."""
    template = _template(templates)
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(template, fresh)
    fresh.chmod(0o700)
    for path in [fresh, *fresh.rglob("*")]:
        own(path, user)
    fresh.replace(target)


def _template(templates: Path) -> Path:
    folder = templates / f"mariadb-{_version()}-{administrator()}"
    with _making:
        if not folder.exists():
            _make(folder)
    return folder


@cache
def _version() -> str:
    printed = subprocess.run(
        [program("mariadbd"), "--no-defaults", "--version"],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    ).stdout
    return printed.split("Ver ", 1)[1].split()[0]


def _make(folder: Path) -> None:
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    made = subprocess.run(
        [
            program("mariadb-install-db", "mariadb-server"),
            "--no-defaults",
            f"--datadir={fresh}",
            f"--auth-root-socket-user={administrator()}",
            "--skip-test-db",
            "--skip-name-resolve",
            REDO_LOG,
            "--innodb-buffer-pool-size=8M",
            *(["--user=root"] if os.geteuid() == 0 else []),
        ],
        capture_output=True,
        text=True,
        timeout=_MAKE_S,
        check=False,
    )
    if made.returncode:
        raise ServerFailed(f"mariadb-install-db failed:\n{(made.stdout + made.stderr)[-600:]}")
    fresh.replace(folder)
