"""An RDS instance: one server, perhaps replicating from another instance."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from localcloud.databases.revival import Revival
from localcloud.databases.store import Plan, Plans
from localcloud.listing import status_of, unserved
from localcloud.servers.facts import Address, Credentials, Ref, ServerStatus
from localcloud.servers.machine import Machine
from localcloud.servers.no_server import UNSERVED
from localcloud.servers.server import SERVERS, Server

log = logging.getLogger(__name__)

Fill = Callable[[Server], None]
"""Gives an empty server its users and its data."""


class InstancePlan(Plan):
    """An instance; ``source`` is the address's owner for a replica."""

    engine: str = "mysql"
    """As the API calls it."""
    host: str
    user: str
    parameters: Mapping[str, str]
    source_region: str | None = None
    source: str | None = None
    source_host: str | None = None
    stopped: bool = False
    also_at: tuple[str, ...] = ()
    """Addresses of others that lead here; its certificate names them."""


class Instance:
    """A running instance. One thing at a time happens to it."""

    def __init__(self, machine: Machine, plans: Plans, plan: InstancePlan) -> None:
        self._machine = machine
        self._plans = plans
        self.plan = plan
        self.ref = Ref(plan.region, plan.identifier)
        make = SERVERS[plan.engine]
        self.server = make(machine, server_name(self.ref), plan.identifier, plan.host, plan.also_at)
        self._lock = threading.RLock()
        self._revival = Revival()

    @property
    def address(self) -> Address:
        return self.server.address

    @property
    def after(self) -> Ref | None:
        """Its source, which a replica waits for."""
        if self.plan.source is None or self.plan.source_region is None:
            return None
        return Ref(self.plan.source_region, self.plan.source)

    @property
    def _source(self) -> Address | None:
        host = self.plan.source_host
        return None if host is None else Address(host, self.address.port)

    def processes(self) -> set[str]:
        return {self.server.name}

    def statuses(self) -> list[ServerStatus]:
        """One row, none while it is stopped on purpose."""
        if self.plan.stopped:
            return []
        role = "instance" if self.plan.source is None else "replica"
        supervisor, server = self._machine.supervisor, self.server
        kind = self.plan.engine
        if kind in UNSERVED:
            return [unserved(kind, self.ref, server.address)]
        return [status_of(supervisor, kind, self.ref, role, server.name, server.address)]

    def create(self, credentials: Credentials, database: str | None) -> None:
        """Start an empty server with its master user and database."""
        with self._lock:
            self.server.remove()
            self._start()
            self.server.create_master_user(credentials, database)
            self._plans.save(self.plan)

    def create_from(self, source: Instance) -> None:
        """Start a server that has everything its source has, and follows it."""
        with self._lock:
            self.server.remove()
            self._start()
            self.server.catch_up(source.server)
            self._plans.save(self.plan)

    def create_by(self, fill: Fill) -> None:
        """Start an empty server that ``fill`` gives its users and its data."""
        with self._lock:
            self.server.remove()
            # It takes as long as there is data: after a kill its files are to be found.
            self._plans.save(self.plan)
            self._start()
            fill(self.server)

    @property
    def undisturbed(self) -> AbstractContextManager[Any]:
        """While it is held, nobody starts, stops or changes the server."""
        return self._lock

    def recover(self) -> None:
        """Adopt the server, or start it again where it was."""
        with self._lock:
            if self.plan.stopped:
                return
            if self.server.alive and self.server.answers():
                self._watch()
            else:
                self.server.kill()
                self._start()

    def promote(self) -> None:
        with self._lock:
            if self._source is not None:
                self.server.promote(self._source)
            self._save(self.plan.having(source=None, source_region=None, source_host=None))

    def set_password(self, password: str) -> None:
        with self._lock:
            self.server.set_password(self.plan.user, password)

    def set_parameters(self, parameters: Mapping[str, str]) -> None:
        with self._lock:
            self._save(self.plan.having(parameters=dict(parameters)))
            if not self.plan.stopped:
                self.server.set_at_once(parameters)

    def name_also(self, hosts: Sequence[str]) -> None:
        """Let its certificate name ``hosts``, addresses that lead here, and no others."""
        with self._lock:
            self._save(self.plan.having(also_at=tuple(hosts)))
            self.server.name_also(hosts)

    def reboot(self) -> None:
        with self._lock:
            self.server.stop()
            self._start()

    def stop(self) -> None:
        with self._lock:
            self._save(self.plan.having(stopped=True))
            self.server.stop()

    def start(self) -> None:
        with self._lock:
            self._save(self.plan.having(stopped=False))
            self.recover()

    def delete(self) -> None:
        with self._lock:
            self._plans.forget(self.plan)
            self.server.remove(self._source)
            self._machine.addresses.release(address_holder(self.ref))

    def _start(self) -> None:
        try:
            self.server.serve(self.plan.parameters, self._source)
        finally:
            # Also one that runs and could not follow: its death is to be noticed.
            if self.server.alive:
                self._watch()

    def _watch(self) -> None:
        self._machine.supervisor.watch(self.server.name, self._died)

    def _died(self) -> None:
        with self._lock:
            if self.plan.stopped or self.server.alive:
                return
            log.warning("%s died", self.ref)
            if self._revival.worth_it():
                self.recover()
            else:
                log.error("%s dies too often and is left dead until a reboot", self.ref)

    def _save(self, plan: InstancePlan) -> None:
        self._plans.save(plan)
        self.plan = plan


def server_name(ref: Ref) -> str:
    """The name of a server, of an instance or a cluster's member: both share RDS's name space."""
    return f"{ref.region}.{ref.identifier}"


def address_holder(ref: Ref) -> str:
    """The name under which an instance holds its address."""
    return f"instance.{server_name(ref)}"
