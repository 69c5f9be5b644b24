"""Which clusters belong to a global cluster, and which of them is the primary: kept on disk."""

from __future__ import annotations

import threading

from pydantic import BaseModel, ConfigDict

from localcloud.databases.store import Plan, Plans
from localcloud.servers.facts import Ref

_EVERYWHERE = "global"
"""A global cluster stands in no region."""


class GlobalMember(BaseModel):
    """A cluster, by region and identifier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    identifier: str

    @property
    def ref(self) -> Ref:
        return Ref(self.region, self.identifier)


class GlobalPlan(Plan):
    """A global cluster: the primary first, then the secondaries in the order they joined.

    Who is the primary is said here and nowhere else, so that one write changes it for all.
    """

    members: tuple[GlobalMember, ...]

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The members, the primary first."""
        return tuple(member.ref for member in self.members)


class GlobalPlans:
    """Every global cluster that has a member. Safe to use from several threads."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._lock = threading.Lock()
        self._found: dict[str, GlobalPlan] = {}

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        self._found = {plan.identifier: plan for plan in self._plans.load(GlobalPlan)}

    def members(self, identifier: str) -> tuple[Ref, ...]:
        """The primary first; nobody when there is no such global cluster."""
        plan = self._found.get(identifier)
        return plan.refs if plan is not None else ()

    def of(self, cluster: Ref) -> str | None:
        """The global cluster that ``cluster`` belongs to."""
        found = (name for name, plan in list(self._found.items()) if cluster in plan.refs)
        return next(found, None)

    def leader_of(self, cluster: Ref) -> Ref | None:
        """Whom ``cluster`` follows: the primary, nobody when it is that or stands alone."""
        name = self.of(cluster)
        primary = self.members(name)[0] if name is not None else cluster
        return primary if primary != cluster else None

    def followers(self) -> list[Ref]:
        """Every secondary."""
        return [ref for plan in list(self._found.values()) for ref in plan.refs[1:]]

    def join(self, identifier: str, cluster: Ref) -> None:
        """One member more; the first one is the primary."""
        with self._lock:
            self._save(identifier, [*self.members(identifier), cluster])

    def leave(self, cluster: Ref) -> None:
        """One member less, if it is one. When the primary goes, the next one is the primary."""
        with self._lock:
            name = self.of(cluster)
            if name is not None:
                self._save(name, [ref for ref in self.members(name) if ref != cluster])

    def lead(self, cluster: Ref) -> None:
        """Make a member the primary."""
        with self._lock:
            name = self.of(cluster)
            assert name is not None
            others = [ref for ref in self.members(name) if ref != cluster]
            self._save(name, [cluster, *others])

    def _save(self, identifier: str, refs: list[Ref]) -> None:
        members = tuple(GlobalMember(region=r.region, identifier=r.identifier) for r in refs)
        plan = GlobalPlan(region=_EVERYWHERE, identifier=identifier, members=members)
        if members:
            self._plans.save(plan)
            self._found[identifier] = plan
        else:
            self._plans.forget(plan)
            self._found.pop(identifier, None)
