"""Which node of a Redis cluster serves which slots, as the cluster tells its clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redis.crc import key_slot

from contract import Endpoint
from verify.cache import Session
from verify.errors import StepFailed

SLOTS = 16384


@dataclass(frozen=True)
class Shard:
    """A primary with ranges of slots, first and last each, and its replicas."""

    ranges: tuple[tuple[int, int], ...]
    primary: Endpoint
    replicas: tuple[Endpoint, ...]

    @property
    def slots(self) -> int:
        """How many it has."""
        return sum(last - first + 1 for first, last in self.ranges)


def shards(session: Session, asked: Endpoint) -> list[Shard]:
    """Every shard that serves a slot, as the node at ``asked`` knows them."""
    found: dict[Endpoint, Shard] = {}
    for first, last, *nodes in session.ask("CLUSTER", "SLOTS"):
        primary, *replicas = (_node(fields, asked) for fields in nodes)
        before = found[primary].ranges if primary in found else ()
        ranges = (*before, (int(first), int(last)))
        found[primary] = Shard(ranges, primary, tuple(replicas))
    return list(found.values())


def home_of(session: Session, asked: Endpoint, key: str) -> Shard:
    """The shard that serves the slot of ``key``."""
    slot = slot_of(key)
    for shard in shards(session, asked):
        if any(first <= slot <= last for first, last in shard.ranges):
            return shard
    raise StepFailed(f"slot {slot} of {key} has no primary")


def slot_of(key: str) -> int:
    """The slot that a key is hashed to."""
    return int(key_slot(key.encode()))


def _node(fields: list[Any], asked: Endpoint) -> Endpoint:
    # An empty host is the one that was asked.
    return Endpoint(role="node", host=fields[0] or asked.host, port=int(fields[1]))
