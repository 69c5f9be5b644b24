"""A cluster: a writer and readers that acknowledge its commits, behind endpoints of their own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from localcloud.databases.autoscaler import Autoscaler
from localcloud.databases.capacity import Scaling
from localcloud.databases.cluster_endpoints import endpoint_names
from localcloud.databases.cluster_pause import Pausing
from localcloud.databases.cluster_plan import MemberPlan
from localcloud.errors import LocalCloudError, ServerFailed
from localcloud.failover import Candidate, successor
from localcloud.listing import status_of
from localcloud.servers.facts import (
    Address,
    ClusterState,
    Credentials,
    Ref,
    ServerStatus,
)

log = logging.getLogger(__name__)


class Cluster(Pausing):
    """A running cluster, and what the API may ask of it. Whatever needs a server resumes it."""

    _autoscaler: Autoscaler | None = None

    @property
    def state(self) -> ClusterState:
        return ClusterState(self.writer, tuple(self.plan.members))

    @property
    def after(self) -> Ref | None:
        """The primary that a secondary waits for."""
        leader = self.leader
        return leader.ref if leader is not None else None

    def processes(self) -> set[str]:
        return {self.endpoints.name, *(server.name for server in self.servers.values())}

    def statuses(self) -> list[ServerStatus]:
        """Its members, then its endpoints."""
        supervisor, region = self._machine.supervisor, self.ref.region
        kind = "aurora" if self.plan.aurora else self.plan.engine
        rows = []
        for name, member in [] if self.plan.stopped else list(self.servers.items()):
            role = "writer" if name == self.writer else "reader"
            ref = Ref(region, name)
            row = status_of(supervisor, kind, ref, role, member.name, member.address)
            rows.append(replace(row, paused=self.plan.paused and not row.alive))
        ends, address = self.endpoints.name, self.addresses.writer
        return [*rows, status_of(supervisor, "endpoint", self.ref, "endpoints", ends, address)]

    def create(self) -> None:
        with self._lock:
            self._plans.save(self.plan)
            self._route()

    def recover(self) -> None:
        with self._lock:
            if self.plan.stopped:
                # A stop may have been cut short.
                self._end_servers()
        super().recover()
        self._scale()

    def stop(self) -> None:
        """End its servers and keep their data; the endpoints lead nowhere meanwhile."""
        self.close()
        with self._lock:
            self._save(stopped=True, paused=False)
            self._end_servers()
            self._route()

    def start(self) -> None:
        """Start the servers of a stopped cluster; `ServerFailed` when none can write."""
        with self._lock:
            self._save(stopped=False)
            self._heal()
            if self.writer is not None and self.writer not in self._joined:
                raise ServerFailed(f"{self.ref} has no writer that starts")
        self._scale()

    def close(self) -> None:
        """Look after it no more; its servers keep running."""
        if self._autoscaler is not None:
            self._autoscaler.close()
        with self._lock:
            self._autoscaler = None
            self._close_doors()

    def delete(self) -> None:
        self.close()
        with self._lock:
            self._plans.forget(self.plan)
            self.endpoints.stop()
            for name in list(self.servers):
                self._remove_server(name)
            self._machine.addresses.release(*endpoint_names(self.ref))

    def add_member(
        self, name: str, tier: int, parameters: Mapping[str, str], *, serverless: bool = False
    ) -> Address:
        """Start a member: the first one writes, any other replays the writer's history."""
        with self._lock:
            self.resume()
            host = self._machine.addresses.claim(self._holder(name))
            member = MemberPlan(
                host=host, tier=tier, parameters=dict(parameters), serverless=serverless
            )
            server = self._server(name, member)
            server.remove()
            self.servers[name] = server
            try:
                if self.writer is None and self.leader is None:
                    self._seed(name, member)
                else:
                    self._save(members={**self.plan.members, name: member})
                    self._join(name)
                self._settle()
            except LocalCloudError:
                self._save_plan(self.plan.without_member(name))
                self._remove_server(name)
                raise
            self._scale()
            return server.address

    def remove_member(self, name: str) -> None:
        """Stop a member and delete its copy. When it writes, another one takes over first."""
        with self._lock:
            if name not in self.servers:
                return
            self.resume()
            if name == self.writer and self._readers():
                self.fail_over(None)
            plan = self.plan.without_member(name)
            if name == plan.writer:
                # The volume outlives the last member on AWS; here the data were its own.
                plan = plan.having(writer=None)
            self._save_plan(plan)
            self._joined.discard(name)
            self._settle()
            self._remove_server(name)

    def set_custom_endpoint(self, name: str, members: Sequence[str]) -> Address:
        with self._lock:
            self._save_plan(self.plan.with_custom_endpoint(name, members))
            self._route()
            return Address(self.plan.custom_hosts[self.plan.custom[name].slot], self.plan.kind.port)

    def delete_custom_endpoint(self, name: str) -> None:
        with self._lock:
            self._save(custom={k: v for k, v in self.plan.custom.items() if k != name})
            self._route()

    def name_also(self, hosts: Sequence[str]) -> None:
        """Let certificates name ``hosts``, addresses that lead to its endpoints, and no others."""
        with self._lock:
            self._save(also_at=tuple(hosts))
            for server in self.servers.values():
                server.name_also(self.plan.endpoint_hosts)

    def fail_over(self, target: str | None) -> None:
        """A planned change of writer, to ``target`` or the reader with the lowest tier."""
        with self._lock:
            self.resume()
            readers = self._readers()
            chosen = target or successor(
                Candidate(name, 0, self.plan.members[name].tier) for name in readers
            )
            if chosen not in readers or self.writer is None:
                raise LocalCloudError(f"{self.ref} has no live reader {chosen or 'at all'}")
            self._switch_over(self.writer, chosen)

    def set_password(self, password: str) -> None:
        with self._lock:
            if self.plan.writer is None:
                self._save(password=password)
            else:
                self.resume()
                self._writer.set_password(self.plan.user, password)
                self._spread_password()

    def _spread_password(self) -> None:
        # On AWS the members share a volume: a reader knows the password when the writer does.
        for name in self._readers():
            try:
                self.servers[name].catch_up(self._writer)
            except LocalCloudError as error:
                log.warning("%s does not know the new password yet: %s", name, error)

    def set_parameters(self, name: str, parameters: Mapping[str, str]) -> None:
        with self._lock:
            member = self.plan.members[name].model_copy(update={"parameters": dict(parameters)})
            self._save(members={**self.plan.members, name: member})
            if not self.plan.at_rest:
                self.servers[name].set_at_once(parameters)

    def set_scaling(self, scaling: Scaling | None) -> None:
        """The range of capacity of its serverless members, and the pause."""
        with self._lock:
            self._save(scaling=scaling)
            self._scale()

    def set_serverless(self, name: str, serverless: bool) -> None:
        """Whether a member has a capacity, or a class that fixes what it has."""
        with self._lock:
            member = self.plan.members[name].model_copy(update={"serverless": serverless})
            self._save(members={**self.plan.members, name: member})
            self._scale()

    def reboot(self, name: str) -> None:
        """Restart a member in its role."""
        with self._lock:
            self.resume()
            self.servers[name].stop()
            self._joined.discard(name)
            self._given_up.discard(name)
            if name == self.writer:
                self._restart_writer()
            self._heal()

    def _switch_over(self, old: str, new: str) -> None:
        """Every row goes over before the new one may write; the old one comes back as a reader."""
        self._joined.discard(old)
        try:
            self.servers[old].yield_to(self.servers[new])
            for name in self._readers() - {new}:
                self.servers[name].follow(self.servers[new].address)
            self._open(new)
        finally:
            self._heal()

    def _end_servers(self) -> None:
        self._joined.clear()
        # The writer last: it waits until its readers have everything.
        for name in sorted(self.servers, key=lambda name: name == self.plan.writer):
            self.servers[name].stop()

    def _seed(self, name: str, member: MemberPlan) -> None:
        if not self.plan.password:
            raise LocalCloudError(
                f"{self.ref} has no server and no data: here they went with its last member"
            )
        self._start(name, member, writing=True)
        server = self.servers[name]
        credentials = Credentials(self.plan.user, self.plan.password)
        server.create_master_user(credentials, self.plan.database)
        self._joined.add(name)
        self._save(members={name: member}, writer=name, password="")

    def _scale(self) -> None:
        if self.plan.pause_after_s is None:
            self.resume()
        if self.plan.serverless and self._autoscaler is None and not self.plan.stopped:
            self._autoscaler = Autoscaler(self, self._machine.metrics)

    def _holder(self, name: str) -> str:
        return f"{self.plan.kind.program}.{self._server_name(name)}"

    def _remove_server(self, name: str) -> None:
        server = self.servers.pop(name)
        self._joined.discard(name)
        writes = self.plan.writer in self._joined
        server.remove(self._writer.address if writes else None)
        self._machine.addresses.release(server.name)
