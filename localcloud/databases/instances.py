"""An RDS MySQL instance: one server, perhaps replicating from another instance."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from localcloud.databases.revival import Revival
from localcloud.databases.store import Plan, Plans
from localcloud.errors import LocalCloudError
from localcloud.listing import status_of
from localcloud.servers.facts import Address, Credentials, Ref, ServerStatus
from localcloud.servers.machine import Machine
from localcloud.servers.mariadb import MariaDB, Settings
from localcloud.servers.mariadb_replication import (
    catch_up,
    create_master_user,
    follow,
    prepare,
    set_master_password,
    stop_following,
)

log = logging.getLogger(__name__)

Fill = Callable[[MariaDB], None]
"""Gives an empty server its users and its data."""


class InstancePlan(Plan):
    """An instance; ``source`` is the address's owner for a replica."""

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
        self.server = MariaDB(
            machine, server_name(self.ref), plan.identifier, plan.host, plan.also_at
        )
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

    def processes(self) -> set[str]:
        return {self.server.name}

    def statuses(self) -> list[ServerStatus]:
        """One row, none while it is stopped on purpose."""
        if self.plan.stopped:
            return []
        role = "instance" if self.plan.source is None else "replica"
        supervisor, server = self._machine.supervisor, self.server
        return [status_of(supervisor, "mysql", self.ref, role, server.name, server.address)]

    def create(self, credentials: Credentials, database: str | None) -> None:
        """Start an empty server with its master user and database."""
        with self._lock:
            self.server.remove()
            self._start()
            create_master_user(self.server, credentials, database)
            self._plans.save(self.plan)

    def create_from(self, source: Instance) -> None:
        """Start an empty server that replays its source's whole history."""
        with self._lock:
            self.server.remove()
            self._start()
            self._follow()
            catch_up(self.server, source.server)
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
                if self.plan.source is not None:
                    self._follow()

    def promote(self) -> None:
        with self._lock:
            with self.server.connect() as session:
                stop_following(session)
                session.run("SET GLOBAL read_only = 0")
            self._save(self.plan.having(source=None, source_region=None, source_host=None))

    def set_password(self, password: str) -> None:
        with self._lock:
            set_master_password(self.server, self.plan.user, password)

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
            if self.plan.source is not None:
                self._follow()

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
            self.server.remove()
            self._machine.addresses.release(self.server.name)

    def _start(self) -> None:
        self.server.start(
            Settings(
                read_only=self.plan.source is not None,
                parameters=self.plan.parameters,
            )
        )
        prepare(self.server, self._machine.replication_password())
        self._watch()

    def _follow(self) -> None:
        if self.plan.source_host is None:
            raise LocalCloudError(f"{self.ref} has no source to replicate from")
        follow(
            self.server,
            Address(self.plan.source_host, self.address.port),
            self._machine.replication_password(),
            str(self._machine.authority.ca),
        )

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
