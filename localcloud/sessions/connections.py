"""The connections of one session to its address, by number, in one thread's loop."""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from localcloud.servers.facts import Address

log = logging.getLogger(__name__)

MOST = 256
"""Connections at once in one session."""
_CONNECT_S = 5.0
_LINGER_S = 10.0
"""How long what a client has sent may take to reach a server, once the client has gone."""
_CHUNK = 8192


@dataclass(frozen=True)
class Arrived:
    """A server's bytes."""

    stream: int
    data: bytes


@dataclass(frozen=True)
class Ended:
    """A connection that is no more; one that is ``refused`` never was."""

    stream: int
    refused: bool = False


@dataclass
class _Connection:
    stream: int
    socket: socket.socket
    connected: bool = False
    leaving: bool = False
    until: float = 0.0
    pending: bytearray = field(default_factory=bytearray)
    watched: int = 0


class Connections:
    """Everything but `wake` is for one thread."""

    def __init__(self, where: Callable[[], Address | None]) -> None:
        self._where = where
        self._selector = selectors.DefaultSelector()
        self._open: dict[int, _Connection] = {}
        self._refused: list[int] = []
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)
        self._button.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)

    @property
    def pending(self) -> int:
        """Bytes that servers have not taken."""
        return sum(len(each.pending) for each in self._open.values())

    def wake(self) -> None:
        """End a `poll` that waits; for any thread."""
        with suppress(OSError):
            # A full pipe wakes as well; a closed one has nobody to wake.
            self._button.send(b"!")

    def open(self, stream: int) -> None:
        """Connect; `poll` tells when that fails."""
        if stream in self._open:
            return
        where = self._where() if len(self._open) < MOST else None
        if where is None:
            self._refused.append(stream)
            return
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = made.connect_ex((where.host, where.port))
        if code not in (0, errno.EINPROGRESS):
            log.info("no connection to %s: %s", where, errno.errorcode.get(code, code))
            made.close()
            self._refused.append(stream)
            return
        until = time.monotonic() + _CONNECT_S
        self._open[stream] = _Connection(stream, made, connected=code == 0, until=until)

    def write(self, stream: int, data: bytes) -> None:
        """Hand bytes on; those for a connection that has ended go nowhere."""
        found = self._open.get(stream)
        if found is not None and not found.leaving:
            found.pending += data

    def finish(self, stream: int) -> None:
        """The client has gone: what it has sent arrives, and nothing more is read."""
        found = self._open.get(stream)
        if found is not None and not found.leaving:
            found.leaving = True
            found.until = time.monotonic() + _LINGER_S

    def poll(self, wait_s: float, *, reading: bool) -> Iterator[Arrived | Ended]:
        """Move bytes as far as they go, after at most ``wait_s`` of nothing to do."""
        refused, self._refused = self._refused, []
        for stream in refused:
            yield Ended(stream, refused=True)
        self._watch(reading)
        for key, mask in self._selector.select(0 if refused else wait_s):
            if key.data is None:
                with suppress(BlockingIOError):
                    self._bell.recv(4096)
                continue
            yield from self._serve(key.data, mask)
        now = time.monotonic()
        for each in list(self._open.values()):
            if each.leaving and (not each.pending or now > each.until):
                self._drop(each)
            elif not each.connected and now > each.until:
                self._drop(each)
                yield Ended(each.stream, refused=True)

    def _watch(self, reading: bool) -> None:
        for each in self._open.values():
            wanted = 0
            if each.pending or not each.connected:
                wanted |= selectors.EVENT_WRITE
            if reading and each.connected and not each.leaving:
                wanted |= selectors.EVENT_READ
            if wanted == each.watched:
                continue
            if not each.watched:
                self._selector.register(each.socket, wanted, each)
            elif not wanted:
                self._selector.unregister(each.socket)
            else:
                self._selector.modify(each.socket, wanted, each)
            each.watched = wanted

    def _serve(self, each: _Connection, mask: int) -> Iterator[Arrived | Ended]:
        if not each.connected:
            code = each.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._drop(each)
                yield Ended(each.stream, refused=True)
                return
            each.connected = True
        try:
            if mask & selectors.EVENT_WRITE and each.pending:
                sent = each.socket.send(each.pending)
                del each.pending[:sent]
            if mask & selectors.EVENT_READ:
                data = each.socket.recv(_CHUNK)
                if data:
                    yield Arrived(each.stream, data)
                    return
                self._drop(each)
                yield Ended(each.stream)
        except BlockingIOError:
            return
        except OSError as error:
            log.debug("a connection broke: %s", error)
            told = each.leaving
            self._drop(each)
            if not told:
                yield Ended(each.stream)

    def _drop(self, each: _Connection) -> None:
        del self._open[each.stream]
        if each.watched:
            self._selector.unregister(each.socket)
        each.socket.close()

    def close(self) -> None:
        """End every connection."""
        for each in list(self._open.values()):
            self._drop(each)
        self._selector.close()
        self._bell.close()
        self._button.close()
