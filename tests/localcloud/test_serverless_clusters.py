"""Serverless clusters as real servers: they pause without clients and resume for the next one."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import mysql.connector
import pytest

from localcloud.fleet import Address, ClusterAddresses, Fleet, Scaling, ServerStatus
from localcloud.metrics import Reading
from localcloud.servers.facts import Ref
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

LONE, PAIR = ref("lone"), ref("pair")
MEMBERS = {LONE: ("lone-a",), PAIR: ("pair-a", "pair-b")}
ALL = [(n,) for n in range(1, 101)]
EAGER = Scaling(0, 16, 1)
"""Pauses after a second without connections."""
AWAKE = Scaling(0.5, 16)
Ends = dict[Ref, ClusterAddresses]


def create(fleet: Fleet, site: Site) -> Ends:
    """Two clusters, of one member and of two, with a hundred rows each."""
    found = {}
    for cluster, members in MEMBERS.items():
        values = {"require_secure_transport": "1"}
        found[cluster] = fleet.clusters.create(cluster, ADMIN, "app", values)
        fleet.clusters.set_scaling(cluster, AWAKE)
        for tier, member in enumerate(members):
            fleet.clusters.add_member(cluster, member, tier, {}, serverless=True)
        numbers = ", ".join(f"({n})" for (n,) in ALL)
        rows(site, found[cluster].writer, "CREATE TABLE app.t (id INT PRIMARY KEY)")
        rows(site, found[cluster].writer, f"INSERT INTO app.t VALUES {numbers}")
    return found


@pytest.fixture(scope="module")
def ends(fleet: Fleet, site: Site) -> Ends:
    return create(fleet, site)


@pytest.fixture(autouse=True)
def awake(fleet: Fleet, ends: Ends) -> None:
    """Each test starts with clusters that do not pause."""
    for cluster in ends:
        fleet.clusters.set_scaling(cluster, AWAKE)


def servers(fleet: Fleet, cluster: Ref) -> list[ServerStatus]:
    return [row for row in fleet.listing() if row.identifier in MEMBERS[cluster]]


def pids(fleet: Fleet, cluster: Ref) -> set[int]:
    return {row.pid for row in servers(fleet, cluster) if row.pid is not None}


def paused(fleet: Fleet, cluster: Ref) -> bool:
    return all(row.paused and not row.alive for row in servers(fleet, cluster))


def pause(fleet: Fleet, cluster: Ref) -> None:
    fleet.clusters.set_scaling(cluster, EAGER)
    # The reading comes when the pause is complete.
    eventually(
        lambda: paused(fleet, cluster) and capacities(fleet, cluster.identifier)[-1] == 0,
        f"{cluster} pauses",
    )


def everything(site: Site, address: Address) -> bool:
    return rows(site, address, "SELECT id FROM app.t ORDER BY id") == ALL


def readings(fleet: Fleet, identifier: str, name: str) -> tuple[Reading, ...]:
    found = fleet.metrics.readings("us-east-1")
    dimensions = {("DBInstanceIdentifier", identifier), ("DBClusterIdentifier", identifier)}
    return next(
        (r for m, r in found.items() if m.name == name and set(m.dimensions) & dimensions), ()
    )


def capacities(fleet: Fleet, identifier: str) -> list[float]:
    return [r.value for r in readings(fleet, identifier, "ServerlessDatabaseCapacity")]


@pytest.mark.parametrize("cluster", MEMBERS, ids=str)
@pytest.mark.parametrize("role", ["writer", "reader"])
def test_it_pauses_without_clients_and_the_next_one_finds_every_row(
    fleet: Fleet, site: Site, ends: Ends, cluster: Ref, role: str
) -> None:
    pause(fleet, cluster)
    assert pids(fleet, cluster) == set()
    assert everything(site, getattr(ends[cluster], role))
    # By the time a client is served its server runs; the others follow.
    eventually(lambda: len(pids(fleet, cluster)) == len(MEMBERS[cluster]), "all servers")


@pytest.mark.parametrize("cluster", MEMBERS, ids=str)
def test_the_first_statement_of_a_resumed_cluster_may_write(
    fleet: Fleet, site: Site, ends: Ends, cluster: Ref
) -> None:
    pause(fleet, cluster)
    rows(site, ends[cluster].writer, "INSERT INTO app.t VALUES (0)")
    rows(site, ends[cluster].writer, "DELETE FROM app.t WHERE id = 0")


@pytest.mark.parametrize("cluster", MEMBERS, ids=str)
def test_twenty_clients_at_once_are_all_served_by_one_resume(
    fleet: Fleet, site: Site, ends: Ends, cluster: Ref
) -> None:
    pause(fleet, cluster)
    addresses = [ends[cluster].writer, ends[cluster].reader] * 10
    with ThreadPoolExecutor(len(addresses)) as pool:
        assert all(pool.map(lambda address: everything(site, address), addresses))
    assert len(pids(fleet, cluster)) == len(MEMBERS[cluster])


def test_a_member_s_own_address_wakes_it_too(fleet: Fleet, site: Site, ends: Ends) -> None:
    pause(fleet, PAIR)
    host, port = next(r.address for r in fleet.listing() if r.identifier == "pair-b").split(":")
    assert everything(site, Address(host, int(port)))


def test_an_open_connection_keeps_it_up(fleet: Fleet, site: Site, ends: Ends) -> None:
    with mysql_at(site, ends[LONE].writer) as cursor:
        fleet.clusters.set_scaling(LONE, EAGER)
        seen = len(capacities(fleet, "lone"))
        eventually(lambda: len(capacities(fleet, "lone")) > seen + 4, "four seconds of readings")
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]
    eventually(lambda: paused(fleet, LONE), "the pause once it is closed")


def test_who_connects_while_it_pauses_is_served(fleet: Fleet, site: Site, ends: Ends) -> None:
    cluster, stop = fleet.clusters.get(PAIR), threading.Event()
    pauses = [0]

    def visit(address: Address) -> int:
        served = 0
        while not stop.wait(random.uniform(0, 0.05)):
            assert everything(site, address)
            served += 1
        return served

    def pauses_again() -> bool:
        pauses[0] += cluster.pause()
        return pauses[0] >= 4

    with ThreadPoolExecutor(2) as pool:
        visitors = [pool.submit(visit, getattr(ends[PAIR], role)) for role in ("writer", "reader")]
        try:
            eventually(pauses_again, "four pauses between visits", 80)
        finally:
            stop.set()
    assert all(visitor.result() > 0 for visitor in visitors)


def test_what_needs_a_server_resumes_it(fleet: Fleet, site: Site, ends: Ends) -> None:
    cluster = fleet.clusters.get(PAIR)
    writer = str(cluster.state.writer)
    other = next(name for name in MEMBERS[PAIR] if name != writer)
    for needs_it in (
        lambda: fleet.clusters.set_scaling(PAIR, AWAKE),
        lambda: fleet.clusters.fail_over(PAIR, other),
        lambda: fleet.reboot(ref("pair-a")),
        lambda: fleet.clusters.set_password(PAIR, "another-password-1"),
        lambda: fleet.clusters.set_password(PAIR, ADMIN.password),
        lambda: fleet.clusters.add_member(PAIR, "late", 2, {}, serverless=True),
        lambda: fleet.clusters.remove_member(PAIR, "late"),
    ):
        eventually(cluster.pause, "a pause")
        needs_it()
        assert all(row.alive for row in cluster.statuses())
    assert cluster.state.writer == other
    assert everything(site, ends[PAIR].writer)


def test_parameters_of_a_paused_cluster_wait_for_it(fleet: Fleet, site: Site, ends: Ends) -> None:
    pause(fleet, LONE)
    fleet.set_parameters(ref("lone-a"), {"long_query_time": "7"})
    assert paused(fleet, LONE)
    assert rows(site, ends[LONE].writer, "SELECT @@GLOBAL.long_query_time") == [(7.0,)]
    fleet.set_parameters(ref("lone-a"), {})


def test_a_member_of_a_fixed_class_keeps_the_cluster_up(
    fleet: Fleet, site: Site, ends: Ends
) -> None:
    fleet.clusters.set_serverless(PAIR, "pair-b", False)
    fleet.clusters.set_scaling(PAIR, EAGER)
    seen = len(capacities(fleet, "pair-a"))
    eventually(lambda: len(capacities(fleet, "pair-a")) > seen + 3, "three seconds of readings")
    assert len(pids(fleet, PAIR)) == 2
    fleet.clusters.set_serverless(PAIR, "pair-b", True)
    eventually(lambda: paused(fleet, PAIR), "the pause of two serverless members")


def test_a_killed_server_comes_back_and_is_no_pause(fleet: Fleet, site: Site, ends: Ends) -> None:
    assert everything(site, ends[LONE].writer)
    before = pid_of(fleet, "lone-a")
    kill(before)
    eventually(lambda: pids(fleet, LONE) not in (set(), {before}), "another server")
    eventually(lambda: everything(site, ends[LONE].writer), "its rows")


def test_endpoints_that_die_during_a_pause_come_back_and_wake_nobody(
    fleet: Fleet, site: Site, ends: Ends
) -> None:
    pause(fleet, PAIR)
    kill(pid_of(fleet, "pair", "endpoint"))
    eventually(lambda: bool(pid_of(fleet, "pair", "endpoint")), "other endpoints")
    seen = len(capacities(fleet, "pair"))
    eventually(lambda: len(capacities(fleet, "pair")) > seen + 2, "two seconds of readings")
    assert paused(fleet, PAIR)
    assert everything(site, ends[PAIR].reader)


@contextmanager
def busy(site: Site, address: Address, clients: int) -> Iterator[None]:
    """Clients with a statement under way each."""
    stop = threading.Event()

    def work(cursor: mysql.connector.cursor.MySQLCursor) -> None:
        while not stop.is_set():
            cursor.execute("SELECT SUM(a.id * b.id * c.id) FROM app.t a, app.t b, app.t c")
            cursor.fetchall()

    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(clients))
        stack.callback(stop.set)
        for _ in range(clients):
            pool.submit(work, stack.enter_context(mysql_at(site, address)))
        yield


def test_capacity_follows_real_load_and_both_metrics_tell_of_it(
    fleet: Fleet, site: Site, ends: Ends
) -> None:
    eventually(lambda: capacities(fleet, "lone-a")[-1] == 0.5, "the least capacity", 30)
    seen = len(capacities(fleet, "lone-a"))
    with busy(site, ends[LONE].writer, 4):
        eventually(lambda: capacities(fleet, "lone-a")[-1] >= 4, "more capacity")
    eventually(lambda: capacities(fleet, "lone-a")[-1] == 0.5, "the least capacity again", 30)
    curve = capacities(fleet, "lone-a")[seen:]
    assert all(acu % 0.5 == 0 and 0.5 <= acu <= 16 for acu in curve)
    assert all(after <= 2 * before for before, after in pairwise(curve))
    assert capacities(fleet, "lone")[seen:][: len(curve)] == curve
    used = [r.value for r in readings(fleet, "lone-a", "ACUUtilization")][seen:]
    assert used[: len(curve)] == [100 * acu / 16 for acu in curve]
