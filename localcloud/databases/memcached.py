"""An ElastiCache memcached cluster: servers that share nothing, and who tells where they are."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud.databases.revival import Revival
from localcloud.databases.store import Plan, Plans
from localcloud.errors import ServerFailed
from localcloud.launch import Launch, tail
from localcloud.listing import status_of
from localcloud.records import write_atomically
from localcloud.servers import memcached_discovery
from localcloud.servers.facts import Address, MemcachedAddresses, Ref, ServerStatus
from localcloud.servers.machine import Machine
from localcloud.servers.memcached import PORT, Memcached

log = logging.getLogger(__name__)

_READY_S = 10.0
_POLL_S = 0.005


class MemcachedPlan(Plan):
    """A cluster; ``nodes`` are hosts by node id, ``version`` counts the changes of that list."""

    tls: bool
    parameters: Mapping[str, str]
    configuration_host: str
    version: int
    nodes: Mapping[str, str]


class MemcachedCluster:
    """A running cluster. One thing at a time happens to it. A node that restarts is empty."""

    def __init__(self, machine: Machine, plans: Plans, plan: MemcachedPlan) -> None:
        self._machine = machine
        self._plans = plans
        self.plan = plan
        self.ref = Ref(plan.region, plan.identifier)
        self._lock = threading.RLock()
        self.servers = {node: self._server(node, host) for node, host in plan.nodes.items()}
        self._revivals: dict[str, Revival] = {}
        self._discovery = f"memcached.{self.ref.region}.{self.ref.identifier}.configuration"

    @property
    def addresses(self) -> MemcachedAddresses:
        nodes = {node: server.address for node, server in self.servers.items()}
        return MemcachedAddresses(Address(self.plan.configuration_host, PORT), nodes)

    @property
    def after(self) -> Ref | None:
        return None

    def processes(self) -> set[str]:
        return {self._discovery, *(server.name for server in self.servers.values())}

    def statuses(self) -> list[ServerStatus]:
        """Its nodes, then its configuration endpoint."""
        supervisor, addresses = self._machine.supervisor, self.addresses
        rows = [
            status_of(
                supervisor, "memcached", self.ref, f"node {node}", server.name, server.address
            )
            for node, server in list(self.servers.items())
        ]
        role, name = "configuration", self._discovery
        return [
            *rows,
            status_of(supervisor, "endpoint", self.ref, role, name, addresses.configuration),
        ]

    def create(self) -> None:
        with self._lock:
            self._plans.save(self.plan)
            self._ensure()

    def recover(self) -> None:
        """Adopt what runs, start what does not."""
        with self._lock:
            self._ensure()

    def delete(self) -> None:
        with self._lock:
            self._plans.forget(self.plan)
            self._machine.supervisor.stop(self._discovery, kill=True)
            shutil.rmtree(self._folder, ignore_errors=True)
            for node in list(self.servers):
                self._remove_server(node)
            self._machine.addresses.release(endpoint_name(self.ref))

    def resize(self, nodes: Sequence[str]) -> None:
        """Start the nodes that are new and stop those that are gone; the others keep their keys."""
        with self._lock:
            hosts = {
                node: self.plan.nodes.get(node)
                or self._machine.addresses.claim(node_name(self.ref, node))
                for node in nodes
            }
            for node in sorted(hosts.keys() - self.servers.keys()):
                self.servers[node] = self._server(node, hosts[node])
            gone = self.servers.keys() - hosts.keys()
            self._save(nodes=hosts, version=self.plan.version + 1)
            # Clients learn of a node when it answers, and that it goes before it does.
            self._ensure()
            for node in gone:
                self._remove_server(node)

    def reboot(self, nodes: Sequence[str], parameters: Mapping[str, str]) -> None:
        """Restart nodes, empty and with ``parameters``, which the others take when they restart."""
        with self._lock:
            self._save(parameters=dict(parameters))
            for node in nodes:
                self.servers[node].kill()
            self._ensure()

    def _ensure(self) -> None:
        failed = []
        for node in self.plan.nodes:
            try:
                self._ensure_node(node)
            except ServerFailed as error:
                log.warning("node %s of %s is not there: %s", node, self.ref, error)
                failed.append(str(error))
        self._ensure_discovery()
        if failed:
            raise ServerFailed(f"{self.ref}: {'; '.join(failed)}")

    def _ensure_node(self, node: str) -> None:
        server, supervisor = self.servers[node], self._machine.supervisor
        if not server.alive or not server.answers(self.plan.tls):
            server.kill()
            server.start(self.plan.tls, self.plan.parameters)
        supervisor.unwatch(server.name)
        supervisor.watch(server.name, lambda: self._died(node))

    def _died(self, node: str) -> None:
        with self._lock:
            if node not in self.plan.nodes or self.servers[node].alive:
                return
            log.warning("node %s of %s died; its keys are lost", node, self.ref)
            if self._revivals.setdefault(node, Revival()).worth_it():
                self._ensure_node(node)
            else:
                log.error("node %s of %s dies too often and is left as it is", node, self.ref)

    @property
    def _folder(self) -> Path:
        return self._machine.folder(self._discovery)

    def _ensure_discovery(self) -> None:
        supervisor = self._machine.supervisor
        self._describe()
        if supervisor.running(self._discovery) is None:
            self._start_discovery()
        supervisor.unwatch(self._discovery)
        supervisor.watch(self._discovery, self._discovery_died)

    def _describe(self) -> None:
        plan, tls = self.plan, None
        if plan.tls:
            files = self._machine.authority.issue(self._folder / "tls", [plan.configuration_host])
            tls = {
                "certificate": str(files.certificate),
                "key": str(files.key),
                "ca": str(files.ca),
            }
        facts = {
            "host": plan.configuration_host,
            "port": PORT,
            "tls": tls,
            "version": plan.version,
            "nodes": list(plan.nodes.values()),
        }
        write_atomically(self._folder / "cluster.json", json.dumps(facts).encode())

    def _start_discovery(self) -> None:
        output = self._folder / "discovery.log"
        # Without our packages, which it does not use, it is smaller and sooner there.
        flags, script = "-IS", str(memcached_discovery.__file__)
        argv = (sys.executable, flags, script, str(self._folder / "cluster.json"))
        self._machine.supervisor.start(Launch(self._discovery, argv, output))
        end = time.monotonic() + _READY_S
        while not self._listens():
            alive = self._machine.supervisor.running(self._discovery) is not None
            if not alive or time.monotonic() > end:
                raise ServerFailed(
                    f"the configuration endpoint of {self.ref} did not open; the end of "
                    f"{output}:\n{tail(output)}"
                )
            time.sleep(_POLL_S)

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.plan.configuration_host, PORT), 1).close()
        except OSError:
            return False
        return True

    def _discovery_died(self) -> None:
        with self._lock:
            if not self._plans.has(self.plan):
                return
            log.warning("the configuration endpoint of %s died", self.ref)
            if self._revivals.setdefault(self._discovery, Revival()).worth_it():
                self._ensure_discovery()
            else:
                log.error("the configuration endpoint of %s dies too often", self.ref)

    def _server(self, node: str, host: str) -> Memcached:
        return Memcached(self._machine, f"{self.ref.region}.{self.ref.identifier}.{node}", host)

    def _remove_server(self, node: str) -> None:
        self.servers.pop(node).remove()
        self._revivals.pop(node, None)
        self._machine.addresses.release(node_name(self.ref, node))

    def _save(self, **changes: object) -> None:
        plan = self.plan.having(**changes)
        self._plans.save(plan)
        self.plan = plan


def node_name(ref: Ref, node: str) -> str:
    """The name under which a node holds its address."""
    return f"memcached.{ref.region}.{ref.identifier}.{node}"


def endpoint_name(ref: Ref) -> str:
    """The name under which a cluster's configuration endpoint holds its address."""
    return f"memcached.{ref.region}.{ref.identifier}.configuration"
