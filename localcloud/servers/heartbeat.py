"""Does a server still speak? Asked without a login, and never waited for.

A knock is held until it is answered, so its age is how long the server has been silent. Nobody
there is no silence: whose process lives and refuses is starting or ending.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localcloud.servers.facts import Address


@dataclass(frozen=True)
class Heartbeat:
    """Where a server answers whom: us by ``path``, who say ``hello``, and all by ``address``."""

    path: Path
    address: Address
    hello: bytes | None

    def speaks(self) -> Knock | None:
        """Answered by its first byte; ``None`` where it is not to be asked."""
        hello = self.hello
        if hello is None:
            return None

        def begin() -> socket.socket:
            knock = socket.socket(socket.AF_UNIX)
            knock.setblocking(False)
            knock.connect(str(self.path))
            knock.sendall(hello)
            return knock

        return Knock(begin, select.POLLIN)

    def is_reached(self) -> Knock:
        """Answered by the kernel, for whoever listens, when a connection gets through to it."""

        def begin() -> socket.socket:
            knock = socket.socket()
            knock.setblocking(False)
            # Without the handshake's last step, and a reset instead of a goodbye: the server never
            # sees it, where Redis would log an error.
            knock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
            knock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            knock.connect_ex((self.address.host, self.address.port))
            return knock

        return Knock(begin, select.POLLOUT)


class Knock:
    """One question that is asked again and again, a while after each answer."""

    def __init__(self, begin: Callable[[], socket.socket], answer: int) -> None:
        self._begin = begin
        self._answer = answer
        self._socket: socket.socket | None = None
        self._asked_at: float | None = None
        self._next = float("-inf")

    def age(self, now: float, again_s: float) -> float:
        """For how long there has been no answer, asking again ``again_s`` after the last one."""
        if self._asked_at is None:
            if now < self._next:
                return 0.0
            self._asked_at = now
        if self._answered():
            self.close()
            self._next = now + again_s
            return 0.0
        return now - self._asked_at

    def close(self) -> None:
        """Wait for no answer any more."""
        self._asked_at = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answered(self) -> bool:
        if self._socket is None:
            try:
                self._socket = self._begin()
            except BlockingIOError:
                # Nobody takes the connections that wait already.
                return False
            except OSError:
                return True
        poller = select.poll()
        poller.register(self._socket, self._answer)
        if not poller.poll(0):
            return False
        if self._answer == select.POLLIN:
            # What is left unread breaks the connection instead of ending it, and is logged.
            with contextlib.suppress(OSError):
                self._socket.recv(1024)
        return True
