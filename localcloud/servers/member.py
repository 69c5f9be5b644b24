"""What a cluster asks of a member's server, whatever the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from localcloud.servers import mariadb, postgres
from localcloud.servers.door import Door
from localcloud.servers.facts import Address, Credentials
from localcloud.servers.heartbeat import Heartbeat
from localcloud.servers.machine import Machine
from localcloud.servers.mariadb_member import MariaDBMember
from localcloud.servers.member_start import Start
from localcloud.servers.postgres_member import AuroraPostgres, PostgresMember


class Member(Protocol):
    """One server of a cluster, with its own data folder, address and certificate."""

    identifier: str

    @property
    def name(self) -> str:
        """What the supervisor calls its process, and who holds its address."""

    @property
    def address(self) -> Address: ...

    @property
    def alive(self) -> bool: ...

    @property
    def heartbeat(self) -> Heartbeat: ...

    def answers(self) -> bool:
        """Whether it is there and speaks."""

    def run(self, statement: Any, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """One statement of the administrator's, on a connection of its own; rows by column."""

    def begin(self, start: Start, door: Door | None = None) -> None:
        """Start it behind ``door`` and wait until it answers; existing data are kept.

        A reader that has none, or that wrote what nobody else has, takes its source's. Raises
        `ServerFailed` with the end of its log, `MissingPackage`.
        """

    def create_master_user(self, credentials: Credentials, database: str | None) -> None:
        """The users and the database of a create call, as RDS grants them."""

    def follow(self, source: Address) -> None:
        """Be a reader of ``source`` that acknowledges what it gets; `ServerFailed` if it can't."""

    def fits(self, source: Any) -> bool:
        """Whether it can follow ``source`` with the settings it was started with."""

    def catch_up(self, source: Any) -> None:
        """Wait until it shows what ``source``, a server of the same engine, has now."""

    def received(self) -> int:
        """How much it has of the one history, for a reader whose source is dead."""

    def leave_source(self) -> None:
        """Follow nobody any more; it does not write yet."""

    def take_writes(self, others: frozenset[str]) -> None:
        """Accept writes, each acknowledged by one of ``others`` if there are any."""

    def yield_to(self, target: Any) -> None:
        """Take no more writes, and let ``target`` have all there were: it follows nobody then.

        `ServerFailed` when that can't be; whoever asked finds out who is to write.
        """

    def set_password(self, user: str, password: str) -> None:
        """A new password of the master user, replicated."""

    def set_at_once(self, parameters: Mapping[str, str]) -> None:
        """Set what can be set in a running server; the rest waits for the next start."""

    def name_also(self, hosts: Sequence[str]) -> None:
        """Present a certificate that names ``hosts`` beside its own address, from now on."""

    def stop(self) -> None:
        """End it in order."""

    def kill(self) -> None:
        """End it at once; what is committed is safe."""

    def remove(self, source: Address | None = None) -> None:
        """End it and delete its data; ``source`` need not keep anything for it any more."""


@dataclass(frozen=True)
class Kind:
    """What serves the members of clusters of one engine."""

    make: Callable[[Machine, str, str, str, Sequence[str]], Member]
    """Takes the machine, its name, its identifier, its host and others' that lead here."""
    program: str
    """Begins the supervisor's name of each."""
    port: int


_MARIADB = Kind(MariaDBMember, "mariadb", mariadb.PORT)
KINDS: Mapping[str, Kind] = {
    "aurora-mysql": _MARIADB,
    "aurora-postgresql": Kind(AuroraPostgres, "postgres", postgres.PORT),
    "mysql": _MARIADB,
    "postgres": Kind(PostgresMember, "postgres", postgres.PORT),
}
"""By the engine's name in the API."""
