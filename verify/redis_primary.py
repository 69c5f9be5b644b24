"""Cluster mode disabled: one primary takes every write, its replicas read only."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from verify import course
from verify.aws import Credentials
from verify.cache import Cache, ReadOnly, Session, connect, open_connection
from verify.errors import DeadlineExceeded, NotApplicable, StepFailed
from verify.exercise import Check, Scene
from verify.expectations import CACHE

_POLL_S = 0.002


class OnePrimary:
    """The checks of a cache with a primary and a reader endpoint."""

    keys: Mapping[str, Any] = course.REDIS_KEYS
    expectations = CACHE

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.endpoint = scene.database.endpoint("primary")
        self._login: Credentials | None = None
        self._primary: Cache

    @contextmanager
    def enter(self, login: Credentials | None) -> Iterator[Session]:
        """A session of ``login`` at the primary endpoint."""
        scene = self._scene
        tls = scene.database.tls
        with connect(self.endpoint, login, scene.deadline(), tls=tls, ca=scene.ca) as cache:
            yield cache

    def open(self, login: Credentials | None) -> Session:
        """The session of the exercise itself, which outlives a block."""
        scene = self._scene
        self._login = login
        self._primary = open_connection(
            self.endpoint, login, scene.deadline(), tls=scene.database.tls, ca=scene.ca
        )
        return self._primary

    def before(self, needs: tuple[str, ...]) -> Iterable[Check]:
        return (Check("a primary with its replicas", self._roles, needs),)

    def after(self, string: str, written: tuple[str, ...]) -> Iterable[Check]:
        return (
            Check("the value arrives at the reader endpoint", self._read, (string,)),
            Check("a write to a replica is refused", self._write, (string,)),
        )

    def _roles(self) -> str:
        replication = info(self._primary, "replication")
        replicas = len(self._scene.database.instances) - 1
        role, connected = replication.get("role"), replication.get("connected_slaves")
        if (role, connected) != ("master", str(replicas)):
            raise StepFailed(
                f"the primary endpoint leads to a {role} with {connected} replicas, "
                f"not to a primary with {replicas}"
            )
        return f"primary with {connected} replicas"

    @contextmanager
    def _reader(self) -> Iterator[Cache]:
        scene = self._scene
        if len(scene.database.instances) < 2:
            raise NotApplicable("the cache has no replica")
        reader, tls = scene.database.endpoint("reader"), scene.database.tls
        with connect(reader, self._login, scene.deadline(), tls=tls, ca=scene.ca) as cache:
            yield cache

    def _read(self) -> str:
        deadline = self._scene.deadline()
        started = time.monotonic()
        with self._reader() as cache:
            role = info(cache, "replication").get("role")
            if role != "slave":
                raise StepFailed(f"the reader endpoint leads to a {role}, not to a replica")
            while (found := cache.run(course.REDIS_STRING[1])) != course.REDIS_KEYS["user:1"]:
                if deadline.expired:
                    raise DeadlineExceeded(
                        f"it still reads {found!r} at a replica after {self._scene.wait_s:g} s"
                    )
                time.sleep(_POLL_S)
        return f"{found!r}, {1000 * (time.monotonic() - started):.0f} ms after connecting"

    def _write(self) -> str:
        with self._reader() as cache:
            try:
                cache.run(course.REDIS_STRING[0])
            except ReadOnly as error:
                return f"refused: {error}"
        raise StepFailed("the write was accepted")


def info(session: Session, section: str) -> dict[str, str]:
    """A section of a server's INFO."""
    lines = str(session.ask("INFO", section)).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
