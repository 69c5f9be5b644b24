"""Where to connect for a database's address: there, or at the near end of a session.

Whoever opens a connection to a database asks here, and goes on checking the certificate for the
database's own name. Nothing else is led elsewhere: calls of AWS's APIs go where they go.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

Address = tuple[str, int]


class Way(Protocol):
    """How one gets to the databases."""

    home: str
    """The region of addresses that no output names: nodes that a cluster tells of."""

    def address(self, host: str, port: int) -> Address:
        """Where to connect for ``host:port``; `CannotRun` when nothing leads there."""


class Directly:
    """Everybody reaches everything."""

    home = ""

    def address(self, host: str, port: int) -> Address:
        return host, port


_way: Way = Directly()


def address(host: str, port: int) -> Address:
    """Where to connect for a database's ``host:port``."""
    return _way.address(host, port)


@contextmanager
def by(way: Way) -> Iterator[None]:
    """Every connection to a database that is opened inside goes this way, on every thread."""
    global _way
    before, _way = _way, way
    try:
        yield
    finally:
        _way = before


class Sockets:
    """The socket module, for a driver that takes one, with names resolved by `address`."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def getaddrinfo(self, host: str, port: int, *rest: Any) -> Any:
        return self._module.getaddrinfo(*address(host, port), *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)
