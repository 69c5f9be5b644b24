"""What holds for the members of every cluster: what they are called, where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from specs.problems import Conflict

_ROLES = ("writer", "primary")
_TRADES = frozenset(
    {"copywriter", "ghostwriter", "rewriter", "songwriter", "typewriter", "underwriter"}
)
"""Words that end like a role and are none."""
_ENOUGH_ZONES = 3
"""Every region has as many; more than these make a cluster no safer."""


class Placed(Protocol):
    """A member: ``key`` is its place in the topology's config."""

    @property
    def key(self) -> str: ...

    @property
    def identifier(self) -> str: ...

    @property
    def zone(self) -> str: ...


def member_conflicts(members: Sequence[Placed], *, shared_zones: bool) -> Iterator[Conflict]:
    """Names that a failover makes untrue, and zones whose loss takes more members than it must."""
    for member in members:
        role = _role_in(member.identifier)
        if role is not None:
            named = re.sub(role, f"-{member.zone}-", member.identifier)
            named = re.sub("-+", "-", named).strip("-")
            yield (
                f"{member.key}.identifier",
                f"{member.identifier!r} is the {role}'s only until a failover makes another "
                f"member the {role}; call it by its zone or by a number, such as {named}",
            )
    # Two of one name are told apart first, often by another zone.
    apart = {member.identifier: member for member in reversed(members)}
    if shared_zones or len({m.zone for m in members}) >= min(len(apart), _ENOUGH_ZONES):
        return
    first: dict[str, str] = {}
    for member in reversed(apart.values()):
        other = first.setdefault(member.zone, member.key)
        if other != member.key:
            yield (
                f"{member.key}.zone",
                f"{member.zone!r} is that of {other}, too, and its loss would take both; choose "
                "another zone, or write shared_zones: true where there is none",
            )


def _role_in(identifier: str) -> str | None:
    """The role that a name claims: ``mywriter`` and ``primary2`` do, ``underwriters`` does not."""
    for word in re.findall("[a-z]+", identifier):
        if word.removesuffix("s") in _TRADES:
            continue
        for role in _ROLES:
            if word.startswith(role) or word.endswith(role):
                return role
    return None
