"""What a class of RDS gives a server, as far as alarms need to know it."""

from __future__ import annotations

import math

from specs.parts import sized

GIB = 1 << 30
_OF_LARGE = {"t": 8, "m": 8, "r": 16, "x": 32, "c": 4, "z": 16}
"""GiB of a ``large`` one, by the family's letter; other sizes are halves and multiples of it."""
_MORE_OF_LARGE = {"x2iedn": 64}
"""Of a family that has more than others of its letter."""
_BELOW = {"medium": 2, "small": 4, "micro": 8}
_GIB_OF_AN_ACU = 2
_MOST_WITH_LITTLE_ACU = 2000
"""Connections, when a cluster's minimum is 0 or 0.5 ACU."""


def memory_bytes(instance_class: str) -> int | None:
    """Memory of an RDS class; ``None`` for one of a family that is not known here."""
    family, size = sized("db.", instance_class)
    large = _MORE_OF_LARGE.get(family, _OF_LARGE.get(family[:1]))
    if large is None:
        return None
    if size in _BELOW:
        return large * GIB // _BELOW[size]
    count = size.removesuffix("xlarge").removesuffix("large")
    times = 1 if size == "large" else 2 * int(count.removesuffix("x") or 1)
    return large * GIB * times


def serverless_memory_bytes(acu: float) -> int:
    """Memory that goes with so many ACU."""
    return int(acu * _GIB_OF_AN_ACU * GIB)


def most_connections(engine: str, memory: int) -> int | None:
    """RDS's default max_connections; ``None`` where nothing but the server's memory limits it.

    The formulas are those of RDS's default parameter groups. They count a little less memory
    than a class has, which an alarm at a part of the result need not know.
    """
    match engine:
        case "mysql" | "mariadb":
            return memory // 12_582_880
        case "postgres" | "aurora-postgresql":
            return min(memory // 9_531_392, 5000)
        case "aurora-mysql":
            small, large = (math.log2(memory / of) for of in (805_306_368, 8_187_281_408))
            return int(max(small * 45, large * 1000))
    return None


def serverless_connections(least_acu: float, most_acu: float) -> int | None:
    """max_connections of a serverless member, which follows from its maximum."""
    found = most_connections("aurora-mysql", serverless_memory_bytes(most_acu))
    if found is not None and least_acu <= 0.5:
        return min(found, _MOST_WITH_LITTLE_ACU)
    return found
