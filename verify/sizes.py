"""Classes of instances and nodes: processors, memory, and the sizes beside each."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CLASS = re.compile(r"(?P<family>(?:db|cache)\.(?P<letter>[a-z])\w*)\.(?P<size>\w+)\Z")
_SIZES = ("micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge",
          "12xlarge", "16xlarge", "24xlarge")  # fmt: skip
_MEMORY = {
    ("db", "micro"): 1.0, ("db", "small"): 2.0, ("db", "medium"): 4.0, ("db", "large"): 8.0,
    ("cache", "micro"): 0.5, ("cache", "small"): 1.37, ("cache", "medium"): 3.09,
}  # fmt: skip
"""GiB of burstable classes."""
_MEMORY_OF_TWO = {"c": 4.0, "m": 8.0, "r": 16.0, "x": 32.0}
"""GiB for 2 vCPU, by the family's letter. A cache keeps some of it for itself; what is measured
of one is a percentage."""
_BASELINE = {"micro": 10.0, "small": 20.0, "medium": 20.0, "large": 30.0, "xlarge": 40.0,
             "2xlarge": 40.0}  # fmt: skip
"""Percent of its processors that a burstable class may use for ever."""


@dataclass(frozen=True)
class Size:
    """A class. ``baseline`` is the percentage of CPU it has for ever, 100 unless burstable."""

    name: str
    vcpu: int
    memory_gib: float
    baseline: float


def size(name: str) -> Size | None:
    """The size of a class; nothing for one that has none, such as ``db.serverless``."""
    match = _CLASS.match(name)
    if match is None or match["size"] not in _SIZES:
        return None
    word, letter = match["size"], match["letter"]
    times = re.match(r"(\d*)xlarge\Z", word)
    vcpu = 2 if times is None else 4 * int(times[1] or 1)
    service = name.partition(".")[0]
    if letter == "t":
        memory = _MEMORY.get((service, word), 4.0 * vcpu if service == "db" else 0.0)
        baseline = _BASELINE.get(word, 0.0)
        return Size(name, vcpu, memory, baseline) if memory and baseline else None
    if letter not in _MEMORY_OF_TWO or word in ("micro", "small", "medium"):
        return None
    return Size(name, vcpu, _MEMORY_OF_TWO[letter] * vcpu / 2, 100.0)


def smaller(name: str) -> Size | None:
    """The next size below in the same family; nothing below the least."""
    return _beside(name, -1)


def larger(name: str) -> Size | None:
    """The next size above in the same family."""
    return _beside(name, 1)


def _beside(name: str, step: int) -> Size | None:
    family, _, word = name.rpartition(".")
    at = _SIZES.index(word) + step if word in _SIZES else -1
    return size(f"{family}.{_SIZES[at]}") if 0 <= at < len(_SIZES) else None
