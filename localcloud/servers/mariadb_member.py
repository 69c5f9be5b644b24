"""A MariaDB server as a member of a cluster, semi-synchronous."""

from __future__ import annotations

from localcloud.errors import ServerFailed
from localcloud.servers import mariadb_replication as replication
from localcloud.servers.door import Door
from localcloud.servers.facts import Address
from localcloud.servers.mariadb import MariaDB, Settings
from localcloud.servers.mariadb_instance import MariaDBInstance
from localcloud.servers.member_start import Start

_DRAIN_S = 10.0
_FENCE_S = 5


class MariaDBMember(MariaDBInstance):
    """A writer whose commits wait for a reader, or a reader that acknowledges them."""

    def begin(self, start: Start, door: Door | None = None) -> None:
        """Start it in its role; who was a writer drops what nobody acknowledged."""
        settings = Settings(
            read_only=not start.writing,
            acknowledged=True,
            rejoining=not start.writing,
            awaiting=start.writing and bool(start.others),
            parameters=start.parameters,
        )
        self.start(settings, door)
        replication.prepare(self, self._machine.replication_password())

    def follow(self, source: Address, *, acknowledging: bool = True) -> None:
        """Read from ``source``, from where its own binary log ends."""
        self.run("SET GLOBAL read_only = 1")
        self.run(f"SET GLOBAL rpl_semi_sync_slave_enabled = {int(acknowledging)}")
        password, ca = self._machine.replication_password(), str(self._machine.authority.ca)
        replication.follow(self, source, password, ca)

    def fits(self, source: MariaDB) -> bool:
        """No setting of a source keeps a replica from following it."""
        return True

    def received(self) -> int:
        """Stop receiving, apply what was received; how far that leads."""
        with self.connect() as session:
            return replication.drain(session, _DRAIN_S)

    def leave_source(self) -> None:
        """Follow nobody; read-only still."""
        with self.connect() as session:
            replication.stop_following(session)

    def take_writes(self, others: frozenset[str]) -> None:
        """Only the writer waits for acknowledgements: a reader that did would stop applying."""
        with self.connect() as session:
            session.run(f"SET GLOBAL rpl_semi_sync_master_enabled = {int(bool(others))}")
            session.run("SET GLOBAL read_only = 0")

    def fence(self) -> None:
        """Take no more writes."""
        with self.connect() as session:
            session.run(f"SET SESSION lock_wait_timeout = {_FENCE_S}")
            session.run("SET GLOBAL read_only = 1")

    def yield_to(self, target: MariaDB) -> None:
        """Read-only, then ``target`` applies the rest. It writes again when that fails."""
        self.fence()
        try:
            replication.catch_up(target, self)
        except ServerFailed:
            self.run("SET GLOBAL read_only = 0")
            raise
        with target.connect() as session:
            replication.stop_following(session)

    def replicates(self) -> bool:
        """Whether it applies what its source has, or tries to reach it."""
        return replication.replicates(self)

    def has_diverged(self) -> bool:
        """Whether it stopped because it has what its source has not, or the other way round."""
        return replication.has_diverged(self)
