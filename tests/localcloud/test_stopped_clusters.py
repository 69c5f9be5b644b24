"""An Aurora cluster that is stopped and started by the API, over the daemon's end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mysql.connector
import psycopg
import pytest

from localcloud.fleet import Address, Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, eventually, mysql_at, postgres_rows, ref, site

__all__ = ["site"]
MEMBERS = ("one", "two")


@contextmanager
def recovered(site: Site) -> Iterator[Fleet]:
    fleet = Fleet(site)
    try:
        fleet.recover()
        yield fleet
    finally:
        fleet.close()


def run(site: Site, engine: str, address: Address, statement: str) -> list[Any]:
    if engine == "aurora-postgresql":
        return postgres_rows(site, address, statement, dbname="app")
    with mysql_at(site, address, database="app") as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.with_rows else []


@pytest.mark.parametrize("engine", ["aurora-mysql", "aurora-postgresql"])
def test_a_stopped_cluster_costs_no_server_and_has_its_rows_when_it_starts(
    site: Site, engine: str
) -> None:
    cluster = ref(engine)
    names = [f"{engine}-{member}" for member in MEMBERS]
    with recovered(site) as fleet:
        ends = fleet.clusters.create(cluster, ADMIN, "app", {}, engine=engine)
        for tier, name in enumerate(names):
            fleet.clusters.add_member(cluster, name, tier, {})
        run(site, engine, ends.writer, "CREATE TABLE t (id INT PRIMARY KEY)")
        run(site, engine, ends.writer, "INSERT INTO t VALUES (1)")
        fleet.clusters.stop(cluster)
        assert [row.role for row in fleet.listing() if row.alive] == ["endpoints"]
        with pytest.raises((mysql.connector.Error, psycopg.Error)):
            run(site, engine, ends.writer, "SELECT 1")
        fleet.set_parameters(ref(names[0]), {})
    with recovered(site) as fleet:
        assert [row.role for row in fleet.listing()] == ["endpoints"]
        fleet.clusters.start(cluster)
        assert fleet.clusters.state(cluster).writer == names[0]
        run(site, engine, ends.writer, "INSERT INTO t VALUES (2)")
        for end in (ends.writer, ends.reader):
            eventually(
                lambda: run(site, engine, end, "SELECT COUNT(*) FROM t") == [(2,)],  # noqa: B023
                "both rows",
                30,
            )
        fleet.clusters.delete(cluster)
        assert fleet.listing() == []
