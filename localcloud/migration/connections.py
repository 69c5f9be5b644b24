"""Connections to MySQL: verified TLS, an end to every wait, errors as ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from localcloud.migration.errors import Interrupted, MigrationFailed, RowRefused
from localcloud.migration.orders import End

CONNECT_S = 5
ANSWER_S = 30
# Nobody who waits will make these good: no such user, database or right.
_FINAL = frozenset({1044, 1045, 1049, 1142, 1143, 1227, 3159})
# A server that goes down, is read-only after a failover, or had to break a deadlock.
_PASSING = frozenset({1040, 1053, 1158, 1159, 1160, 1161, 1205, 1213, 1290, 1836, 1927})

_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


def settings(end: End) -> dict[str, Any]:
    """Arguments of ``pymysql.connect`` for ``end``."""
    found: dict[str, Any] = {
        "host": end.host,
        "port": end.port,
        "user": end.user,
        "password": end.password,
        "charset": "utf8mb4",
        "connect_timeout": CONNECT_S,
        "read_timeout": ANSWER_S,
        "write_timeout": ANSWER_S,
    }
    if end.ca_pem is None:
        # Otherwise the driver would encrypt where it can and trust anybody.
        found["ssl_disabled"] = True
    else:
        try:
            trust = ssl.create_default_context(cadata=end.ca_pem)
        except ssl.SSLError as error:
            raise MigrationFailed(f"the CAs for {end} cannot be read: {error}") from error
        trust.check_hostname = end.verify_host
        found["ssl"] = trust
    return found


@contextmanager
def mysql(end: End, **more: Any) -> Iterator[Any]:
    """A connection in UTC, in autocommit mode, whose updates count the rows they find.

    Raises `Interrupted` when nobody answers, `MigrationFailed` when a login is refused.
    """
    with translated(str(end)):
        connection = pymysql.connect(
            **settings(end),
            autocommit=True,
            binary_prefix=True,
            client_flag=CLIENT.FOUND_ROWS,
            init_command="SET time_zone = '+00:00'",
            **more,
        )
    try:
        yield connection
    finally:
        # Not `close`, which says goodbye to a server that may be silent.
        connection._force_close()


@contextmanager
def translated(where: str) -> Iterator[None]:
    """The driver's errors as ours; ``where`` is the server or the table they are about."""
    try:
        yield
    except (pymysql.err.IntegrityError, pymysql.err.DataError) as error:
        raise RowRefused(f"{where}: {error.args[-1]}") from error
    except pymysql.err.MySQLError as error:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = f"{where}: {error.args[-1] if error.args else error}"
        if code in _FINAL or _UNTRUSTED in text:
            raise MigrationFailed(text) from error
        if code in _PASSING or code >= 2000 or not code:
            raise Interrupted(text) from error
        raise MigrationFailed(text) from error
    except OSError as error:
        raise Interrupted(f"{where}: {error}") from error
