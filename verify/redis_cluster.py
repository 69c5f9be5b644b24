"""Cluster mode: every slot has a home, a wrong node says where, one command keeps to one slot."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from contract import Endpoint
from verify import course
from verify.aws import Credentials
from verify.cache import CrossSlot, Moved, Session, open_connection
from verify.cluster_cache import ClusterCache
from verify.errors import DeadlineExceeded, NotApplicable, StepFailed
from verify.exercise import Check, Scene
from verify.expectations import CACHE, CACHE_CLUSTER
from verify.slots import SLOTS, Shard, home_of, shards, slot_of

TAGGED = {"user:{verify}:1": "one", "user:{verify}:2": "two"}
"""Keys that only what is in braces is hashed of: they share a slot."""
_POLL_S = 0.002


class Shards:
    """The checks of a cache whose keys are spread over shards."""

    keys: Mapping[str, Any] = course.REDIS_KEYS | TAGGED
    expectations = (*CACHE, *CACHE_CLUSTER)

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.endpoint = scene.database.endpoint("configuration")
        self._login: Credentials | None = None
        self._cache: ClusterCache

    @contextmanager
    def enter(self, login: Credentials | None) -> Iterator[Session]:
        """A session of ``login`` that goes where it is sent."""
        session = self._session(login)
        try:
            yield session
        finally:
            session.close()

    def open(self, login: Credentials | None) -> Session:
        """The session of the exercise itself, which outlives a block."""
        self._login = login
        self._cache = self._session(login)
        return self._cache

    def _session(self, login: Credentials | None) -> ClusterCache:
        scene = self._scene

        def open_at(place: Endpoint) -> Any:
            tls = scene.database.tls
            return open_connection(place, login, scene.deadline(), tls=tls, ca=scene.ca)

        return ClusterCache(self.endpoint, open_at)

    def before(self, needs: tuple[str, ...]) -> Iterable[Check]:
        return (Check("every slot is served, spread over the shards", self._slots, needs),)

    def after(self, string: str, written: tuple[str, ...]) -> Iterable[Check]:
        return (
            Check("the keys are spread over the shards", self._spread, written),
            Check("a node without the key says where it is", self._moved, (string,)),
            Check("several keys in one slot", self._tagged, (string,)),
            Check("several keys in different slots are refused", self._cross, written),
            Check("the value arrives at a replica", self._read, (string,)),
            Check("a write to a replica is sent to its primary", self._write, (string,)),
        )

    def _shards(self) -> list[Shard]:
        return shards(self._cache, self.endpoint)

    def _slots(self) -> str:
        database, found = self._scene.database, self._shards()
        served = sum(shard.slots for shard in found)
        if served != SLOTS:
            raise StepFailed(f"{served} of {SLOTS} slots have a primary")
        assert database.cluster is not None
        reported = self._scene.cloud.replication_group(database.region, database.cluster)
        wanted = [len(group["NodeGroupMembers"]) for group in reported["NodeGroups"]]
        nodes = [1 + len(shard.replicas) for shard in found]
        if sorted(nodes) != sorted(wanted):
            raise StepFailed(f"shards have {nodes} nodes, ElastiCache reports {wanted}")
        each = ", ".join(str(shard.slots) for shard in found)
        return f"{len(found)} shards of {each} slots, {sum(nodes)} nodes"

    def _home(self, key: str) -> Shard:
        return home_of(self._cache, self.endpoint, key)

    def _spread(self) -> str:
        if len(self._shards()) < 2:
            raise NotApplicable("the cache has one shard")
        homes = {key: self._home(key).primary for key in course.REDIS_KEYS}
        by_node: dict[str, list[str]] = {}
        for key, home in homes.items():
            # Asked there: a node answers only for what it has.
            self._cache.at(home).ask("TYPE", key)
            by_node.setdefault(f"{home.host}:{home.port}", []).append(key)
        if len(by_node) < 2:
            raise StepFailed(f"all keys are at {', '.join(by_node)}")
        return "; ".join(f"{', '.join(keys)} at {node}" for node, keys in by_node.items())

    def _moved(self) -> str:
        read = course.REDIS_STRING[1]
        key = read.split()[1]
        home = self._home(key)
        others = [s.primary for s in self._shards() if s.primary != home.primary]
        if not others:
            raise NotApplicable("the cache has one shard")
        try:
            self._cache.at(others[0]).run(read)
        except Moved as moved:
            if (moved.slot, moved.endpoint) != (slot_of(key), home.primary):
                raise StepFailed(f"{others[0].host} says that {key}: {moved}") from moved
            found = self._cache.at(moved.endpoint).run(read)
            if found != course.REDIS_KEYS[key]:
                raise StepFailed(f"{read} returned {found!r} where it was sent") from moved
            return f"{moved}; there {read}: {found!r}"
        raise StepFailed(f"{others[0].host} answered {read}, though it does not have the slot")

    def _tagged(self) -> str:
        pairs = [word for pair in TAGGED.items() for word in pair]
        self._cache.ask("MSET", *pairs)
        found = self._cache.ask("MGET", *TAGGED)
        if found != list(TAGGED.values()):
            raise StepFailed(f"MGET returned {found}")
        slot = slot_of(next(iter(TAGGED)))
        return f"MSET and MGET of {', '.join(TAGGED)} in slot {slot}"

    def _cross(self) -> str:
        keys = list(course.REDIS_KEYS)[:2]
        try:
            self._cache.ask("MGET", *keys)
        except CrossSlot as error:
            return f"refused: {error}"
        raise StepFailed(f"MGET {' '.join(keys)} was accepted")

    @contextmanager
    def _replica(self, key: str) -> Iterator[tuple[Session, Shard]]:
        home = self._home(key)
        if not home.replicas:
            raise NotApplicable("the shard has no replica")
        scene = self._scene
        tls = scene.database.tls
        replica = open_connection(
            home.replicas[0], self._login, scene.deadline(), tls=tls, ca=scene.ca
        )
        try:
            yield replica, home
        finally:
            replica.close()

    def _read(self) -> str:
        deadline = self._scene.deadline()
        read = course.REDIS_STRING[1]
        key, started = read.split()[1], time.monotonic()
        with self._replica(key) as (replica, _):
            # Without it, a replica sends readers to its primary, too.
            replica.ask("READONLY")
            while (found := replica.run(read)) != course.REDIS_KEYS[key]:
                if deadline.expired:
                    raise DeadlineExceeded(
                        f"it still reads {found!r} at a replica after {self._scene.wait_s:g} s"
                    )
                time.sleep(_POLL_S)
        return f"{found!r}, {1000 * (time.monotonic() - started):.0f} ms after connecting"

    def _write(self) -> str:
        write = course.REDIS_STRING[0]
        with self._replica(write.split()[1]) as (replica, home):
            replica.ask("READONLY")
            try:
                replica.run(write)
            except Moved as moved:
                if moved.endpoint != home.primary:
                    raise StepFailed(
                        f"it is sent to another node than its primary: {moved}"
                    ) from moved
                return f"sent on: {moved}"
        raise StepFailed("the write was accepted")
