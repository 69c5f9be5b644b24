"""PostgreSQL instances after the daemon, the servers or both have died."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from localcloud.fleet import Address, Fleet
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
NAMES = ("pg", "copy")


@pytest.fixture(scope="module")
def addresses(site: Site) -> tuple[Address, Address]:
    """A source and its replica with one row, left running by a daemon that is gone."""
    with recovered(site) as fleet:
        source = fleet.instances.create(ref("pg"), ADMIN, "app", {}, engine="postgres")
        copy = fleet.instances.create_replica(ref("copy"), ref("pg"), {})
    postgres_rows(site, source, "CREATE TABLE t (id INT PRIMARY KEY)", dbname="app")
    postgres_rows(site, source, "INSERT INTO t VALUES (1)", dbname="app")
    return source, copy


@contextmanager
def recovered(site: Site) -> Iterator[Fleet]:
    fleet = Fleet(site)
    try:
        fleet.recover()
        yield fleet
    finally:
        fleet.close()


def pids(fleet: Fleet) -> list[int]:
    return [pid_of(fleet, name) for name in NAMES]


def whole(site: Site, addresses: tuple[Address, Address]) -> None:
    """The row is there, and a new one arrives at the replica."""
    source, copy = addresses

    def count(address: Address) -> object:
        return postgres_rows(site, address, "SELECT COUNT(*) FROM t", dbname="app")[0][0]

    eventually(lambda: count(source) != 0, "the source's rows")
    before = count(source)
    postgres_rows(site, source, f"INSERT INTO t VALUES ({before} + 1)", dbname="app")
    eventually(lambda: count(copy) == count(source) != before, "the row on the replica")


def test_live_servers_are_adopted_as_they_are_and_watched(
    site: Site, addresses: tuple[Address, Address]
) -> None:
    with recovered(site) as first:
        before = pids(first)
    with recovered(site) as second:
        assert pids(second) == before
        whole(site, addresses)
        kill(before[0])
        eventually(lambda: pids(second)[0] != before[0], "the restart")
        whole(site, addresses)


def test_everything_killed_comes_back_with_its_rows(
    site: Site, addresses: tuple[Address, Address]
) -> None:
    with recovered(site) as fleet:
        before = pids(fleet)
    for pid in before:
        kill(pid)
    with recovered(site) as fleet:
        assert not set(before) & set(pids(fleet))
        whole(site, addresses)


def test_down_ends_them_in_order_and_keeps_the_data(
    site: Site, addresses: tuple[Address, Address]
) -> None:
    with recovered(site) as fleet:
        fleet.down()
    with recovered(site) as fleet:
        whole(site, addresses)
    logs = "".join(log.read_text() for log in site.logs_dir.glob("*/postgresql.log"))
    assert "received fast shutdown request" in logs
