"""A serverless cache as a real server: the cluster protocol, two ports, nothing lost."""

from __future__ import annotations

import pytest
import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

from localcloud.fleet import Address, Fleet, ServerlessAddresses
from localcloud.site import Site
from tests.localcloud.fleet_site import eventually, fleet, kill, pid_of, redis_at, ref, site

__all__ = ["fleet", "site"]

CACHE = ref("edge")


@pytest.fixture(scope="module")
def cache(fleet: Fleet) -> ServerlessAddresses:
    return fleet.serverless_caches.create(CACHE)


def at(site: Site, address: Address) -> redis.Redis:
    found: redis.Redis = redis_at(site, address, None)
    return found


def test_a_client_of_the_cluster_protocol_is_served(site: Site, cache: ServerlessAddresses) -> None:
    client = RedisCluster(
        host=cache.cache.host,
        port=cache.cache.port,
        ssl=True,
        ssl_ca_certs=str(site.ca_dir / "ca.pem"),
        ssl_check_hostname=True,
        decode_responses=True,
    )
    try:
        for n in range(50):
            client.set(f"k{n}", n)
        assert [client.get(f"k{n}") for n in range(50)] == [str(n) for n in range(50)]
    finally:
        client.close()


def test_both_ports_lead_to_it_and_neither_in_plain_text(
    site: Site, cache: ServerlessAddresses
) -> None:
    assert cache.cache.host == cache.reader.host
    at(site, cache.cache).set("k", "v")
    assert at(site, cache.reader).get("k") == "v"
    for address in (cache.cache, cache.reader):
        plain = redis.Redis(address.host, address.port, retry=Retry(NoBackoff(), 0))
        with pytest.raises(redis.ConnectionError):
            plain.ping()


def test_keys_of_two_slots_are_refused_in_one_command(
    site: Site, cache: ServerlessAddresses
) -> None:
    with pytest.raises(redis.exceptions.ClusterCrossSlotError):
        at(site, cache.cache).mget("a", "b")


def test_keys_and_slots_survive_a_sigkill_of_both_processes(
    fleet: Fleet, site: Site, cache: ServerlessAddresses
) -> None:
    at(site, cache.cache).set("kept", "v")
    for kind in ("redis", "endpoint"):
        kill(pid_of(fleet, "edge", kind))
        eventually(lambda: at(site, cache.cache).get("kept") == "v", f"the key after {kind}")


def test_a_new_daemon_adopts_it(fleet: Fleet, site: Site, cache: ServerlessAddresses) -> None:
    at(site, cache.cache).set("kept", "v")
    pids = {kind: pid_of(fleet, "edge", kind) for kind in ("redis", "endpoint")}
    later = Fleet(site)
    try:
        later.recover()
        assert later.serverless_caches.addresses(CACHE) == cache
        assert {kind: pid_of(later, "edge", kind) for kind in pids} == pids
        assert at(site, cache.cache).get("kept") == "v"
    finally:
        later.close()


def test_nothing_is_left_of_a_deleted_one(fleet: Fleet, site: Site) -> None:
    gone = fleet.serverless_caches.create(ref("gone"))
    at(site, gone.cache).set("k", "v")
    fleet.serverless_caches.delete(ref("gone"))
    fleet.serverless_caches.delete(ref("gone"))
    assert not [row for row in fleet.listing() if row.identifier == "gone"]
    with pytest.raises(redis.ConnectionError):
        at(site, gone.cache).ping()
    again = fleet.serverless_caches.create(ref("gone"))
    assert at(site, again.cache).get("k") is None
    fleet.serverless_caches.delete(ref("gone"))
