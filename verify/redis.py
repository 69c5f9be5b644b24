"""Practice 5: the cache keeps, finds and forgets; strangers stay out; in every shape of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from verify import course
from verify.cache import Session, connect
from verify.deadline import Deadline
from verify.errors import NotApplicable, StepFailed, Unreachable
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import judge
from verify.redis_access import Access, TokenAccess, UserAccess
from verify.redis_cluster import Shards
from verify.redis_primary import OnePrimary, info
from verify.trust import refused_by_stranger

STRING = "SET and GET"
HASH = "HSET and HGETALL"
EXPIRY = "SETEX and TTL"
TTL_S = (3595, 3600)
"""What may be left of 3600 s right after SETEX."""


class Redis(Exercise):
    """The checks on one replication group of Redis or Valkey.

    What its shape and its admission add to them is in modules of their own.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        clustered = bool(scene.database.endpoints_of("configuration"))
        self.shape: OnePrimary | Shards = Shards(scene) if clustered else OnePrimary(scene)
        admission = UserAccess if scene.database.users else TokenAccess
        self.access: Access = admission(scene, self.shape.enter)
        self.session: Session

    def checks(self) -> Iterable[Check]:
        opened = f"connect to the {self.shape.endpoint.role} endpoint"
        needs = (opened,)
        return (
            Check(opened, self._connect, opens=True),
            Check("settings as ElastiCache reports them", self._settings, needs),
            *self.shape.before(needs),
            Check("a connection without TLS is refused", self.without_tls, needs),
            Check("a wrong CA is refused", self._wrong_ca, needs),
            *self.access.checks(needs),
            Check(CLEAN, self._clean, needs),
            Check(STRING, self._string, (CLEAN,)),
            Check(HASH, self._hash, (CLEAN,)),
            Check(EXPIRY, self._expiry, (CLEAN,)),
            *self.shape.after(STRING, (STRING, HASH, EXPIRY)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        with self.shape.enter(self.access.login()) as session:
            return drop_own_keys(session, self.shape.keys)

    def _connect(self) -> str:
        self.session = self.shape.open(self.access.login())
        self.opened.callback(self.session.close)
        server, endpoint = info(self.session, "server"), self.shape.endpoint
        version = server.get("valkey_version") or server.get("redis_version")
        name = "Valkey" if "valkey_version" in server else "Redis"
        return f"{endpoint.host}:{endpoint.port}, server {name} {version}"

    def _settings(self) -> str:
        database = self.scene.database
        if database.cluster is None:
            raise StepFailed("its output names no replication group")
        reported = self.scene.cloud.replication_group(database.region, database.cluster)
        members = reported["MemberClusters"]
        if sorted(members) != sorted(database.instances):
            raise StepFailed(f"nodes are {sorted(members)}, not {sorted(database.instances)}")
        expected = [*self.shape.expectations, *self.access.expectations]
        return f"{len(members)} nodes, {judge(reported, expected)}"

    def without_tls(self) -> str:
        self._needs_tls()
        login, deadline = self.access.login(), self.scene.deadline()
        try:
            with connect(self.shape.endpoint, login, deadline, tls=False, ca=None):
                pass
        except Unreachable as error:
            # Only in plain text: over TLS the same server answers.
            self.session.ask("PING")
            return f"refused: {error}"
        raise StepFailed("a connection without TLS was accepted")

    def _wrong_ca(self) -> str:
        self._needs_tls()
        return refused_by_stranger(self.shape.endpoint, self.scene.deadline())

    def _needs_tls(self) -> None:
        if not self.scene.database.tls:
            raise NotApplicable("the cache is deployed without TLS")

    def _clean(self) -> str:
        return drop_own_keys(self.session, self.shape.keys)

    def _string(self) -> str:
        self.began = True
        _expect(self.session, course.REDIS_STRING[0], "OK")
        return _expect(self.session, course.REDIS_STRING[1], course.REDIS_KEYS["user:1"])

    def _hash(self) -> str:
        self.began = True
        write, read = course.REDIS_HASH
        _expect(self.session, write, 2)
        found = _pairs(self.session.run(read))
        if found != course.REDIS_KEYS["user:2"]:
            raise StepFailed(f"{read} returned {found}")
        return f"{read}: {found}"

    def _expiry(self) -> str:
        self.began = True
        write, read = course.REDIS_EXPIRY
        _expect(self.session, write, "OK")
        left = int(self.session.run(read))
        if not TTL_S[0] <= left <= TTL_S[1]:
            raise StepFailed(f"{read} returned {left}, not {TTL_S[0]} to {TTL_S[1]} s")
        return f"{read}: {left} s"


def drop_own_keys(session: Session, keys: Mapping[str, Any]) -> str:
    """Delete ``keys`` if they hold the values that they should; else `StepFailed`."""
    present = []
    for key, value in keys.items():
        kind = session.ask("TYPE", key)
        if kind == "none":
            continue
        found: object = None
        if kind == "string":
            found = session.ask("GET", key)
        elif kind == "hash":
            found = _pairs(session.ask("HGETALL", key))
        if found != value:
            raise StepFailed(
                f"the key {key!r} holds a value that no exercise sets, so it is left alone; "
                "rename it first"
            )
        present.append(key)
    for key in present:
        # One by one: in a cluster they are of different slots.
        session.ask("DEL", key)
    return f"deleted {', '.join(present)}" if present else "no keys of the course"


def _expect(session: Session, command: str, wanted: object) -> str:
    found = session.run(command)
    if found != wanted:
        raise StepFailed(f"{command} returned {found!r}, not {wanted!r}")
    return f"{command}: {found!r}"


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("redis", "valkey")))
