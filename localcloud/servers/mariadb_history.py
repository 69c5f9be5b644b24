"""A MariaDB server's history: its binary log, kept aside, and repeated by another server.

The log begins with a server's first statement and nobody purges it (`mariadb.REPLICABLE`), so its
files are a whole backup, and every second since then is a place in them.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

from localcloud.servers.machine import own
from localcloud.servers.mariadb import MariaDB
from localcloud.servers.mariadb_binlog import Part, history
from localcloud.servers.mariadb_replication import reach

REPEAT_S = 600.0
_FILES = "binlog.[0-9]*"


def keep(server: MariaDB, folder: Path) -> None:
    """Put what ``server`` has committed until now into ``folder``, whole or not at all.

    A file that the server has closed is never written again: it is linked, which takes neither
    time nor space, and stays when the server is deleted.
    """
    running = server.alive
    if running:
        # LOCAL: a replica must have no transaction of its own.
        server.run("FLUSH LOCAL BINARY LOGS")
    files = sorted(server.data.glob(_FILES))
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for file in files[:-1] if running else files:
        os.link(file, fresh / file.name)
    fresh.replace(folder)


def repeat(folder: Path, server: MariaDB, until: datetime | None) -> None:
    """Do on an empty ``server`` what `keep` put into ``folder``, whoever did it first.

    All that was committed before the second ``until`` began, or everything. The files are given
    to the server as a relay log, as if a source had sent them: six times as fast as the
    statements that `mariadb-binlog` makes of them. `ServerFailed` when one cannot be repeated, or
    after `REPEAT_S`.
    """
    told = history(sorted(folder.glob(_FILES)), until)
    names = [f"relay.{number:06}" for number in range(1, len(told.parts) + 1)]
    for name, part in zip(names, told.parts, strict=True):
        _lay(part, server.data / name)
        own(server.data / name, server.user)
    index = server.data / "relay.index"
    index.write_text("".join(f"./{name}\n" for name in names))
    own(index, server.user)
    with server.connect() as session:
        session.run(
            "CHANGE MASTER TO MASTER_HOST = 'history', MASTER_USER = 'nobody', "
            "RELAY_LOG_FILE = %s, RELAY_LOG_POS = 4",
            (names[0],),
        )
        session.run("START SLAVE SQL_THREAD")
        if told.last is not None:
            reach(server, told.last, REPEAT_S, "its history")
        session.run("STOP SLAVE")
        # The relay log goes with it.
        session.run("RESET SLAVE ALL")


def _lay(part: Part, target: Path) -> None:
    if part.whole:
        os.link(part.file, target)
        return
    shutil.copy(part.file, target)
    os.truncate(target, part.size)
