"""Memcached connections whose every wait has an end, auto discovery, and errors as ours."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymemcache.client.base import Client
from pymemcache.client.hash import HashClient
from pymemcache.exceptions import MemcacheError, MemcacheUnexpectedCloseError

from contract import Endpoint
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, NotTrusted, StepFailed, Unreachable, VerifyError
from verify.reach import Sockets

_END_OF_CONFIGURATION = b"\n\r\nEND\r\n"


@dataclass(frozen=True)
class Trust:
    """Whether to speak TLS, and whom to believe; ``ca`` ``None`` trusts the system's CAs."""

    tls: bool
    ca: str | None

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.ca) if self.tls else None


class Node:
    """One connection to one address, opened by the first question."""

    def __init__(self, endpoint: Endpoint, trust: Trust, deadline: Deadline) -> None:
        self._seconds = deadline.wait()
        self._where = f"{endpoint.host}:{endpoint.port}"
        self._client = Client(
            (endpoint.host, endpoint.port),
            connect_timeout=self._seconds,
            timeout=self._seconds,
            default_noreply=False,
            tls_context=trust.context(),
            socket_module=Sockets(socket),
        )

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def version(self) -> str:
        with _translated(self._where, self._seconds):
            return str(self._client.version().decode())

    def held(self, keys: Sequence[str]) -> dict[str, str]:
        """Those of ``keys`` that this very node has, with their values."""
        with _translated(self._where, self._seconds):
            return {key: value.decode() for key, value in self._client.get_many(keys).items()}

    def drop(self, keys: Sequence[str]) -> None:
        with _translated(self._where, self._seconds):
            self._client.delete_many(keys)

    def items(self) -> int:
        """How many items the node has, as its own statistics say."""
        with _translated(self._where, self._seconds):
            return int(self._client.stats()[b"curr_items"])

    def nodes(self) -> list[Endpoint]:
        """What the cluster says its nodes are (``config get cluster``).

        Raises `StepFailed` when the answer is not what ElastiCache's clients understand.
        """
        with _translated(self._where, self._seconds):
            answer = self._client.raw_command(b"config get cluster", _END_OF_CONFIGURATION)
        return _nodes(bytes(answer))


def _nodes(answer: bytes) -> list[Endpoint]:
    # CONFIG cluster 0 LENGTH, the version of the list, the list: name|address|port by spaces.
    lines = answer.decode("ascii", "replace").splitlines()
    try:
        head, version, listed = lines
        if not head.startswith("CONFIG cluster ") or not version.isdigit():
            raise ValueError
        found = []
        for entry in listed.split():
            name, address, port = entry.split("|")
            # Certificates are for names; without DNS there is the address only.
            found.append(Endpoint(role="node", host=name or address, port=int(port)))
    except ValueError:
        raise StepFailed(f"'config get cluster' is answered by {answer[:200]!r}") from None
    return found


class Cluster:
    """All nodes as one: each key on the node that its hash chooses, as an application has it."""

    def __init__(self, nodes: Sequence[Endpoint], trust: Trust, deadline: Deadline) -> None:
        self._seconds = deadline.wait()
        self._where = ", ".join(f"{node.host}:{node.port}" for node in nodes)
        self._client = HashClient(
            [(node.host, node.port) for node in nodes],
            connect_timeout=self._seconds,
            timeout=self._seconds,
            default_noreply=False,
            tls_context=trust.context(),
            socket_module=Sockets(socket),
            # A node that fails is to be seen, not worked around by asking the next one.
            retry_attempts=0,
        )

    def close(self) -> None:
        self._client.close()

    def set(self, key: str, value: str, *, seconds: int = 0) -> None:
        """Store a value, for ``seconds`` or until it is evicted."""
        self._stored(key, self._ask("set", key, value, expire=seconds))

    def get(self, key: str) -> str | None:
        found = self._ask("get", key)
        return None if found is None else str(found.decode())

    def gets(self, key: str) -> tuple[str, bytes]:
        """A value and the token that says which state of it this is."""
        found, token = self._ask("gets", key)
        if found is None:
            raise StepFailed(f"{key} is not there")
        return found.decode(), token

    def cas(self, key: str, value: str, token: bytes) -> bool:
        """Store a value if the key is still in the state of ``token``; whether it was."""
        answer = self._ask("cas", key, value, token)
        if answer is None:
            raise StepFailed(f"{key} is not there")
        return bool(answer)

    def count(self, key: str, by: int) -> int:
        """Add ``by``, which may be negative, to a number; the new one."""
        found = self._ask("incr", key, by) if by >= 0 else self._ask("decr", key, -by)
        if found is None:
            raise StepFailed(f"{key} is not there")
        return int(found)

    def delete(self, key: str) -> bool:
        """Whether the key was there."""
        return bool(self._ask("delete", key))

    def _ask(self, command: str, *words: Any, **options: Any) -> Any:
        with _translated(self._where, self._seconds):
            return getattr(self._client, command)(*words, **options)

    def _stored(self, key: str, stored: object) -> None:
        if stored is not True:
            raise StepFailed(f"{key} was not stored")


@contextmanager
def _translated(where: str, seconds: float) -> Iterator[None]:
    try:
        yield
    except (MemcacheError, OSError) as error:
        raise _meaning(error, where, seconds) from error


def _meaning(error: Exception, where: str, seconds: float) -> VerifyError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotTrusted(f"the certificate of {where} is not trusted: {error.verify_message}")
    if isinstance(error, TimeoutError):
        return DeadlineExceeded(f"{where} gives no answer within {round(seconds, 1):g} s")
    if isinstance(error, MemcacheUnexpectedCloseError):
        return Unreachable(f"{where} closed the connection")
    if isinstance(error, OSError):
        return Unreachable(f"{where} cannot be reached: {error}")
    return StepFailed(f"{where} answered: {error or type(error).__name__}")
