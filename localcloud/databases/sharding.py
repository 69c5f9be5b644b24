"""Nodes into one cluster: they meet, replicas follow their primaries, every slot has a home."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial

from localcloud.databases.cache_nodes import CacheNodes
from localcloud.databases.sharded_plan import Shard
from localcloud.errors import ServerFailed
from localcloud.servers import redis_cluster as cluster
from localcloud.servers.redis import Redis

_WAIT_S = 20.0
_POLL_S = 0.01
_TOLERANCE = 0.05
"""A shard may have so much more or less than its share: moving slots is not free."""


def until(condition: Callable[[], bool], what: str, seconds: float = _WAIT_S) -> None:
    """Wait for ``condition``; `ServerFailed` when it does not come in ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise ServerFailed(f"not within {seconds:.0f} s: {what}")
        time.sleep(_POLL_S)


def acquaint(nodes: CacheNodes, alive: Set[str], hosts: Set[str]) -> dict[str, str]:
    """Every live node knows every other; their ids by name.

    Forgotten is who has none of ``hosts``, or whose host another node has got.
    """
    members = sorted(alive)
    selves = {name: cluster.myself(nodes[name]) for name in members}
    ids = {name: peer.id for name, peer in selves.items()}
    known = {name: cluster.peers(nodes[name]) for name in members}
    strangers = [
        (one, other)
        for one, other in itertools.permutations(members, 2)
        if ids[other] not in known[one] or ids[one] not in known[other]
    ]
    for one, other in strangers:
        cluster.meet(nodes[one], nodes[other].address)
    owner = {peer.host: peer.id for peer in selves.values()}
    for name in members:
        until(partial(_knows, nodes[name], set(ids.values())), f"{name} knows its cluster")
        gone = {
            peer.id
            for peer in known[name].values()
            if peer.host not in hosts or owner.get(peer.host, peer.id) != peer.id
        }
        cluster.forget(nodes[name], gone)
    for one, other in strangers:
        # Who is met again learns the other's slots; otherwise from a ping, one a second to anybody.
        cluster.meet(nodes[one], nodes[other].address)
    return ids


def _knows(server: Redis, ids: Set[str]) -> bool:
    return ids <= cluster.peers(server).keys()


def enlist(nodes: CacheNodes, shard: Shard, ids: Mapping[str, str]) -> None:
    """The live replicas of ``shard`` (who have ``ids``) follow its primary and have caught up."""
    replicas = sorted((ids.keys() & shard.nodes.keys()) - {shard.primary})
    for name in replicas:
        # A primary that was replaced while it was dead gives its slots up by itself.
        until(partial(_leads_no_more, nodes[name]), f"{name} knows who took over from it")
        if cluster.myself(nodes[name]).follows != ids[shard.primary]:
            cluster.follow(nodes[name], ids[shard.primary])
    for name in replicas:
        until(partial(_synchronised, nodes[name]), f"{name} has all that {shard.primary} has")


def _leads_no_more(server: Redis) -> bool:
    return not cluster.myself(server).slots


def _synchronised(server: Redis) -> bool:
    return bool(server.replication().get("master_link_status") == "up")


def leader(nodes: CacheNodes, alive: Iterable[str]) -> str | None:
    """Who serves a shard's slots: after a failover the one with the newest claim to them."""
    selves = {name: cluster.myself(nodes[name]) for name in alive}
    claims = [(peer.epoch, name) for name, peer in selves.items() if peer.primary and peer.slots]
    return max(claims)[1] if claims else None


def share_out(nodes: CacheNodes, shards: Sequence[Shard]) -> None:
    """Give the slots of a new cluster to its primaries, evenly, before they meet."""
    ranges = cluster.even_ranges(len(shards))
    for epoch, (shard, (first, last)) in enumerate(zip(shards, ranges, strict=True), 1):
        cluster.assign(nodes[shard.primary], first, last, epoch)


def uneven(nodes: CacheNodes, shards: Sequence[Shard]) -> bool:
    """Whether a shard has too many slots or too few, or is still moving some."""
    staying = sum(not shard.leaving for shard in shards)
    for shard in shards:
        peer = cluster.myself(nodes[shard.primary])
        share = 0 if shard.leaving else cluster.SLOTS / staying
        if peer.moving or abs(cluster.count_of(peer.slots) - share) > _TOLERANCE * share:
            return True
    return False


def serving(nodes: CacheNodes, names: Iterable[str]) -> None:
    """Wait until each of ``names`` answers for its slots."""
    for name in sorted(names):
        until(partial(cluster.serves, nodes[name]), f"{name} serves")
