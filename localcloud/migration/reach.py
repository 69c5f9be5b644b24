"""Whether an end of a migration can be logged in to, as DMS tests a connection."""

from __future__ import annotations

from localcloud.migration.connections import mysql
from localcloud.migration.errors import MigrationFailed
from localcloud.migration.orders import End


def reach(end: End) -> str | None:
    """``None`` when a login succeeds, else what is wrong, in one sentence."""
    try:
        if end.engine == "mysql":
            with mysql(end):
                return None
        # The driver is loaded by those who need it.
        from localcloud.migration.postgres_target import postgres_target

        with postgres_target(end, "test"):
            return None
    except MigrationFailed as error:
        return str(error)
