"""An Aurora PostgreSQL cluster after the daemon, the servers or both have died."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from localcloud.fleet import Address, ClusterAddresses, Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    eventually,
    kill,
    pid_of,
    postgres_rows,
    ref,
    site,
)

__all__ = ["site"]
CLUSTER = ref("pgs")
NAMES = ("one", "two", "three")


@contextmanager
def recovered(site: Site) -> Iterator[Fleet]:
    fleet = Fleet(site)
    try:
        fleet.recover()
        yield fleet
    finally:
        fleet.close()


@pytest.fixture(scope="module")
def endpoints(site: Site) -> ClusterAddresses:
    """Three members with one row, left running by a daemon that is gone."""
    with recovered(site) as fleet:
        found = fleet.clusters.create(CLUSTER, ADMIN, "app", {}, engine="aurora-postgresql")
        for tier, name in enumerate(NAMES):
            fleet.clusters.add_member(CLUSTER, name, tier, {})
    postgres_rows(site, found.writer, "CREATE TABLE t (id SERIAL PRIMARY KEY)", dbname="app")
    return found


def pids(fleet: Fleet) -> list[int]:
    return [pid_of(fleet, name) for name in NAMES]


def whole(site: Site, endpoints: ClusterAddresses) -> None:
    """What was there is there, and a new row arrives at the readers."""

    def count(address: Address) -> int:
        rows = postgres_rows(site, address, "SELECT COUNT(*) FROM t", dbname="app")
        return int(rows[0][0])

    eventually(lambda: count(endpoints.writer) >= 0, "the writer", 30)
    before = count(endpoints.writer)
    insert = "INSERT INTO t DEFAULT VALUES"
    eventually(
        lambda: postgres_rows(site, endpoints.writer, insert, dbname="app") == [], "a row", 30
    )
    eventually(lambda: count(endpoints.reader) == before + 1, "the row on a reader", 30)


def test_live_servers_are_adopted_as_they_are_and_watched(
    site: Site, endpoints: ClusterAddresses
) -> None:
    with recovered(site) as first:
        before = pids(first)
    with recovered(site) as second:
        assert pids(second) == before
        whole(site, endpoints)
        old = str(second.clusters.state(CLUSTER).writer)
        kill(pid_of(second, old))
        eventually(lambda: second.clusters.state(CLUSTER).writer != old, "another writer", 30)
        whole(site, endpoints)


def test_a_writer_that_died_with_the_daemon_is_replaced(
    site: Site, endpoints: ClusterAddresses
) -> None:
    with recovered(site) as fleet:
        old = str(fleet.clusters.state(CLUSTER).writer)
        pid = pid_of(fleet, old)
    kill(pid)
    with recovered(site) as fleet:
        assert fleet.clusters.state(CLUSTER).writer != old
        assert len(pids(fleet)) == 3
        whole(site, endpoints)


def test_everything_killed_comes_back_with_its_rows(
    site: Site, endpoints: ClusterAddresses
) -> None:
    with recovered(site) as fleet:
        before = pids(fleet)
    for pid in before:
        kill(pid)
    with recovered(site) as fleet:
        assert not set(before) & set(pids(fleet))
        whole(site, endpoints)


def test_down_ends_them_in_order_and_keeps_the_data(
    site: Site, endpoints: ClusterAddresses
) -> None:
    with recovered(site) as fleet:
        fleet.down()
    with recovered(site) as fleet:
        whole(site, endpoints)


def test_deletion_leaves_no_process_and_no_file(site: Site, endpoints: ClusterAddresses) -> None:
    with recovered(site) as fleet:
        fleet.clusters.delete(CLUSTER)
        assert fleet.listing() == []
    assert list(site.servers_dir.glob("postgres.*")) == []
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert [line for line in lines.stdout.splitlines() if str(site.state_dir) in line] == []
