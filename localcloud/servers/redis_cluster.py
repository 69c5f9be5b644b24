"""One node of a Redis cluster: whom it knows, whom it follows, which slots it serves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from localcloud.servers.facts import Address

SLOTS = 16384


class Server(Protocol):
    """What takes an administrator's commands."""

    def command(self, *words: object) -> Any: ...


@dataclass(frozen=True)
class Peer:
    """A node as another one, or itself, sees it.

    ``slots`` are ranges: ``0-99,200``. ``moving`` are those that it gives (``->-``) or gets
    (``-<-``) just now, each with the way and the other node's id.
    """

    id: str
    host: str
    primary: bool
    follows: str | None
    epoch: int
    slots: str
    moving: tuple[tuple[int, str, str], ...]

    @property
    def leads(self) -> bool:
        """Whether it is a primary with slots; a new one has none yet."""
        return self.primary and bool(self.slots)

    @property
    def role(self) -> tuple[str | None, str]:
        """Whom it follows, and which slots it serves."""
        return self.follows, self.slots


def cluster_lines(host: str, tls: bool) -> dict[str, str]:
    """What a clustered server has in its configuration besides everything else.

    Who takes over is decided outside: two primaries are no majority when one of them is dead.
    """
    return {
        "cluster-enabled": "yes",
        "cluster-config-file": "nodes.conf",
        "cluster-announce-ip": host,
        "cluster-node-timeout": "5000",
        "cluster-replica-no-failover": "yes",
        # A byte a second, so that a replica without writes is known as one; see `shown`.
        "repl-ping-replica-period": "1",
        "cluster-allow-replica-migration": "no",
        # ElastiCache's default, too: a dead shard does not silence the others.
        "cluster-require-full-coverage": "no",
        "tls-cluster": "yes" if tls else "no",
    }


def peers(server: Server) -> dict[str, Peer]:
    """Every node that ``server`` knows, by id, without those it is only getting to know."""
    found = {}
    for line in server.command("CLUSTER", "NODES").decode().splitlines():
        id_, address, flags, follows, _, _, epoch, _, *slots = line.split()
        if "handshake" not in flags and "noaddr" not in flags:
            found[id_] = Peer(
                id=id_,
                host=address.split(":")[0],
                primary="master" in flags,
                follows=None if follows == "-" else follows,
                epoch=int(epoch),
                slots=",".join(each for each in slots if not each.startswith("[")),
                moving=tuple(_moving(each) for each in slots if each.startswith("[")),
            )
    return found


def _moving(text: str) -> tuple[int, str, str]:
    slot, way, other = re.split(r"(->-|-<-)", text.strip("[]"))
    return int(slot), way, other


def shown(server: Server) -> set[str]:
    """Ids of the nodes that ``server`` tells its clients of.

    A replica is one of them only when it has replicated a byte.
    """
    return {
        node[2].decode() for _, _, *nodes in server.command("CLUSTER", "SLOTS") for node in nodes
    }


def myself(server: Server) -> Peer:
    """The node as it sees itself."""
    return peers(server)[server.command("CLUSTER", "MYID").decode()]


def serves(server: Server) -> bool:
    """Whether the node answers for its slots and knows who does for all the others.

    A primary waits for 2 s after its start.
    """
    said = server.command("CLUSTER", "INFO").decode().split()
    return {"cluster_state:ok", f"cluster_slots_assigned:{SLOTS}"} <= set(said)


def meet(server: Server, other: Address) -> None:
    server.command("CLUSTER", "MEET", other.host, other.port)


def follow(server: Server, primary: str) -> None:
    """Become a replica of the node with the id ``primary``."""
    server.command("CLUSTER", "REPLICATE", primary)


def take_over(server: Server) -> None:
    """Make a replica the primary of its shard, whatever the others think of it."""
    server.command("CLUSTER", "FAILOVER", "TAKEOVER")


def hand_over(server: Server) -> None:
    """Make a replica the primary with the consent of the one that is it."""
    server.command("CLUSTER", "FAILOVER")


def assign(server: Server, first: int, last: int, epoch: int) -> None:
    """Give a primary that knows nobody yet its first slots.

    No two may have one ``epoch``: a primary that comes back could win against its successor.
    """
    server.command("CLUSTER", "SET-CONFIG-EPOCH", epoch)
    server.command("CLUSTER", "ADDSLOTSRANGE", first, last)


def forget(server: Server, ids: Iterable[str]) -> None:
    for id_ in ids:
        server.command("CLUSTER", "FORGET", id_)


def even_ranges(shards: int) -> list[tuple[int, int]]:
    """First and last slot of each of ``shards``, as even as can be."""
    bounds = [SLOTS * n // shards for n in range(shards + 1)]
    return [(first, after - 1) for first, after in pairwise(bounds)]


def numbers(slots: str) -> list[int]:
    """The slots in ``0-99,200``, one by one."""
    found: list[int] = []
    for each in filter(None, slots.split(",")):
        first, _, last = each.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
