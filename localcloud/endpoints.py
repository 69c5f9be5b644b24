"""HAProxy behind one database's endpoints: one server line a node, states flipped by its socket.

Each node has a line in each endpoint that may lead to it, and a flip only says which lines are
ready. Changing a line's address instead would leave sessions that connect during an outage
trying the dead address until their retries end (measured: seconds instead of 20 ms).
"""

from __future__ import annotations

import csv
import logging
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from localcloud.errors import LocalCloudError, ServerFailed
from localcloud.launch import Launch, tail
from localcloud.programs import program
from localcloud.servers.facts import Address
from localcloud.servers.machine import Machine

log = logging.getLogger(__name__)

_READY_S = 10.0
_SOCKET_S = 5.0
_POLL_S = 0.005
_HOLD = "hold"
"""A server line where nobody answers: who is sent there is retried, until another line is ready."""
_NOBODY_PORT = 1
# Between two attempts HAProxy pauses for `timeout connect`: 20 ms decide how soon a connection
# made during an outage reaches the new writer; 1000 retries are how long it is held.
_CONFIG = """\
global
    stats socket {socket} mode 600 level admin
    nbthread 1
    maxconn 2000
    hard-stop-after 1s
defaults
    mode tcp
    timeout connect 20ms
    timeout client 1h
    timeout server 1h
    option redispatch 1
    retries 1000
    balance leastconn
"""


@dataclass(frozen=True)
class Endpoint:
    """An address and the nodes it leads to now; ``checked`` nodes are left out while dead.

    ``most`` connections at a time reach a node; others wait for ``queue_s`` and are refused.
    """

    name: str
    address: Address
    ready: frozenset[str]
    checked: bool = False
    most: int | None = None
    queue_s: float = 0


class Endpoints:
    """One HAProxy process. Its endpoints are fixed at its start, their nodes are not."""

    def __init__(self, machine: Machine, name: str, host: str) -> None:
        self._machine = machine
        self.name = f"haproxy.{name}"
        self._host = host
        self._folder = machine.folder(self.name)
        self._lock = threading.Lock()
        self._wanted: dict[str, Endpoint] = {}

    @property
    def _checked(self) -> dict[str, bool]:
        return {name: endpoint.checked for name, endpoint in self._wanted.items()}

    @property
    def _socket(self) -> Path:
        # Not the folder of the node at this host: an endpoint has a host of its own.
        return self._machine.site.run_dir / self._host / "haproxy.sock"

    @property
    def alive(self) -> bool:
        return self._machine.supervisor.running(self.name) is not None

    def apply(
        self, nodes: Mapping[str, Address], endpoints: Iterable[Endpoint], *, asleep: bool = False
    ) -> None:
        """Lead every endpoint to its nodes, starting the process when there is none.

        Nodes that are ``asleep`` are not checked: a check is a connection, and would wake them.
        """
        with self._lock:
            wanted = {e.name: replace(e, checked=e.checked and not asleep) for e in endpoints}
            nodes = {**nodes, _HOLD: Address(self._host, _NOBODY_PORT)}
            if not self.alive:
                self._start(nodes, wanted)
            else:
                self._flip(nodes, wanted)
            self._wanted = wanted

    def hold(self) -> bool:
        """Let new connections wait until the next `apply`; whether no other one is open."""
        with self._lock:
            for endpoint in self._wanted.values():
                lines = [f"{endpoint.name}/{node}" for node in sorted(endpoint.ready)]
                if lines:
                    self._tell([f"set server {endpoint.name}/{_HOLD} state ready"])
                for line in lines:
                    # Not `maint`, which may end the sessions that this is to find.
                    self._tell([*_unchecked(line), f"set server {line} state drain"])
            self._wanted = {n: replace(e, checked=False) for n, e in self._wanted.items()}
            return not self._sessions()

    def stop(self) -> None:
        self._machine.supervisor.stop(self.name)

    def _start(self, nodes: Mapping[str, Address], wanted: Mapping[str, Endpoint]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._machine.sockets(self._host, None)
        config = self._folder / "haproxy.cfg"
        config.write_text(_config(self._socket, nodes, wanted.values()))
        argv = (program("haproxy"), "-db", "-f", str(config))
        output = self._folder / "haproxy.log"
        self._machine.supervisor.start(Launch(self.name, argv, output))
        end = time.monotonic() + _READY_S
        while not self._answers():
            if not self.alive or time.monotonic() > end:
                raise ServerFailed(
                    f"the endpoints of {self.name} did not open; the end of {output}:\n"
                    f"{tail(output)}"
                )
            time.sleep(_POLL_S)

    def _answers(self) -> bool:
        try:
            self._ask("show info")
        except (OSError, LocalCloudError):
            return False
        return True

    def _flip(self, nodes: Mapping[str, Address], wanted: Mapping[str, Endpoint]) -> None:
        have = self._lines()
        commands = []
        for endpoint in wanted.values():
            present = have.get(endpoint.name, {})
            for node, address in nodes.items():
                line = f"{endpoint.name}/{node}"
                if node in present and present[node] != str(address):
                    commands += [*_removal(line)]
                added = present.get(node) != str(address)
                if added:
                    commands += [f"add server {line} {address}{_check(endpoint, node)}"]
                if added or self._checked.get(endpoint.name) != endpoint.checked:
                    checked = bool(_check(endpoint, node))
                    commands += [f"enable health {line}"] if checked else _unchecked(line)
        # New nodes first, then the old: no moment without any.
        for endpoint in wanted.values():
            commands += [
                f"set server {endpoint.name}/{n} state ready" for n in sorted(endpoint.ready)
            ]
        for endpoint in wanted.values():
            for node in sorted({*nodes, *have.get(endpoint.name, {})} - endpoint.ready):
                line = f"{endpoint.name}/{node}"
                if node not in nodes:
                    commands += _removal(line)
                    continue
                commands += [f"set server {line} state maint"]
                # Who is held is not connected yet, and goes where the ready lines lead.
                commands += [f"shutdown sessions server {line}"] if node != _HOLD else []
        self._tell(commands)

    def arrivals(self) -> int:
        """How many connections there have ever been; another process counts anew."""
        return sum(int(row["stot"]) for row in self._stat() if row["svname"] == "FRONTEND")

    def _sessions(self) -> int:
        """Connections that have reached a node, or are just reaching it."""
        elsewhere = ("FRONTEND", "BACKEND", _HOLD)
        return sum(int(r["scur"]) for r in self._stat() if r["svname"] not in elsewhere)

    def _stat(self) -> list[dict[str, str]]:
        table = self._ask("show stat").removeprefix("# ")
        return list(csv.DictReader(table.splitlines()))

    def _lines(self) -> dict[str, dict[str, str]]:
        """The addresses HAProxy knows, by endpoint and node."""
        found: dict[str, dict[str, str]] = {}
        for row in self._ask("show servers state").splitlines():
            fields = row.split()
            if len(fields) > 18 and fields[0].isdigit():
                found.setdefault(fields[1], {})[fields[3]] = f"{fields[4]}:{fields[18]}"
        return found

    def _tell(self, commands: list[str]) -> None:
        # One connection a command: in a batch the answers run into each other.
        for command in commands:
            answer = self._ask(command).strip()
            if answer and not answer.startswith("New server registered"):
                log.info("%s: %s: %s", self.name, command, answer)

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(_SOCKET_S)
            peer.connect(str(self._socket))
            peer.sendall(f"{command}\n".encode())
            chunks = []
            while chunk := peer.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks).decode(errors="replace")


_CHECK = " check inter 100ms fall 1 rise 1 on-marked-down shutdown-sessions"


def _check(endpoint: Endpoint, node: str) -> str:
    return _CHECK if endpoint.checked and node != _HOLD else ""


def _unchecked(line: str) -> list[str]:
    # Up from now on, whatever the last check found.
    return [f"disable health {line}", f"set server {line} health up"]


def _removal(line: str) -> list[str]:
    return [
        f"set server {line} state maint",
        f"shutdown sessions server {line}",
        f"del server {line}",
    ]


def _config(path: Path, nodes: Mapping[str, Address], endpoints: Iterable[Endpoint]) -> str:
    text = _CONFIG.format(socket=path)
    for endpoint in endpoints:
        text += f"listen {endpoint.name}\n    bind {endpoint.address}\n"
        limit = ""
        if endpoint.most is not None:
            # HAProxy takes 0 for the whole of its connect timeout.
            text += f"    timeout queue {max(1, round(1000 * endpoint.queue_s))}ms\n"
            limit = f" maxconn {endpoint.most}"
        for node, address in nodes.items():
            state = "" if node in endpoint.ready else " disabled"
            text += f"    server {node} {address}{limit}{_check(endpoint, node)}{state}\n"
    return text
