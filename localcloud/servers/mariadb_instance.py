"""A MariaDB server as the server of one RDS instance, for MySQL and for MariaDB."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.servers.facts import Address, Credentials
from localcloud.servers.mariadb import MariaDB, Settings
from localcloud.servers.mariadb_replication import (
    catch_up,
    create_master_user,
    follow,
    prepare,
    set_master_password,
    stop_following,
)


class MariaDBInstance(MariaDB):
    """A server that writes, or follows another one asynchronously."""

    def serve(self, parameters: Mapping[str, str], source: Address | None) -> None:
        """Start the server, following ``source`` if there is one, and wait until it answers."""
        self.start(Settings(read_only=source is not None, parameters=parameters))
        password = self._machine.replication_password()
        prepare(self, password)
        if source is not None:
            follow(self, source, password, str(self._machine.authority.ca))

    def create_master_user(self, credentials: Credentials, database: str | None) -> None:
        """The user and the database of a create call, as RDS grants them."""
        create_master_user(self, credentials, database)

    def catch_up(self, source: MariaDB) -> None:
        """Wait until it has applied what ``source`` has now."""
        catch_up(self, source)

    def promote(self, source: Address) -> None:
        """Take writes from now on, not those of ``source``."""
        with self.connect() as session:
            stop_following(session)
            session.run("SET GLOBAL read_only = 0")

    def set_password(self, user: str, password: str) -> None:
        """A new password, replicated."""
        set_master_password(self, user, password)

    def remove(self, source: Address | None = None) -> None:
        """Stop it and delete its data; a source keeps its whole binary log in any case."""
        super().remove()
