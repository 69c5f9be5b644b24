"""The clients that a drill is compared with: each asks who answers, and how it waits is its own.

What a driver raises is what is compared, so nothing here catches it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import mysql.connector
import psycopg
import redis
from pydantic import Field

from contract import Database, Endpoint
from verify.audit.history import Frozen
from verify.aws import Credentials
from verify.dialects import dialect_of
from verify.drill import wrapper
from verify.drill.cache_client import RedisClient
from verify.drill.clients import NotTheWriter
from verify.drill.sql_client import open_session
from verify.postgres_sql import FIRST_DATABASE

ClientName = Literal["verify", "plain", "wrapper"]
MYSQL = frozenset({"mysql", "mariadb", "aurora-mysql"})
POSTGRES = frozenset({"postgres", "aurora-postgresql"})
CACHES = frozenset({"redis", "valkey"})


class Order(Frozen):
    """Whom to read from, as whom, and with which client."""

    client: ClientName
    database: Database
    endpoint: Endpoint
    user: str | None
    password: str = Field(repr=False)
    ca: str | None
    pooled: bool
    statement: str
    """One row: the server's name, and whether it takes no writes. Of SQL only."""
    life_s: float
    """So long it may read, whatever becomes of who ordered it."""


class Reader(Protocol):
    """One connection."""

    def read(self) -> tuple[str, bool]:
        """The server that answers, and whether it takes writes."""

    def close(self) -> None: ...


class Plain:
    """A driver's connection with its defaults, as a beginner writes it."""

    def __init__(self, connection: Any, statement: str) -> None:
        self._connection = connection
        self._statement = statement

    def read(self) -> tuple[str, bool]:
        cursor = self._connection.cursor()
        cursor.execute(self._statement)
        server, read_only = cursor.fetchone()
        cursor.close()
        return str(server), not read_only

    def close(self) -> None:
        self._connection.close()


class PlainCache:
    """The same of a cache."""

    def __init__(self, order: Order) -> None:
        self._client = redis.Redis(
            host=order.endpoint.host,
            port=order.endpoint.port,
            username=order.user,
            password=order.password or None,
            ssl=order.database.tls,
            ssl_ca_certs=order.ca,
            decode_responses=True,
        )

    def read(self) -> tuple[str, bool]:
        facts: Any = self._client.info()
        return f"run {facts['run_id'][:8]}", facts["role"] == "master"

    def close(self) -> None:
        self._client.close()


class Own:
    """The drill's own client: short waits, and a connection that leads to the writer or none."""

    def __init__(self, order: Order) -> None:
        login = Credentials(order.user, order.password)
        self._statement = order.statement
        self._session = open_session(
            dialect_of(order.database), order.endpoint, login, order.ca, pooled=order.pooled
        )

    def read(self) -> tuple[str, bool]:
        ((server, read_only),) = self._session.run(self._statement)
        return _of_the_writer(str(server), not read_only)

    def close(self) -> None:
        self._session.close()


class OwnCache:
    """The same of a cache."""

    def __init__(self, order: Order) -> None:
        login = Credentials(order.user, order.password) if order.password else None
        self._client = RedisClient.open(
            order.database, order.endpoint, login, order.ca, confirmed=False
        )

    def read(self) -> tuple[str, bool]:
        look = self._client.look()
        return _of_the_writer(look.server, look.writable)

    def close(self) -> None:
        self._client.close()


def _of_the_writer(server: str, writable: bool) -> tuple[str, bool]:
    if not writable:
        raise NotTheWriter(f"the endpoint leads to {server}, which only reads")
    return server, writable


def _plain_mysql(order: Order) -> Reader:
    connection = mysql.connector.connect(
        host=order.endpoint.host,
        port=order.endpoint.port,
        user=order.user,
        password=order.password,
        ssl_ca=order.ca,
        autocommit=True,
    )
    return Plain(connection, order.statement)


def _plain_postgres(order: Order) -> Reader:
    return Plain(psycopg.connect(**_postgres_arguments(order)), order.statement)


def _wrapped_postgres(order: Order) -> Reader:
    plugins = wrapper.plugins_for(order.database, order.endpoint)
    return Plain(wrapper.wrapped(_postgres_arguments(order), plugins), order.statement)


def _postgres_arguments(order: Order) -> dict[str, Any]:
    """What a client of PostgreSQL must be told, and nothing about waiting."""
    return {
        "host": order.endpoint.host,
        "port": order.endpoint.port,
        "user": order.user,
        "password": order.password,
        # Not the drill's own, which is dropped at its end.
        "dbname": FIRST_DATABASE,
        "sslmode": "verify-full",
        "sslrootcert": order.ca,
        "autocommit": True,
    }


def opener_of(order: Order) -> Callable[[Order], Reader]:
    """What opens one more connection of a client."""
    engine = order.database.engine
    if order.client == "verify":
        return OwnCache if engine in CACHES else Own
    if order.client == "wrapper":
        return _wrapped_postgres
    if engine in CACHES:
        return PlainCache
    return _plain_mysql if engine in MYSQL else _plain_postgres


def clients_of(database: Database) -> tuple[ClientName, ...]:
    """The clients that know how to read from a database, ours first."""
    return ("verify", "plain", "wrapper") if database.engine in POSTGRES else ("verify", "plain")


def how(order: Order) -> str:
    """The driver and how it waits, in words."""
    if order.client == "wrapper":
        return wrapper.how(wrapper.plugins_for(order.database, order.endpoint))
    if order.client == "verify":
        return "verify's own client: an answer within 1 s or a new connection, to the writer only"
    return f"{_DRIVERS[order.database.engine]}, with its defaults"


_DRIVERS: Mapping[str, str] = {
    **dict.fromkeys(MYSQL, "mysql-connector-python"),
    **dict.fromkeys(POSTGRES, "psycopg"),
    **dict.fromkeys(CACHES, "redis-py"),
}
