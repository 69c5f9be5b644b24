"""A throw-away PostgreSQL server with TLS, for tests of a target that is none of the fleet's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from localcloud.servers.machine import own, service_user
from localcloud.tls import Authority

_BIN = Path("/usr/lib/postgresql/15/bin")
USER, PASSWORD = "migrator", "correct-horse-1"


@dataclass
class PostgresServer:
    """A server at ``host``; ``kill`` and ``start`` are for tests of broken connections."""

    host: str
    folder: Path
    ca: Path
    port: int = 5432
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        user = service_user("postgres")
        who: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        data = self.folder / "data"
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": str(self.folder / "tls" / "cert.pem"),
            "ssl_key_file": str(self.folder / "tls" / "key.pem"),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as output:
            self._process = subprocess.Popen(
                [str(_BIN / "postgres"), "-D", str(data), *options],
                stdout=output,
                stderr=output,
                cwd="/",
                **who,
            )
        end = time.monotonic() + 20
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.05)

    def make(self) -> None:
        """A new data folder, a certificate and a password."""
        user = service_user("postgres")
        who: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        own(self.folder, user)
        Authority(self.ca.parent).issue(self.folder / "tls", [self.host])
        own(self.folder / "tls" / "key.pem", user)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        subprocess.run(
            [
                str(_BIN / "initdb"),
                f"--pgdata={self.folder / 'data'}",
                f"--username={USER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            timeout=60,
            cwd="/",
            **who,
        )

    def kill(self) -> None:
        assert self._process is not None
        # The postmaster's children see it and end, too.
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname="postgres",
            sslmode="verify-full",
            sslrootcert=str(self.ca),
            connect_timeout=5,
            autocommit=True,
        )

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def postgres_server(host: str, ca: Path) -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/var/tmp"))
    os.chmod(folder, 0o755)
    server = PostgresServer(host, folder, ca)
    try:
        server.make()
        server.start()
        yield server
    finally:
        if server._process is not None and server._process.poll() is None:
            server.kill()
        shutil.rmtree(folder)
