"""One pgbouncer: many clients share few connections to a PostgreSQL server."""

from __future__ import annotations

import re
import shutil
import socket
import time
from pathlib import Path

from localcloud.errors import ServerFailed
from localcloud.launch import Launch, tail
from localcloud.programs import program
from localcloud.records import write_atomically
from localcloud.servers.facts import Address, Credentials
from localcloud.servers.machine import Machine, own, service_user
from localcloud.servers.postgres import PORT

_READY_S = 10.0
_POLL_S = 0.005
_MOST_CLIENTS = 1000


class Pgbouncer:
    """A pooler at ``host``. It shares by transaction, as RDS Proxy does.

    It knows one user, that of the secret, and logs in to the server as that user.
    """

    def __init__(self, machine: Machine, name: str, host: str) -> None:
        self._machine = machine
        self.name = f"pgbouncer.{name}"
        self.address = Address(host, PORT)
        self._folder = machine.folder(self.name)
        # It refuses to run as root.
        self._user = service_user("postgres")

    @property
    def _users(self) -> Path:
        return self._folder / "users.txt"

    @property
    def alive(self) -> bool:
        return self._machine.supervisor.running(self.name) is not None

    def admit(self, credentials: Credentials) -> bool:
        """Let this user in and nobody else; whether that is a change."""
        line = f"{_quoted(credentials.user)} {_quoted(credentials.password)}\n".encode()
        if self._users.exists() and self._users.read_bytes() == line:
            return False
        write_atomically(self._users, line)
        own(self._users, self._user)
        return True

    def serve(self, target: str | None, most: int, queue_s: float) -> None:
        """Start it, leading to the server at ``target``; without one clients are refused.

        Raises `ServerFailed` with the end of its log, `MissingPackage`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        files = self._machine.authority.issue(self._folder / "tls", [self.address.host])
        own(files.key, self._user)
        if not self._users.exists():
            write_atomically(self._users, b"")
            own(self._users, self._user)
        config, output = self._folder / "pgbouncer.ini", self._folder / "pgbouncer.log"
        leads = f"* = host={target} port={PORT}\n" if target else ""
        settings = {
            "listen_addr": self.address.host,
            "listen_port": PORT,
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": self._users,
            "pool_mode": "transaction",
            "max_client_conn": _MOST_CLIENTS,
            "default_pool_size": most,
            "max_db_connections": most,
            # 0 would be without end.
            "query_wait_timeout": max(queue_s, 0.001),
            "client_tls_sslmode": "require",
            "client_tls_key_file": files.key,
            "client_tls_cert_file": files.certificate,
            "server_tls_sslmode": "verify-full",
            "server_tls_ca_file": files.ca,
            # A server that was replaced is found at once.
            "server_login_retry": 0.1,
            "server_connect_timeout": 5,
            "server_check_delay": 0,
            "ignore_startup_parameters": "extra_float_digits",
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        write_atomically(config, f"[databases]\n{leads}[pgbouncer]\n{lines}".encode())
        own(config, self._user)
        argv = (program("pgbouncer"), str(config))
        self._machine.supervisor.start(Launch(self.name, argv, output, self._user))
        end = time.monotonic() + _READY_S
        while not self._listens():
            if not self.alive or time.monotonic() > end:
                raise ServerFailed(
                    f"{self.name} did not start; the end of {output}:\n{tail(output)}"
                )
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """End it; there is nothing to save."""
        self._machine.supervisor.stop(self.name, kill=True)

    def remove(self) -> None:
        """End it and delete its files. Its address is the caller's to release."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.address.host, self.address.port), timeout=1).close()
        except OSError:
            return False
        return True


def _quoted(text: str) -> str:
    return '"' + re.sub('"', '""', text) + '"'
