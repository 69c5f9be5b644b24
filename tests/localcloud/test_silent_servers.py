"""A server that is frozen or cut off is ended, replaced, and never awakes beside another."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from localcloud import cuts
from localcloud.fleet import Fleet
from localcloud.processes import Process
from localcloud.servers.redis_users import everybody, hash_of
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    TOKEN,
    eventually,
    fleet,
    mysql_at,
    pid_of,
    postgres_rows,
    redis_at,
    ref,
    rows,
    site,
)
from tests.localcloud.test_cache_failover import GROUP, NODES, Writer
from tests.localcloud.test_clusters import CLUSTER, MEMBERS, Load
from tests.localcloud.test_sharded_caches import GROUP as SHARDED
from tests.localcloud.test_sharded_caches import SHARDS, written

__all__ = ["fleet", "site"]

REPLACED_S = 30


@pytest.fixture(scope="module", autouse=True)
def _listened_to(fleet: Fleet) -> Iterator[None]:
    heartbeats = fleet.heartbeats
    heartbeats.open()
    yield
    heartbeats.close()


def freeze(fleet: Fleet, identifier: str) -> Process:
    found = Process.of(pid_of(fleet, identifier))
    assert found is not None
    found.signal(signal.SIGSTOP)
    return found


def cut_off(fleet: Fleet, identifier: str) -> Process:
    found = Process.of(pid_of(fleet, identifier))
    assert found is not None
    assert cuts.cut(found.pid) > 0
    return found


def succeeded(frozen: Process, leader: Callable[[], str | None], old: str) -> None:
    """Somebody else leads, and ``frozen`` had ended before: it cannot awake and write, too."""
    eventually(lambda: leader() not in (old, None), "a successor", REPLACED_S)
    assert not frozen.alive
    assert not frozen.signal(signal.SIGCONT)


def test_a_silent_aurora_writer_loses_no_acknowledged_row(fleet: Fleet, site: Site) -> None:
    ends = fleet.clusters.create(CLUSTER, ADMIN, "app", {})
    for tier, name in enumerate(MEMBERS):
        fleet.clusters.add_member(CLUSTER, name, tier, {})
    rows(site, ends.writer, "CREATE TABLE app.t (id INT PRIMARY KEY)")
    for disturb in (freeze, cut_off):
        old = str(fleet.clusters.state(CLUSTER).writer)
        with Load(site, ends.writer) as load:
            frozen = disturb(fleet, old)
            succeeded(frozen, lambda: fleet.clusters.state(CLUSTER).writer, old)
            before = len(load.acknowledged)
            eventually(lambda: len(load.acknowledged) > before + 50, "writes go on")  # noqa: B023
        stored = {row[0] for row in rows(site, ends.writer, "SELECT id FROM app.t")}
        assert set(load.acknowledged) - stored == set()
        eventually(partial(_one_writes, fleet, site), "one of three writes", REPLACED_S)
        rows(site, ends.writer, "DELETE FROM app.t")
    fleet.clusters.delete(CLUSTER)


def _one_writes(fleet: Fleet, site: Site) -> bool:
    servers = fleet.clusters.get(CLUSTER).servers.values()
    found = [rows(site, server.address, "SELECT @@read_only")[0][0] for server in servers]
    return sorted(found) == [0, 1, 1]


def test_a_frozen_reader_comes_back_and_writes_go_on(fleet: Fleet, site: Site) -> None:
    cluster = ref("pair")
    ends = fleet.clusters.create(cluster, ADMIN, "app", {})
    for name in ("left", "right"):
        fleet.clusters.add_member(cluster, name, 0, {})
    rows(site, ends.writer, "CREATE TABLE app.t (id INT PRIMARY KEY)")
    frozen = freeze(fleet, "right")
    # Its only reader has to acknowledge this.
    with mysql_at(site, ends.writer, read_timeout=30) as cursor:
        cursor.execute("INSERT INTO app.t VALUES (1)")
    assert not frozen.alive
    assert fleet.clusters.state(cluster).writer == "left"
    eventually(lambda: pid_of(fleet, "right") != frozen.pid, "the reader", REPLACED_S)
    fleet.clusters.delete(cluster)


def test_a_frozen_cache_loses_no_confirmed_write(fleet: Fleet, site: Site) -> None:
    ends = fleet.caches.create(GROUP, NODES, everybody(hash_of(TOKEN)), True, True, {})
    with Writer(site, ends) as writer:
        eventually(lambda: len(writer.acknowledged) > 100, "writes")
        frozen = freeze(fleet, NODES[0])
        succeeded(frozen, lambda: fleet.caches.state(GROUP).primary, NODES[0])
        before = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > before + 100, "writes go on", REPLACED_S)
    stored = [int(each) for each in redis_at(site, ends.primary).lrange("numbers", 0, -1)]
    assert sorted(set(writer.acknowledged) - set(stored)) == []
    assert len(stored) == len(set(stored))
    fleet.caches.delete(GROUP)


def test_a_shard_with_a_frozen_primary_is_led_by_its_replica(fleet: Fleet, site: Site) -> None:
    state = fleet.sharded_caches.create(SHARDED, SHARDS, everybody(hash_of(TOKEN)), True, {})
    old = state.shards[0].primary
    frozen = freeze(fleet, old)
    succeeded(frozen, lambda: fleet.sharded_caches.state(SHARDED).shards[0].primary, old)
    eventually(lambda: written(site, fleet.sharded_caches.state(SHARDED)), "every slot", REPLACED_S)
    fleet.sharded_caches.delete(SHARDED)


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_a_frozen_instance_is_started_again_with_its_rows(
    fleet: Fleet, site: Site, engine: str
) -> None:
    address = fleet.instances.create(ref("alone"), ADMIN, "app", {}, engine)
    if engine == "mysql":
        ask, table = partial(rows, site, address), "app.t"
    else:
        ask, table = partial(postgres_rows, site, address, dbname="app"), "t"
    ask(f"CREATE TABLE {table} (id INT)")
    ask(f"INSERT INTO {table} VALUES (1)")
    frozen = freeze(fleet, "alone")
    eventually(lambda: not frozen.alive, "its end", REPLACED_S)
    eventually(lambda: ask(f"SELECT id FROM {table}") == [(1,)], "its rows", REPLACED_S)
    fleet.instances.delete(ref("alone"))
