"""A cluster that gets other nodes, and one whose daemon dies on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from redis.crc import key_slot

from localcloud.databases.sharded_plan import reshaped
from localcloud.fleet import Fleet, ShardedState
from localcloud.servers.redis_cluster import myself
from localcloud.servers.redis_users import everybody, hash_of
from localcloud.site import Site
from tests.localcloud.fleet_site import TOKEN, kill, ref, site
from tests.localcloud.test_sharded_caches import KEYS, cluster_at

__all__ = ["site"]

GROUP = ref("grows")
TWO = {"0001": ["grows-0001-001"], "0002": ["grows-0002-001"]}
THREE = TWO | {"0003": ["grows-0003-001"]}
WITH_REPLICAS = {name: [*nodes, nodes[0][:-1] + "2"] for name, nodes in TWO.items()}


@contextmanager
def started(site: Site) -> Iterator[Fleet]:
    """What a new daemon finds; the cluster lives on from test to test."""
    found = Fleet(site)
    found.recover()
    try:
        yield found
    finally:
        found.close()


@pytest.fixture
def fleet(site: Site) -> Iterator[Fleet]:
    with started(site) as found:
        yield found


@pytest.fixture
def state(fleet: Fleet, site: Site) -> ShardedState:
    if not fleet.sharded_caches.all():
        made = fleet.sharded_caches.create(GROUP, TWO, everybody(hash_of(TOKEN)), True, {})
        client = cluster_at(site, made)
        for key in KEYS:
            client.set(key, key)
    return fleet.sharded_caches.reshape(GROUP, TWO)


def kept(site: Site, state: ShardedState) -> bool:
    client = cluster_at(site, state)
    return [client.get(key) for key in KEYS] == KEYS


def write_until(over: threading.Event, site: Site, state: ShardedState) -> list[str]:
    """Keys that the cluster acknowledged while somebody else was at it."""
    client: Any = cluster_at(site, state)
    acknowledged: list[str] = []
    while not over.is_set():
        key = f"busy:{len(acknowledged)}"
        assert client.set(key, key)
        acknowledged.append(key)
    return acknowledged


def sizes(site: Site, state: ShardedState) -> list[int]:
    client: Any = cluster_at(site, state)
    nodes = [client.get_node(host=s.nodes[s.primary].host, port=6379) for s in state.shards]
    return [client.dbsize(target_nodes=node) for node in nodes]


def test_a_second_shape_that_is_the_first_changes_nothing(
    fleet: Fleet, state: ShardedState
) -> None:
    before = fleet.listing()
    assert fleet.sharded_caches.reshape(GROUP, TWO) == state
    assert [row.pid for row in fleet.listing()] == [row.pid for row in before]


def test_a_move_that_a_kill_cut_short_is_finished(
    fleet: Fleet, site: Site, state: ShardedState
) -> None:
    cache = fleet.sharded_caches.get(GROUP)
    source, target = (cache.nodes[shard.primary] for shard in state.shards)
    slot = key_slot(b"key:1")
    if slot >= 8192:
        source, target = target, source
    target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", myself(source).id)
    source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", myself(target).id)
    with started(site) as again:
        assert not any(myself(server).moving for server in (source, target))
        assert kept(site, again.sharded_caches.state(GROUP))


def test_replicas_come_and_go_and_the_primary_may_be_one_of_them(
    fleet: Fleet, site: Site, state: ShardedState
) -> None:
    more = fleet.sharded_caches.reshape(GROUP, WITH_REPLICAS)
    assert [len(shard.nodes) for shard in more.shards] == [2, 2]
    for name in TWO:
        fleet.sharded_caches.fail_over(GROUP, name)
    led = fleet.sharded_caches.state(GROUP)
    assert {shard.primary for shard in led.shards} == {n[1] for n in WITH_REPLICAS.values()}
    fewer = fleet.sharded_caches.reshape(GROUP, TWO)
    assert {shard.primary for shard in fewer.shards} == {n[0] for n in TWO.values()}
    assert kept(site, fewer)


def test_a_new_shard_that_was_only_planned_gets_its_keys_at_the_next_start_and_gives_them_back(
    site: Site,
) -> None:
    with started(site) as fleet:
        cache = fleet.sharded_caches.get(GROUP)
        cache._save(reshaped(fleet._machine, cache.plan, THREE))
    with started(site) as again:
        three = again.sharded_caches.state(GROUP)
        assert [shard.name for shard in three.shards] == ["0001", "0002", "0003"]
        assert min(sizes(site, three)) > 5
        assert kept(site, three)
        with ThreadPoolExecutor(1) as pool:
            over = threading.Event()
            written = pool.submit(write_until, over, site, three)
            two = again.sharded_caches.reshape(GROUP, TWO)
            over.set()
        client = cluster_at(site, two)
        assert len(written.result()) > 10
        assert all(client.get(key) == key for key in written.result())
        client.delete(*written.result())
        assert [shard.name for shard in two.shards] == ["0001", "0002"]
        assert sum(sizes(site, two)) == len(KEYS)
        assert kept(site, two)
        assert not [row for row in again.listing() if "0003" in row.identifier]


def test_everything_killed_comes_back_with_its_keys_and_a_second_start_changes_nothing(
    site: Site,
) -> None:
    with started(site) as fleet:
        fleet.sharded_caches.reshape(GROUP, WITH_REPLICAS)
        pids = [row.pid for row in fleet.listing() if row.pid]
    for pid in pids:
        kill(pid)
    with started(site) as again:
        assert all(row.alive for row in again.listing())
        assert kept(site, again.sharded_caches.state(GROUP))
        before = {row.pid for row in again.listing()}
    with started(site) as third:
        assert {row.pid for row in third.listing()} == before
