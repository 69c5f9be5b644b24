"""A replication group in cluster mode as a real Redis cluster."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest
import redis
from redis.cluster import RedisCluster

from localcloud.fleet import Address, Fleet, ShardedState
from localcloud.servers.redis_users import everybody, hash_of
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    TOKEN,
    eventually,
    fleet,
    kill,
    pid_of,
    redis_at,
    ref,
    site,
)

__all__ = ["fleet", "site"]

GROUP = ref("sharded")
SHARDS = {
    "0001": ["sharded-0001-001", "sharded-0001-002"],
    "0002": ["sharded-0002-001", "sharded-0002-002"],
}
KEYS = [f"key:{n}" for n in range(60)]


def cluster_at(site: Site, state: ShardedState) -> Any:
    """A cluster client that begins at the configuration endpoint."""
    try:
        return RedisCluster(
            host=state.configuration.host,
            port=state.configuration.port,
            password=TOKEN,
            ssl=True,
            ssl_ca_certs=str(site.ca_dir / "ca.pem"),
            socket_timeout=5,
            decode_responses=True,
        )
    except redis.exceptions.RedisClusterException as error:
        # Not one of redis-py's own RedisErrors; here it means: not yet.
        raise redis.ConnectionError(str(error)) from error


def replication(site: Site, address: Address) -> dict[str, Any]:
    found: dict[str, Any] = redis_at(site, address).info("replication")
    return found


def written(site: Site, state: ShardedState) -> bool:
    fresh = cluster_at(site, state)
    return all(fresh.set(key, "new") for key in KEYS)


def primary_of(fleet: Fleet, shard: str) -> str:
    return next(s.primary for s in fleet.sharded_caches.state(GROUP).shards if s.name == shard)


@pytest.fixture(scope="module")
def state(fleet: Fleet) -> ShardedState:
    return fleet.sharded_caches.create(
        GROUP, SHARDS, everybody(hash_of(TOKEN)), True, {"maxmemory-policy": "allkeys-lru"}
    )


@pytest.fixture
def client(site: Site, fleet: Fleet, state: ShardedState) -> Any:
    def whole() -> bool:
        nodes = redis_at(site, state.configuration).cluster("nodes").values()
        return len(nodes) == 4 and not any("fail" in node["flags"].split(",") for node in nodes)

    eventually(whole, "four live nodes")
    found = cluster_at(site, fleet.sharded_caches.state(GROUP))
    for key in KEYS:
        found.set(key, key)
    return found


def test_slots_are_shared_evenly_and_keys_are_spread(
    site: Site, state: ShardedState, client: Any
) -> None:
    assert [s.slots for s in state.shards] == ["0-8191", "8192-16383"]
    sizes = [redis_at(site, s.nodes[s.primary]).dbsize() for s in state.shards]
    assert sum(sizes) == len(KEYS)
    assert min(sizes) > 10


def test_a_wrong_shard_says_where_to_go(site: Site, state: ShardedState, client: Any) -> None:
    slot = client.keyslot("key:1")
    wrong = state.shards[0 if slot > 8191 else 1]
    with pytest.raises(redis.exceptions.MovedError):
        redis_at(site, wrong.nodes[wrong.primary]).get("key:1")


def test_a_killed_primary_is_replaced_and_comes_back_as_a_replica(
    fleet: Fleet, site: Site, state: ShardedState, client: Any
) -> None:
    for shard in state.shards:
        old = primary_of(fleet, shard.name)
        before = partial(replication, site, shard.nodes[old])
        eventually(lambda: before()["connected_slaves"] == 1, "a replica")  # noqa: B023
        began = time.monotonic()
        kill(pid_of(fleet, old))
        eventually(partial(written, site, state), "writes")
        print(f"{shard.name}: all keys written {1000 * (time.monotonic() - began):.0f} ms later")
        assert primary_of(fleet, shard.name) != old
        eventually(lambda: before()["role"] == "slave", "the old primary")  # noqa: B023
    assert [client.get(key) for key in KEYS] == ["new"] * len(KEYS)


def test_a_killed_replica_comes_back(fleet: Fleet, site: Site, state: ShardedState) -> None:
    shard = state.shards[0]
    replica = next(n for n in shard.nodes if n != primary_of(fleet, shard.name))
    kill(pid_of(fleet, replica))

    def back() -> bool:
        found = replication(site, shard.nodes[replica])
        return (found["role"], found["master_link_status"]) == ("slave", "up")

    eventually(back, "the replica")


def test_a_failover_that_is_asked_for(fleet: Fleet, client: Any) -> None:
    old = primary_of(fleet, "0002")
    fleet.sharded_caches.fail_over(GROUP, "0002")
    assert primary_of(fleet, "0002") != old
    assert [client.get(key) for key in KEYS] == KEYS


def test_keys_survive_when_every_node_dies(
    fleet: Fleet, site: Site, state: ShardedState, client: Any
) -> None:
    for pid in [pid_of(fleet, node) for shard in state.shards for node in shard.nodes]:
        kill(pid)

    def kept() -> bool:
        fresh = cluster_at(site, state)
        return [fresh.get(key) for key in KEYS] == KEYS

    eventually(kept, "every key", 20)
    eventually(lambda: bool(cluster_at(site, state).set("key:1", "key:1")), "a write")
