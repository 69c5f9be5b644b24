"""Changing a cluster's writer after its death: the most advanced reader takes over."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from localcloud.errors import ServerFailed
from localcloud.failover import Candidate, successor
from localcloud.servers.member import Member

log = logging.getLogger(__name__)


def take_over(readers: Mapping[str, Member], tiers: Mapping[str, int]) -> str:
    """Make the most advanced of ``readers`` ready to write; its name.

    The others follow the new writer before it may write, because a write waits for one
    acknowledgement. It is still read-only: `Member.take_writes`.
    """
    candidates = []
    for name, server in readers.items():
        try:
            candidates.append(Candidate(name, server.received(), tiers[name]))
        except ServerFailed as error:
            log.warning("%s cannot take over: %s", name, error)
    best = successor(candidates)
    if best is None:
        raise ServerFailed(f"none of {', '.join(readers)} can take over")
    readers[best].leave_source()
    for name, server in readers.items():
        if name != best:
            server.follow(readers[best].address)
    return best
