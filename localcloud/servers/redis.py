"""One Redis server: its configuration and users, its process, its administrator's connection."""

from __future__ import annotations

import logging
import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from localcloud.errors import ServerFailed
from localcloud.launch import Launch, tail
from localcloud.programs import program, valkey
from localcloud.servers.facts import Address
from localcloud.servers.heartbeat import Heartbeat
from localcloud.servers.machine import Machine, own, service_user
from localcloud.servers.redis_cluster import cluster_lines
from localcloud.servers.redis_users import ADMINISTRATOR, DEFAULT, AclUser, acl_file, complete

log = logging.getLogger(__name__)

PORT = 6379
READY_S = 20.0
_ANSWER_S = 5.0
_POLL_S = 0.005
_PARAMETER = re.compile(r"[a-z][a-z0-9-]*\Z")
_OURS = frozenset(
    {
        "aclfile", "appendonly", "bind", "cluster-allow-replica-migration", "cluster-announce-ip",
        "cluster-config-file", "cluster-enabled", "cluster-node-timeout",
        "cluster-replica-no-failover", "dir", "masterauth", "masteruser", "maxmemory", "port",
        "replicaof", "requirepass", "tls-cluster", "tls-port", "unixsocket",
    }
)  # fmt: skip
_ONLY_AWS = frozenset({"reserved-memory", "reserved-memory-percent", "rename-commands"})


class RedisFailed(ServerFailed):
    """A command of the administrator's was refused, or its connection broke."""


@dataclass(frozen=True)
class Settings:
    """How a server of an ``engine`` (redis or valkey) is started.

    ``source`` is the primary of a replica, unless it is ``clustered``: then the cluster says.
    """

    engine: str
    users: Sequence[AclUser]
    tls: bool
    source: Address | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    clustered: bool = False


class Redis:
    """A server at ``host``; its certificate names ``also_at``, too."""

    def __init__(
        self, machine: Machine, name: str, identifier: str, host: str, also_at: Sequence[str]
    ) -> None:
        self._machine = machine
        self.name = f"redis.{name}"
        self.identifier = identifier
        self.address = Address(host, PORT)
        self._also_at = tuple(also_at)
        self._folder = machine.folder(self.name)
        self._user = service_user("redis")
        self._password = machine.replication_password()

    @property
    def _socket(self) -> Path:
        return self._machine.site.run_dir / self.address.host / "redis.sock"

    @property
    def _acl_file(self) -> Path:
        return self._folder / "users.acl"

    @property
    def heartbeat(self) -> Heartbeat:
        # "Who are you?" is an answer, too.
        return Heartbeat(self._socket, self.address, b"PING\r\n")

    @property
    def _log(self) -> Path:
        return self._folder / "redis.log"

    @property
    def alive(self) -> bool:
        return self._machine.supervisor.running(self.name) is not None

    def start(self, settings: Settings) -> None:
        """Start the server with its data, if it has any, and wait until it answers.

        Raises `ServerFailed` with the end of its log, `MissingPackage`.
        """
        data = self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o700)
        own(data, self._user)
        tls = self._machine.authority.issue(
            self._folder / "tls", [self.address.host, *self._also_at]
        )
        own(tls.key, self._user)
        self._machine.sockets(self.address.host, self._user)
        lines = {
            "bind": self.address.host,
            "unixsocket": self._socket,
            "unixsocketperm": "700",
            "dir": data,
            # Otherwise the arguments by which we know our own processes vanish.
            "set-proc-title": "no",
            # In the kernel's hands after each command: survives a SIGKILL, not a power cut.
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "repl-diskless-sync-delay": "0",
            "replica-serve-stale-data": "yes",
            "aclfile": self._acl_file,
            "masteruser": ADMINISTRATOR,
            "masterauth": self._password,
            **(cluster_lines(self.address.host, settings.tls) if settings.clustered else {}),
            **_parameters(settings.parameters),
            **self._ports(settings, tls.certificate, tls.key, tls.ca),
        }
        if settings.source is not None:
            lines["replicaof"] = f"{settings.source.host} {settings.source.port}"
        config = self._folder / "redis.conf"
        self._write(config, "".join(f"{name} {value}\n" for name, value in lines.items()))
        self._write(self._acl_file, acl_file(complete(settings.users, self._password)))
        server = valkey() if settings.engine == "valkey" else program("redis-server")
        argv = (server, str(config))
        self._machine.supervisor.start(Launch(self.name, argv, self._log, self._user))
        self._wait()

    def _ports(self, settings: Settings, certificate: Path, key: Path, ca: Path) -> dict[str, Any]:
        if not settings.tls:
            return {"port": PORT}
        return {
            "port": 0,
            "tls-port": PORT,
            "tls-cert-file": certificate,
            "tls-key-file": key,
            "tls-ca-cert-file": ca,
            "tls-auth-clients": "no",
            "tls-replication": "yes",
        }

    def _write(self, file: Path, content: str) -> None:
        file.touch(mode=0o600)
        file.write_text(content)
        own(file, self._user)

    def _wait(self) -> None:
        end = time.monotonic() + READY_S
        while True:
            try:
                if self.command("INFO", "persistence")["loading"] == 0:
                    return
            except RedisFailed as error:
                if not self.alive or time.monotonic() > end:
                    raise ServerFailed(
                        f"{self.identifier} did not start; the end of {self._log}:\n"
                        f"{tail(self._log)}"
                    ) from error
            time.sleep(_POLL_S)

    def adopt(self) -> bool:
        """Whether the process is there, perhaps an earlier daemon's, and answers."""
        if not self.alive:
            return False
        try:
            self.command("PING")
        except RedisFailed:
            return False
        return True

    def client(self, wait_s: float = _ANSWER_S) -> redis.Redis:
        """The administrator's, by the socket; the caller closes it."""
        return redis.Redis(
            unix_socket_path=str(self._socket),
            username=ADMINISTRATOR,
            password=self._password,
            socket_timeout=wait_s,
            # redis-py would try again for seconds, while a dead server waits to be replaced.
            retry=Retry(NoBackoff(), 0),
        )

    def command(self, *words: object) -> Any:
        """One command by the socket; `RedisFailed` when it is refused or nobody answers."""
        client = self.client()
        try:
            return client.execute_command(*words)  # type: ignore[no-untyped-call]
        except (redis.RedisError, OSError) as error:
            raise RedisFailed(f"{self.identifier}: {error}") from error
        finally:
            client.close()

    def commands(self, many: Sequence[Sequence[object]]) -> list[Any]:
        """As `command`, for many at once: one round trip. The first refusal is raised."""
        if not many:
            return []
        client = self.client()
        try:
            with client.pipeline(transaction=False) as pipe:
                for words in many:
                    pipe.execute_command(*words)  # type: ignore[no-untyped-call]
                return list(pipe.execute())
        except (redis.RedisError, OSError) as error:
            raise RedisFailed(f"{self.identifier}: {error}") from error
        finally:
            client.close()

    def replication(self) -> dict[str, Any]:
        """``INFO replication``: role, offsets, the state of the link to the primary."""
        found: dict[str, Any] = self.command("INFO", "replication")
        return found

    def follow(self, source: Address) -> None:
        self.command("REPLICAOF", source.host, source.port)

    def lead(self) -> None:
        self.command("REPLICAOF", "NO", "ONE")

    def set_users(self, users: Iterable[AclUser]) -> None:
        """Let in these users and nobody else; who is connected and may stay is not disturbed."""
        wanted = complete(users, self._password)
        # On disk first: a server that dies now comes back with them.
        self._write(self._acl_file, acl_file(wanted))
        for name, rules in wanted.items():
            self.command("ACL", "SETUSER", name, *rules)
        present = {name.decode() for name in self.command("ACL", "USERS")}
        for name in present - wanted.keys() - {DEFAULT}:
            self.command("ACL", "DELUSER", name)

    def stop(self) -> None:
        self._machine.supervisor.stop(self.name)

    def kill(self) -> None:
        self._machine.supervisor.stop(self.name, kill=True)

    def remove(self) -> None:
        """Stop it and delete its data. Its address is the caller's to release."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._socket.parent, ignore_errors=True)


def _parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    passed = {}
    for name, value in parameters.items():
        if name in _OURS or name in _ONLY_AWS or not _PARAMETER.match(name) or not value:
            log.debug("parameter %s is not passed on", name)
        else:
            passed[name] = _quoted(value)
    return passed


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
