"""Slots with their keys from shard to shard, while clients read and write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from localcloud.servers import redis_cluster as cluster
from localcloud.servers.redis import Redis
from localcloud.servers.redis_users import ADMINISTRATOR

_AT_ONCE = 512
_KEYS_AT_ONCE = 100
_MIGRATE_MS = 5000


@dataclass(frozen=True)
class Move:
    """Slots that go from one primary to another; both are ids."""

    source: str
    target: str
    slots: tuple[int, ...]


def levelling(slots: Mapping[str, Sequence[int]], staying: Sequence[str]) -> list[Move]:
    """The fewest moves after which those who stay have equal shares and the others none."""
    shares = [last - first + 1 for first, last in cluster.even_ranges(len(staying))]
    wanted = dict.fromkeys(slots, 0) | dict(zip(staying, shares, strict=True))
    surplus = [(s, slot) for s, have in slots.items() for slot in have[wanted[s] :]]
    moves: dict[tuple[str, str], list[int]] = {}
    for target in staying:
        for _ in range(wanted[target] - len(slots[target])):
            source, slot = surplus.pop()
            moves.setdefault((source, target), []).append(slot)
    return [Move(source, target, tuple(found)) for (source, target), found in moves.items()]


def unfinished(selves: Iterable[cluster.Peer]) -> list[Move]:
    """The moves that somebody began and did not end."""
    found = set()
    for peer in selves:
        for slot, way, other in peer.moving:
            found.add((peer.id, other, slot) if way == "->-" else (other, peer.id, slot))
    return [Move(source, target, (slot,)) for source, target, slot in sorted(found)]


def carry_out(moves: Iterable[Move], servers: Mapping[str, Redis], password: str) -> None:
    """Move slots between primaries, given by id.

    In the order of Redis's own tools: a kill at any moment leaves slots that say where they were
    going, and no key is in two places or in none.
    """
    for move in moves:
        for at in range(0, len(move.slots), _AT_ONCE):
            _carry(
                servers[move.source],
                servers[move.target],
                Move(move.source, move.target, move.slots[at : at + _AT_ONCE]),
                password,
            )


def _carry(source: Redis, target: Redis, move: Move, password: str) -> None:
    owned = set(cluster.numbers(cluster.myself(source).slots))
    slots = [slot for slot in move.slots if slot in owned]
    # The other end has it already, and only this one does not know it yet.
    done = [("CLUSTER", "SETSLOT", slot, "STABLE") for slot in move.slots if slot not in owned]
    source.commands(done)
    target.commands(done)
    target.commands([("CLUSTER", "SETSLOT", slot, "IMPORTING", move.source) for slot in slots])
    source.commands([("CLUSTER", "SETSLOT", slot, "MIGRATING", move.target) for slot in slots])
    counts = source.commands([("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in slots])
    for slot, count in zip(slots, counts, strict=True):
        if count:
            _migrate(source, target, slot, password)
    there = [("CLUSTER", "SETSLOT", slot, "NODE", move.target) for slot in slots]
    target.commands(there)
    source.commands(there)


def _migrate(source: Redis, target: Redis, slot: int, password: str) -> None:
    address = target.address
    while keys := source.command("CLUSTER", "GETKEYSINSLOT", slot, _KEYS_AT_ONCE):
        source.command(
            "MIGRATE", address.host, address.port, "", 0, _MIGRATE_MS,
            "REPLACE", "AUTH2", ADMINISTRATOR, password, "KEYS", *keys,
        )  # fmt: skip
