"""What a cluster is to be, as it is kept on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from localcloud.databases.capacity import Scaling
from localcloud.databases.store import Plan
from localcloud.errors import LocalCloudError
from localcloud.servers.member import KINDS, Kind

CUSTOM_ENDPOINTS = 5
"""Aurora's limit; as many addresses are reserved, because certificates name them in advance."""


class MemberPlan(BaseModel):
    """One member. ``tier`` is its promotion tier, 0 to 15; ``serverless`` ones have a capacity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    tier: int
    parameters: Mapping[str, str]
    serverless: bool = False


class CustomEndpointPlan(BaseModel):
    """A custom endpoint on one of the reserved addresses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slot: int
    members: tuple[str, ...]


class ClusterPlan(Plan):
    """A cluster; its master user is made when the first member brings a server."""

    engine: str = "aurora-mysql"
    """As the API calls it."""
    user: str
    password: str
    """Empty once the master user exists."""
    database: str | None
    parameters: Mapping[str, str]
    writer_host: str
    reader_host: str
    custom_hosts: tuple[str, ...]
    members: Mapping[str, MemberPlan] = {}
    writer: str | None = None
    unshared: bool = True
    """Whether the writer may have acknowledged rows that no other member has."""
    custom: Mapping[str, CustomEndpointPlan] = {}
    scaling: Scaling | None = None
    paused: bool = False
    """Its servers are stopped until somebody connects."""
    stopped: bool = False
    """Its servers are stopped until somebody asks for them by the API."""
    also_at: tuple[str, ...] = ()
    """Addresses of others that lead here; its members' certificates name them."""

    @property
    def at_rest(self) -> bool:
        """Whether no server is to run."""
        return self.paused or self.stopped

    @property
    def aurora(self) -> bool:
        """Whether it is Aurora's, no Multi-AZ DB cluster of RDS."""
        return self.engine.startswith("aurora")

    @property
    def kind(self) -> Kind:
        """What serves its members."""
        return KINDS[self.engine]

    @property
    def endpoint_hosts(self) -> tuple[str, ...]:
        """Every address that leads to its members."""
        return (self.writer_host, self.reader_host, *self.custom_hosts, *self.also_at)

    @property
    def serverless(self) -> tuple[str, ...]:
        """The members that the autoscaler looks after."""
        if self.scaling is None:
            return ()
        return tuple(name for name, member in self.members.items() if member.serverless)

    @property
    def pause_after_s(self) -> int | None:
        """How long it stays up without connections; ``None``: for ever.

        A cluster pauses as one: a member of a fixed class keeps all of it up.
        """
        whole = self.scaling is not None and len(self.serverless) == len(self.members)
        return self.scaling.pause_after_s if whole and self.scaling is not None else None

    def with_custom_endpoint(self, name: str, members: Sequence[str]) -> ClusterPlan:
        """A custom endpoint made or changed; `LocalCloudError` beyond Aurora's limit."""
        known = self.custom.get(name)
        used = {custom.slot for custom in self.custom.values()}
        free = [slot for slot in range(len(self.custom_hosts)) if slot not in used]
        if known is None and not free:
            raise LocalCloudError(
                f"{self.identifier} has {len(used)} custom endpoints, which is Aurora's limit"
            )
        slot = known.slot if known else free[0]
        entry = CustomEndpointPlan(slot=slot, members=tuple(members))
        return self.model_copy(update={"custom": {**self.custom, name: entry}})

    def without_member(self, name: str) -> ClusterPlan:
        """The cluster with one member less, also in its custom endpoints."""
        kept = {other: plan for other, plan in self.members.items() if other != name}
        custom = {
            endpoint: plan.model_copy(update={"members": tuple(set(plan.members) - {name})})
            for endpoint, plan in self.custom.items()
        }
        return self.model_copy(update={"members": kept, "custom": custom})
