"""What a session may be led to: a database of its region, and nothing else of this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from localcloud.sessions.registry import Target

_SOCKETS = Path("/proc/self/net/tcp")
_LISTENS = "0A"


class Reach:
    """Whether a database listens there, as a client host of its region would find."""

    def __init__(self, region_of: Callable[[str], str | None]) -> None:
        """``region_of`` says to whose region an address belongs, if a database has it."""
        self._region_of = region_of

    def __call__(self, target: Target) -> bool:
        if not target.host or self._region_of(target.host) != target.region:
            return False
        return _listens(target.host, target.port)


def _listens(host: str, port: int) -> bool:
    # At that very address: a program that listens at all of them is not one of ours.
    number = int.from_bytes(socket.inet_aton(host), "little")
    wanted = [f"{number:08X}:{port:04X}", _LISTENS]
    with _SOCKETS.open() as rows:
        return any([each[1], each[3]] == wanted for each in map(str.split, rows))
