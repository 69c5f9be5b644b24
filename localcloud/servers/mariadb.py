"""One MariaDB server: its folder, its flags, its process, its administrator's connection."""

from __future__ import annotations

import logging
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud.errors import ServerFailed
from localcloud.launch import Launch, tail
from localcloud.programs import program
from localcloud.records import write_atomically
from localcloud.servers.door import Door
from localcloud.servers.facts import Address
from localcloud.servers.heartbeat import Heartbeat
from localcloud.servers.log_files import LogFiles
from localcloud.servers.machine import Machine, own, service_user
from localcloud.servers.mariadb_audit import audit_flags, switch
from localcloud.servers.mariadb_logins import token_logins
from localcloud.servers.mariadb_parameters import flags_of, settable
from localcloud.servers.mariadb_session import Session, SqlFailed, connect
from localcloud.servers.mariadb_statements import STATEMENTS_ONLY
from localcloud.servers.mariadb_template import REDO_LOG, copy_template
from localcloud.tls import Certificate

log = logging.getLogger(__name__)

PORT = 3306
MAX_CONNECTIONS = 300
READY_S = 30.0
_STATEMENT_S = 40
_POLL_S = 0.005

SMALL = (
    # Fits a dozen servers on a laptop; what AWS would give is a matter of its instance classes.
    "--innodb-buffer-pool-size=16M",
    "--key-buffer-size=64K",
    "--aria-pagecache-buffer-size=1M",
    "--innodb-use-native-aio=0",
    f"--max-connections={MAX_CONNECTIONS}",
)
REPLICABLE = (
    "--log-bin=binlog",
    "--log-slave-updates=ON",
    "--relay-log=relay",
    "--binlog-format=ROW",
    "--binlog-row-metadata=FULL",
    "--gtid-strict-mode=ON",
    "--skip-slave-start",
    "--slave-net-timeout=5",
    # Every new replica replays the binary log from its beginning, so it is never purged.
    "--expire-logs-days=0",
    # In the kernel's hands at commit: survives a SIGKILL, not a power cut.
    "--innodb-flush-log-at-trx-commit=2",
)
ACKNOWLEDGED = (
    # A writer answers "committed" only when a reader has the row (and `failover` switches it on).
    "--rpl-semi-sync-slave-enabled=1",
    "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
    "--rpl-semi-sync-master-timeout=3600000",
    "--rpl-semi-sync-master-wait-no-slave=ON",
)


@dataclass(frozen=True)
class Settings:
    """How a server is started; everything that may change between two starts.

    ``rejoining`` tells crash recovery that another server writes now: the end of the binary
    log that nobody acknowledged is dropped. A writer that comes back as writer keeps it, and
    ``awaiting`` a reader's acknowledgement it may take writes from its first moment on.
    """

    read_only: bool = False
    acknowledged: bool = False
    rejoining: bool = False
    awaiting: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)


class MariaDB:
    """A server at ``host``; its certificate names ``also_at``, too."""

    def __init__(
        self, machine: Machine, name: str, identifier: str, host: str, also_at: Sequence[str] = ()
    ) -> None:
        self._machine = machine
        self.name = f"mariadb.{name}"
        self.identifier = identifier
        self.address = Address(host, PORT)
        self._also_at = tuple(also_at)
        self._folder = machine.folder(self.name)
        self._logs = LogFiles(machine.site.logs_dir, name)
        self.user = service_user("mysql")
        """The system user that owns its files."""

    @property
    def _socket(self) -> Path:
        return self._machine.site.run_dir / self.address.host / "mariadb.sock"

    @property
    def heartbeat(self) -> Heartbeat:
        # Whoever comes and does not log in is in its log, so it is not asked to speak.
        return Heartbeat(self._socket, self.address, None)

    @property
    def _log(self) -> Path:
        return self._logs.file("error")

    @property
    def data(self) -> Path:
        """Its data folder, the binary log's files among them."""
        return self._folder / "data"

    def open_door(self) -> Door:
        """Take clients while it is stopped, for the next start to serve them."""
        self._machine.sockets(self.address.host, self.user)
        return Door(self.address, self._socket, self.user)

    def start(self, settings: Settings, door: Door | None = None) -> None:
        """Start the server, behind ``door``, and wait until it answers; existing data are kept.

        Raises `ServerFailed` with the end of its log, `MissingPackage`.
        """
        if not self.data.exists():
            copy_template(self._machine.site.state_dir / "templates", self.data, self.user)
        tls = self._certificate()
        # Not the system's: a server that starts clears it of every server's temporary tables.
        temporary = self._folder / "tmp"
        temporary.mkdir(exist_ok=True)
        own(temporary, self.user)
        self._machine.sockets(self.address.host, self.user)
        self._logs.prepare(self.user)
        argv = (
            program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.data}",
            f"--tmpdir={temporary}",
            f"--socket={self._socket}",
            f"--pid-file={self._socket}.pid",
            f"--bind-address={self.address.host}",
            f"--port={PORT}",
            f"--report-host={self.identifier}",
            f"--server-id={self._server_id()}",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            f"--ssl-cert={tls.certificate}",
            f"--ssl-key={tls.key}",
            f"--ssl-ca={tls.ca}",
            REDO_LOG,
            *SMALL,
            *STATEMENTS_ONLY,
            *REPLICABLE,
            *token_logins(self._folder / "plugins", self.name, self._machine.logins_desk),
            f"--slow-query-log-file={self._logs.file('slowquery')}",
            f"--general-log-file={self._logs.file('general')}",
            *audit_flags(settings.parameters, self._logs.file("audit")),
            *(ACKNOWLEDGED if settings.acknowledged else ()),
            *(["--init-rpl-role=SLAVE"] if settings.rejoining else ()),
            *(["--rpl-semi-sync-master-enabled=1"] if settings.awaiting else ()),
            *flags_of(settings.parameters),
            f"--read-only={int(settings.read_only)}",
        )
        sockets = door.sockets if door is not None else ()
        # RDS's clocks say UTC, and so do the lines of its logs.
        launch = Launch(
            self.name, argv, self._log, self.user, environment={"TZ": "UTC"}, sockets=sockets
        )
        self._machine.supervisor.start(launch)
        self._wait()

    def _server_id(self) -> int:
        # Of its data, not of its address: a server does not repeat what carries its own number,
        # so one at the address of a deleted one would leave out what that one wrote.
        file = self._folder / "server.id"
        if not file.exists():
            write_atomically(file, str(secrets.randbelow(2**32 - 1) + 1).encode())
        return int(file.read_text())

    def _certificate(self) -> Certificate:
        tls = self._machine.authority.issue(
            self._folder / "tls", [self.address.host, *self._also_at]
        )
        own(tls.key, self.user)
        return tls

    def name_also(self, hosts: Sequence[str]) -> None:
        """Present a certificate that names ``hosts`` beside its own address, from now on."""
        self._also_at = tuple(hosts)
        self._certificate()
        if self.alive:
            # LOCAL: a reader with a transaction of its own in the log could never be followed.
            self.run("FLUSH LOCAL SSL")

    def _wait(self) -> None:
        end = time.monotonic() + READY_S
        while True:
            try:
                self.run("SELECT 1")
                return
            except SqlFailed as error:
                if not self.alive:
                    raise ServerFailed(
                        f"{self.identifier} did not start; the end of {self._log}:\n"
                        f"{tail(self._log)}"
                    ) from error
                if time.monotonic() > end:
                    raise ServerFailed(
                        f"{self.identifier} does not answer within {READY_S:.0f} s; the end of "
                        f"{self._log}:\n{tail(self._log)}"
                    ) from error
            time.sleep(_POLL_S)

    @property
    def pid(self) -> int | None:
        process = self._machine.supervisor.running(self.name)
        return process.pid if process is not None else None

    @property
    def alive(self) -> bool:
        return self.pid is not None

    def answers(self) -> bool:
        """Whether it is there and speaks."""
        try:
            self.run("SELECT 1")
        except SqlFailed:
            return False
        return True

    def stop(self) -> None:
        self._machine.supervisor.stop(self.name)

    def kill(self) -> None:
        """End it at once; what is committed is safe."""
        self._machine.supervisor.stop(self.name, kill=True)

    def remove(self) -> None:
        """Stop it and delete its data. Its address is the caller's to release."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._socket.parent, ignore_errors=True)

    @contextmanager
    def connect(self, wait_s: float = _STATEMENT_S) -> Iterator[Session]:
        """The administrator's connection, by the socket; a statement of it may take ``wait_s``."""
        with connect(self.identifier, self._socket, wait_s) as session:
            yield session

    def run(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """One statement on a connection of its own; rows by column."""
        with self.connect() as session:
            return session.run(statement, values)

    def set_at_once(self, parameters: Mapping[str, str]) -> None:
        """Set what can be set in a running server; the rest waits for the next start."""
        with self.connect() as session:
            switch(session, parameters, self._logs.file("audit"))
            for name, value in settable(parameters).items():
                try:
                    session.run(f"SET GLOBAL {name} = {value}")
                except SqlFailed as error:
                    log.info("%s: %s waits for a reboot: %s", self.identifier, name, error)
