"""How a cluster's member is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.servers.facts import Address


@dataclass(frozen=True)
class Start:
    """What a member is to be from its first moment on.

    ``writing``, it takes writes, each acknowledged by one of ``others`` if there are any.
    Otherwise it reads from ``source``; a member of a global database's secondary has none yet.
    """

    parameters: Mapping[str, str]
    writing: bool
    others: frozenset[str]
    source: Address | None
