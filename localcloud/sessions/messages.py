"""The SSM agent's binary message, which both directions of a data channel consist of.

A header of fixed fields, big-endian, whose first says where it ends; then the payload. The text
is padded by spaces (by zeros, too, from some), and a UUID has its halves exchanged.
"""

from __future__ import annotations

import hashlib
import struct
import time
import uuid
from dataclasses import dataclass, field

from localcloud.sessions.errors import BadMessage

INPUT = "input_stream_data"
OUTPUT = "output_stream_data"
ACKNOWLEDGE = "acknowledge"
CHANNEL_CLOSED = "channel_closed"
START_PUBLICATION = "start_publication"
PAUSE_PUBLICATION = "pause_publication"

DATA = 1
HANDSHAKE_REQUEST = 5
HANDSHAKE_RESPONSE = 6
HANDSHAKE_COMPLETE = 7
FLAG = 10
"""Types of payload."""

DISCONNECT_TO_PORT = 1
TERMINATE_SESSION = 2
CONNECT_TO_PORT_ERROR = 3
"""What a payload of type `FLAG` says."""

_ACKNOWLEDGEMENT_FLAGS = 3
_HEADER = struct.Struct(">I32sIQqQ16s32sII")
_LENGTH_FIELD = 4
_HEADER_LENGTH = _HEADER.size - _LENGTH_FIELD
"""The field that has the payload's length is not counted."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Message:
    """One message. Those of a stream are counted from 0 by ``sequence``."""

    kind: str
    payload: bytes = b""
    payload_type: int = 0
    sequence: int = 0
    flags: int = 0
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    created_ms: int = field(default_factory=_now_ms)
    schema: int = 1

    def encode(self) -> bytes:
        """As it goes over the WebSocket."""
        header = _HEADER.pack(
            _HEADER_LENGTH,
            self.kind.encode("ascii").ljust(32),
            self.schema,
            self.created_ms,
            self.sequence,
            self.flags,
            _exchanged(self.id.bytes),
            hashlib.sha256(self.payload).digest(),
            self.payload_type,
            len(self.payload),
        )
        return header + self.payload

    @classmethod
    def decode(cls, raw: bytes) -> Message:
        """The message in ``raw``; `BadMessage` when it is none, or its payload is not whole."""
        if len(raw) < _HEADER.size:
            raise BadMessage(f"a message of {len(raw)} bytes is shorter than its header")
        (length, kind, schema, created, sequence, flags, halves, digest, payload_type, size) = (
            _HEADER.unpack_from(raw)
        )
        if length != _HEADER_LENGTH:
            raise BadMessage(f"a header of {length} bytes; it has {_HEADER_LENGTH}")
        payload = bytes(raw[_HEADER.size :])
        if size != len(payload):
            raise BadMessage(f"a payload of {len(payload)} bytes is said to have {size}")
        if size and hashlib.sha256(payload).digest() != digest:
            raise BadMessage("the payload's digest is another one")
        try:
            name = kind.strip(b" \0").decode("ascii")
        except UnicodeDecodeError as error:
            raise BadMessage("the message's type is not ASCII") from error
        return cls(
            kind=name,
            payload=payload,
            payload_type=payload_type,
            sequence=sequence,
            flags=flags,
            id=uuid.UUID(bytes=_exchanged(halves)),
            created_ms=created,
            schema=schema,
        )


def acknowledgement(payload: bytes) -> Message:
    """The message that carries an acknowledgement."""
    return Message(ACKNOWLEDGE, payload, flags=_ACKNOWLEDGEMENT_FLAGS)


def _exchanged(halves: bytes) -> bytes:
    return halves[8:] + halves[:8]
