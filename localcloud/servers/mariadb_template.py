"""An empty MariaDB data folder, made once a version and copied for each new server.

Making one takes 0.6 s, copying it 0.03 s.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from localcloud.errors import ServerFailed
from localcloud.programs import program
from localcloud.servers import template

REDO_LOG = "--innodb-log-file-size=4M"
"""The redo log's size is fixed by the template; every server must agree."""
_MAKE_S = 60.0


def administrator() -> str:
    """Our own system user: MariaDB knows it by the socket and asks for no password."""
    return pwd.getpwuid(os.geteuid()).pw_name


def copy_template(templates: Path, target: Path, user: str | None) -> None:
    """Fill ``target`` with an empty data folder that ``user`` owns; whole or not at all."""
    folder = templates / f"mariadb-{_version()}-{administrator()}"
    template.copy(template.made_once(folder, _make), target, user)


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
    # A server that starts clears away what it takes for its own left-overs in the temporary
    # folder: two of these at once in /tmp took each other's tables.
    with tempfile.TemporaryDirectory(prefix="mariadb-template-") as own:
        _install(folder, own)


def _install(folder: Path, temporary: str) -> None:
    made = subprocess.run(
        [
            program("mariadb-install-db", "mariadb-server"),
            "--no-defaults",
            f"--datadir={folder}",
            f"--tmpdir={temporary}",
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
