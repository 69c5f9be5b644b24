"""What a data channel's messages carry beside the bytes of connections: JSON, and flags."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.sessions.errors import BadMessage
from localcloud.sessions.messages import CHANNEL_CLOSED, Message

AGENT_VERSION = "3.3.0.0"
"""The agent whose behaviour is shown. Clients multiplex from 3.0.196.0 on."""
_MULTIPLEXES = (1, 1, 70)
_DONE = 1
_FLAG = struct.Struct(">I")


@dataclass(frozen=True)
class Opening:
    """The first thing a client says: text, not a message."""

    token: str
    client_version: str


def read_opening(text: str | bytes) -> Opening:
    """`BadMessage` when it is something else."""
    if isinstance(text, bytes):
        raise BadMessage("a binary message before the one that opens the channel")
    found = _object(text)
    token, version = found.get("TokenValue"), found.get("ClientVersion")
    if not isinstance(token, str) or not isinstance(version, str):
        raise BadMessage("the message that opens the channel lacks TokenValue or ClientVersion")
    return Opening(token, version)


def handshake_request(properties: Mapping[str, str]) -> bytes:
    """Asks the client to forward a port. Nothing is encrypted by KMS."""
    action = {
        "ActionType": "SessionType",
        "ActionParameters": {"SessionType": "Port", "Properties": dict(properties)},
    }
    return _bytes({"AgentVersion": AGENT_VERSION, "RequestedClientActions": [action]})


def multiplexes(response: bytes) -> bool:
    """Whether the client that answered so puts many connections into one session.

    Raises `BadMessage` when it cannot do what it was asked for.
    """
    found = _object(response)
    actions = found.get("ProcessedClientActions")
    for each in actions if isinstance(actions, list) else ():
        if not isinstance(each, dict) or each.get("ActionStatus") != _DONE:
            raise BadMessage(f"the client refused the handshake: {str(each)[:200]}")
    return _version(str(found.get("ClientVersion", ""))) >= _MULTIPLEXES


def handshake_complete(took_s: float) -> bytes:
    """Tells the client that it may begin."""
    return _bytes({"HandshakeTimeToComplete": int(took_s * 1e9), "CustomerMessage": ""})


def acknowledge(message: Message) -> bytes:
    """Says that ``message`` has come."""
    return _bytes(
        {
            "AcknowledgedMessageType": message.kind,
            "AcknowledgedMessageId": str(message.id),
            "AcknowledgedMessageSequenceNumber": message.sequence,
            "IsSequentialMessage": True,
        }
    )


def acknowledged(payload: bytes) -> int:
    """The sequence number of the message that has come."""
    number = _object(payload).get("AcknowledgedMessageSequenceNumber")
    if not isinstance(number, int):
        raise BadMessage("an acknowledgement without a sequence number")
    return number


def channel_closed(session: str, output: str) -> Message:
    """The last message. A client shows ``output`` where there is one."""
    message = Message(CHANNEL_CLOSED)
    payload = {
        "MessageId": str(message.id),
        "CreatedDate": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "DestinationId": "",
        "SessionId": session,
        "MessageType": CHANNEL_CLOSED,
        "SchemaVersion": 1,
        "Output": output,
    }
    return Message(CHANNEL_CLOSED, _bytes(payload), id=message.id)


def flag(number: int) -> bytes:
    """The payload of a flag."""
    return _FLAG.pack(number)


def read_flag(payload: bytes) -> int:
    """`BadMessage` when it is none."""
    if len(payload) != _FLAG.size:
        raise BadMessage(f"a flag of {len(payload)} bytes")
    (number,) = _FLAG.unpack(payload)
    return int(number)


def _version(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split("."))
    except ValueError:
        return ()


def _bytes(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts).encode()


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadMessage("JSON, and not an object")
    return found
