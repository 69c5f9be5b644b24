"""Redis connections whose every wait has an end, and their errors as ours."""

from __future__ import annotations

import shlex
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from contract import Endpoint
from verify.aws import Credentials
from verify.contexts import CacheConnection
from verify.deadline import Deadline
from verify.errors import (
    DeadlineExceeded,
    NotTrusted,
    Refused,
    StepFailed,
    Unreachable,
    VerifyError,
)
from verify.login import log_in
from verify.reach import address
from verify.transcript import tell

_WRONG = "WRONGPASS"


class ReadOnly(Refused):
    """A replica refused a write."""


class Denied(Refused):
    """The server asked for a login, or did not accept it."""


class NoPermission(Refused):
    """The user that is logged in may not do this."""


class CrossSlot(Refused):
    """Keys of one command are of different slots."""


class Moved(Refused):
    """Another node of a cluster has the key's slot."""

    def __init__(self, said: str, slot: int, endpoint: Endpoint) -> None:
        super().__init__("MOVED", said)
        self.slot = slot
        self.endpoint = endpoint


class Session(Protocol):
    """What runs commands: one connection, or one a node of a cluster."""

    def run(self, command: str) -> Any:
        """The answer to one command, written as for redis-cli, nothing converted."""

    def ask(self, *words: str) -> Any:
        """As `run`, for a command already in words."""

    def close(self) -> None: ...


class Cache:
    """One connection. Every wait ends within ``seconds``."""

    def __init__(self, connection: Any, endpoint: Endpoint, seconds: float) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._seconds = seconds

    def run(self, command: str) -> Any:
        """The answer to one command, written as for redis-cli, nothing converted."""
        return self.ask(*shlex.split(command))

    def ask(self, *words: str) -> Any:
        """As `run`, for a command already in words."""
        try:
            self.send(*words)
            answer = self.receive()
        except VerifyError as meant:
            tell(shlex.join(words), meant)
            raise
        tell(shlex.join(words), answer)
        return answer

    def send(self, *words: str) -> None:
        """The first half of `ask`: other servers may be asked before its answer is awaited."""
        try:
            self._connection.send_command(*words)
        except (redis.RedisError, OSError) as error:
            raise _meaning(error, self._endpoint, self._seconds) from error

    def receive(self) -> Any:
        """The answer to what was sent."""
        try:
            return self._connection.read_response()
        except (redis.RedisError, OSError) as error:
            raise _meaning(error, self._endpoint, self._seconds) from error

    def ask_all(self, commands: Sequence[Sequence[str]]) -> list[Any]:
        """The answers to commands that go out together; the first error among them is raised."""
        try:
            self._connection.send_packed_command(self._connection.pack_commands(commands))
            answers = [self._answer() for _ in commands]
        except (redis.RedisError, OSError) as error:
            raise _meaning(error, self._endpoint, self._seconds) from error
        for answer in answers:
            if isinstance(answer, redis.ResponseError):
                raise _meaning(answer, self._endpoint, self._seconds) from answer
        return answers

    def _answer(self) -> Any:
        try:
            return self._connection.read_response()
        except redis.ResponseError as error:
            # Those of the other commands are still to be read.
            return error

    def close(self) -> None:
        self._connection.disconnect()


class _Plain(Connection):
    """The driver's own, which connects where its host is reached."""

    def _connect(self) -> Any:
        named = self.host, self.port
        self.host, self.port = address(*named)
        try:
            return super()._connect()  # type: ignore[no-untyped-call]
        finally:
            self.host, self.port = named


class _Encrypted(CacheConnection, _Plain):
    """The same, and TLS for the host's name over it."""


@contextmanager
def connect(
    endpoint: Endpoint,
    login: Credentials | None,
    deadline: Deadline,
    *,
    tls: bool,
    ca: str | None,
) -> Iterator[Cache]:
    """A connection that has answered a PING; ``ca`` ``None`` trusts the system's CAs.

    Raises `Unreachable`, `NotTrusted` or `Denied`.
    """
    cache = open_connection(endpoint, login, deadline, tls=tls, ca=ca)
    try:
        yield cache
    finally:
        cache.close()


def open_connection(
    endpoint: Endpoint, login: Credentials | None, deadline: Deadline, *, tls: bool, ca: str | None
) -> Cache:
    """As `connect`, for a connection that outlives a block."""
    seconds = deadline.wait()
    trust: dict[str, Any] = (
        {"ssl_ca_certs": ca, "ssl_cert_reqs": "required", "ssl_check_hostname": True} if tls else {}
    )

    def attempt(login: Credentials | None) -> Cache:
        connection = (_Encrypted if tls else _Plain)(
            host=endpoint.host,
            port=endpoint.port,
            username=login.user if login else None,
            password=login.password if login else None,
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            decode_responses=True,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            **trust,
        )
        cache = Cache(connection, endpoint, seconds)
        try:
            cache.run("PING")
        except DeadlineExceeded as error:
            cache.close()
            raise Unreachable(str(error)) from error
        except BaseException:
            cache.close()
            raise
        return cache

    return log_in(login, frozenset({_WRONG}), attempt) if login else attempt(None)


def _meaning(error: Exception, endpoint: Endpoint, seconds: float) -> VerifyError:
    where = f"{endpoint.host}:{endpoint.port}"
    text = str(error).strip().rstrip(".")
    causes = (error, error.__cause__, error.__context__)
    distrust = next((c for c in causes if isinstance(c, ssl.SSLCertVerificationError)), None)
    if distrust is not None or "CERTIFICATE_VERIFY_FAILED" in text:
        reason = distrust.verify_message if distrust else text
        return NotTrusted(f"the certificate of {where} is not trusted: {reason}")
    if isinstance(error, redis.ReadOnlyError):
        return ReadOnly("READONLY", text)
    if isinstance(error, redis.exceptions.NoPermissionError):
        return NoPermission("NOPERM", text)
    if isinstance(error, redis.exceptions.MovedError):
        # No host: the one that was asked, at another port.
        there = Endpoint(role="node", host=error.host or endpoint.host, port=error.port)
        return Moved(f"slot {error.slot_id} is at {there.host}:{there.port}", error.slot_id, there)
    if isinstance(error, redis.exceptions.ClusterCrossSlotError):
        return CrossSlot("CROSSSLOT", text)
    if isinstance(error, redis.AuthenticationError) or (
        isinstance(error, redis.ResponseError) and text.startswith(("NOAUTH", "WRONGPASS"))
    ):
        return Denied("NOAUTH" if "required" in text.lower() else _WRONG, text)
    if isinstance(error, redis.ResponseError):
        return StepFailed(f"{where} answered: {text}")
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return DeadlineExceeded(f"{where} gives no answer within {round(seconds, 1):g} s")
    return Unreachable(f"{where} cannot be reached: {text}")
