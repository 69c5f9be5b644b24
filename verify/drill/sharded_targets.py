"""A cache in cluster mode under a drill: one of its shards, which has the rows.

Its clients are ours, on one connection to one node, and not the driver's cluster client: that one
connects anew and asks again by itself, which hides what a drill measures, and a WAIT on another
connection than its write's confirms nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract import Endpoint
from verify.cache import Cache, open_connection
from verify.deadline import Deadline
from verify.drill.cache_client import RedisClient, is_primary
from verify.drill.cache_targets import RedisTarget
from verify.drill.clients import PATIENCE_S
from verify.drill.target import Member, Promise
from verify.errors import CannotRun, StepFailed
from verify.slots import home_of, slot_of

SHARDED = Promise(
    "ElastiCache in cluster mode: about 30 s, in AWS's own article on testing its failover", 30
)


class RedisShard(RedisTarget):
    """The shard that serves the slot of the rows' key; the others go on."""

    promise = SHARDED

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """The configuration endpoint twice: from there it goes to a primary or to a replica."""
        found = self.database.endpoint("configuration")
        return {"configuration": found, "reader": found.model_copy(update={"role": "reader"})}

    def check(self) -> None:
        super().check()
        shard = self._shard()
        if len(shard["NodeGroupMembers"]) < 2:
            raise CannotRun(
                f"{self.name} has no replica in shard {shard['NodeGroupId']} to fail over to"
            )

    def open(self, endpoint: Endpoint) -> RedisClient:
        """A client of the node that the cluster names just now, on a connection of its own."""
        with_replica = endpoint.role == "reader"
        told = self._connect(endpoint)
        try:
            home = home_of(told, endpoint, self._key)
        finally:
            told.close()
        if with_replica and not home.replicas:
            raise StepFailed(f"slot {slot_of(self._key)} of {self._key} has no replica")
        cache = self._connect(home.replicas[0] if with_replica else home.primary)
        try:
            if with_replica:
                # Without it, a replica sends readers to its primary, too.
                cache.ask("READONLY")
            return RedisClient(cache, self._key, confirmed=self._confirmed)
        except BaseException:
            cache.close()
            raise

    def _connect(self, place: Endpoint) -> Cache:
        deadline = Deadline(PATIENCE_S)
        return open_connection(place, self._login, deadline, tls=self.database.tls, ca=self.ca)

    def _shard(self) -> dict[str, Any]:
        slot = slot_of(self._key)
        for each in self._group()["NodeGroups"]:
            if _has(str(each.get("Slots", "")), slot):
                found: dict[str, Any] = each
                return found
        raise CannotRun(f"ElastiCache reports no shard of {self.database.cluster} with slot {slot}")

    def member(self) -> Member:
        # In cluster mode ElastiCache reports nobody's role: each node is asked for its own.
        for each in self._shard()["NodeGroupMembers"]:
            identifier = str(each["CacheClusterId"])
            reported = self.cloud.cache_cluster(self.database.region, identifier)
            at = reported["CacheNodes"][0]["Endpoint"]
            cache = self._connect(Endpoint(role="node", host=at["Address"], port=at["Port"]))
            try:
                if is_primary(cache):
                    return Member(identifier, self.database.region)
            finally:
                cache.close()
        raise CannotRun(f"no node of {self.database.cluster} says that it is the rows' primary")


def _has(ranges: str, slot: int) -> bool:
    """Whether ``0-99,200`` has a slot."""
    for each in filter(None, ranges.split(",")):
        first, _, last = each.partition("-")
        if int(first) <= slot <= int(last or first):
            return True
    return False
