"""RDS proxies in front of real servers."""

from __future__ import annotations

from collections.abc import Iterator

import mysql.connector
import pytest

from localcloud.fleet import Address, Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, eventually, fleet, kill, mysql_at, ref, rows, site

__all__ = ["fleet", "site"]
NAME = "myapp-proxy"


@pytest.fixture(scope="module")
def proxied(site: Site, fleet: Fleet) -> Iterator[Address]:
    """A proxy that leads to a real server, of which it takes two connections at a time."""
    server = fleet.instances.create(ref("db"), ADMIN, "app", {})
    address = fleet.proxies.create(ref(NAME), "default", 2, 0.3)
    fleet.instances.name_also(ref("db"), [address.host])
    fleet.proxies.lead(ref(NAME), {"default": server.host})
    yield address
    fleet.proxies.delete(ref(NAME))
    fleet.instances.delete(ref("db"))


def test_its_certificate_is_good_for_its_address(site: Site, proxied: Address) -> None:
    assert rows(site, proxied, "SELECT @@report_host") == [("db",)]


def test_a_client_beyond_the_limit_waits_and_is_refused(site: Site, proxied: Address) -> None:
    with mysql_at(site, proxied), mysql_at(site, proxied) as held:
        with pytest.raises(mysql.connector.Error), mysql_at(site, proxied):
            pass
        held.execute("SELECT 1")
        assert held.fetchall() == [(1,)]
    assert rows(site, proxied, "SELECT 1") == [(1,)]


def test_naming_a_host_leaves_no_transaction_of_its_own(
    site: Site, fleet: Fleet, proxied: Address
) -> None:
    # FLUSH SSL is written to the binary log: a reader that had one could never be followed.
    before = rows(site, proxied, "SELECT @@GLOBAL.gtid_binlog_pos")
    fleet.instances.name_also(ref("db"), [proxied.host])
    assert rows(site, proxied, "SELECT @@GLOBAL.gtid_binlog_pos") == before


def test_a_killed_proxy_comes_back_where_it_was(site: Site, fleet: Fleet, proxied: Address) -> None:
    (pid,) = (row.pid for row in fleet.listing() if row.kind == "proxy" and row.pid)
    kill(pid)
    eventually(lambda: rows(site, proxied, "SELECT 1") == [(1,)], "the proxy is back")


def test_a_new_fleet_finds_proxy_and_certificate(
    site: Site, fleet: Fleet, proxied: Address
) -> None:
    again = Fleet(site)
    again.recover()
    try:
        assert rows(site, proxied, "SELECT 1") == [(1,)]
        assert again.proxies.get(ref(NAME)).address("default") == proxied
    finally:
        again.close()
