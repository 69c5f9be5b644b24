"""The agent's binary message, byte by byte, and what is none."""

from __future__ import annotations

import hashlib
import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.sessions import messages, payloads
from localcloud.sessions.errors import BadMessage
from localcloud.sessions.messages import Message

KINDS = st.sampled_from(
    [
        messages.INPUT,
        messages.OUTPUT,
        messages.ACKNOWLEDGE,
        messages.CHANNEL_CLOSED,
        messages.START_PUBLICATION,
        messages.PAUSE_PUBLICATION,
    ]
)
ANY = st.builds(
    Message,
    kind=KINDS,
    payload=st.binary(max_size=2000),
    payload_type=st.integers(0, 2**32 - 1),
    sequence=st.integers(-(2**63), 2**63 - 1),
    flags=st.integers(0, 2**64 - 1),
    id=st.uuids(),
    created_ms=st.integers(0, 2**64 - 1),
    schema=st.integers(0, 2**32 - 1),
)


@given(ANY)
def test_what_is_written_is_read(message: Message) -> None:
    assert Message.decode(message.encode()) == message


def test_every_field_has_its_place() -> None:
    raw = Message(
        "output_stream_data",
        b"SELECT 1",
        payload_type=1,
        sequence=7,
        flags=3,
        id=uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"),
        created_ms=0x0102030405060708,
    ).encode()
    assert raw[0:4] == (116).to_bytes(4, "big")
    assert raw[4:36] == b"output_stream_data" + b" " * 14
    assert raw[36:40] == (1).to_bytes(4, "big")
    assert raw[40:48] == bytes(range(1, 9))
    assert raw[48:56] == (7).to_bytes(8, "big")
    assert raw[56:64] == (3).to_bytes(8, "big")
    # The less significant half first.
    assert raw[64:80].hex() == "8899aabbccddeeff0011223344556677"
    assert raw[80:112] == hashlib.sha256(b"SELECT 1").digest()
    assert raw[112:116] == (1).to_bytes(4, "big")
    assert raw[116:120] == (8).to_bytes(4, "big")
    assert raw[120:] == b"SELECT 1"


def test_a_type_may_be_padded_by_zeros() -> None:
    raw = bytearray(Message(messages.ACKNOWLEDGE).encode())
    raw[4:36] = b"acknowledge".ljust(32, b"\0")
    assert Message.decode(bytes(raw)).kind == messages.ACKNOWLEDGE


@given(ANY.filter(lambda each: each.payload != b""), st.data())
def test_a_payload_that_was_changed_is_refused(message: Message, data: st.DataObject) -> None:
    raw = bytearray(message.encode())
    at = data.draw(st.integers(80, 111) | st.integers(120, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadMessage, match="digest"):
        Message.decode(bytes(raw))


@given(ANY, st.data())
def test_a_part_of_a_message_is_none(message: Message, data: st.DataObject) -> None:
    raw = message.encode()
    with pytest.raises(BadMessage):
        Message.decode(raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(st.binary(max_size=400))
def test_bytes_that_are_none_are_refused_in_words(raw: bytes) -> None:
    with pytest.raises(BadMessage):
        Message.decode(raw)


def test_a_client_before_1_1_70_has_one_connection_a_session() -> None:
    def answer(version: str, status: int = 1) -> bytes:
        action = {"ActionType": "SessionType", "ActionStatus": status}
        facts = {"ClientVersion": version, "ProcessedClientActions": [action]}
        return json.dumps(facts).encode()

    assert [payloads.multiplexes(answer(v)) for v in ("1.1.61.0", "1.1.70.0", "1.3.0.0")] == [
        False,
        True,
        True,
    ]
    assert payloads.multiplexes(answer("one")) is False
    with pytest.raises(BadMessage, match="refused the handshake"):
        payloads.multiplexes(answer("1.3.0.0", status=2))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"TokenValue": 1, "ClientVersion": "1"}', b"{}", "[" * 60000]
)
def test_what_does_not_open_a_channel(text: str | bytes) -> None:
    with pytest.raises(BadMessage):
        payloads.read_opening(text)


@given(st.integers(0, 2**32 - 1))
def test_a_flag(number: int) -> None:
    assert payloads.read_flag(payloads.flag(number)) == number
    with pytest.raises(BadMessage):
        payloads.read_flag(payloads.flag(number)[1:])
