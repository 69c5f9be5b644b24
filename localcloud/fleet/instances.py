"""RDS instances: create, replicate, change, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localcloud.databases.instances import Fill, Instance, InstancePlan
from localcloud.databases.planning import plan_instance, plan_replica
from localcloud.databases.store import Plans
from localcloud.fleet.collection import Collection
from localcloud.servers.facts import Address, Credentials, Ref
from localcloud.servers.machine import Machine


class Instances(Collection[Instance]):
    """Single servers, some of which replicate from another one."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("instance")
        self._machine = machine
        self._plans = Plans(machine.site.state_dir / "databases", "instance")

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        for plan in self._plans.load(InstancePlan):
            self.put(self._instance(plan))

    def create(
        self,
        ref: Ref,
        credentials: Credentials,
        database: str | None,
        parameters: Mapping[str, str],
        engine: str = "mysql",
    ) -> Address:
        """A server with its master user and database; raises `ServerFailed`."""
        plan = plan_instance(self._machine, ref, engine, credentials.user, parameters)
        made = self.make(self._instance(plan), lambda i: i.create(credentials, database))
        return made.address

    def create_replica(self, ref: Ref, source: Ref, parameters: Mapping[str, str]) -> Address:
        """A read-only server that has caught up with ``source``; raises `ServerFailed`."""
        origin = self.get(source)
        plan = plan_replica(self._machine, ref, origin.plan, parameters)
        return self.make(self._instance(plan), lambda i: i.create_from(origin)).address

    def create_by(
        self, ref: Ref, engine: str, user: str, parameters: Mapping[str, str], fill: Fill
    ) -> Address:
        """A server that has its data and users from ``fill``, ``user`` the master among them."""
        plan = plan_instance(self._machine, ref, engine, user, parameters)
        return self.make(self._instance(plan), lambda i: i.create_by(fill)).address

    def promote(self, ref: Ref) -> None:
        self.get(ref).promote()

    def set_password(self, ref: Ref, password: str) -> None:
        self.get(ref).set_password(password)

    def name_also(self, ref: Ref, hosts: Sequence[str]) -> None:
        """Let its certificate name ``hosts``, addresses that lead to it, and no others."""
        self.get(ref).name_also(hosts)

    def stop(self, ref: Ref) -> None:
        self.get(ref).stop()

    def start(self, ref: Ref) -> None:
        self.get(ref).start()

    def _instance(self, plan: InstancePlan) -> Instance:
        return Instance(self._machine, self._plans, plan)
