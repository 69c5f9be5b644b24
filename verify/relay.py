"""A server's bytes at another address, as somebody in the middle would offer them."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from contract import Endpoint
from verify.deadline import Deadline
from verify.reach import Address, address

_CHUNK = 65536


@contextmanager
def relayed(endpoint: Endpoint, deadline: Deadline) -> Iterator[Endpoint]:
    """An address of this machine that hands one connection on to ``endpoint``."""
    far = address(endpoint.host, endpoint.port)
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(deadline.wait())
        host, port = door.getsockname()
        thread = threading.Thread(target=_hand_on, args=(door, far, deadline), daemon=True)
        thread.start()
        try:
            yield endpoint.model_copy(update={"host": host, "port": port})
        finally:
            with contextlib.suppress(OSError):
                # Wakes an accept that nobody came to.
                socket.create_connection((host, port), timeout=1).close()
            thread.join(deadline.wait())


def _hand_on(door: socket.socket, there: Address, deadline: Deadline) -> None:
    # Whoever connects sees a broken connection, and says so.
    with contextlib.suppress(OSError):
        near, _ = door.accept()
        with near, socket.create_connection(there, deadline.wait()) as far:
            other = {near: far, far: near}
            while not deadline.expired:
                ready, _, _ = select.select([near, far], [], [], deadline.wait())
                for side in ready:
                    chunk = side.recv(_CHUNK)
                    if not chunk:
                        return
                    other[side].sendall(chunk)
