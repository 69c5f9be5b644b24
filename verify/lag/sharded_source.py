"""Redis and Valkey in cluster mode as the source of a lag: each shard has its own heartbeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from contract import Endpoint
from verify import slots
from verify.aws import Credentials
from verify.cache import Cache, open_connection
from verify.cache_login import login_for
from verify.deadline import Deadline
from verify.errors import StepFailed, Unreachable, VerifyError
from verify.exercise import Scene
from verify.heartbeats import new_run
from verify.lag.cache_source import KEY, StreamedHeartbeats, forget
from verify.lag.copies import Copy, cache_copy
from verify.lag.source import FILLER
from verify.lag.watch import Arrivals
from verify.load import Load

_TAGS = 1_000_000
"""How many hash tags are tried for a shard; one of a single slot is met within a tenth of them."""


@dataclass(frozen=True)
class Shard:
    """A shard's primary, and two keys in a slot of it."""

    primary: Endpoint
    beats: str
    filler: str


class ShardedSource:
    """A `Source`; its heartbeats are entries of a stream a shard, whose ids are the primary's
    clock.
    """

    resolution_s = 1e-3

    def __init__(self, scene: Scene, opened: ExitStack) -> None:
        self._scene = scene
        self._opened = opened
        self._endpoint = scene.database.endpoint("configuration")
        self._login: Credentials | None = None
        self._run = new_run()
        self._shards: Mapping[str, Shard] = {}
        self._nodes: Mapping[str, Mapping[str, Mapping[str, Any]]] = {}
        self._caches: Mapping[str, Cache] = {}

    def connect(self) -> str:
        scene = self._scene
        self._login, key = login_for(scene.name, scene.database, scene.cloud, KEY)
        self._nodes = self._reported()
        serving = self._serving()
        self._shards = {name: _shard(name, own, serving, key) for name, own in self._nodes.items()}
        self._caches = {name: self._enter(shard.primary) for name, shard in self._shards.items()}
        where = f"{self._endpoint.host}:{self._endpoint.port} in {scene.database.region}"
        return f"{where}, shards {', '.join(self._shards)}"

    def _serving(self) -> Sequence[slots.Shard]:
        """The shards as any node knows them: the configuration endpoint leads to one of them.

        It may lead to the one that is mute, which is no reason to measure none of the others.
        """
        failures: list[Unreachable] = []
        nodes = [a for own in self._nodes.values() for a in own.values()]
        for asked in (self._endpoint, *(_endpoint(address) for address in nodes)):
            try:
                told = self._open(asked, self._scene.deadline())
            except Unreachable as error:
                failures.append(error)
                continue
            try:
                return slots.shards(told, asked)
            finally:
                told.close()
        raise failures[0]

    def _reported(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """The addresses of ElastiCache's nodes, by shard and node."""
        database, cloud = self._scene.database, self._scene.cloud
        group = cloud.replication_group(database.region, database.cluster or "")

        def address(node: str) -> Mapping[str, Any]:
            found = cloud.cache_cluster(database.region, node)["CacheNodes"]
            if not found or "Endpoint" not in found[0]:
                raise StepFailed(f"ElastiCache tells no address of {node}")
            told: Mapping[str, Any] = found[0]["Endpoint"]
            return told

        return {
            shard["NodeGroupId"]: {
                member["CacheClusterId"]: address(member["CacheClusterId"])
                for member in shard["NodeGroupMembers"]
            }
            for shard in group["NodeGroups"]
        }

    def copies(self) -> Sequence[Copy]:
        # ElastiCache reports nobody's role in cluster mode, and the cluster does not name a replica
        # that is down: whoever is not the primary should follow it.
        region = self._scene.database.region
        return [
            cache_copy(node, region, address, shard)
            for shard, own in self._nodes.items()
            for node, address in own.items()
            if not _is(self._shards[shard].primary, address)
        ]

    def follow(self, copy: Copy) -> Arrivals:
        cache = self._enter(copy.endpoint)
        # Without it, a replica sends readers to its primary, too.
        cache.ask("READONLY")
        assert copy.shard is not None
        return StreamedHeartbeats(cache, self._shards[copy.shard].beats, self._run)

    def _enter(self, endpoint: Endpoint) -> Cache:
        cache = self._open(endpoint, self._scene.deadline())
        self._opened.callback(cache.close)
        return cache

    def _open(self, endpoint: Endpoint, deadline: Deadline) -> Cache:
        scene = self._scene
        return open_connection(endpoint, self._login, deadline, tls=scene.database.tls, ca=scene.ca)

    def clean(self) -> str:
        return self._forget(self._caches)

    def _forget(self, caches: Mapping[str, Cache]) -> str:
        gone = [forget(caches[name], s.beats, s.filler) for name, s in self._shards.items()]
        return f"deleted {sum(gone)} keys"

    def create(self) -> str:
        keys = ", ".join(f"{shard.beats} in {name}" for name, shard in self._shards.items())
        return f"{keys}, and as many fillers, come with the first writes"

    def write(self, beat: int) -> None:
        # One after the other, the last shard's would be stamped a round trip each later.
        asked: list[Cache] = []
        failures: list[VerifyError] = []
        for name, shard in self._shards.items():
            try:
                self._caches[name].send("XADD", shard.beats, "*", self._run, str(beat))
                asked.append(self._caches[name])
            except VerifyError as error:
                failures.append(error)
        for cache in asked:
            try:
                cache.receive()
            except VerifyError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def load(self, rate: float) -> Load:
        return Load(self._client, ["SET"], self._scene.wait_s, rate)

    @contextmanager
    def _client(self) -> Iterator[EachInTurn]:
        with self._all_open(self._scene.deadline()) as caches:
            yield EachInTurn([(caches[name], shard.filler) for name, shard in self._shards.items()])

    @contextmanager
    def _all_open(self, deadline: Deadline) -> Iterator[Mapping[str, Cache]]:
        with ExitStack() as opened:
            caches = {}
            for name, shard in self._shards.items():
                caches[name] = self._open(shard.primary, deadline)
                opened.callback(caches[name].close)
            yield caches

    def clean_up(self, deadline: Deadline) -> str:
        with self._all_open(deadline) as caches:
            return self._forget(caches)


class EachInTurn:
    """A client of the load: every write goes to the next shard."""

    def __init__(self, places: Sequence[tuple[Cache, str]]) -> None:
        self._places = cycle(places)

    def run(self, command: str) -> object:
        cache, key = next(self._places)
        return cache.ask(command, key, FILLER)


def _shard(
    name: str,
    nodes: Mapping[str, Mapping[str, Any]],
    serving: Sequence[slots.Shard],
    key: str,
) -> Shard:
    for shard in serving:
        if any(_is(shard.primary, address) for address in nodes.values()):
            own = _tagged(key, shard)
            return Shard(shard.primary, f"{own}:heartbeats", f"{own}:filler")
    raise StepFailed(
        f"the cluster names none of {', '.join(nodes)} as a primary: shard {name} serves no slot"
    )


def _tagged(key: str, shard: slots.Shard) -> str:
    """``key`` with a hash tag, so that all that begins so is in one slot of a shard."""
    for number in range(_TAGS):
        own = f"{key}:{{{number}}}"
        slot = slots.slot_of(own)
        if any(first <= slot <= last for first, last in shard.ranges):
            return own
    raise StepFailed(
        f"no key that begins with {key!r} is in a slot of {shard.primary.host}; give the user a "
        "pattern of keys without a hash tag"
    )


def _endpoint(address: Mapping[str, Any]) -> Endpoint:
    return Endpoint(role="node", host=address["Address"], port=int(address["Port"]))


def _is(node: Endpoint, address: Mapping[str, Any]) -> bool:
    return (node.host, node.port) == (address["Address"], int(address["Port"]))
