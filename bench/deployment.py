"""A stack on an empty local cloud: up, a second up, its exercises, and the memory it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from bench import memory
from bench.figure import Figure
from bench.workspace import Workspace

COURSE_FOUNDATION = ("mysql", "mysql-replica", "mysql-replica-west", "aurora", "redis")
"""The topologies of the dev stack that the figures of its first issue are about."""


@dataclass(frozen=True)
class Goals:
    """Seconds, and MiB of memory; ``None`` where the project promises nothing."""

    up_s: float
    again_s: float | None
    exercises_s: float | None
    memory_mib: float


FOUNDATION = Goals(up_s=8, again_s=3, exercises_s=15, memory_mib=800)
DEV = Goals(up_s=20, again_s=3, exercises_s=60, memory_mib=1600)
PROD = Goals(up_s=45, again_s=None, exercises_s=None, memory_mib=3072)


def deploy(space: Workspace, title: str, goals: Goals, stack: str = "dev") -> list[Figure]:
    """Deploy ``stack`` twice and run its exercises; it is left running."""
    chosen = ("--stack", stack)
    up = space.run("-m", "localcloud", "up", *chosen)
    again = space.run("-m", "localcloud", "up", *chosen)
    exercises = space.run("-m", "verify", *chosen)
    processes, held = memory.of_state(space.state)
    held_mib, note = held / 2**20, f"{processes} processes, PSS"
    return [
        Figure(f"{title}: up on an empty local cloud", up, goals.up_s, "s"),
        Figure(f"{title}: second up, nothing changed", again, goals.again_s, "s"),
        Figure(f"{title}: all exercises", exercises, goals.exercises_s, "s"),
        Figure(f"{title}: memory", held_mib, goals.memory_mib, "MiB", note),
    ]


def keep_only(space: Workspace, topologies: tuple[str, ...], stack: str = "dev") -> None:
    """Take every other topology out of the workspace's copy of the stack file."""
    file = space.project / f"Pulumi.{stack}.yaml"
    config: dict[str, Any] = yaml.safe_load(file.read_text())
    found = config["config"]["aws-databases:topologies"]
    config["config"]["aws-databases:topologies"] = {name: found[name] for name in topologies}
    file.write_text(yaml.safe_dump(config, sort_keys=False))
