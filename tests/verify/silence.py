"""Servers that accept a connection and then say nothing, or not enough."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# The greeting of MySQL's protocol 10, offering TLS: what follows is the client's handshake.
_CAPABILITIES = 0x0008_FFFF
GREETING = (
    b"\x0a8.4.0\0"
    + (1).to_bytes(4, "little")
    + b"12345678\0"
    + (_CAPABILITIES & 0xFFFF).to_bytes(2, "little")
    + b"\x21\x02\x00"
    + (_CAPABILITIES >> 16).to_bytes(2, "little")
    + b"\x15"
    + b"\0" * 10
    + b"123456789012\0"
    + b"mysql_native_password\0"
)
MYSQL_UNTIL_TLS = len(GREETING).to_bytes(3, "little") + b"\0" + GREETING


@contextmanager
def silent_server(host: str, port: int, first_words: bytes = b"") -> Iterator[None]:
    """A server that sends ``first_words`` and keeps every connection open."""
    kept: list[socket.socket] = []
    with socket.create_server((host, port)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                kept.append(connection)
                connection.sendall(first_words)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in kept:
                connection.close()
