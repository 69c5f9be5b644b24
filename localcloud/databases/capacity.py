"""How much capacity a serverless member gets: decisions as pure functions, carried out elsewhere.

Aurora says that capacity follows CPU, memory and connections, up at once and down slowly; not by
which formula. This one is ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

STEP = 0.5
ACU_OF_A_CORE = 4.0
"""Roughly what AWS gives: a vCPU for every 4 ACU."""
ACU_OF_A_STATEMENT = 1.0
"""For each statement that runs or waits at the moment."""
STATEMENTS_OF_AN_ACU = 1000.0
"""A second."""
ROOM = 0.7
"""Capacity grows when more than this part of it is in use."""
CALM_SAMPLES = 3
"""So many samples in a row ask for less before capacity goes down."""


@dataclass(frozen=True)
class Scaling:
    """A cluster's range of capacity in ACU, and the pause that only a minimum of 0 has."""

    least: float
    most: float
    pause_after_s: int | None = None

    @property
    def floor(self) -> float:
        """The least while the server runs: nothing runs with 0."""
        return max(self.least, STEP)


@dataclass(frozen=True)
class Load:
    """What a server does: statements under way, cores in use, statements a second."""

    running: int = 0
    cores: float = 0.0
    statements: float = 0.0


@dataclass(frozen=True)
class Capacity:
    """A running member's ACU, and how many samples in a row have asked for less."""

    acu: float
    calm: int = 0


def needed(load: Load, scaling: Scaling) -> float:
    """The ACU that carry ``load`` with room to spare: a step, within the range."""
    used = max(
        load.cores * ACU_OF_A_CORE,
        load.running * ACU_OF_A_STATEMENT,
        load.statements / STATEMENTS_OF_AN_ACU,
    )
    return _within(used / ROOM, scaling)


def adapt(now: Capacity, load: Load, scaling: Scaling) -> Capacity:
    """The capacity after one more sample: up at once, at most doubled; down by a quarter."""
    wanted = needed(load, scaling)
    current = _within(now.acu, scaling)
    if wanted > current:
        return Capacity(min(wanted, _within(2 * current, scaling)))
    if wanted == current or now.calm + 1 < CALM_SAMPLES:
        return Capacity(current, now.calm + 1 if wanted < current else 0)
    lower = _within(math.floor(0.75 * current / STEP) * STEP, scaling)
    return Capacity(max(wanted, lower), now.calm + 1)


def utilisation(acu: float, scaling: Scaling) -> float:
    """ACUUtilization: per cent of the maximum."""
    return 100 * acu / scaling.most


def _within(acu: float, scaling: Scaling) -> float:
    stepped = math.ceil(acu / STEP) * STEP
    return min(max(stepped, scaling.floor), scaling.most)
