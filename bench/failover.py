"""`verify`'s own drills with a fault done to the server that writes: outages, and what was lost."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figure import Figure
from bench.sql import name_of
from bench.workspace import BenchFailed, Workspace
from contract import Deployment, read_databases
from localcloud.errors import LocalCloudError
from localcloud.faults import Fault, inflict
from localcloud.site import Site
from verify.aws import Cloud
from verify.drill.cache_targets import RedisGroup
from verify.drill.cluster_targets import Aurora
from verify.drill.measure import Measured
from verify.drill.run import Drill, Plan, perform
from verify.drill.target import Target
from verify.drill.verdict import Audit, audit
from verify.errors import VerifyError

FROZEN = CUT = 5
"""Runs of the faults that take seconds each to be noticed."""
_WITHIN_S = 30.0


class _ByFault(Target):
    """Fails over because a fault is done to its writer, not because somebody asks."""

    fault: Fault
    site: Site

    def fail_over(self, to: str | None) -> str:
        member = self.member()
        return inflict(self.site, self.fault, member.identifier, member.region)


class FaultyAurora(_ByFault, Aurora):
    """An Aurora cluster and a fault."""


class FaultyCache(_ByFault, RedisGroup):
    """A cache and a fault."""


@dataclass(frozen=True)
class Outcome:
    """What several drills measured, and what the audit found over all of them."""

    outages: tuple[float, ...]
    noticed: tuple[float, ...]
    """From the fault until a writer met an error."""
    acknowledged: int
    lost: int
    duplicated: int

    @classmethod
    def of(cls, found: Sequence[tuple[Measured, Audit]]) -> Outcome:
        """`BenchFailed` when a drill did not come to an end: there is no figure then."""
        outages = [m.write_outage.seconds for m, _ in found if m.over and m.write_outage]
        if len(outages) < len(found) or not found:
            raise BenchFailed(f"only {len(outages)} of {len(found)} failovers came to an end")
        return cls(
            outages=tuple(outages),
            noticed=tuple(m.detected_after_s for m, _ in found if m.detected_after_s is not None),
            acknowledged=sum(a.rows.acknowledged for _, a in found),
            lost=sum(len(a.rows.lost) for _, a in found),
            duplicated=sum(len(a.rows.duplicated) for _, a in found),
        )

    @property
    def median(self) -> float:
        return statistics.median(self.outages)


def figures(space: Workspace, kills: int) -> list[Figure]:
    """Aurora, and Redis whose writers WAIT for a replica: killed, frozen, cut off."""
    found = []
    for kind, name in (("aurora-mysql", "Aurora"), ("redis", "Redis with WAIT")):
        killed = drill(space, kind, "kill", kills)
        frozen = drill(space, kind, "stop", FROZEN)
        spread = f"{kills} kills, worst {max(killed.outages):.2f} s"
        frozen_spread = f"{FROZEN} times, median {frozen.median:.2f} s"
        acked = f"of {killed.acknowledged + frozen.acknowledged:,} acked"
        found += [
            Figure(f"{name}: write outage after SIGKILL, median", killed.median, 0.2, "s", spread),
            Figure(f"{name}: write outage after SIGKILL, worst", max(killed.outages), 2, "s"),
            Figure(f"{name}: after SIGSTOP, worst", max(frozen.outages), 3.5, "s", frozen_spread),
            Figure(f"{name}: acknowledged lost", killed.lost + frozen.lost, 0, "rows", acked),
            Figure(f"{name}: duplicated", killed.duplicated + frozen.duplicated, 0, "rows"),
        ]
    cut = drill(space, "aurora-mysql", "cut", CUT)
    if len(cut.noticed) < CUT:
        raise BenchFailed(f"{CUT - len(cut.noticed)} of {CUT} cuts went unnoticed by the writers")
    spread = f"{CUT} cuts, write outage at worst {max(cut.outages):.2f} s, {cut.lost} rows lost"
    return [
        *found,
        Figure("a silent cut is noticed by a client, worst", max(cut.noticed), 1.5, "s", spread),
    ]


def drill(space: Workspace, kind: str, fault: Fault, runs: int) -> Outcome:
    """Do ``fault`` to the writer of the stack's database of a ``kind``, ``runs`` times."""
    target = _target(space, kind, fault)
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-failover-") as folder:
        for number in range(runs):
            try:
                done = perform(target, Plan(_WITHIN_S), Path(folder) / f"{number}.jsonl")
            except (VerifyError, LocalCloudError) as error:
                raise BenchFailed(f"{kind}, {fault}, run {number + 1}: {error}") from error
            found.append((done.measured, _audited(target, done)))
    return Outcome.of(found)


def _audited(target: Target, done: Drill) -> Audit:
    return audit(done.history, target.writer, list(target.endpoints))


def _target(space: Workspace, kind: str, fault: Fault) -> Target:
    deployment = Deployment.model_validate(space.record())
    cloud = Cloud(deployment.access, 30)
    name, ca = name_of(space, kind), deployment.access.ca_file
    database = read_databases(deployment.outputs)[name]
    found: Any
    if kind == "redis":
        found = FaultyCache(name, database, cloud, ca, confirmed=True)
    else:
        found = FaultyAurora(name, database, cloud, ca)
    found.fault, found.site = fault, Site(space.state, space.prefix)
    return found  # type: ignore[no-any-return]
