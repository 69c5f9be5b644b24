"""A cluster as a secondary of a global database: every member copies the primary's writer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localcloud.databases.cluster_failover import take_over
from localcloud.databases.cluster_healing import SelfHealing
from localcloud.databases.cluster_plan import ClusterPlan
from localcloud.databases.store import Plans
from localcloud.errors import ServerFailed
from localcloud.servers.facts import Ref
from localcloud.servers.machine import Machine
from localcloud.servers.mariadb_member import MariaDBMember
from localcloud.servers.mariadb_session import SqlFailed
from localcloud.servers.member import Member

log = logging.getLogger(__name__)


class Following(SelfHealing):
    """A cluster with a leader has no writer; all its members follow the leader's writer endpoint.

    That address stays when the leader's writer changes. They follow asynchronously, and never
    acknowledge: a row that only another region has would be lost to a failover at home.
    """

    def __init__(
        self,
        machine: Machine,
        plans: Plans,
        plan: ClusterPlan,
        leader_of: Callable[[Ref], Following | None],
    ) -> None:
        super().__init__(machine, plans, plan)
        self._leader_of = leader_of

    @property
    def leader(self) -> Following | None:
        """The primary it follows, ``None`` for a cluster that writes itself."""
        return self._leader_of(self.ref)

    @property
    def writer(self) -> str | None:
        return self.plan.writer if self.leader is None else None

    def look_after(self) -> None:
        """Bring members back whose replication has ended.

        One that has rows which its leader lost in a failover can only be made anew.
        """
        with self._lock:
            if self.leader is None or not self._plans.has(self.plan):
                return
            for name in sorted(self._joined):
                server = _served(self.servers[name])
                try:
                    if server.replicates():
                        continue
                    diverged = server.has_diverged()
                except SqlFailed:
                    # It is dying, and its watch will tell.
                    continue
                log.warning("%s of %s follows no more", name, self.ref)
                self._joined.discard(name)
                if diverged:
                    server.remove()
            if set(self.plan.members) - self._joined - self._given_up:
                self._heal()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing else happens to the cluster meanwhile."""
        with self._lock:
            yield

    def fence(self) -> None:
        """Let its writer take no more writes; `ServerFailed` when it cannot be asked."""
        if self.plan.writer is None:
            raise ServerFailed(f"{self.ref} has no writer")
        _served(self._writer).fence()

    def prepare_to_lead(self, old: Following | None) -> None:
        """Choose who is to write, having every row of ``old``, if that can still be asked.

        The members follow the chosen one then, or nobody. `take_role` says what comes of it.
        """
        members = {n: self.servers[n] for n in self._joined if self.servers[n].answers()}
        if not members:
            raise ServerFailed(f"{self.ref} has no live member that could write")
        if old is not None:
            for server in members.values():
                server.catch_up(old._writer)
        tiers = {name: member.tier for name, member in self.plan.members.items()}
        self._save(writer=take_over(members, tiers), unshared=True)

    def take_role(self) -> None:
        """Be what the global cluster's plan says now: lead, or follow whoever leads."""
        with self._lock:
            self._joined.clear()
            self._heal()

    def _heal(self) -> None:
        if self.leader is None:
            super()._heal()
            return
        self._joined = {n for n in self._joined if self.servers[n].alive}
        for name in sorted(set(self.plan.members) - self._joined - self._given_up):
            try:
                self._join(name)
            except ServerFailed as error:
                log.warning("%s of %s does not follow yet: %s", name, self.ref, error)
        self._settle()

    def _source_lives(self) -> bool:
        leader = self.leader
        return super()._source_lives() if leader is None else leader._source_lives()

    def _follow(self, server: Member) -> None:
        leader = self.leader
        if leader is None:
            super()._follow(server)
            return
        _served(server).follow(leader.addresses.writer, acknowledging=False)
        # Who follows a leader without a writer still answers questions.
        if leader._source_lives():
            server.catch_up(leader._writer)


def _served(server: Member) -> MariaDBMember:
    # Only Aurora MySQL has global databases here.
    assert isinstance(server, MariaDBMember)
    return server
