"""Practice 5: the cache keeps, finds and forgets; its replicas read only; strangers stay out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from verify import course
from verify.cache import Cache, Denied, ReadOnly, connect, open_connection
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, NotApplicable, StepFailed, Unreachable
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import CACHE, judge
from verify.trust import refused_by_stranger

CONNECT = "connect to the primary endpoint"
STRING = "SET and GET"
TTL_S = (3595, 3600)
"""What may be left of 3600 s right after SETEX."""
_POLL_S = 0.002


class Redis(Exercise):
    """The checks on one replication group with cluster mode disabled."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = scene.database.endpoint("primary")
        self._token: str | None = None
        self._primary: Cache

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT, self._connect, opens=True),
            Check("settings as ElastiCache reports them", self._settings, (CONNECT,)),
            Check("a primary with its replicas", self._roles, (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check("a connection without the auth token is refused", self._no_token, (CONNECT,)),
            Check("a wrong auth token is refused", self._wrong_token, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(STRING, self._string, (CLEAN,)),
            Check("HSET and HGETALL", self._hash, (CLEAN,)),
            Check("SETEX and TTL", self._expiry, (CLEAN,)),
            Check("the value arrives at the reader endpoint", self._read, (STRING,)),
            Check("a write to a replica is refused", self._write, (STRING,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        with self._open_with(self._token, deadline) as cache:
            return drop_own_keys(cache)

    def _open_with(self, token: str | None, deadline: Deadline) -> AbstractContextManager[Cache]:
        database = self.scene.database
        return connect(self._endpoint, token, deadline, tls=database.tls, ca=self.scene.ca)

    def _reader(self) -> AbstractContextManager[Cache]:
        scene = self.scene
        if len(scene.database.instances) < 2:
            raise NotApplicable("the cache has no replica")
        return connect(
            scene.database.endpoint("reader"),
            self._token,
            scene.deadline(),
            tls=scene.database.tls,
            ca=scene.ca,
        )

    def _connect(self) -> str:
        scene = self.scene
        if scene.database.secret_arn is not None:
            self._token = scene.credentials(scene.database).password
        self._primary = open_connection(
            self._endpoint, self._token, scene.deadline(), tls=scene.database.tls, ca=scene.ca
        )
        self.opened.callback(self._primary.close)
        version = _info(self._primary, "server").get("redis_version")
        return f"{self._endpoint.host}:{self._endpoint.port}, server {version}"

    def _settings(self) -> str:
        database = self.scene.database
        if database.cluster is None:
            raise StepFailed("its output names no replication group")
        reported = self.scene.cloud.replication_group(database.region, database.cluster)
        members = reported["MemberClusters"]
        if sorted(members) != sorted(database.instances):
            raise StepFailed(f"nodes are {sorted(members)}, not {sorted(database.instances)}")
        return f"{len(members)} nodes, {judge(reported, CACHE)}"

    def _roles(self) -> str:
        replication = _info(self._primary, "replication")
        replicas = len(self.scene.database.instances) - 1
        role, connected = replication.get("role"), replication.get("connected_slaves")
        if (role, connected) != ("master", str(replicas)):
            raise StepFailed(
                f"the primary endpoint leads to a {role} with {connected} replicas, "
                f"not to a primary with {replicas}"
            )
        return f"primary with {connected} replicas"

    def _without_tls(self) -> str:
        self._needs_tls()
        try:
            with connect(self._endpoint, self._token, self.scene.deadline(), tls=False, ca=None):
                pass
        except Unreachable as error:
            # Only in plain text: over TLS the same server answers.
            self._primary.ask("PING")
            return f"refused: {error}"
        raise StepFailed("a connection without TLS was accepted")

    def _wrong_ca(self) -> str:
        self._needs_tls()
        return refused_by_stranger(self._endpoint, self.scene.deadline())

    def _needs_tls(self) -> None:
        if not self.scene.database.tls:
            raise NotApplicable("the cache is deployed without TLS")

    def _no_token(self) -> str:
        return self._denied(None)

    def _wrong_token(self) -> str:
        return self._denied("not-the-token-of-this-cache")

    def _denied(self, token: str | None) -> str:
        if self._token is None:
            raise NotApplicable("the cache is deployed without an auth token")
        try:
            with self._open_with(token, self.scene.deadline()):
                pass
        except Denied as error:
            return f"refused: {error}"
        raise StepFailed(f"a connection with {'a wrong' if token else 'no'} token was accepted")

    def _clean(self) -> str:
        return drop_own_keys(self._primary)

    def _string(self) -> str:
        self.began = True
        _expect(self._primary, course.REDIS_STRING[0], "OK")
        return _expect(self._primary, course.REDIS_STRING[1], course.REDIS_KEYS["user:1"])

    def _hash(self) -> str:
        self.began = True
        write, read = course.REDIS_HASH
        _expect(self._primary, write, 2)
        found = _pairs(self._primary.run(read))
        if found != course.REDIS_KEYS["user:2"]:
            raise StepFailed(f"{read} returned {found}")
        return f"{read}: {found}"

    def _expiry(self) -> str:
        self.began = True
        write, read = course.REDIS_EXPIRY
        _expect(self._primary, write, "OK")
        left = int(self._primary.run(read))
        if not TTL_S[0] <= left <= TTL_S[1]:
            raise StepFailed(f"{read} returned {left}, not {TTL_S[0]} to {TTL_S[1]} s")
        return f"{read}: {left} s"

    def _read(self) -> str:
        deadline = self.scene.deadline()
        started = time.monotonic()
        with self._reader() as cache:
            role = _info(cache, "replication").get("role")
            if role != "slave":
                raise StepFailed(f"the reader endpoint leads to a {role}, not to a replica")
            while (found := cache.run(course.REDIS_STRING[1])) != course.REDIS_KEYS["user:1"]:
                if deadline.expired:
                    raise DeadlineExceeded(
                        f"it still reads {found!r} at a replica after {self.scene.wait_s:g} s"
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


def drop_own_keys(cache: Cache) -> str:
    """Delete the course's keys if they hold the course's values; else `StepFailed`."""
    present = []
    for key, value in course.REDIS_KEYS.items():
        kind = cache.ask("TYPE", key)
        if kind == "none":
            continue
        found: object = None
        if kind == "string":
            found = cache.ask("GET", key)
        elif kind == "hash":
            found = _pairs(cache.ask("HGETALL", key))
        if found != value:
            raise StepFailed(
                f"the key {key!r} holds a value that no exercise sets, so it is left alone; "
                "rename it first"
            )
        present.append(key)
    for key in present:
        # One by one: in the cluster protocol a command stays within a slot.
        cache.ask("DEL", key)
    return f"deleted {', '.join(present)}" if present else "no keys of the course"


def _expect(cache: Cache, command: str, wanted: object) -> str:
    found = cache.run(command)
    if found != wanted:
        raise StepFailed(f"{command} returned {found!r}, not {wanted!r}")
    return f"{command}: {found!r}"


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _info(cache: Cache, section: str) -> dict[str, Any]:
    lines = str(cache.ask("INFO", section)).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("redis",)))
