"""What a database asks of its server, whatever the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from localcloud.servers.facts import Address, Credentials
from localcloud.servers.machine import Machine
from localcloud.servers.mariadb_instance import MariaDBInstance
from localcloud.servers.no_server import UNSERVED, NoServer
from localcloud.servers.postgres import Postgres


class Server(Protocol):
    """One server of an RDS instance, with its own data folder, address and certificate."""

    identifier: str

    @property
    def name(self) -> str:
        """What the supervisor calls its process, and who holds its address."""

    @property
    def address(self) -> Address: ...

    @property
    def alive(self) -> bool: ...

    def answers(self) -> bool:
        """Whether it is there and speaks."""

    def serve(self, parameters: Mapping[str, str], source: Address | None) -> None:
        """Start it, following ``source`` if there is one, and wait until it answers.

        An existing data folder is kept. Raises `ServerFailed`, `MissingPackage`.
        """

    def create_master_user(self, credentials: Credentials, database: str | None) -> None:
        """The users and the database of a create call, as RDS grants them."""

    def catch_up(self, source: Any) -> None:
        """Wait until it shows what ``source``, a server of the same engine, has now."""

    def promote(self, source: Address) -> None:
        """Take writes from now on, not those of ``source``."""

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


MakeServer = Callable[[Machine, str, str, str, Sequence[str]], Server]
"""Makes a server from the machine, its name, its identifier, its host and others' that lead here.
"""

SERVERS: Mapping[str, MakeServer] = {
    "mariadb": MariaDBInstance,
    "mysql": MariaDBInstance,
    "postgres": Postgres,
    **{engine: partial(NoServer, engine=engine) for engine in UNSERVED},
}
"""By the engine's name in the API. No MySQL server is packaged; MariaDB is its nearest kin."""
