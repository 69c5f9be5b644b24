"""The listening sockets of a server that is stopped on purpose: whoever knocks is let in later.

The server that starts next inherits them by systemd's socket activation, which MariaDB knows. A
connection that comes meanwhile waits in the socket's queue and is served by the server itself:
nobody stands between the two, not even when the daemon dies.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Iterable
from pathlib import Path

from localcloud.errors import ServerFailed
from localcloud.servers.facts import Address
from localcloud.servers.machine import own

_QUEUE = 512
_FREE_S = 5.0
_POLL_S = 0.01


class Door:
    """``address`` for clients and ``path`` for the administrator, both of a server not running."""

    def __init__(self, address: Address, path: Path, user: str | None) -> None:
        """Open it; raises `ServerFailed` when it cannot be."""
        self._tcp = socket.socket()
        self._unix = socket.socket(socket.AF_UNIX)
        try:
            self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bind(self._tcp, address)
            self._tcp.listen(_QUEUE)
            path.unlink(missing_ok=True)
            self._unix.bind(str(path))
            # Open to all as MariaDB's own is; the folder is closed to others.
            path.chmod(0o777)
            own(path, user)
            self._unix.listen(_QUEUE)
        except OSError as error:
            self.close()
            raise ServerFailed(f"no client of {address} can wait for it: {error}") from error

    @property
    def sockets(self) -> tuple[int, int]:
        """File descriptors for the server to inherit."""
        return self._tcp.fileno(), self._unix.fileno()

    @property
    def client(self) -> int:
        """The descriptor that is readable when a client waits."""
        return self._tcp.fileno()

    def close(self) -> None:
        """Give up our share; a server that has inherited the sockets keeps them."""
        self._tcp.close()
        self._unix.close()


def _bind(tcp: socket.socket, address: Address) -> None:
    end = time.monotonic() + _FREE_S
    while True:
        try:
            tcp.bind((address.host, address.port))
            return
        except OSError as error:
            # A killed server keeps its sockets a little longer than its name.
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise
        time.sleep(_POLL_S)


def knock(doors: Iterable[Door], also: int, timeout_s: float) -> bool:
    """Whether a client waits at one of ``doors``; ``also`` is a descriptor that ends the wait."""
    poller = select.poll()
    clients = {door.client for door in doors}
    for handle in (*clients, also):
        poller.register(handle, select.POLLIN)
    return any(handle in clients for handle, _ in poller.poll(timeout_s * 1000))
