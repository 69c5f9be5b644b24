"""Does a server still speak? Asked without a login, and never waited for.

A knock is held until it is answered, so its age is how long the server has been silent. Nobody
there is no silence: whose process lives and refuses is starting or ending.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localcloud.servers.facts import Address


@dataclass(frozen=True)
class Heartbeat:
    """Where a server answers whom: us by ``path``, which is asked ``hello``, all by ``address``."""

    path: Path
    address: Address
    hello: bytes

    def speaks(self) -> Knock:
        """Answered by its first byte."""

        def begin() -> socket.socket:
            knock = socket.socket(socket.AF_UNIX)
            knock.setblocking(False)
            knock.connect(str(self.path))
            knock.sendall(self.hello)
            return knock

        return Knock(begin, select.POLLIN)

    def is_reached(self) -> Knock:
        """Answered by the kernel, for whoever listens, when a connection gets through to it."""

        def begin() -> socket.socket:
            knock = socket.socket()
            knock.setblocking(False)
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
        return bool(poller.poll(0))
