"""Clusters with SQL under a drill: Aurora of both engines, and RDS Multi-AZ with two standbys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from verify.dialects import POSTGRES
from verify.drill.sql_targets import SqlTarget
from verify.drill.target import Event, Member, Promise, no_choice
from verify.errors import CannotRun

AURORA = Promise("Aurora: less than 30 s, as the course says", 30)
MULTI_AZ_CLUSTER = Promise(
    "RDS Multi-AZ DB cluster: typically less than 35 s, as RDS's guide says", 35
)


class Cluster(SqlTarget):
    """A cluster whose control plane fails it over to one of its readers."""

    @property
    def _cluster(self) -> str:
        return self.database.cluster or ""

    def check(self) -> None:
        if not self._readers():
            raise CannotRun(f"{self.name} has no reader to fail over to")

    def _members(self) -> list[dict[str, Any]]:
        reported = self.cloud.cluster(self.database.region, self._cluster)
        return list(reported["DBClusterMembers"])

    def _readers(self) -> list[dict[str, Any]]:
        return [each for each in self._members() if not each["IsClusterWriter"]]

    def member(self) -> Member:
        for each in self._members():
            if each["IsClusterWriter"]:
                return Member(each["DBInstanceIdentifier"], self.database.region)
        raise CannotRun(f"RDS reports no writer of {self._cluster}")

    def fail_over(self, to: str | None) -> str:
        chosen = self._chosen(to)
        target: dict[str, Any] = {"TargetDBInstanceIdentifier": chosen} if chosen else {}
        self.cloud.ask(
            "rds", self.database.region, "failover_db_cluster",
            DBClusterIdentifier=self._cluster, **target,
        )  # fmt: skip
        whom = f"to {chosen}" if chosen else "to whom RDS chooses"
        return f"FailoverDBCluster of {self._cluster} {whom}"

    def _chosen(self, to: str | None) -> str | None:
        """Whom to name in the call, ``None`` for nobody."""
        names = [each["DBInstanceIdentifier"] for each in self._readers()]
        if to is not None and to not in names:
            raise CannotRun(f"{to!r} is not a reader of {self._cluster}; {', '.join(names)} are")
        return to

    def events(self, since: datetime) -> Sequence[Event]:
        members = {each: "db-instance" for each in self.database.instances}
        kinds = {self._cluster: "db-cluster", **members}
        return self._events(kinds, self.database.region, since)


class Aurora(Cluster):
    """An Aurora cluster, failed over to a reader of one's choice or to the first in its order."""

    promise = AURORA

    def _chosen(self, to: str | None) -> str:
        first, *_ = sorted(self._readers(), key=lambda each: each.get("PromotionTier", 1))
        return super()._chosen(to) or str(first["DBInstanceIdentifier"])


class AuroraServerless(Aurora):
    """An Aurora cluster that may sleep when the drill comes."""

    opens_in_s = 40.0


class MultiAzCluster(Cluster):
    """A writer and two standbys that read. RDS promotes one, and of MySQL nobody chooses which."""

    promise = MULTI_AZ_CLUSTER

    def _chosen(self, to: str | None) -> str | None:
        if self._dialect is not POSTGRES:
            no_choice(self, to)
        return super()._chosen(to)
