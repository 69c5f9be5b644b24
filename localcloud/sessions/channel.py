"""The data channel of one session: a client's WebSocket at one end, a database at the other.

The WebSocket's own thread takes what the client says; a second one has the connections and tells
the client. A client whose WebSocket broke may come back with a new token and goes on.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Protocol

from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

from localcloud.servers.facts import Address
from localcloud.sessions import messages, payloads
from localcloud.sessions.carriers import Bytes, Carrier, Event, Multiplexed, Opened, Single
from localcloud.sessions.connections import Arrived, Connections, Ended
from localcloud.sessions.delivery import AGAIN_S, Incoming, Outgoing
from localcloud.sessions.errors import BadMessage, SessionFailed
from localcloud.sessions.messages import Message

log = logging.getLogger(__name__)

IDLE_S = 20 * 60.0
"""After so long without a byte AWS ends a session."""
_HANDSHAKE_S = 15.0
_RETURN_S = 20.0
"""How long a client whose WebSocket broke may stay away."""
_PAYLOAD = 1024
"""Bytes in one message of AWS's agent."""
_MOST_WAITING = 256
_MOST_PENDING = 4 * 1024 * 1024
"""What may wait for slow servers, which is smux's measure, too."""
_STUCK_S = 60.0
_CHECK_S = 1.0


class Socket(Protocol):
    """A WebSocket, as far as it is used here."""

    def recv(self, timeout: float | None = None) -> str | bytes: ...

    def send(self, message: bytes) -> None: ...

    def close(self, code: int = 1000, reason: str = "") -> None: ...


class Channel:
    """From a client's first WebSocket to the session's end."""

    def __init__(
        self,
        session: str,
        properties: Mapping[str, str],
        where: Callable[[], Address | None],
        ended: Callable[[], None],
    ) -> None:
        """``where`` says what may be connected to; ``ended`` is called once, by any thread."""
        self._session, self._properties, self._ended = session, properties, ended
        self._incoming = Incoming()
        self._outgoing = Outgoing(self._send)
        self._connections = Connections(where)
        self._waiting: queue.Queue[Message] = queue.Queue(_MOST_WAITING)
        self._carrier: Carrier | None = None
        self._socket: Socket | None = None
        self._answered: Socket | None = None
        self._paused = False
        self._why: str | None = None
        self._began = self._heard = time.monotonic()
        self._left: float | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"session {session}", daemon=True)

    def serve(self, socket: Socket) -> None:
        """Hear a client that has shown its token, until it goes or the session ends."""
        with self._lock:
            before, self._socket, self._left = self._socket, socket, None
            first = self._thread.ident is None
            if first:
                self._thread.start()
        if before is not None:
            before.close(1001, "the client has come back")
        if first:
            request = payloads.handshake_request(self._properties)
            self._outgoing.put(messages.HANDSHAKE_REQUEST, request)
        else:
            self._outgoing.again(whatever=True)
        try:
            while self._why is None:
                with suppress(TimeoutError):
                    self._hear(socket.recv(_CHECK_S))
        except ConnectionClosedOK:
            if self._socket is socket:
                self.end("")
        except ConnectionClosed as broken:
            log.info("%s: the client's WebSocket broke: %s", self._session, broken)
        except SessionFailed as error:
            log.warning("%s: %s", self._session, error)
            self.end(str(error))
        finally:
            with self._lock:
                if self._socket is socket and self._why is None:
                    self._socket, self._left = None, time.monotonic()
        self.join()

    def end(self, why: str) -> None:
        """End the session; the client shows ``why`` if that says something."""
        with self._lock:
            if self._why is None:
                self._why = why
        self._connections.wake()

    def join(self, wait_s: float = 5.0) -> None:
        """Wait for the end of a session that was told to end."""
        if self._why is not None and self._thread.ident is not None:
            self._thread.join(wait_s)

    def _send(self, raw: bytes) -> None:
        socket = self._socket
        if socket is not None:
            # What a broken WebSocket loses is sent again to the client that comes back.
            with suppress(ConnectionClosed):
                socket.send(raw)

    # What the client says, in the thread of its WebSocket.

    def _hear(self, raw: str | bytes) -> None:
        if isinstance(raw, str):
            raise BadMessage("a text where a message was expected")
        message = Message.decode(raw)
        self._heard = time.monotonic()
        match message.kind:
            case messages.INPUT:
                acknowledge, ready = self._incoming.take(message)
                if acknowledge:
                    self._acknowledge(message)
                for each in ready:
                    self._take(each)
            case messages.ACKNOWLEDGE:
                full = self._outgoing.full
                self._outgoing.acknowledge(payloads.acknowledged(message.payload))
                if full:
                    self._connections.wake()
            case messages.PAUSE_PUBLICATION | messages.START_PUBLICATION:
                self._paused = message.kind == messages.PAUSE_PUBLICATION
                self._connections.wake()
            case messages.CHANNEL_CLOSED:
                self.end("")
            case _:
                raise BadMessage(f"no message of a client: {message.kind}")

    def _acknowledge(self, message: Message) -> None:
        # session-manager-plugin never hears again after a message that comes between the
        # handshake's end and its own readiness: before the end, then, and once a WebSocket.
        if message.payload_type == messages.HANDSHAKE_RESPONSE:
            if self._answered is self._socket:
                return
            self._answered = self._socket
        self._send(messages.acknowledgement(payloads.acknowledge(message)).encode())

    def _take(self, message: Message) -> None:
        end = time.monotonic() + _STUCK_S
        while self._why is None:
            try:
                self._waiting.put(message, timeout=0.2)
            except queue.Full:
                if time.monotonic() > end:
                    raise SessionFailed("the server takes no more of what was sent") from None
            else:
                break
        self._connections.wake()

    # What becomes of it, in the session's own thread.

    def _run(self) -> None:
        try:
            while self._why is None:
                self._check()
                wait_s = _CHECK_S if self._outgoing.idle else AGAIN_S / 2
                reading = not (self._outgoing.full or self._paused)
                for each in self._connections.poll(wait_s, reading=reading):
                    self._tell(each)
                self._work()
                if self._left is None:
                    self._outgoing.again()
        except SessionFailed as error:
            log.warning("%s: %s", self._session, error)
            self.end(str(error))
        except Exception:
            log.exception("%s: a defect of the local cloud", self._session)
            self.end("a defect of the local cloud; see daemon.log")
        finally:
            self._connections.close()
            self._part()

    def _check(self) -> None:
        now = time.monotonic()
        if self._carrier is None and now - self._began > _HANDSHAKE_S:
            raise SessionFailed("the client did not answer the handshake in time")
        if self._left is not None and now - self._left > _RETURN_S:
            raise SessionFailed("the client did not come back")
        if now - self._heard > IDLE_S:
            raise SessionFailed("nothing was sent for 20 minutes")

    def _work(self) -> None:
        while self._connections.pending < _MOST_PENDING:
            try:
                message = self._waiting.get_nowait()
            except queue.Empty:
                return
            match message.payload_type:
                case messages.HANDSHAKE_RESPONSE:
                    self._shake(message.payload)
                case messages.FLAG:
                    self._heed(payloads.read_flag(message.payload))
                case messages.DATA if self._carrier is not None:
                    self._do(self._carrier.read(message.payload))
                case _:
                    log.debug(
                        "%s: ignored a payload of type %d", self._session, message.payload_type
                    )

    def _shake(self, response: bytes) -> None:
        if self._carrier is not None:
            raise BadMessage("a second answer to the handshake")
        self._carrier = Multiplexed() if payloads.multiplexes(response) else Single()
        took_s = time.monotonic() - self._began
        self._outgoing.put(messages.HANDSHAKE_COMPLETE, payloads.handshake_complete(took_s))
        self._do(self._carrier.begin())

    def _heed(self, flag: int) -> None:
        if flag == messages.TERMINATE_SESSION:
            self.end("")
        elif flag == messages.DISCONNECT_TO_PORT and self._carrier is not None:
            self._do(self._carrier.disconnected())

    def _do(self, events: Iterator[Event]) -> None:
        assert self._carrier is not None
        for event in events:
            if isinstance(event, Opened):
                self._connections.open(event.stream)
            elif isinstance(event, Bytes):
                self._connections.write(event.stream, event.data)
            else:
                self._connections.finish(event.stream)
                self._put(self._carrier.closed(event.stream))

    def _tell(self, what: Arrived | Ended) -> None:
        assert self._carrier is not None
        if isinstance(what, Arrived):
            self._put(self._carrier.data(what.stream, what.data))
            return
        if what.refused and isinstance(self._carrier, Single):
            raise SessionFailed("no connection to the port")
        if what.refused:
            flag = payloads.flag(messages.CONNECT_TO_PORT_ERROR)
            self._outgoing.put(messages.FLAG, flag)
        self._put(self._carrier.closed(what.stream))

    def _put(self, data: bytes) -> None:
        for at in range(0, len(data), _PAYLOAD):
            self._outgoing.put(messages.DATA, data[at : at + _PAYLOAD])

    def _part(self) -> None:
        self._ended()
        self._send(payloads.channel_closed(self._session, self._why or "").encode())
        with self._lock:
            socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()
        log.info("%s has ended: %s", self._session, self._why or "it was told to")
