"""A fleet of real servers on addresses of its own, and clients that trust its CA."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mysql.connector
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from localcloud.fleet import Address, Credentials, Fleet, Ref
from localcloud.processes import Process, wait_for_end
from localcloud.site import Site
from localcloud.state_folder import prepare
from tests.addresses import prefix

ADMIN = Credentials("admin", "correct-horse-1")
TOKEN = "a-token-of-sixteen-characters"


@pytest.fixture(scope="module")
def site(templates: Path) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="fleet-", dir="/var/tmp"))
    # The servers run as users of their own.
    folder.chmod(0o755)
    found = Site(folder / "state", prefix(81))
    # As a daemon does, which takes no folder that is another's.
    prepare(found)
    (found.state_dir / "templates").symlink_to(templates)
    yield found
    Fleet(found).wipe()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def fleet(site: Site) -> Iterator[Fleet]:
    found = Fleet(site)
    found.recover()
    yield found
    found.close()


def ref(identifier: str, region: str = "us-east-1") -> Ref:
    return Ref(region, identifier)


@contextmanager
def mysql_at(site: Site, address: Address, **changes: Any) -> Iterator[Any]:
    """A cursor in autocommit mode; certificate and address are checked."""
    arguments = {
        "host": address.host,
        "port": address.port,
        "user": ADMIN.user,
        "password": ADMIN.password,
        "autocommit": True,
        "connection_timeout": 5,
        "read_timeout": 10,
        "ssl_ca": str(site.ca_dir / "ca.pem"),
        "ssl_verify_cert": True,
        "ssl_verify_identity": True,
        "use_pure": True,
    } | changes
    connection = mysql.connector.connect(**arguments)
    try:
        yield connection.cursor()
    finally:
        connection.close()


def rows(site: Site, address: Address, statement: str) -> list[Any]:
    with mysql_at(site, address) as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.with_rows else []


@contextmanager
def postgres_at(site: Site, address: Address, **changes: Any) -> Iterator[Any]:
    """A connection in autocommit mode; certificate and address are checked."""
    arguments: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "user": ADMIN.user,
        "password": ADMIN.password,
        "dbname": "postgres",
        "connect_timeout": 5,
        "sslmode": "verify-full",
        "sslrootcert": str(site.ca_dir / "ca.pem"),
    } | changes
    connection = psycopg.connect(**arguments, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def postgres_rows(site: Site, address: Address, statement: str, **changes: Any) -> list[Any]:
    with postgres_at(site, address, **changes) as connection:
        cursor = connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def redis_at(site: Site, address: Address, token: str | None = TOKEN) -> Any:
    """A client that checks certificate and address and does not retry."""
    return redis.Redis(
        host=address.host,
        port=address.port,
        password=token,
        ssl=True,
        ssl_ca_certs=str(site.ca_dir / "ca.pem"),
        ssl_check_hostname=True,
        socket_timeout=5,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
    )


def pid_of(fleet: Fleet, identifier: str, kind: str | None = None) -> int:
    """The live process of a server."""
    (found,) = (
        row.pid
        for row in fleet.listing()
        if row.identifier == identifier and kind in (None, row.kind) and row.pid
    )
    return found


def kill(pid: int) -> None:
    """End a process at once; it has ended when this returns."""
    process = Process.of(pid)
    os.kill(pid, signal.SIGKILL)
    # A signal only asks: until the kernel has come to it, the server may still answer.
    assert process is not None
    assert wait_for_end([process], 10) == []


def eventually(condition: Callable[[], bool], what: str, deadline_s: float = 10.0) -> None:
    """Wait for ``condition``; errors of a server that is not back yet count as not yet."""
    end = time.monotonic() + deadline_s
    while True:
        try:
            if condition():
                return
        except (mysql.connector.Error, psycopg.Error, redis.RedisError, OSError, ValueError):
            pass
        assert time.monotonic() < end, f"not within {deadline_s:.0f} s: {what}"
        time.sleep(0.02)
