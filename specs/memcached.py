"""An ElastiCache memcached cluster: nodes that share nothing, found by one endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from specs.parts import (
    ApplyChanges,
    Claim,
    Described,
    MaintenanceWindow,
    Part,
    Zone,
    week_minutes,
)
from specs.problems import Conflict, did_you_mean, refuse

MOST_NODES = 40
LONGEST_IDENTIFIER = 50
"""Of CreateCacheCluster; a replication group's is shorter, because its nodes' are longer."""
LEAST_WINDOW_MINUTES = 60
FAMILY = "memcached1.6"
_VERSIONS = ("1.6.6", "1.6.12", "1.6.17", "1.6.22")
_BEFORE_TLS = frozenset({"1.6.6"})
_ENDED = ("cache.t1.", "cache.m1.", "cache.m2.", "cache.m3.", "cache.c1.", "cache.r3.")
_PARAMETERS = (
    "backlog_queue_limit",
    "cas_disabled",
    "chunk_size",
    "chunk_size_growth_factor",
    "disable_flush_all",
    "error_on_memory_exhausted",
    "idle_timeout",
    "lru_crawler",
    "max_item_size",
    "max_simultaneous_connections",
    "memcached_connections_overhead",
    "slab_automove",
    "slab_chunk_max",
    "slab_reassign",
)
"""Those of the family that can be changed and that people change."""


class CrossAz(Part):
    """Nodes in turn over ``zones``; without them over every zone of the network."""

    az_mode: Literal["cross-az"]
    zones: tuple[Zone, ...] | None = None

    def conflicts(self) -> Iterator[Conflict]:
        zones = self.zones
        if zones is None:
            return
        if len(set(zones)) < len(zones):
            yield "zones", f"names a zone twice: {', '.join(zones)}; name each once"
        elif len(zones) < 2:
            yield "zones", "has fewer than two zones; add one, or write az_mode: single-az"


class SingleAz(Part):
    """Every node in one zone."""

    az_mode: Literal["single-az"]
    zone: Zone


Placement = Annotated[CrossAz | SingleAz, Field(discriminator="az_mode")]


def _version(text: str) -> str:
    if text not in _VERSIONS:
        raise refuse(f"{text!r} is not a memcached version here; choose {', '.join(_VERSIONS)}")
    return text


def _node_class(text: str) -> str:
    if not re.match(r"cache\.[a-z0-9]+\.[a-z0-9]+\Z", text):
        raise refuse(f"{text!r} is no node type; write one such as cache.t3.micro")
    if text.startswith(_ENDED):
        raise refuse(f"{text!r} is of a generation that ended; write one such as cache.t3.micro")
    if text.startswith("cache.r6gd."):
        raise refuse(f"{text!r} has data tiering, which memcached has not; write cache.r6g.*")
    return text


def _parameter(name: str) -> str:
    if name not in _PARAMETERS:
        raise refuse(
            f"{name!r} is no parameter of {FAMILY} that can be set here"
            f"{did_you_mean(name, _PARAMETERS)}"
        )
    return name


def _as_text(value: object) -> object:
    # YAML reads 1048576 as a number; parameters are text to ElastiCache.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _value(text: str) -> str:
    if not re.match(r"\d+(\.\d+)?\Z", text):
        raise refuse(f"{text!r} is no value of a parameter; write a number, 0 or 1 for off or on")
    return text


ParameterName = Annotated[str, AfterValidator(_parameter)]
ParameterValue = Annotated[str, BeforeValidator(_as_text), AfterValidator(_value)]


class Memcached(Described):
    """A cluster. It has no backups and no final snapshot: memcached keeps nothing on disk."""

    kind: Literal["memcached"]
    engine_version: Annotated[str, AfterValidator(_version)]
    node_class: Annotated[str, AfterValidator(_node_class)] = Field(alias="class")
    nodes: int = Field(ge=1, le=MOST_NODES)
    placement: Placement
    tls: bool = True
    """Fixed when the cluster is made: a change replaces it."""
    parameters: Mapping[ParameterName, ParameterValue] = Field(default_factory=dict)
    maintenance_window: MaintenanceWindow
    apply_changes: ApplyChanges = "maintenance-window"

    @property
    def claims(self) -> Iterator[Claim]:
        yield "cache", "identifier", self.identifier

    @property
    def placed(self) -> Mapping[str, str]:
        if isinstance(self.placement, SingleAz):
            return {"placement.zone": self.placement.zone}
        return {f"placement.zones.{n}": zone for n, zone in enumerate(self.placement.zones or ())}

    def conflicts(self) -> Iterator[Conflict]:
        if len(self.identifier) > LONGEST_IDENTIFIER:
            yield (
                "identifier",
                f"has {len(self.identifier)} characters; ElastiCache allows {LONGEST_IDENTIFIER}",
            )
        yield from self._placement_conflicts()
        yield from self._tls_conflicts()
        start, end = week_minutes(self.maintenance_window) or (0, 0)
        if end - start < LEAST_WINDOW_MINUTES:
            yield (
                "maintenance_window",
                f"{self.maintenance_window} is shorter than {LEAST_WINDOW_MINUTES} minutes; "
                "make it longer",
            )

    def _placement_conflicts(self) -> Iterator[Conflict]:
        if not isinstance(self.placement, CrossAz):
            return
        zones = self.placement.zones
        if self.nodes == 1:
            yield (
                "placement.az_mode",
                "is cross-az, which needs two nodes; set nodes to 2 or more, or write single-az",
            )
        elif zones is not None and len(zones) > self.nodes:
            yield (
                "placement.zones",
                f"has {len(zones)} zones for {self.nodes} nodes; a zone without a node is none: "
                f"name at most {self.nodes}",
            )

    def _tls_conflicts(self) -> Iterator[Conflict]:
        if not self.tls:
            return
        if self.engine_version in _BEFORE_TLS:
            yield (
                "engine_version",
                f"{self.engine_version} has no TLS, which began with 1.6.12; write "
                f"{_VERSIONS[-1]}, or tls: false",
            )
        if self.node_class.startswith("cache.t2."):
            yield (
                "class",
                f"{self.node_class} has no TLS for memcached; write cache.t3.*, or tls: false",
            )
