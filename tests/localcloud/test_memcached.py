"""A memcached cluster as real servers, and the endpoint that tells where they are."""

from __future__ import annotations

import os
import signal
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheServerError

from localcloud.errors import ServerFailed
from localcloud.fleet import Address, Fleet, MemcachedAddresses
from localcloud.site import Site
from tests.localcloud.fleet_site import eventually, fleet, kill, pid_of, ref, site

__all__ = ["fleet", "site"]

CLUSTER = ref("memcached")
NODES = ["0001", "0002"]
PARAMETERS = {"max_item_size": "2097152", "lru_crawler": "1"}
END_OF_CONFIGURATION = b"\n\r\nEND\r\n"


@pytest.fixture(scope="module")
def secured(fleet: Fleet) -> MemcachedAddresses:
    return fleet.memcached.create(CLUSTER, NODES, True, PARAMETERS)


@contextmanager
def at(site: Site, address: Address, *, tls: bool = True) -> Iterator[Client]:
    """A client that checks certificate and address."""
    context = ssl.create_default_context(cafile=str(site.ca_dir / "ca.pem")) if tls else None
    client = Client(
        (address.host, address.port),
        connect_timeout=5,
        timeout=5,
        default_noreply=False,
        tls_context=context,
    )
    try:
        yield client
    finally:
        client.close()


def configuration(site: Site, address: Address, *, tls: bool = True) -> tuple[int, list[str]]:
    """The version and the nodes, taken out of the answer as ElastiCache's clients do."""
    with at(site, address, tls=tls) as client:
        answer = client.raw_command(b"config get cluster", END_OF_CONFIGURATION)
    head, version, listed = answer.splitlines()
    said = int(head.removeprefix(b"CONFIG cluster 0 "))
    assert said == len(version) + len(listed) + 2, "the length counts both lines with their ends"
    entries = [entry.decode().split("|") for entry in listed.split(b" ")]
    assert {port for _, _, port in entries} == {"11211"}
    assert all(name == host for name, host, _ in entries)
    return int(version), [host for _, host, _ in entries]


def test_each_node_has_its_own_keys(site: Site, secured: MemcachedAddresses) -> None:
    one, other = (secured.nodes[node] for node in NODES)
    with at(site, one) as client:
        client.set("k", "v")
        assert client.get("k") == b"v"
    with at(site, other) as client:
        assert client.get("k") is None


def test_the_configuration_endpoint_lists_the_nodes(
    site: Site, secured: MemcachedAddresses
) -> None:
    hosts = [secured.nodes[node].host for node in NODES]
    assert configuration(site, secured.configuration) == (1, hosts)


def test_every_other_command_goes_to_a_node(site: Site, secured: MemcachedAddresses) -> None:
    with at(site, secured.configuration) as client:
        client.set("passed-on", b"config get cluster\r\n" * 1000)
        assert client.version() == b"1.6.18"
    with at(site, secured.nodes["0001"]) as client:
        assert client.get("passed-on") == b"config get cluster\r\n" * 1000


def test_plain_text_gets_in_nowhere(site: Site, secured: MemcachedAddresses) -> None:
    for address in (secured.configuration, *secured.nodes.values()):
        with (
            at(site, address, tls=False) as client,
            pytest.raises((OSError, MemcacheServerError)),
        ):
            client.version()


def test_the_parameter_group_holds(site: Site, secured: MemcachedAddresses) -> None:
    with at(site, secured.nodes["0001"]) as client:
        assert client.stats("settings")[b"item_size_max"] == 2097152


def test_a_killed_node_comes_back_empty(
    fleet: Fleet, site: Site, secured: MemcachedAddresses
) -> None:
    node = secured.nodes["0001"]
    with at(site, node) as client:
        client.set("k", "v")
    kill(process(fleet, "node 0001"))
    eventually(lambda: value(site, node, "k") is None, "an empty node")


def test_a_killed_configuration_endpoint_comes_back(
    fleet: Fleet, site: Site, secured: MemcachedAddresses
) -> None:
    before = configuration(site, secured.configuration)
    kill(process(fleet, "configuration"))
    eventually(lambda: configuration(site, secured.configuration) == before, "the endpoint")


def test_an_endpoint_whose_first_node_is_dead_asks_the_next(
    fleet: Fleet, site: Site, secured: MemcachedAddresses
) -> None:
    with at(site, secured.nodes["0002"]) as client:
        client.set("k", "of the second")
    # Held still while it is dead, or it would be started again at once.
    lock = fleet.memcached.get(CLUSTER)._lock
    with lock:
        kill(process(fleet, "node 0001"))
        eventually(lambda: value(site, secured.configuration, "k") == b"of the second", "an answer")
    eventually(lambda: value(site, secured.nodes["0001"], "k") is None, "the first node")


def test_nodes_come_and_go_and_the_others_keep_their_keys(
    fleet: Fleet, site: Site, secured: MemcachedAddresses
) -> None:
    version, _ = configuration(site, secured.configuration)
    with at(site, secured.nodes["0002"]) as client:
        client.set("kept", "v")
    endpoint = process(fleet, "configuration")
    fleet.memcached.resize(CLUSTER, [*NODES, "0003"])
    more = fleet.memcached.addresses(CLUSTER)
    assert configuration(site, more.configuration) == (
        version + 1,
        [more.nodes[node].host for node in (*NODES, "0003")],
    )
    assert value(site, more.nodes["0003"], "kept") is None
    fleet.memcached.resize(CLUSTER, ["0002", "0003"])
    fewer = fleet.memcached.addresses(CLUSTER)
    assert configuration(site, fewer.configuration)[1] == [
        fewer.nodes[node].host for node in ("0002", "0003")
    ]
    assert value(site, fewer.nodes["0002"], "kept") == b"v"
    with pytest.raises(OSError, match="refused"):
        value(site, secured.nodes["0001"], "kept")
    fleet.memcached.resize(CLUSTER, NODES)
    assert process(fleet, "configuration") == endpoint, "it need not restart to learn of nodes"


def test_a_reboot_empties_the_named_nodes_and_brings_their_parameters(
    fleet: Fleet, site: Site, secured: MemcachedAddresses
) -> None:
    addresses = fleet.memcached.addresses(CLUSTER)
    for node in NODES:
        with at(site, addresses.nodes[node]) as client:
            client.set("k", "v")
    fleet.memcached.reboot(CLUSTER, ["0002"], {"max_item_size": "4194304"})
    assert value(site, addresses.nodes["0001"], "k") == b"v"
    assert value(site, addresses.nodes["0002"], "k") is None
    with at(site, addresses.nodes["0002"]) as client:
        assert client.stats("settings")[b"item_size_max"] == 4194304


def test_a_new_daemon_adopts_what_runs_and_starts_what_does_not(
    fleet: Fleet, site: Site, secured: MemcachedAddresses
) -> None:
    addresses = fleet.memcached.addresses(CLUSTER)
    for node in NODES:
        with at(site, addresses.nodes[node]) as client:
            client.set("k", "v")
    before = {role: process(fleet, role) for role in ("node 0001", "configuration")}
    fleet.memcached.get(CLUSTER)._machine.supervisor.unwatch(f"{_name()}.0002")
    kill(process(fleet, "node 0002"))
    later = Fleet(site)
    try:
        later.recover()
        assert later.memcached.addresses(CLUSTER) == addresses
        assert {role: process(later, role) for role in before} == before
        assert value(site, addresses.nodes["0001"], "k") == b"v"
        assert value(site, addresses.nodes["0002"], "k") is None
    finally:
        later.close()


def test_a_node_that_does_not_start_leaves_nothing_behind(fleet: Fleet) -> None:
    with pytest.raises(ServerFailed, match="did not start"):
        fleet.memcached.create(ref("broken"), NODES, True, {"max_item_size": "1"})
    assert not [row for row in fleet.listing() if row.identifier == "broken"]
    assert not [name for name in fleet._machine.supervisor.names() if "broken" in name]


def test_a_cluster_without_tls_and_its_end(fleet: Fleet, site: Site) -> None:
    plain = fleet.memcached.create(ref("plain"), ["0001"], False, {})
    with at(site, plain.configuration, tls=False) as client:
        client.set("k", "v")
    hosts = [plain.nodes["0001"].host]
    assert configuration(site, plain.configuration, tls=False) == (1, hosts)
    pids = [pid_of(fleet, "plain", kind) for kind in ("memcached", "endpoint")]
    fleet.memcached.delete(ref("plain"))
    fleet.memcached.delete(ref("plain"))
    assert not [row for row in fleet.listing() if row.identifier == "plain"]
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    assert not list(site.servers_dir.glob("*.plain.*"))


def test_a_silent_node_does_not_silence_the_configuration(
    fleet: Fleet, site: Site, secured: MemcachedAddresses
) -> None:
    pid = process(fleet, "node 0001")
    os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert len(configuration(site, secured.configuration)[1]) == 2
        assert time.monotonic() - started < 2
    finally:
        os.kill(pid, signal.SIGCONT)


def process(fleet: Fleet, role: str) -> int:
    (found,) = (
        row.pid for row in fleet.listing() if row.identifier == CLUSTER.identifier
        and row.role == role and row.pid
    )  # fmt: skip
    return found


def value(site: Site, address: Address, key: str) -> bytes | None:
    with at(site, address) as client:
        found: bytes | None = client.get(key)
        return found


def _name() -> str:
    return f"memcached.{CLUSTER.region}.{CLUSTER.identifier}"
