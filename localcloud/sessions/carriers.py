"""How connections lie in a session's bytes: many by smux, or one at a time as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from localcloud.sessions.frames import FIN, PSH, SYN, Frame, Frames, data_frames


@dataclass(frozen=True)
class Opened:
    """The client has opened a connection."""

    stream: int


@dataclass(frozen=True)
class Bytes:
    """The client has sent something on a connection."""

    stream: int
    data: bytes


@dataclass(frozen=True)
class Closed:
    """The client has closed a connection."""

    stream: int


Event = Opened | Bytes | Closed


class Carrier(Protocol):
    """One session's connections and their bytes."""

    def begin(self) -> Iterator[Event]:
        """What happens when the session is ready."""

    def read(self, chunk: bytes) -> Iterator[Event]:
        """What the client has done."""

    def disconnected(self) -> Iterator[Event]:
        """What the flag `DISCONNECT_TO_PORT` means."""

    def data(self, stream: int, data: bytes) -> bytes:
        """Bytes for the client."""

    def closed(self, stream: int) -> bytes:
        """What tells the client that a connection has ended."""


class Multiplexed:
    """smux, as clients use it that know it."""

    def __init__(self) -> None:
        self._frames = Frames()

    def begin(self) -> Iterator[Event]:
        return iter(())

    def read(self, chunk: bytes) -> Iterator[Event]:
        for frame in self._frames.feed(chunk):
            if frame.command == SYN:
                yield Opened(frame.stream)
            elif frame.command == PSH:
                yield Bytes(frame.stream, frame.data)
            elif frame.command == FIN:
                yield Closed(frame.stream)

    def disconnected(self) -> Iterator[Event]:
        return iter(())

    def data(self, stream: int, data: bytes) -> bytes:
        return data_frames(stream, data)

    def closed(self, stream: int) -> bytes:
        return Frame(FIN, stream).encode()


class Single:
    """One connection, opened at once because some servers speak first.

    After its end the next byte opens another; nothing in the bytes tells the client of an end.
    """

    def __init__(self) -> None:
        self._open = False
        # A new number for each: what the last one was sent may still be on its way to the server.
        self._number = 0

    def begin(self) -> Iterator[Event]:
        self._open = True
        self._number += 1
        yield Opened(self._number)

    def read(self, chunk: bytes) -> Iterator[Event]:
        if not self._open:
            yield from self.begin()
        yield Bytes(self._number, chunk)

    def disconnected(self) -> Iterator[Event]:
        self._open = False
        yield Closed(self._number)

    def data(self, stream: int, data: bytes) -> bytes:
        return data

    def closed(self, stream: int) -> bytes:
        if stream == self._number:
            self._open = False
        return b""
