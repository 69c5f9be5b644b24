"""A global cluster as real servers: two regions, lag, failover, switchover, nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import mysql.connector
import pytest

from localcloud.errors import LocalCloudError
from localcloud.fleet import Address, ClusterAddresses, Fleet, Ref
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    eventually,
    fleet,
    kill,
    mysql_at,
    pid_of,
    ref,
    rows,
    site,
)

__all__ = ["fleet", "site"]

EAST, WEST, THIRD = ref("store-east"), ref("store-west", "us-west-2"), ref("store-eu", "eu-west-1")
FOLLOWER = type(ADMIN)(ADMIN.user, "")
"""A secondary's user is the primary's; it has no password to make one with."""


@dataclass(frozen=True)
class Ends:
    """The endpoints of the clusters that have members."""

    east: ClusterAddresses
    west: ClusterAddresses

    def of(self, cluster: Ref) -> ClusterAddresses:
        return self.east if cluster == EAST else self.west


@pytest.fixture(scope="module")
def ends(fleet: Fleet, site: Site) -> Ends:
    parameters = {"require_secure_transport": "1"}
    fleet.global_clusters.join("store", EAST)
    east = fleet.clusters.create(EAST, ADMIN, "app", parameters)
    for tier, name in enumerate(("east-a", "east-b")):
        fleet.clusters.add_member(EAST, name, tier, {})
    rows(site, east.writer, "CREATE TABLE app.t (id INT PRIMARY KEY)")
    for cluster in (WEST, THIRD):
        fleet.global_clusters.join("store", cluster)
        found = fleet.clusters.create(cluster, FOLLOWER, None, parameters)
        if cluster == WEST:
            west = found
    for tier, name in enumerate(("west-a", "west-b")):
        fleet.clusters.add_member(WEST, name, tier, {})
    return Ends(east, west)


@pytest.fixture(autouse=True)
def empty(fleet: Fleet, site: Site, ends: Ends) -> Iterator[None]:
    """Each test starts with the east writing, everybody following, and no rows."""
    yield
    if fleet.global_clusters.members("store")[0] != EAST:
        eventually(lambda: _switched(fleet, EAST), "a switchover back", 30)
    rows(site, ends.east.writer, "DELETE FROM app.t")
    eventually(lambda: _ids(site, ends.west, "reader") == [], "the west follows", 30)


def _switched(fleet: Fleet, cluster: Ref) -> bool:
    fleet.global_clusters.switch_over(cluster)
    return True


def _ids(site: Site, ends: ClusterAddresses, role: str) -> list[int]:
    return [row[0] for row in rows(site, getattr(ends, role), "SELECT id FROM app.t ORDER BY id")]


def _who(site: Site, address: Address) -> str:
    return str(rows(site, address, "SELECT @@report_host")[0][0])


def test_a_secondary_reads_what_the_primary_writes_and_writes_nothing(
    fleet: Fleet, site: Site, ends: Ends
) -> None:
    rows(site, ends.east.writer, "INSERT INTO app.t VALUES (1)")
    eventually(lambda: _ids(site, ends.west, "reader") == [1], "the row in the west")
    for _ in range(4):
        with pytest.raises(mysql.connector.Error) as caught:
            rows(site, ends.west.reader, "INSERT INTO app.t VALUES (2)")
        assert caught.value.errno == 1290
    state = fleet.clusters.state(WEST)
    assert (state.writer, state.members) == (None, ("west-a", "west-b"))
    with pytest.raises((mysql.connector.Error, OSError)):
        # A secondary's writer endpoint leads nowhere, as on AWS.
        rows(site, ends.west.writer, "SELECT 1")


def test_a_secondary_acknowledges_nothing(fleet: Fleet, site: Site, ends: Ends) -> None:
    """A commit that only the west had would be lost to a failover in the east."""
    for name in ("west-a", "west-b"):
        server = fleet.clusters.get(WEST).servers[name]
        status = server.run("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_slave_status'")
        assert status[0]["Value"] == "OFF", name
    server = fleet.clusters.get(EAST).servers["east-b"]
    status = server.run("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_slave_status'")
    assert status[0]["Value"] == "ON"


@pytest.mark.parametrize("victim", ["west-a", "west-b"])
def test_a_killed_member_of_a_secondary_follows_again(
    fleet: Fleet, site: Site, ends: Ends, victim: str
) -> None:
    kill(pid_of(fleet, victim))
    rows(site, ends.east.writer, "INSERT INTO app.t VALUES (1)")
    address = fleet.clusters.get(WEST).servers[victim].address
    eventually(
        lambda: rows(site, address, "SELECT id FROM app.t") == [(1,)], f"the row at {victim}"
    )


def test_a_failover_in_the_primary_leaves_the_secondary_following(
    fleet: Fleet, site: Site, ends: Ends
) -> None:
    for number in (1, 2):
        old = str(fleet.clusters.state(EAST).writer)
        kill(pid_of(fleet, old))
        eventually(lambda: fleet.clusters.state(EAST).writer != old, "a new writer")  # noqa: B023
        insert = f"INSERT INTO app.t VALUES ({number})"
        eventually(lambda: rows(site, ends.east.writer, insert) == [], "a write")  # noqa: B023
        eventually(
            lambda: number in _ids(site, ends.west, "reader"),  # noqa: B023
            "the row in the west",
        )
        eventually(lambda: _who(site, ends.east.reader) == old, "it reads")  # noqa: B023


def test_a_member_with_rows_that_its_leader_lost_is_made_anew(
    fleet: Fleet, site: Site, ends: Ends
) -> None:
    server = fleet.clusters.get(WEST).servers["west-a"]
    server.run("SET GLOBAL read_only = 0")
    server.run("INSERT INTO app.t VALUES (666)")
    rows(site, ends.east.writer, "INSERT INTO app.t VALUES (1)")
    rows(site, ends.east.writer, "INSERT INTO app.t VALUES (2)")

    def healed() -> bool:
        return rows(site, server.address, "SELECT id FROM app.t ORDER BY id") == [(1,), (2,)]

    eventually(healed, "the same rows at west-a", 40)


class Load:
    """A writer on its own thread: an id counts only when the commit was acknowledged."""

    def __init__(self, site: Site, ends: Ends) -> None:
        self._site, self._ends = site, ends
        self.acknowledged: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Load:
        self._thread.start()
        eventually(lambda: len(self.acknowledged) > 20, "load")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            for end in (self._ends.east.writer, self._ends.west.writer):
                try:
                    with mysql_at(self._site, end) as cursor:
                        while not self._stop.is_set():
                            number += 1
                            cursor.execute("INSERT INTO app.t VALUES (%s)", (number,))
                            self.acknowledged.append(number)
                except (mysql.connector.Error, OSError):
                    self._stop.wait(0.005)


def test_a_switchover_swaps_the_roles_and_loses_nothing(
    fleet: Fleet, site: Site, ends: Ends
) -> None:
    with Load(site, ends) as load:
        for new in (WEST, EAST, WEST):
            fleet.global_clusters.switch_over(new)
            assert fleet.global_clusters.members("store")[0] == new
            before = len(load.acknowledged)
            eventually(lambda: len(load.acknowledged) > before + 30, "writes go on")  # noqa: B023
    assert fleet.clusters.state(EAST).writer is None
    assert fleet.clusters.state(WEST).writer in ("west-a", "west-b")
    assert not set(load.acknowledged) - set(_ids(site, ends.west, "writer"))
    eventually(
        lambda: not set(load.acknowledged) - set(_ids(site, ends.east, "reader")),
        "the old primary follows",
    )
    with pytest.raises(mysql.connector.Error) as caught:
        rows(site, ends.east.reader, "INSERT INTO app.t VALUES (-1)")
    assert caught.value.errno == 1290
    # The new primary's own readers acknowledge, and a failover there loses nothing either.
    old = str(fleet.clusters.state(WEST).writer)
    kill(pid_of(fleet, old))
    eventually(lambda: rows(site, ends.west.writer, "INSERT INTO app.t VALUES (-2)") == [], "write")
    eventually(lambda: -2 in _ids(site, ends.east, "reader"), "the row in the east")


def test_a_switchover_to_a_headless_cluster_changes_nothing(
    fleet: Fleet, site: Site, ends: Ends
) -> None:
    with pytest.raises(LocalCloudError, match="eu-west-1/store-eu has no live member"):
        fleet.global_clusters.switch_over(THIRD)
    assert fleet.global_clusters.members("store") == (EAST, WEST, THIRD)
    rows(site, ends.east.writer, "INSERT INTO app.t VALUES (1)")
    eventually(lambda: _ids(site, ends.west, "reader") == [1], "the row in the west")


def test_a_failover_without_the_primary(fleet: Fleet, site: Site, ends: Ends) -> None:
    rows(site, ends.east.writer, "INSERT INTO app.t VALUES (1)")
    eventually(lambda: _ids(site, ends.west, "reader") == [1], "the row in the west")
    for name in ("east-a", "east-b"):
        kill(pid_of(fleet, name))
    fleet.global_clusters.fail_over(WEST)
    rows(site, ends.west.writer, "INSERT INTO app.t VALUES (2)")
    assert _ids(site, ends.west, "writer") == [1, 2]
    eventually(lambda: _ids(site, ends.east, "reader") == [1, 2], "the old primary follows", 60)


def test_one_that_leaves_is_a_cluster_of_its_own(fleet: Fleet, site: Site, ends: Ends) -> None:
    lone = ref("lone", "ap-southeast-2")
    fleet.global_clusters.join("store", lone)
    addresses = fleet.clusters.create(lone, FOLLOWER, None, {})
    fleet.clusters.add_member(lone, "lone-a", 0, {})
    fleet.global_clusters.leave(lone)
    assert fleet.global_clusters.of(lone) is None
    rows(site, addresses.writer, "INSERT INTO app.t VALUES (42)")
    assert 42 not in _ids(site, ends.east, "reader")
    fleet.clusters.delete(lone)
    fleet.global_clusters.leave(THIRD)
    with pytest.raises(LocalCloudError, match="has no server and no data"):
        fleet.clusters.add_member(THIRD, "eu-a", 0, {})
    fleet.clusters.delete(THIRD)
    assert fleet.global_clusters.members("store") == (EAST, WEST)
