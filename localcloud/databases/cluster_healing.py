"""How a cluster keeps itself alive: one writer, readers that follow it, open endpoints."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from localcloud.databases.cluster_endpoints import routes
from localcloud.databases.cluster_failover import take_over
from localcloud.databases.cluster_plan import ClusterPlan, MemberPlan
from localcloud.databases.instances import server_name
from localcloud.databases.revival import Revival
from localcloud.databases.store import Plans
from localcloud.endpoints import Endpoints
from localcloud.errors import ServerFailed
from localcloud.failover import may_promote
from localcloud.servers.door import Door
from localcloud.servers.facts import (
    Address,
    ClusterAddresses,
    Ref,
)
from localcloud.servers.machine import Machine
from localcloud.servers.member import Member
from localcloud.servers.member_start import Start

log = logging.getLogger(__name__)

_HEALING_ATTEMPTS = 5


class SelfHealing:
    """A cluster's servers in their roles, whatever dies. One thing at a time happens to it."""

    def __init__(self, machine: Machine, plans: Plans, plan: ClusterPlan) -> None:
        self._machine = machine
        self._plans = plans
        self.plan = plan
        self.ref = Ref(plan.region, plan.identifier)
        self._lock = threading.RLock()
        self.servers = {name: self._server(name, m) for name, m in plan.members.items()}
        self.endpoints = Endpoints(machine, f"cluster.{server_name(self.ref)}", plan.writer_host)
        self._joined: set[str] = set()
        self._revivals: dict[str, Revival] = {}
        self._given_up: set[str] = set()
        self._doors: dict[str, Door] = {}

    @property
    def addresses(self) -> ClusterAddresses:
        port = self.plan.kind.port
        return ClusterAddresses(
            Address(self.plan.writer_host, port), Address(self.plan.reader_host, port)
        )

    @property
    def writer(self) -> str | None:
        """The member that writes, ``None`` when none does."""
        return self.plan.writer

    def recover(self) -> None:
        """Adopt what runs, start what does not, agree on one writer."""
        with self._lock:
            self._heal()

    def _heal(self) -> None:
        for _ in range(_HEALING_ATTEMPTS):
            self._joined = {n for n in self._joined if self.servers[n].alive}
            missing = set(self.plan.members) - self._joined - self._given_up
            if self.plan.at_rest or self.plan.writer is None:
                break
            if not missing and self.plan.writer in self._joined:
                break
            try:
                self._ensure_writer()
            except ServerFailed as error:
                log.warning("%s has no writer yet: %s", self.ref, error)
                continue
            for name in sorted(missing - self._joined):
                try:
                    self._join(name)
                except ServerFailed as error:
                    log.warning("%s of %s is not back yet: %s", name, self.ref, error)
        self._settle()

    def _ensure_writer(self) -> None:
        writer = self.plan.writer
        assert writer is not None
        if writer in self._joined:
            return
        if self.servers[writer].alive and self.servers[writer].answers():
            self._watch(writer)
            self._open(writer)
        elif not self.plan.unshared and may_promote(
            set(self.plan.members), writer, self._reachable()
        ):
            readers = {n: self.servers[n] for n in self.plan.members if n != writer}
            tiers = {name: member.tier for name, member in self.plan.members.items()}
            # What is left of it must neither take a write nor send one to a reader.
            self.servers[writer].kill()
            try:
                best = take_over(readers, tiers)
            except ServerFailed as error:
                log.warning("%s: writer %s is started again: %s", self.ref, writer, error)
                # Some may follow nobody by now.
                self._joined.clear()
                self._restart_writer()
                return
            log.warning("%s: writer %s is dead, %s takes over", self.ref, writer, best)
            if best not in self._joined:
                self._watch(best)
            self._open(best)
        else:
            self._restart_writer()

    def _open(self, name: str) -> None:
        # On disk first: should we be killed now, recovery opens this one and no other.
        readers = self._reachable() - {name}
        self._save(writer=name, unshared=self.plan.unshared or not readers)
        self._joined.add(name)
        # It may have been a secondary's, of a global database.
        self.servers[name].leave_source()
        self.servers[name].take_writes(self._others(name) if readers else frozenset())
        self._part_with_unfit()
        self._route()

    def _part_with_unfit(self) -> None:
        """Readers that cannot follow the writer as they are have to be started again."""
        for name in self._readers():
            try:
                if not self.servers[name].fits(self._writer):
                    self._joined.discard(name)
            except ServerFailed as error:
                # Its watch tells of its death.
                log.info("%s does not say whether it can follow: %s", name, error)

    def _restart_writer(self) -> None:
        name = self.plan.writer
        assert name is not None
        self.servers[name].kill()
        self._start(name, self.plan.members[name], writing=True)
        self._open(name)

    def _join(self, name: str) -> None:
        """Make a member a reader that has caught up; start it if it does not run."""
        server = self.servers[name]
        if server.alive and server.answers() and self._fits(server):
            self._watch(name)
        else:
            server.kill()
            self._start(name, self.plan.members[name])
        try:
            self._follow(server)
        except ServerFailed as error:
            if not self._source_lives() or not server.alive:
                raise
            log.warning("%s cannot rejoin %s and is made anew: %s", name, self.ref, error)
            server.remove()
            self._start(name, self.plan.members[name])
            self._follow(server)
        self._joined.add(name)

    def _fits(self, server: Member) -> bool:
        return self.plan.writer is None or server.fits(self._writer)

    def _follow(self, server: Member) -> None:
        server.follow(self._writer.address)
        server.catch_up(self._writer)

    def _source_lives(self) -> bool:
        """Whether the server that members copy can be copied."""
        return self.plan.writer is not None and self._writer.alive

    def _start(self, name: str, member: MemberPlan, *, writing: bool = False) -> None:
        """Start a member as a reader, or ``writing`` from its first moment on.

        Whoever waited for a writer to come back must not meet one that is read-only still.
        """
        server = self.servers[name]
        follows = not writing and self.plan.writer is not None
        start = Start(
            parameters={**self.plan.parameters, **member.parameters},
            writing=writing,
            others=self._others(name),
            source=self._writer.address if follows else None,
        )
        with self._behind_door(name) as door:
            server.begin(start, door)
        self._watch(name)

    @contextmanager
    def _behind_door(self, name: str) -> Iterator[Door | None]:
        """The door that clients of a stopped member wait at, ours until the server has it."""
        door = self._doors.pop(name, None)
        try:
            yield door
        finally:
            if door is not None:
                door.close()

    def _settle(self) -> None:
        """Acknowledgements and endpoints as the members that are there now allow."""
        if self.writer in self._joined:
            readers = self._readers()
            # On disk before the first row that nobody else has, and until somebody has them all.
            if not readers:
                self._save(unshared=True)
            self._writer.take_writes(self._others(self.writer) if readers else frozenset())
            if readers and self.plan.unshared:
                self._share(readers)
        self._route()

    def _share(self, readers: set[str]) -> None:
        """Have ``readers`` take what their writer acknowledged before it waited for them."""
        try:
            for name in sorted(readers):
                self.servers[name].catch_up(self._writer)
        except ServerFailed as error:
            log.warning("%s: only its writer has every row: %s", self.ref, error)
        else:
            self._save(unshared=False)

    def _route(self) -> None:
        nodes = {name: self.servers[name].address for name in self.plan.members}
        # Clients at a door have their member already, and would lose it by a detour.
        joined = self._joined | self._doors.keys()
        self.endpoints.apply(
            nodes, routes(self.plan, self.writer, joined), asleep=self.plan.at_rest
        )
        self._machine.supervisor.unwatch(self.endpoints.name)
        self._machine.supervisor.watch(self.endpoints.name, self._endpoints_died)

    def _endpoints_died(self) -> None:
        with self._lock:
            if not self.endpoints.alive and self._plans.has(self.plan):
                log.warning("the endpoints of %s died", self.ref)
                self._route()

    def _watch(self, name: str) -> None:
        server = self.servers[name]
        self._machine.supervisor.unwatch(server.name)
        self._machine.supervisor.watch(server.name, lambda: self._died(name))

    def _died(self, name: str) -> None:
        with self._lock:
            if name in self.plan.members and not self.servers[name].alive:
                log.warning("%s of %s died", name, self.ref)
                if not self._revivals.setdefault(name, Revival()).worth_it():
                    log.error("%s dies too often and is left dead until a reboot", name)
                    self._given_up.add(name)
                self._heal()

    @property
    def _writer(self) -> Member:
        assert self.plan.writer is not None
        return self.servers[self.plan.writer]

    def _readers(self) -> set[str]:
        return self._joined - {self.writer or ""}

    def _reachable(self) -> set[str]:
        return {name for name, server in self.servers.items() if server.alive}

    def _others(self, name: str | None) -> frozenset[str]:
        return frozenset(self.plan.members) - {name or ""}

    def _server_name(self, member: str) -> str:
        return server_name(Ref(self.ref.region, member))

    def _server(self, name: str, member: MemberPlan) -> Member:
        also, make = self.plan.endpoint_hosts, self.plan.kind.make
        return make(self._machine, self._server_name(name), name, member.host, also)

    def _save(self, **changes: object) -> None:
        self._save_plan(self.plan.having(**changes))

    def _save_plan(self, plan: ClusterPlan) -> None:
        self._plans.save(plan)
        self.plan = plan
