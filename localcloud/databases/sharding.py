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
from localcloud.servers.resharding import carry_out, levelling, unfinished

_WAIT_S = 20.0
_POLL_S = 0.01
_TELL_S = 0.2
_TOLERANCE = 0.05
"""A shard may have so much more or less than its share: moving slots is not free."""


class Interrupted(ServerFailed):
    """A node died while others were waited for: there is something more urgent to do."""


class Sharding:
    """What the nodes of one cluster are made to agree on; every wait has an end."""

    def __init__(self, nodes: CacheNodes) -> None:
        self._nodes = nodes
        self._deaths = 0
        self._seen = 0

    def begin(self) -> None:
        """What follows is done with every death until now in mind."""
        self._seen = self._deaths

    def interrupt(self) -> None:
        """A node has died; to be called by another thread than the one that waits."""
        self._deaths += 1

    def until(self, condition: Callable[[], bool], what: str, seconds: float = _WAIT_S) -> None:
        """Wait for ``condition``; `ServerFailed` when it does not come in ``seconds``."""
        end = time.monotonic() + seconds
        while not condition():
            if self._deaths != self._seen:
                raise Interrupted(f"another node died before {what}")
            if time.monotonic() > end:
                raise ServerFailed(f"not within {seconds:.0f} s: {what}")
            time.sleep(_POLL_S)

    def acquaint(self, alive: Set[str], hosts: Set[str]) -> dict[str, str]:
        """Every live node knows every other; their ids by name.

        Forgotten is who has none of ``hosts``, or whose host another node has got.
        """
        nodes, members = self._nodes, sorted(alive)
        selves = {name: cluster.myself(nodes[name]) for name in members}
        ids = {name: peer.id for name, peer in selves.items()}
        known = {name: cluster.peers(nodes[name]) for name in members}
        for one, other in itertools.permutations(members, 2):
            if ids[other] not in known[one] or ids[one] not in known[other]:
                cluster.meet(nodes[one], nodes[other].address)
        owner = {peer.host: peer.id for peer in selves.values()}
        for name in members:
            self.until(partial(self._knows, name, set(ids.values())), f"{name} knows its cluster")
            gone = {
                peer.id
                for peer in known[name].values()
                if peer.host not in hosts or owner.get(peer.host, peer.id) != peer.id
            }
            cluster.forget(nodes[name], gone)
        return ids

    def _knows(self, name: str, ids: Set[str]) -> bool:
        return ids <= cluster.peers(self._nodes[name]).keys()

    def enlist(self, shard: Shard, ids: Mapping[str, str]) -> None:
        """The live replicas of ``shard`` (who have ``ids``) follow its primary, and caught up."""
        primary = ids[shard.primary]
        replicas = sorted((ids.keys() & shard.nodes.keys()) - {shard.primary})
        for name in replicas:
            # A primary that was replaced while it was dead gives its slots up by itself.
            self.until(partial(self._leads_no_more, name), f"{name} knows who took over from it")
            if cluster.myself(self._nodes[name]).follows != primary:
                cluster.follow(self._nodes[name], primary)
        for name in replicas:
            has_all = partial(self._synchronised, name)
            self.until(has_all, f"{name} has all that {shard.primary} has")

    def _leads_no_more(self, name: str) -> bool:
        return not cluster.myself(self._nodes[name]).slots

    def _synchronised(self, name: str) -> bool:
        return bool(self._nodes[name].replication().get("master_link_status") == "up")

    def agree(self, names: Iterable[str]) -> None:
        """Every one of ``names`` sees every other as it is, and tells its clients so.

        By themselves they would say it in pings, one a second to anybody; who is met is told now.
        """
        nodes, members = self._nodes, sorted(names)
        selves = {name: cluster.myself(nodes[name]) for name in members}
        told = float("-inf")

        def agreed() -> bool:
            nonlocal told
            views = {name: cluster.peers(nodes[name]) for name in members}
            shown = {name: cluster.shown(nodes[name]) for name in members}
            wrong = [
                (seen, seer)
                for seer in members
                for seen, peer in selves.items()
                if views[seer][peer.id].role != peer.role
                or (peer.follows is not None and peer.id not in shown[seer])
            ]
            if wrong and time.monotonic() - told > _TELL_S:
                told = time.monotonic()
                for seen, seer in wrong:
                    cluster.meet(nodes[seen], nodes[seer].address)
            return not wrong

        self.until(agreed, f"{', '.join(members)} see each other as they are")

    def serving(self, names: Iterable[str]) -> None:
        """Wait until each of ``names`` answers for its slots."""
        for name in sorted(names):
            self.until(partial(cluster.serves, self._nodes[name]), f"{name} serves")

    def leader(self, alive: Iterable[str]) -> str | None:
        """Who serves a shard's slots: after a failover the one with the newest claim to them."""
        selves = {name: cluster.myself(self._nodes[name]) for name in alive}
        claims = [(peer.epoch, name) for name, peer in selves.items() if peer.leads]
        return max(claims)[1] if claims else None

    def share_out(self, shards: Sequence[Shard]) -> None:
        """Give the slots of a new cluster to its primaries, evenly, before they meet."""
        ranges = cluster.even_ranges(len(shards))
        for epoch, (shard, (first, last)) in enumerate(zip(shards, ranges, strict=True), 1):
            cluster.assign(self._nodes[shard.primary], first, last, epoch)

    def slots_of(self, shard: Shard) -> str:
        """The slots that a shard's primary serves, as ranges."""
        return cluster.myself(self._nodes[shard.primary]).slots

    def uneven(self, shards: Sequence[Shard]) -> bool:
        """Whether a shard has too many slots or too few, or is still moving some."""
        staying = sum(not shard.leaving for shard in shards)
        for shard in shards:
            peer = cluster.myself(self._nodes[shard.primary])
            share = 0 if shard.leaving else cluster.SLOTS / staying
            if peer.moving or abs(len(cluster.numbers(peer.slots)) - share) > _TOLERANCE * share:
                return True
        return False

    def level(self, shards: Sequence[Shard], ids: Mapping[str, str], password: str) -> None:
        """Give shards equal shares of the slots, with their keys, and those that leave none."""
        servers = {ids[shard.primary]: self._nodes[shard.primary] for shard in shards}
        begun = unfinished(map(cluster.myself, servers.values()))
        carry_out(begun, servers, password)
        slots = {id_: cluster.numbers(cluster.myself(s).slots) for id_, s in servers.items()}
        staying = [ids[shard.primary] for shard in shards if not shard.leaving]
        carry_out(levelling(slots, staying), servers, password)
