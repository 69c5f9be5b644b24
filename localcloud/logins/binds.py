"""LDAP's simple bind, which is all of LDAP that asks whether a secret is good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

_SEQUENCE, _INTEGER, _OCTETS, _ENUMERATED = 0x30, 0x02, 0x04, 0x0A
_BIND_REQUEST, _BIND_RESPONSE, _SIMPLE = 0x60, 0x61, 0x80
_INVALID_CREDENTIALS = 49
_LONGEST = 1 << 17


class NoBind(Exception):
    """Something else than a simple bind, or the end of the connection."""


@dataclass(frozen=True)
class Bind:
    """Who wants in, by a name that the asking server composed, and with what."""

    number: bytes
    name: str
    secret: str = field(repr=False)


def read_bind(stream: BinaryIO) -> Bind:
    """The next message; `NoBind` when it is not one."""
    message = _Reader(_value(stream))
    number = message.take(_INTEGER)
    request = _Reader(message.take(_BIND_REQUEST))
    request.take(_INTEGER)
    try:
        return Bind(number, request.take(_OCTETS).decode(), request.take(_SIMPLE).decode())
    except UnicodeDecodeError:
        raise NoBind("no text") from None


def answer(bind: Bind, refused: str | None) -> bytes:
    """Success, or why not, which the asking server may log."""
    code = 0 if refused is None else _INVALID_CREDENTIALS
    said = _tagged(_OCTETS, b"") + _tagged(_OCTETS, (refused or "").encode())
    response = _tagged(_BIND_RESPONSE, _tagged(_ENUMERATED, bytes([code])) + said)
    return _tagged(_SEQUENCE, _tagged(_INTEGER, bind.number) + response)


def _value(stream: BinaryIO) -> bytes:
    if _exactly(stream, 1)[0] != _SEQUENCE:
        raise NoBind("no message of LDAP's")
    length = _exactly(stream, 1)[0]
    if length & 0x80:
        length = int.from_bytes(_exactly(stream, length & 0x7F), "big")
    if length > _LONGEST:
        raise NoBind(f"a message of {length} bytes")
    return _exactly(stream, length)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    found = stream.read(length)
    if len(found) != length:
        raise NoBind("the connection ended")
    return found


def _tagged(tag: int, value: bytes) -> bytes:
    length = len(value)
    size = length.to_bytes(2, "big")
    return bytes([tag, length] if length < 0x80 else [tag, 0x82, *size]) + value


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def take(self, tag: int) -> bytes:
        """The value of the next element, which has this tag."""
        content = self._content
        if len(content) < 2 or content[0] != tag:
            raise NoBind("another message than a simple bind")
        length, begins = content[1], 2
        if length & 0x80:
            begins += length & 0x7F
            length = int.from_bytes(content[2:begins], "big")
        value, self._content = content[begins : begins + length], content[begins + length :]
        if len(value) != length:
            raise NoBind("a message that is cut off")
        return value
