"""Caches of Valkey: by its own server where there is one, by Redis's elsewhere."""

from __future__ import annotations

import shutil

from localcloud.fleet import Fleet
from localcloud.servers.redis_users import everybody, hash_of
from localcloud.site import Site
from tests.localcloud.fleet_site import TOKEN, fleet, redis_at, ref, site

__all__ = ["fleet", "site"]

INSTALLED = shutil.which("valkey-server") is not None
USERS = everybody(hash_of(TOKEN))


def test_each_shape_is_served_by_what_is_installed(fleet: Fleet, site: Site) -> None:
    pages = fleet.caches.create(
        ref("pages"), ["pages-001", "pages-002"], USERS, True, True, {}, "valkey"
    )
    shards = {"0001": ["s-0001-001", "s-0001-002"], "0002": ["s-0002-001", "s-0002-002"]}
    sharded = fleet.sharded_caches.create(ref("s"), shards, USERS, True, {}, "valkey")
    nodes = [*pages.nodes.values(), *(a for s in sharded.shards for a in s.nodes.values())]
    assert len(nodes) == 6
    for address in nodes:
        assert ("valkey_version" in redis_at(site, address).info("server")) == INSTALLED
    redis_at(site, pages.primary).set("k", "v")
    assert redis_at(site, pages.primary).wait(1, 2000) == 1
    fleet.sharded_caches.fail_over(ref("s"), "0001")
    assert fleet.sharded_caches.state(ref("s")).shards[0].primary == "s-0001-002"
