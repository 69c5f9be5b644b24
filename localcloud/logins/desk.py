"""Where servers ask whether a login is good: a listener on loopback that answers LDAP's binds."""

from __future__ import annotations

import errno
import logging
import socketserver
import threading
from collections.abc import Callable
from typing import BinaryIO, cast

from localcloud.errors import PortBusy
from localcloud.logins.binds import NoBind, answer, read_bind
from localcloud.servers.facts import Address

log = logging.getLogger(__name__)

Decide = Callable[[str, str, str], str | None]
"""Of a server's name, a user and a secret: why not, or ``None``."""
_WAIT_S = 10.0
_POLL_S = 0.02


class Desk:
    """A thread that answers at ``address``; while it is closed nobody gets in by a token."""

    def __init__(self, address: Address, decide: Decide) -> None:
        self._address = address
        self._decide = decide
        self._server: socketserver.ThreadingTCPServer | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to answer; `PortBusy` when another program has the address."""
        desk = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = _WAIT_S

            def handle(self) -> None:
                desk._serve(cast(BinaryIO, self.rfile), self.wfile.write)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        try:
            self._server = Server((self._address.host, self._address.port), Handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortBusy(self._address) from error
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(_POLL_S,), name="logins", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join(_WAIT_S)
            self._server.server_close()

    def _serve(self, stream: BinaryIO, send: Callable[[bytes], object]) -> None:
        try:
            while True:
                bind = read_bind(stream)
                server, _, user = bind.name.partition("/")
                refused = self._decide(server, user, bind.secret)
                log.info("%s at %s: %s", user, server, refused or "let in")
                send(answer(bind, refused))
        except (NoBind, OSError) as reason:
            log.debug("a server asked no more: %s", reason)
