"""One PostgreSQL server: its folder, its flags, its process, its administrator's connection."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from localcloud.errors import ServerFailed
from localcloud.launch import Launch, tail
from localcloud.processes import wait_for_end, working_in
from localcloud.programs import program
from localcloud.records import write_atomically
from localcloud.servers.facts import Address, Credentials
from localcloud.servers.heartbeat import Heartbeat
from localcloud.servers.log_files import LogFiles
from localcloud.servers.machine import Machine, own, service_user
from localcloud.servers.postgres_parameters import access_rules, settings_of
from localcloud.servers.postgres_replication import (
    Link,
    catch_up,
    copy_source,
    create_database,
    create_users,
    leave,
    set_password,
)
from localcloud.servers.postgres_session import Session, SqlFailed, connect
from localcloud.servers.postgres_settings import OURS, flags
from localcloud.servers.postgres_template import ADMINISTRATOR, copy_template
from localcloud.tls import Certificate

log = logging.getLogger(__name__)

PORT = 5432
_MAY_WE_HAVE_TLS = bytes.fromhex("0000000804d2162f")
"""What any client may ask before it says who it is."""
_UNLOGGED = "-c log_statement=none -c log_min_duration_statement=-1 -c pgaudit.log=none"
"""RDS's own user is in no audit log, and what it sets is in no other log."""
READY_S = 30.0
_PROMOTE_S = 30
_RELOAD_S = 2.0
_END_S = 5.0
_POLL_S = 0.005


class Postgres:
    """A server at ``host``; its certificate names ``also_at``, too."""

    def __init__(
        self, machine: Machine, name: str, identifier: str, host: str, also_at: Sequence[str] = ()
    ) -> None:
        self._machine = machine
        self.name = f"postgres.{name}"
        self.identifier = identifier
        self.address = Address(host, PORT)
        self._also_at = tuple(also_at)
        self._folder = machine.folder(self.name)
        self._logs = LogFiles(machine.site.logs_dir, name)
        self._user = service_user("postgres")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _sockets(self) -> Path:
        return self._machine.site.run_dir / self.address.host

    @property
    def heartbeat(self) -> Heartbeat:
        socket = self._sockets / f".s.PGSQL.{PORT}"
        return Heartbeat(socket, self.address, _MAY_WE_HAVE_TLS)

    @property
    def _log(self) -> Path:
        return self._logs.file("postgresql")

    def serve(self, parameters: Mapping[str, str], source: Address | None) -> None:
        """Start the server, following ``source`` if there is one, and wait until it answers.

        An existing data folder is kept: it may have been promoted, and then follows nobody.
        Raises `ServerFailed` with the end of its log, `MissingPackage`.
        """
        if not self._data.exists():
            if source is None:
                copy_template(self._machine.site.state_dir / "templates", self._data, self._user)
            else:
                copy_source(self._link(source), self._data, self._user)
        self._end_leftovers()
        self._configure(parameters)
        self._write("source.conf", "" if source is None else self._link(source).settings())
        self._launch()
        if source is None:
            self._lead()

    def _launch(self) -> None:
        """Start it as its files say, and wait until it answers."""
        tls = self._certificate()
        self._machine.sockets(self.address.host, self._user)
        self._logs.prepare(self._user)
        ours = {
            "config_file": str(self._folder / "postgresql.conf"),
            "hba_file": str(self._folder / "pg_hba.conf"),
            "ident_file": str(self._folder / "pg_ident.conf"),
            "listen_addresses": self.address.host,
            "port": str(PORT),
            "unix_socket_directories": str(self._sockets),
            "cluster_name": self.identifier,
            "ssl": "on",
            "ssl_cert_file": str(tls.certificate),
            "ssl_key_file": str(tls.key),
            **OURS,
        }
        argv = (program("postgres"), "-D", str(self._data), *flags(ours))
        launch = Launch(self.name, argv, self._log, self._user, ends_by=signal.SIGINT)
        self._machine.supervisor.start(launch)
        self._wait()

    def create_master_user(self, credentials: Credentials, database: str | None) -> None:
        """The users and the database of a create call, as RDS grants them."""
        with self.connect() as session:
            create_users(session, credentials, self._machine.replication_password())
            if database is not None:
                create_database(session, database, credentials.user)

    def catch_up(self, source: Postgres) -> None:
        """Wait until it shows what ``source`` has now; `ServerFailed` if it does not."""
        with self.connect() as replica, source.connect() as primary:
            catch_up(replica, primary, self.identifier)

    def promote(self, source: Address) -> None:
        """Take writes from now on, not those of ``source``."""
        self._lead()
        leave(self._link(source))

    def set_password(self, user: str, password: str) -> None:
        """A new password, replicated."""
        with self.connect() as session:
            set_password(session, user, password)

    def set_at_once(self, parameters: Mapping[str, str]) -> None:
        """Set what can be set in a running server; the rest waits for the next start."""
        self._configure(parameters)
        self._reload()

    def _reload(self) -> None:
        """Let it read its files again, and wait until new connections have what they say."""
        before = self._loaded_at()
        self.run("SELECT pg_reload_conf()")
        end = time.monotonic() + _RELOAD_S
        while self._loaded_at() == before:
            if time.monotonic() > end:
                log.warning("%s did not take its new parameters; see %s", self.name, self._log)
                return
            time.sleep(_POLL_S)

    @property
    def alive(self) -> bool:
        return self._machine.supervisor.running(self.name) is not None

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
        self._end_leftovers()

    def remove(self, source: Address | None = None) -> None:
        """Stop it and delete its data; ``source`` need not keep anything for it any more.

        Its address is the caller's to release.
        """
        self.kill()
        if source is not None:
            leave(self._link(source))
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._sockets, ignore_errors=True)

    @contextmanager
    def connect(self, database: str = "postgres") -> Iterator[Session]:
        """The administrator's connection, by the socket, in autocommit mode."""
        where = {
            "host": str(self._sockets),
            "port": PORT,
            "user": ADMINISTRATOR,
            "options": _UNLOGGED,
        }
        with connect(self.identifier, **where, dbname=database) as session:
            yield session

    def run(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, object]]:
        """One statement on a connection of its own; rows by column."""
        with self.connect() as session:
            return session.run(statement, values)

    def _certificate(self) -> Certificate:
        tls = self._machine.authority.issue(
            self._folder / "tls", [self.address.host, *self._also_at]
        )
        own(tls.key, self._user)
        return tls

    def name_also(self, hosts: Sequence[str]) -> None:
        """Present a certificate that names ``hosts`` beside its own address, from now on."""
        self._also_at = tuple(hosts)
        self._certificate()
        if self.alive:
            self.run("SELECT pg_reload_conf()")

    def _lead(self) -> None:
        self._promote()
        self._write("source.conf", "")

    def _promote(self) -> None:
        with self.connect() as session:
            if session.value("pg_is_in_recovery()"):
                done = session.run("SELECT pg_promote(true, %s) AS done", (_PROMOTE_S,))
                if not done[0]["done"]:
                    raise ServerFailed(f"{self.identifier} is not promoted within {_PROMOTE_S} s")

    def _loaded_at(self) -> object:
        return self.run("SELECT pg_conf_load_time() AS v")[0]["v"]

    def _link(self, source: Address) -> Link:
        machine = self._machine
        return Link(
            source, self.address.host, machine.replication_password(), str(machine.authority.ca)
        )

    def _configure(self, parameters: Mapping[str, str]) -> None:
        self._write("postgresql.conf", "include 'parameters.conf'\ninclude 'source.conf'\n")
        self._write("parameters.conf", settings_of(parameters))
        self._write("pg_hba.conf", access_rules(parameters, self.name, self._machine.logins_desk))
        ourselves = pwd.getpwuid(os.geteuid()).pw_name
        self._write("pg_ident.conf", f"administrator {ourselves} {ADMINISTRATOR}\n")

    def _write(self, name: str, text: str) -> None:
        file = self._folder / name
        write_atomically(file, text.encode())
        own(file, self._user)

    def _end_leftovers(self) -> None:
        """Clear away what a killed server leaves: its lock files, and its backends.

        The pid in the files may be a zombie's or, after a boot, anybody's; a backend in the middle
        of a statement holds on to the shared memory. PostgreSQL would not start for either.
        """
        if self.alive:
            return
        left = working_in(self._data)
        for process in left:
            process.signal(signal.SIGKILL)
        if wait_for_end(left, _END_S):
            raise ServerFailed(f"backends of {self.identifier} cannot be ended")
        for lock in (self._data / "postmaster.pid", self._sockets / f".s.PGSQL.{PORT}.lock"):
            lock.unlink(missing_ok=True)

    def _wait(self) -> None:
        end = time.monotonic() + READY_S
        while True:
            try:
                self.run("SELECT 1")
                return
            except SqlFailed as error:
                if not self.alive or time.monotonic() > end:
                    raise ServerFailed(
                        f"{self.identifier} "
                        f"{'does not answer in time' if self.alive else 'did not start'}; "
                        f"the end of {self._log}:\n{tail(self._log)}"
                    ) from error
            time.sleep(_POLL_S)
