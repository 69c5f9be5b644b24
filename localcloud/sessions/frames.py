"""smux, version 1: many connections in one stream of bytes.

A frame has a header of eight bytes, little-endian: version, command, the length of what follows,
the connection's number. One that is closed is closed in both directions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.sessions.errors import BadFrame

VERSION = 1
SYN, FIN, PSH, NOP = range(4)
"""Open, close, bytes, nothing."""
LONGEST = 32768
"""Bytes in one frame that a client takes."""
_HEADER = struct.Struct("<BBHI")


@dataclass(frozen=True)
class Frame:
    """One frame of the connection ``stream``."""

    command: int
    stream: int
    data: bytes = b""

    def encode(self) -> bytes:
        """As it stands among the bytes."""
        return _HEADER.pack(VERSION, self.command, len(self.data), self.stream) + self.data


class Frames:
    """Frames out of bytes that come in pieces."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """The frames that ``chunk`` completes; `BadFrame` at one that is none."""
        self._rest += chunk
        while len(self._rest) >= _HEADER.size:
            version, command, length, stream = _HEADER.unpack_from(self._rest)
            if version != VERSION:
                raise BadFrame(f"smux of version {version}; it is {VERSION}")
            if command not in (SYN, FIN, PSH, NOP) or (length and command != PSH):
                raise BadFrame(f"smux knows no command {command} with {length} bytes")
            end = _HEADER.size + length
            if len(self._rest) < end:
                return
            data = bytes(self._rest[_HEADER.size : end])
            del self._rest[:end]
            yield Frame(command, stream, data)


def data_frames(stream: int, data: bytes) -> bytes:
    """``data`` of a connection, in frames."""
    pieces = range(0, len(data), LONGEST)
    return b"".join(Frame(PSH, stream, data[at : at + LONGEST]).encode() for at in pieces)
