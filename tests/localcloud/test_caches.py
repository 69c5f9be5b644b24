"""A replication group as real Redis servers."""

from __future__ import annotations

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from localcloud.errors import LocalCloudError
from localcloud.fleet import Fleet, RedisAddresses
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

GROUP = ref("cache")
NODES = ["cache-001", "cache-002", "cache-003"]


@pytest.fixture(scope="module")
def endpoints(fleet: Fleet) -> RedisAddresses:
    return fleet.caches.create(
        GROUP, NODES, everybody(hash_of(TOKEN)), True, True, {"maxmemory-policy": "allkeys-lru"}
    )


@pytest.fixture(autouse=True)
def whole(fleet: Fleet, site: Site, endpoints: RedisAddresses) -> None:
    eventually(
        lambda: redis_at(site, endpoints.primary).info("replication")["connected_slaves"] == 2,
        "two replicas",
    )
    redis_at(site, endpoints.primary).flushall()


def test_a_write_reaches_every_replica(site: Site, endpoints: RedisAddresses) -> None:
    client = redis_at(site, endpoints.primary)
    client.set("k", "v")
    assert client.wait(2, 2000) == 2
    assert {redis_at(site, a).get("k") for a in endpoints.nodes.values()} == {"v"}
    assert redis_at(site, endpoints.reader).get("k") == "v"


def test_a_replica_refuses_a_write(site: Site, endpoints: RedisAddresses) -> None:
    for address in (endpoints.reader, endpoints.nodes["cache-003"]):
        with pytest.raises(redis.ReadOnlyError):
            redis_at(site, address).set("k", "v")


def test_the_parameter_group_holds(site: Site, endpoints: RedisAddresses) -> None:
    found = redis_at(site, endpoints.primary).config_get("maxmemory-policy")
    assert found == {"maxmemory-policy": "allkeys-lru"}


def test_neither_a_missing_token_nor_plain_text_gets_in(
    site: Site, endpoints: RedisAddresses
) -> None:
    for token in (None, "another-token-of-16"):
        with pytest.raises(redis.AuthenticationError):
            redis_at(site, endpoints.primary, token).ping()
    plain = redis.Redis(endpoints.primary.host, endpoints.primary.port, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.ConnectionError):
        plain.ping()


def test_a_new_token_replaces_the_old_one(
    fleet: Fleet, site: Site, endpoints: RedisAddresses
) -> None:
    fleet.caches.set_users(GROUP, everybody(hash_of("a-new-token-of-16-chars")))
    try:
        for address in endpoints.nodes.values():
            assert redis_at(site, address, "a-new-token-of-16-chars").ping()
            with pytest.raises(redis.AuthenticationError):
                redis_at(site, address).ping()
    finally:
        fleet.caches.set_users(GROUP, everybody(hash_of(TOKEN)))


def test_a_killed_primary_is_replaced_and_comes_back_as_a_replica(
    fleet: Fleet, site: Site, endpoints: RedisAddresses
) -> None:
    client = redis_at(site, endpoints.primary)
    client.set("k", "v")
    assert client.wait(2, 2000) == 2
    old = str(fleet.caches.state(GROUP).primary)
    kill(pid_of(fleet, old))
    eventually(lambda: bool(redis_at(site, endpoints.primary).set("k2", "v2")), "a write")
    assert fleet.caches.state(GROUP).primary != old
    assert redis_at(site, endpoints.primary).get("k") == "v"
    eventually(lambda: redis_at(site, endpoints.nodes[old]).get("k2") == "v2", "the old primary")
    assert redis_at(site, endpoints.nodes[old]).info("replication")["role"] == "slave"


def test_a_primary_that_dies_while_another_one_joins_it_is_replaced_at_once(
    fleet: Fleet, site: Site, endpoints: RedisAddresses
) -> None:
    for _ in range(3):
        for _ in range(2):
            old = str(fleet.caches.state(GROUP).primary)
            kill(pid_of(fleet, old))
            eventually(lambda: fleet.caches.state(GROUP).primary != old, "another", 5)  # noqa: B023
        eventually(lambda: bool(redis_at(site, endpoints.primary).set("k", "v")), "a write", 5)


def test_a_killed_replica_comes_back(fleet: Fleet, site: Site, endpoints: RedisAddresses) -> None:
    replica = next(n for n in NODES if n != fleet.caches.state(GROUP).primary)
    kill(pid_of(fleet, replica))
    redis_at(site, endpoints.primary).set("k", "v")
    eventually(lambda: redis_at(site, endpoints.nodes[replica]).get("k") == "v", "the key")


def test_keys_survive_when_every_node_dies(
    fleet: Fleet, site: Site, endpoints: RedisAddresses
) -> None:
    redis_at(site, endpoints.primary).set("k", "v")
    for pid in [pid_of(fleet, node) for node in NODES]:
        kill(pid)
    eventually(lambda: redis_at(site, endpoints.primary).get("k") == "v", "the key")
    eventually(lambda: redis_at(site, endpoints.reader).get("k") == "v", "the key on a replica")


def test_a_failover_that_is_asked_for(fleet: Fleet, site: Site, endpoints: RedisAddresses) -> None:
    old = str(fleet.caches.state(GROUP).primary)
    fleet.caches.fail_over(GROUP)
    new = str(fleet.caches.state(GROUP).primary)
    assert new != old
    assert redis_at(site, endpoints.nodes[new]).info("replication")["role"] == "master"
    redis_at(site, endpoints.primary).set("k", "v")
    eventually(lambda: redis_at(site, endpoints.nodes[old]).get("k") == "v", "the old primary")


def test_nodes_can_be_added_and_removed(
    fleet: Fleet, site: Site, endpoints: RedisAddresses
) -> None:
    redis_at(site, endpoints.primary).set("k", "v")
    more = fleet.caches.resize(GROUP, [*NODES, "cache-004"])
    assert redis_at(site, more.nodes["cache-004"]).get("k") == "v"
    fewer = fleet.caches.resize(GROUP, NODES)
    assert set(fewer.nodes) == set(NODES)
    with pytest.raises(redis.ConnectionError):
        redis_at(site, more.nodes["cache-004"]).ping()


def test_a_single_node_without_failover_restarts_in_place(fleet: Fleet, site: Site) -> None:
    ends = fleet.caches.create(
        ref("single"), ["single-001"], everybody(hash_of(TOKEN)), True, False, {}
    )
    redis_at(site, ends.primary).set("k", "v")
    assert redis_at(site, ends.reader).get("k") == "v"
    kill(pid_of(fleet, "single-001"))
    eventually(lambda: redis_at(site, ends.primary).get("k") == "v", "the key")
    with pytest.raises(LocalCloudError, match="no live replica"):
        fleet.caches.fail_over(ref("single"))
    fleet.caches.delete(ref("single"))
    fleet.caches.delete(ref("single"))
    assert not [row for row in fleet.listing() if "single" in row.identifier]
