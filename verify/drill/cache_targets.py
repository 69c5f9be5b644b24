"""A cache under a drill, whatever its shape, and one with a single primary."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contract import Database, Endpoint
from verify.aws import Cloud
from verify.cache_login import login_for
from verify.drill.cache_client import KEY, RedisClient
from verify.drill.target import Event, Member, Promise, Target, event_of, no_choice
from verify.errors import CannotRun

CACHE = Promise(
    'ElastiCache: "a few seconds" by its guide, about 30 s in AWS\'s own article on testing it', 30
)


class RedisTarget(Target):
    """A replication group; ``confirmed`` writers WAIT for a replica."""

    has_ledger = False

    def __init__(
        self, name: str, database: Database, cloud: Cloud, ca: str | None, *, confirmed: bool
    ) -> None:
        super().__init__(name, database, cloud, ca)
        self._confirmed = confirmed
        self._login, self._key = login_for(name, database, cloud, KEY)
        if not confirmed:
            self.may_lose = "Redis acknowledges a write before any replica has it"

    @property
    def title(self) -> str:
        return f"{self.name}, {'with' if self._confirmed else 'without'} WAIT"

    @abstractmethod
    def open(self, endpoint: Endpoint) -> RedisClient: ...

    def check(self) -> None:
        reported = self._group()["AutomaticFailover"]
        if reported != "enabled":
            raise CannotRun(
                f"{self.name} fails over to nobody: ElastiCache reports AutomaticFailover "
                f"{reported}"
            )

    def prepare(self) -> None:
        self.clean_up()

    def clean_up(self) -> None:
        client = self.open(self.endpoints[self.writer])
        try:
            client.forget()
        finally:
            client.close()

    def _group(self) -> dict[str, Any]:
        return self.cloud.replication_group(self.database.region, self.database.cluster or "")

    @abstractmethod
    def _shard(self) -> dict[str, Any]:
        """The node group that has the rows, as ElastiCache reports it."""

    def fail_over(self, to: str | None) -> str:
        no_choice(self, to)
        shard = self._shard()["NodeGroupId"]
        self.cloud.ask(
            "elasticache", self.database.region, "test_failover",
            ReplicationGroupId=self.database.cluster, NodeGroupId=shard,
        )  # fmt: skip
        return f"TestFailover of {self.database.cluster}, node group {shard}"

    def events(self, since: datetime) -> Sequence[Event]:
        found = self.cloud.ask(
            "elasticache", self.database.region, "describe_events", StartTime=since
        )["Events"]
        own = {self.database.cluster, *self.database.instances}
        events = (event_of(each) for each in found if each["SourceIdentifier"] in own)
        return sorted(events, key=lambda each: each.at)


class RedisGroup(RedisTarget):
    """A replication group with one primary."""

    promise = CACHE

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        readers = self.database.endpoints_of("reader")
        found = {"primary": self.database.endpoint("primary")}
        return {**found, "reader": readers[0]} if readers else found

    def open(self, endpoint: Endpoint) -> RedisClient:
        return RedisClient.open(
            self.database, endpoint, self._login, self.ca, key=self._key, confirmed=self._confirmed
        )

    def _shard(self) -> dict[str, Any]:
        found: dict[str, Any] = self._group()["NodeGroups"][0]
        return found

    def member(self) -> Member:
        for each in self._shard()["NodeGroupMembers"]:
            if each.get("CurrentRole") == "primary":
                return Member(each["CacheClusterId"], self.database.region)
        raise CannotRun(f"ElastiCache reports no primary of {self.database.cluster}")
