"""A global cluster outlives its daemon and its servers, whoever of its clusters writes.

Each fleet stands for a daemon of its own: it has nothing but what is on disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import mysql.connector
import pytest

from localcloud.fleet import ClusterAddresses, Credentials, Fleet, Ref
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, eventually, kill, pid_of, ref, rows, site

__all__ = ["site"]

EAST, WEST = ref("store-east"), ref("store-west", "us-west-2")
MEMBERS = {EAST: ("east-a", "east-b"), WEST: ("west-a", "west-b")}
SEEN = "SELECT COUNT(*) FROM app.t WHERE id = 7"
Ends = dict[Ref, ClusterAddresses]


@contextmanager
def daemon(site: Site) -> Iterator[Fleet]:
    """A fleet that has recovered; closed as a killed daemon's is, its servers stay."""
    fleet = Fleet(site)
    fleet.recover()
    try:
        yield fleet
    finally:
        fleet.close()


@pytest.fixture(scope="module")
def ends(site: Site) -> Ends:
    found = {}
    with daemon(site) as fleet:
        for cluster, user in ((EAST, ADMIN), (WEST, Credentials(ADMIN.user, ""))):
            fleet.global_clusters.join("store", cluster)
            found[cluster] = fleet.clusters.create(cluster, user, "app", {})
            for tier, name in enumerate(MEMBERS[cluster]):
                fleet.clusters.add_member(cluster, name, tier, {})
        rows(site, found[EAST].writer, "CREATE TABLE app.t (id INT PRIMARY KEY)")
    return found


def whole(site: Site, fleet: Fleet, ends: Ends, primary: Ref) -> None:
    """``primary`` writes, the other one follows and refuses."""
    assert fleet.global_clusters.members("store")[0] == primary
    secondary = WEST if primary == EAST else EAST
    rows(site, ends[primary].writer, "INSERT INTO app.t VALUES (7)")
    for name in MEMBERS[secondary]:
        address = fleet.clusters.get(secondary).servers[name].address
        eventually(lambda a=address: rows(site, a, SEEN) == [(1,)], f"the row at {name}", 40)  # type: ignore[misc]
        with pytest.raises(mysql.connector.Error) as caught:
            rows(site, address, "INSERT INTO app.t VALUES (8)")
        assert caught.value.errno == 1290
    rows(site, ends[primary].writer, "DELETE FROM app.t")


def make(fleet: Fleet, primary: Ref) -> None:
    if fleet.global_clusters.members("store")[0] != primary:
        fleet.global_clusters.switch_over(primary)


@pytest.mark.parametrize("primary", [EAST, WEST])
def test_roles_outlive_the_daemon_and_the_servers(site: Site, ends: Ends, primary: Ref) -> None:
    with daemon(site) as fleet:
        make(fleet, primary)
    with daemon(site) as fleet:
        whole(site, fleet, ends, primary)
        pids = [pid_of(fleet, name) for names in MEMBERS.values() for name in names]
    for pid in pids:
        kill(pid)
    with daemon(site) as fleet:
        whole(site, fleet, ends, primary)


def test_a_daemon_killed_before_the_plan_is_written_leaves_the_old_primary(
    site: Site, ends: Ends
) -> None:
    with daemon(site) as fleet:
        make(fleet, EAST)
        east, west = fleet.clusters.get(EAST), fleet.clusters.get(WEST)
        east.fence()
        west.prepare_to_lead(east)
    with daemon(site) as fleet:
        whole(site, fleet, ends, EAST)


def test_a_daemon_killed_after_the_plan_is_written_leaves_the_new_one(
    site: Site, ends: Ends
) -> None:
    with daemon(site) as fleet:
        make(fleet, EAST)
        east, west = fleet.clusters.get(EAST), fleet.clusters.get(WEST)
        with east.alone(), west.alone():
            east.fence()
            west.prepare_to_lead(east)
            fleet.clusters._worldwide.lead(WEST)
    with daemon(site) as fleet:
        whole(site, fleet, ends, WEST)
