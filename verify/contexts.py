"""TLS contexts, made once for each CA file.

Both drivers read the system's hundred CAs anew for each connection, the one for MySQL twice: 50 ms
of CPU, in which no other thread of Python runs. A client that reconnects after a failover would
take that for an outage.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import Any

from mysql.connector.connection import MySQLConnection
from mysql.connector.network import MySQLSocket, MySQLTCPSocket
from redis.connection import SSLConnection


def only(ca: str) -> ssl.SSLContext:
    """Believes the CAs in ``ca`` and no other."""
    return _only(ca, os.stat(ca).st_mtime_ns)


def also(ca: str | None) -> ssl.SSLContext:
    """Believes the system's CAs, and those in ``ca``."""
    # The variables are OpenSSL's, which looks at them each time.
    where = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    return _also(ca, os.stat(ca).st_mtime_ns if ca is not None else 0, where)


@lru_cache(8)
def _only(ca: str, changed_at: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


@lru_cache(8)
def _also(ca: str | None, changed_at: int, where: object) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(ca)
    return context


class _Socket(MySQLTCPSocket):  # type: ignore[misc]
    def build_ssl_context(self, ssl_ca: str | None = None, **_: Any) -> ssl.SSLContext:
        assert ssl_ca is not None
        return only(ssl_ca)


class SqlConnection(MySQLConnection):  # type: ignore[misc]
    """The driver's own in Python, which checks certificate and name against ``ssl_ca`` alone."""

    def _get_connection(self) -> MySQLSocket:
        own = _Socket(self.server_host, self.server_port, self._force_ipv6)
        own.set_connection_timeout(self._connection_timeout)
        return own


class CacheConnection(SSLConnection):
    """The driver's own, which checks certificate and name."""

    def _wrap_socket_with_ssl(self, sock: Any) -> ssl.SSLSocket:
        return also(self.ca_certs).wrap_socket(sock, server_hostname=self.host)
