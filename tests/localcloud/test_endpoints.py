"""HAProxy before small servers that say who they are: flips, outages, dead readers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.endpoints import Endpoint, Endpoints
from localcloud.errors import ServerFailed
from localcloud.servers.facts import Address
from localcloud.servers.machine import Machine
from localcloud.site import Site
from tests.addresses import prefix
from tests.localcloud.fleet_site import eventually

WRITER, READER, CUSTOM = (Address(f"{prefix(83)}.9.{n}", 3306) for n in (1, 2, 3))
HOLD_S = 0.3
"""How long a connection is watched to see that it is held; HAProxy tries every 20 ms."""


class Node:
    """A server that greets with its name and keeps the connection until it is stopped."""

    def __init__(self, name: str, host: str) -> None:
        self.name = name
        self.address = Address(host, 3306)
        self._peers: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.start()

    def start(self) -> None:
        self._listener = socket.create_server((self.address.host, self.address.port))
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
        self._thread.start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self._peers.append(peer)
            with contextlib.suppress(OSError):
                peer.sendall(f"{self.name}\n".encode())

    def stop(self) -> None:
        if self._listener is None or self._thread is None:
            return
        # Closing alone does not wake the thread that accepts.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        for peer in self._peers:
            peer.close()
        self._peers.clear()
        self._listener = None


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="end-", dir="/var/tmp"))
    folder.chmod(0o755)
    found = Machine(Site(folder, prefix(83)))
    yield found
    found.supervisor.stop_all()
    found.supervisor.close()
    shutil.rmtree(folder)


@pytest.fixture
def nodes() -> Iterator[dict[str, Node]]:
    found = {name: Node(name, f"{prefix(83)}.8.{n}") for n, name in enumerate("abc", 1)}
    yield found
    for node in found.values():
        node.stop()


@pytest.fixture
def endpoints(machine: Machine) -> Iterator[Endpoints]:
    found = Endpoints(machine, "cluster", WRITER.host)
    yield found
    found.stop()


def lead(
    endpoints: Endpoints,
    nodes: dict[str, Node],
    writer: str,
    *,
    readers: str = "",
    custom: str = "",
) -> None:
    """What a cluster would say: one writer, its readers, and a custom endpoint's members."""
    endpoints.apply(
        {name: node.address for name, node in nodes.items()},
        [
            Endpoint("writer", WRITER, frozenset(writer)),
            Endpoint("reader", READER, frozenset(readers), checked=True),
            Endpoint("custom", CUSTOM, frozenset(custom), checked=True),
        ],
    )


@contextlib.contextmanager
def connected(address: Address, timeout_s: float = 5) -> Iterator[socket.socket]:
    with socket.create_connection((address.host, address.port), timeout=timeout_s) as peer:
        yield peer


def greeting(peer: socket.socket) -> str:
    """The name of who serves; empty when the connection was closed."""
    return peer.recv(100).decode().strip()


def reached(address: Address, times: int = 20) -> set[str]:
    """Who serves ``times`` new connections that stay open beside each other."""
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(connected(address)) for _ in range(times)]
        return {greeting(peer) for peer in peers}


def test_each_endpoint_leads_to_its_nodes_only(
    endpoints: Endpoints, nodes: dict[str, Node]
) -> None:
    lead(endpoints, nodes, "a", readers="bc", custom="c")
    assert reached(WRITER) == {"a"}
    assert reached(READER) == {"b", "c"}
    assert reached(CUSTOM) == {"c"}


def test_a_flip_moves_new_connections_and_ends_the_old(
    endpoints: Endpoints, nodes: dict[str, Node]
) -> None:
    lead(endpoints, nodes, "a")
    with connected(WRITER) as old:
        assert greeting(old) == "a"
        lead(endpoints, nodes, "b")
        # Nobody may go on writing to who is the writer no more.
        assert greeting(old) == ""
    assert reached(WRITER) == {"b"}


def test_a_connection_made_during_an_outage_is_held_and_served_after_the_flip(
    endpoints: Endpoints, nodes: dict[str, Node]
) -> None:
    lead(endpoints, nodes, "a")
    nodes["a"].stop()
    with connected(WRITER, HOLD_S) as held:
        with pytest.raises(TimeoutError):
            greeting(held)
        held.settimeout(5)
        lead(endpoints, nodes, "b")
        assert greeting(held) == "b"


def test_an_outage_of_everybody_is_held_too(endpoints: Endpoints, nodes: dict[str, Node]) -> None:
    lead(endpoints, nodes, "a")
    nodes["a"].stop()
    with connected(WRITER, HOLD_S) as held:
        with pytest.raises(TimeoutError):
            greeting(held)
        held.settimeout(5)
        nodes["a"].start()
        assert greeting(held) == "a"


def test_a_dead_reader_leaves_the_rotation_and_comes_back(
    endpoints: Endpoints, nodes: dict[str, Node]
) -> None:
    lead(endpoints, nodes, "a", readers="bc", custom="bc")
    nodes["b"].stop()
    for address in (READER, CUSTOM):
        eventually(lambda a=address: reached(a) == {"c"}, "only c serves")  # type: ignore[misc]
    nodes["b"].start()
    for address in (READER, CUSTOM):
        eventually(
            lambda a=address: reached(a) == {"b", "c"},  # type: ignore[misc]
            "both serve again",
        )


def test_a_node_that_joins_serves_and_one_that_leaves_does_not(
    endpoints: Endpoints, nodes: dict[str, Node]
) -> None:
    few = {name: nodes[name] for name in "ab"}
    lead(endpoints, few, "a", readers="b")
    assert reached(READER) == {"b"}
    lead(endpoints, nodes, "a", readers="bc")
    eventually(lambda: reached(READER) == {"b", "c"}, "c serves")
    with connected(READER) as one, connected(READER) as other:
        by_name = {greeting(one): one, greeting(other): other}
        assert by_name.keys() == {"b", "c"}
        lead(endpoints, few, "a", readers="b")
        assert greeting(by_name["c"]) == ""
    assert reached(READER) == {"b"}


def test_a_node_that_comes_back_elsewhere_is_followed(
    endpoints: Endpoints, nodes: dict[str, Node]
) -> None:
    """Its line is taken away and made anew, with a connection still open on the old one."""
    lead(endpoints, nodes, "a", readers="b")
    moved = Node("b-moved", f"{prefix(83)}.8.9")
    try:
        with connected(READER) as old:
            assert greeting(old) == "b"
            lead(endpoints, {**nodes, "b": moved}, "a", readers="b")
            assert greeting(old) == ""
        eventually(lambda: reached(READER) == {"b-moved"}, "its new address serves")
    finally:
        moved.stop()


def test_the_same_again_disturbs_nobody(endpoints: Endpoints, nodes: dict[str, Node]) -> None:
    lead(endpoints, nodes, "a", readers="bc")
    with connected(WRITER) as writer, connected(READER) as reader:
        served = (greeting(writer), greeting(reader))
        lead(endpoints, nodes, "a", readers="bc")
        for peer in (writer, reader):
            peer.settimeout(0.1)
            with pytest.raises(TimeoutError):
                greeting(peer)
    assert served[0] == "a"


def test_the_process_is_adopted_and_goes_on(
    machine: Machine, endpoints: Endpoints, nodes: dict[str, Node]
) -> None:
    """A new daemon knows it by the registry, its nodes by its socket."""
    lead(endpoints, nodes, "a")
    before = machine.supervisor.running(endpoints.name)
    later = Machine(machine.site)
    try:
        adopted = Endpoints(later, "cluster", WRITER.host)
        assert adopted.alive
        lead(adopted, nodes, "b")
    finally:
        later.supervisor.close()
    assert reached(WRITER) == {"b"}
    assert machine.supervisor.running(endpoints.name) == before


def test_a_killed_process_is_started_again(
    machine: Machine, endpoints: Endpoints, nodes: dict[str, Node]
) -> None:
    lead(endpoints, nodes, "a", readers="bc")
    process = machine.supervisor.running(endpoints.name)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not endpoints.alive, "it is dead")
    lead(endpoints, nodes, "b", readers="c")
    assert reached(WRITER) == {"b"}
    assert reached(READER) == {"c"}


def test_an_address_that_is_taken_is_named(endpoints: Endpoints, nodes: dict[str, Node]) -> None:
    with (
        socket.create_server((WRITER.host, WRITER.port)),
        pytest.raises(ServerFailed, match=rf"did not open[\s\S]*{WRITER}"),
    ):
        lead(endpoints, nodes, "a")
    assert not endpoints.alive
    # As soon as it is free, it works.
    lead(endpoints, nodes, "a")
    assert reached(WRITER) == {"a"}
