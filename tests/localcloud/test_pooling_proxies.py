"""An RDS proxy in front of a real PostgreSQL server: it shares the server's connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from localcloud.fleet import Address, Credentials, Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    eventually,
    fleet,
    kill,
    pid_of,
    postgres_at,
    postgres_rows,
    ref,
    site,
)

__all__ = ["fleet", "site"]
NAME = "ledger-proxy"
DB = ref("ledger")
BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture(scope="module")
def server(fleet: Fleet) -> Address:
    return fleet.instances.create(DB, ADMIN, "app", {"rds.force_ssl": "1"}, engine="postgres")


@pytest.fixture(scope="module")
def proxied(fleet: Fleet, server: Address) -> Iterator[Address]:
    """A proxy that takes two connections of the server at a time."""
    address = fleet.proxies.create(ref(NAME), "default", 2, 0.5, "POSTGRESQL")
    fleet.proxies.lead(ref(NAME), {"default": server.host})
    assert fleet.proxies.admit(ref(NAME), server.host, ADMIN)
    yield address
    fleet.proxies.delete(ref(NAME))


def test_many_clients_share_one_connection_of_the_server(
    site: Site, proxied: Address, server: Address
) -> None:
    def backends(where: Address) -> set[int]:
        return {postgres_rows(site, where, BACKEND)[0][0] for _ in range(20)}

    assert len(backends(proxied)) == 1
    assert len(backends(server)) == 20


def test_idle_clients_hold_none(site: Site, proxied: Address) -> None:
    with ExitStack() as open_clients:
        clients = [open_clients.enter_context(postgres_at(site, proxied)) for _ in range(20)]
        assert len({client.execute(BACKEND).fetchone()[0] for client in clients}) <= 2


def test_a_client_beyond_the_limit_waits_and_is_refused(site: Site, proxied: Address) -> None:
    with postgres_at(site, proxied) as one, postgres_at(site, proxied) as two:
        with one.transaction(), two.transaction():
            assert one.execute(BACKEND).fetchone() != two.execute(BACKEND).fetchone()
            with (
                pytest.raises(psycopg.OperationalError, match="query_wait_timeout"),
                postgres_at(site, proxied) as third,
            ):
                third.execute("SELECT 1")
        assert one.execute("SELECT 1").fetchone() == (1,)


def test_who_waits_gets_the_next_one_that_is_free(site: Site, proxied: Address) -> None:
    said: list[object] = []
    waiting = threading.Thread(target=lambda: said.extend(postgres_rows(site, proxied, "SELECT 7")))
    with postgres_at(site, proxied) as one, postgres_at(site, proxied) as two:
        with one.transaction(), two.transaction():
            one.execute("SELECT 1")
            two.execute("SELECT 1")
            waiting.start()
            waiting.join(0.2)
            assert said == []
        waiting.join(5)
    assert said == [(7,)]


def test_tls_is_required_and_its_certificate_is_its_own(site: Site, proxied: Address) -> None:
    with (
        pytest.raises(psycopg.OperationalError, match="SSL required"),
        postgres_at(site, proxied, sslmode="disable", sslrootcert=None),
    ):
        pass


@pytest.mark.parametrize("who", [{"password": "wrong"}, {"user": "somebody"}])
def test_only_the_secrets_user_gets_in(site: Site, proxied: Address, who: dict[str, str]) -> None:
    with (
        pytest.raises(psycopg.OperationalError, match="authentication failed"),
        postgres_at(site, proxied, **who),
    ):
        pass


def test_a_new_password_of_the_secret_is_taken(
    site: Site, fleet: Fleet, proxied: Address, server: Address
) -> None:
    other = Credentials(ADMIN.user, 'another "one" \\ 2')
    fleet.instances.set_password(DB, other.password)
    try:
        assert fleet.proxies.admit(ref(NAME), server.host, other)
        found = postgres_rows(site, proxied, "SELECT current_user", password=other.password)
        assert found == [(ADMIN.user,)]
        assert not fleet.proxies.admit(ref(NAME), server.host, ADMIN), "it cannot log in"
    finally:
        fleet.instances.set_password(DB, ADMIN.password)
        assert fleet.proxies.admit(ref(NAME), server.host, ADMIN)


def test_the_address_stands_when_the_server_is_replaced(
    site: Site, fleet: Fleet, proxied: Address
) -> None:
    with postgres_at(site, proxied) as client:
        before = client.execute(BACKEND).fetchone()
        kill(pid_of(fleet, "ledger"))
        eventually(lambda: postgres_rows(site, proxied, BACKEND) != [before], "the new server")
        # A client that was idle has not even lost its connection.
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_a_killed_proxy_comes_back_where_it_was(site: Site, fleet: Fleet, proxied: Address) -> None:
    kill(pid_of(fleet, NAME, "proxy"))
    eventually(lambda: postgres_rows(site, proxied, "SELECT 1") == [(1,)], "the proxy is back")


def test_a_new_fleet_adopts_it(site: Site, fleet: Fleet, proxied: Address) -> None:
    before = pid_of(fleet, NAME, "proxy")
    again = Fleet(site)
    again.recover()
    try:
        assert pid_of(again, NAME, "proxy") == before
        assert postgres_rows(site, proxied, "SELECT 1") == [(1,)]
        assert again.proxies.get(ref(NAME)).address("default") == proxied
    finally:
        again.close()


def test_nothing_is_left_of_a_deleted_one(site: Site, fleet: Fleet, server: Address) -> None:
    fleet.proxies.create(ref("gone"), "default", 2, 0.5, "POSTGRESQL")
    fleet.proxies.delete(ref("gone"))
    assert not [row for row in fleet.listing() if row.identifier == "gone"]
    assert not [found for found in site.servers_dir.glob("*gone*")]
