"""Where clients open the data channels of their sessions: WebSockets on the loopback address."""

from __future__ import annotations

import errno
import http
import logging
import re
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from localcloud.errors import PortBusy
from localcloud.servers.facts import Address
from localcloud.sessions.errors import BadMessage
from localcloud.sessions.payloads import read_opening
from localcloud.sessions.registry import MOST, Sessions

if TYPE_CHECKING:
    from websockets.sync.server import Server, ServerConnection

log = logging.getLogger(__name__)
_wire = logging.getLogger(f"{__name__}.websockets")
# It would write every message, the token's among them.
_wire.setLevel(logging.WARNING)

PATH = "/v1/data-channel/"
_PATH = re.compile(re.escape(PATH) + r"([A-Za-z0-9_-]{1,96})(?:\?.*)?\Z")
_OPEN_S = 10.0
_LARGEST = 64 * 1024
_PING_S = 20.0
_UNSENT_MS = 30_000
_POLICY_VIOLATION = 1008
_TRY_LATER = 1013


class Listener:
    """A thread that accepts WebSockets at ``address``, and one a session beside it."""

    def __init__(self, address: Address, sessions: Sessions) -> None:
        self._address = address
        self._sessions = sessions
        self._room = threading.BoundedSemaphore(MOST)
        self._socket: socket.socket | None = None
        self._server: Server | None = None
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to accept; `PortBusy` when another program has the address."""
        try:
            self._socket = socket.create_server((self._address.host, self._address.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortBusy(self._address) from error
        self._thread = threading.Thread(target=self._accept, name="sessions", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Accept no more, and end every session."""
        if self._thread is None:
            return
        self._ready.wait(_OPEN_S)
        # Clients are told of the end of their sessions before their WebSockets are closed.
        self._sessions.close()
        if self._server is not None:
            self._server.shutdown()
        self._thread.join(_OPEN_S)
        self._sessions.close()

    def _accept(self) -> None:
        # Nobody waits for these modules: who knocks meanwhile is in the socket's queue.
        from websockets.sync.server import serve

        with serve(
            self._serve,
            sock=self._socket,
            compression=None,
            origins=[None],
            process_request=self._look,
            open_timeout=_OPEN_S,
            ping_interval=_PING_S,
            ping_timeout=_PING_S,
            close_timeout=2,
            max_size=_LARGEST,
            logger=_wire,
        ) as self._server:
            self._ready.set()
            self._server.serve_forever()

    def _look(self, client: ServerConnection, request: Any) -> Any:
        found = _PATH.match(request.path)
        if found is None or not self._sessions.known(found[1]):
            return client.respond(http.HTTPStatus.NOT_FOUND, "There is no such session.\n")
        return None

    def _serve(self, client: ServerConnection) -> None:
        if not self._room.acquire(blocking=False):
            client.close(_TRY_LATER, "too many data channels")
            return
        try:
            self._greet(client)
        finally:
            self._room.release()

    def _greet(self, client: ServerConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        # One that reads nothing must not hold up whoever sends to it.
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNSENT_MS)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert client.request is not None
        found = _PATH.match(client.request.path)
        assert found is not None
        try:
            opening = read_opening(client.recv(_OPEN_S))
        except (BadMessage, TimeoutError) as error:
            client.close(_POLICY_VIOLATION, str(error)[:100])
            return
        except ConnectionClosed:
            return
        log.info("%s: a client of version %s", found[1], opening.client_version)
        if not self._sessions.serve(found[1], opening.token, client):
            log.warning("%s: a token that is not this session's", found[1])
            with suppress(ConnectionClosed):
                client.close(_POLICY_VIOLATION, "the token is not this session's")
