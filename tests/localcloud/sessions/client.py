"""A client of a session's data channel, as small as one can be: what session-manager-plugin does.

It acknowledges what it hears unless a test wants it deaf, and hands out connections as objects.
"""

from __future__ import annotations

import json
import queue
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from localcloud.sessions import messages, payloads
from localcloud.sessions.frames import FIN, PSH, SYN, Frame, Frames, data_frames
from localcloud.sessions.messages import Message

WAIT_S = 20.0
"""Not a measure of anything: how long a busy machine may take."""
MULTIPLEXES = "1.2.707.0"
DOES_NOT = "1.1.61.0"


def open_socket(url: str, token: str, version: str = MULTIPLEXES) -> ClientConnection:
    """A WebSocket over which the token has been shown."""
    made = connect(url, compression=None, open_timeout=WAIT_S, close_timeout=1, proxy=None)
    opening = {
        "MessageSchemaVersion": "1.0",
        "RequestId": str(uuid.uuid4()),
        "TokenValue": token,
        "ClientId": str(uuid.uuid4()),
        "ClientVersion": version,
    }
    made.send(json.dumps(opening))
    return made


class Connection:
    """One connection through the session."""

    def __init__(self, client: Client, stream: int) -> None:
        self._client, self._stream = client, stream
        self._arrived: queue.Queue[bytes] = queue.Queue()

    def send(self, data: bytes) -> None:
        self._client.carry(data_frames(self._stream, data))

    def receive(self, wait_s: float = WAIT_S) -> bytes:
        """What comes next; nothing means the end. `queue.Empty` when nothing comes."""
        return self._arrived.get(timeout=wait_s)

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes."""
        found = b""
        while len(found) < size:
            piece = self.receive()
            assert piece, f"the connection ended after {len(found)} bytes"
            found += piece
        assert len(found) == size
        return found

    def close(self) -> None:
        self._client.carry(Frame(FIN, self._stream).encode())

    def arrive(self, data: bytes) -> None:
        self._arrived.put(data)


class Client:
    """The near end of a session."""

    def __init__(self, url: str, token: str, version: str = MULTIPLEXES) -> None:
        self.url, self.version = url, version
        self.flags: queue.Queue[int] = queue.Queue()
        self.shaken = threading.Event()
        self.request: dict[str, Any] = {}
        self.said = b""
        """The answer to the handshake's request."""
        self.closed: dict[str, Any] | None = None
        """What the message said that closed the channel."""
        self.deaf = 0
        """So many messages of data are not heard, and not acknowledged."""
        self.times = 1
        """How often each message is sent: a client that hears no acknowledgement repeats it."""
        self.heard: list[int] = []
        self.order: list[tuple[str, int]] = []
        """Each message's kind and type of payload, as they came."""
        self.acknowledged: list[int] = []
        self._sequence = self._expected = 0
        self._early: dict[int, Message] = {}
        self._frames = Frames()
        self._streams: dict[int, Connection] = {}
        self._only = Connection(self, 0)
        self._lock = threading.Lock()
        self._begin(token)

    def _begin(self, token: str) -> None:
        self._socket = open_socket(self.url, token, self.version)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def open(self) -> Connection:
        """A new connection; the only one of a client that does not multiplex."""
        assert self.shaken.wait(WAIT_S)
        if self.version == DOES_NOT:
            return self._only
        made = Connection(self, 2 * len(self._streams) + 3)
        self._streams[made._stream] = made
        self.carry(Frame(SYN, made._stream).encode())
        return made

    def carry(self, data: bytes) -> None:
        """Send bytes of connections, 1024 a message."""
        if self.version == DOES_NOT:
            frames = list(Frames().feed(data))
            data = b"".join(each.data for each in frames)
        for at in range(0, len(data), 1024):
            self.say(messages.DATA, data[at : at + 1024])

    def say(self, payload_type: int, payload: bytes) -> None:
        """The next message of the stream."""
        with self._lock:
            raw = Message(messages.INPUT, payload, payload_type, self._sequence).encode()
            self._sequence += 1
            # One that is lost would be sent again; here a test says when.
            for _ in range(self.times):
                with suppress(ConnectionClosed):
                    self._socket.send(raw)

    def send(self, raw: bytes) -> None:
        """Whatever a test likes."""
        self._socket.send(raw)

    def flag(self, number: int) -> None:
        self.say(messages.FLAG, payloads.flag(number))

    def break_off(self) -> None:
        """Lose the WebSocket without a word."""
        self._socket.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    def come_back(self, token: str) -> None:
        self._begin(token)

    def close(self) -> None:
        self._socket.close()
        self._thread.join(WAIT_S)

    def wait_closed(self) -> str:
        """The channel's end, and what the client would show."""
        self._thread.join(WAIT_S)
        assert self.closed is not None, "the channel is open"
        return str(self.closed["Output"])

    def _listen(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                raw = self._socket.recv()
                assert isinstance(raw, bytes)
                self._hear(Message.decode(raw))
        for each in (*self._streams.values(), self._only):
            if self.closed is not None:
                each.arrive(b"")

    def _hear(self, message: Message) -> None:
        self.order.append((message.kind, message.payload_type))
        if message.kind == messages.ACKNOWLEDGE:
            self.acknowledged.append(payloads.acknowledged(message.payload))
        elif message.kind == messages.CHANNEL_CLOSED:
            self.closed = json.loads(message.payload)
        else:
            assert message.kind == messages.OUTPUT
            self._take(message)

    def _take(self, message: Message) -> None:
        if message.payload_type == messages.DATA and self.deaf:
            self.deaf -= 1
            return
        self.heard.append(message.sequence)
        self._early[message.sequence] = message
        while (each := self._early.pop(self._expected, None)) is not None:
            self._expected += 1
            self._do(each)
        self.acknowledge(message)

    def acknowledge(self, message: Message) -> None:
        with suppress(ConnectionClosed):
            said = payloads.acknowledge(message)
            self._socket.send(messages.acknowledgement(said).encode())

    def _do(self, message: Message) -> None:
        match message.payload_type:
            case messages.HANDSHAKE_REQUEST:
                self.request = json.loads(message.payload)
                self.answer()
            case messages.HANDSHAKE_COMPLETE:
                self.shaken.set()
            case messages.FLAG:
                self.flags.put(payloads.read_flag(message.payload))
            case messages.DATA if self.version == DOES_NOT:
                self._only.arrive(message.payload)
            case _:
                for frame in self._frames.feed(message.payload):
                    assert frame.command in (PSH, FIN)
                    self._streams[frame.stream].arrive(frame.data)

    def answer(self) -> None:
        """To the handshake's request."""
        done = [
            {"ActionType": each["ActionType"], "ActionStatus": 1, "ActionResult": None, "Error": ""}
            for each in self.request["RequestedClientActions"]
        ]
        said = {"ClientVersion": self.version, "ProcessedClientActions": done, "Errors": None}
        self.said = json.dumps(said).encode()
        self.say(messages.HANDSHAKE_RESPONSE, self.said)


@contextmanager
def forwarded(client: Client) -> Iterator[tuple[str, int]]:
    """A port of this machine whose connections go through the session, for real drivers."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_accept, args=(door, client), daemon=True).start()
        host, port = door.getsockname()
        yield host, port
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)


def _accept(door: socket.socket, client: Client) -> None:
    while True:
        try:
            near, _ = door.accept()
        except OSError:
            return
        far = client.open()
        for work in (_outward, _homeward):
            threading.Thread(target=work, args=(near, far), daemon=True).start()


def _outward(near: socket.socket, far: Connection) -> None:
    with suppress(OSError):
        while chunk := near.recv(65536):
            far.send(chunk)
    far.close()


def _homeward(near: socket.socket, far: Connection) -> None:
    with near, suppress(OSError, queue.Empty):
        while chunk := far.receive(120):
            near.sendall(chunk)
        near.shutdown(socket.SHUT_RDWR)
