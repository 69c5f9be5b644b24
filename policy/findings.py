"""What a rule is and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from policy.resources import Registered, Resource

Level = Literal["advisory", "mandatory"]
Found = tuple[Resource, str, str]
"""A resource, what is wrong with it, the change to make."""


@dataclass(frozen=True)
class Rule:
    """A mistake and how to find it. ``course`` is the course's own line, where it has one."""

    id: str
    title: str
    course: str
    look: Callable[[Registered], Iterator[Found]]
    always_advisory: bool = False


@dataclass(frozen=True)
class Finding:
    """One mistake of one resource."""

    rule: str
    course: str
    level: Level
    resource: str
    type: str
    urn: str
    problem: str
    change: str
