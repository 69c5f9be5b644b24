"""A paused cluster outlives its daemon, its endpoints and `down`, and stays paused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from localcloud.databases.cluster_plan import ClusterPlan
from localcloud.fleet import Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import eventually, kill, pid_of, rows, site
from tests.localcloud.test_serverless_clusters import (
    ALL,
    LONE,
    MEMBERS,
    PAIR,
    Ends,
    capacities,
    create,
    everything,
    pause,
    paused,
    pids,
)

__all__ = ["site"]


@contextmanager
def daemon(site: Site) -> Iterator[Fleet]:
    """The servers' owner from its start to its end; what it ends with is not asked of it."""
    found = Fleet(site)
    try:
        found.recover()
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def ends(site: Site) -> Ends:
    with daemon(site) as fleet:
        return create(fleet, site)


def stays_paused(fleet: Fleet) -> None:
    for cluster in MEMBERS:
        name = cluster.identifier
        eventually(lambda: len(capacities(fleet, name)) > 2, "three readings")  # noqa: B023
        assert set(capacities(fleet, name)) == {0}
        assert paused(fleet, cluster)


def test_it_stays_paused_when_its_daemon_ends_and_has_every_row(site: Site, ends: Ends) -> None:
    with daemon(site) as fleet:
        for cluster in MEMBERS:
            pause(fleet, cluster)
    with daemon(site) as fleet:
        stays_paused(fleet)
        for cluster in MEMBERS:
            assert everything(site, ends[cluster].reader)
            assert everything(site, ends[cluster].writer)


def test_it_stays_paused_over_down_and_up(site: Site, ends: Ends) -> None:
    with daemon(site) as fleet:
        for cluster in MEMBERS:
            pause(fleet, cluster)
    Fleet(site).down()
    with daemon(site) as fleet:
        stays_paused(fleet)
        for cluster in MEMBERS:
            assert everything(site, ends[cluster].writer)


def test_servers_that_run_are_adopted_and_pause_later(site: Site, ends: Ends) -> None:
    with daemon(site) as fleet:
        assert everything(site, ends[PAIR].writer)
        before = pids(fleet, PAIR)
    with daemon(site) as fleet:
        assert pids(fleet, PAIR) == before
        pause(fleet, PAIR)
        assert everything(site, ends[PAIR].reader)


@pytest.mark.parametrize("killed", [(), ("pair-a",), MEMBERS[PAIR]])
def test_a_pause_that_was_cut_short_is_taken_back(
    site: Site, ends: Ends, killed: tuple[str, ...]
) -> None:
    # On disk it is paused, and some or all of its servers have not been stopped yet. Where none
    # is left it is simply paused.
    with daemon(site) as fleet:
        assert everything(site, ends[PAIR].writer)
        victims = [pid_of(fleet, name) for name in killed]
    file = site.state_dir / "databases" / "cluster.us-east-1.pair.json"
    plan = ClusterPlan.model_validate_json(file.read_text())
    file.write_text(plan.having(paused=True).model_dump_json())
    for victim in victims:
        kill(victim)
    with daemon(site) as fleet:
        assert paused(fleet, PAIR) == (killed == MEMBERS[PAIR])
        for role in ("writer", "reader"):
            address = getattr(ends[PAIR], role)
            eventually(lambda a=address: everything(site, a), role)  # type: ignore[misc]


def test_a_deleted_cluster_is_gone_paused_or_not(site: Site, ends: Ends) -> None:
    with daemon(site) as fleet:
        rows(site, ends[LONE].writer, "INSERT INTO app.t VALUES (0)")
        assert rows(site, ends[LONE].writer, "SELECT COUNT(*) FROM app.t") == [(len(ALL) + 1,)]
        pause(fleet, PAIR)
        for cluster in MEMBERS:
            fleet.clusters.delete(cluster)
        assert fleet.listing() == []
