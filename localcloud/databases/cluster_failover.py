"""Changing a cluster's writer after its death: the most advanced reader takes over."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.errors import ServerFailed
from localcloud.failover import Candidate, successor
from localcloud.servers.member import Member


def take_over(readers: Mapping[str, Member], tiers: Mapping[str, int]) -> str:
    """Make the most advanced of ``readers`` ready to write; its name.

    The others follow the new writer before it may write, because a write waits for one
    acknowledgement. It is still read-only: `Member.take_writes`. `ServerFailed` when one of them
    does not say what it has, because that may be a row that no other one has.
    """
    best = successor(Candidate(n, server.received(), tiers[n]) for n, server in readers.items())
    if best is None:
        raise ServerFailed("there is no reader that could take over")
    readers[best].leave_source()
    for name, server in readers.items():
        if name != best:
            server.follow(readers[best].address)
    return best
