"""The union of all topologies, and the rules between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from specs.aurora_mysql import AuroraMysql
from specs.network import Network
from specs.parts import Part, RegionName, is_name
from specs.problems import ConfigError, Problem, did_you_mean, problems_of
from specs.rds_mysql import RdsMysql
from specs.read_replica import MOST_REPLICAS, ReadReplica
from specs.redis import Redis

Topology = Annotated[RdsMysql | ReadReplica | AuroraMysql | Redis, Field(discriminator="kind")]
KINDS: Mapping[str, type[BaseModel]] = {
    "rds-mysql": RdsMysql,
    "read-replica": ReadReplica,
    "aurora-mysql": AuroraMysql,
    "redis": Redis,
}
_ADAPTER: TypeAdapter[RdsMysql | ReadReplica | AuroraMysql | Redis] = TypeAdapter(Topology)
_REGION: TypeAdapter[str] = TypeAdapter(RegionName)
_LONGEST_NAME = 30


class Stack(Part):
    """A stack's config, read and consistent."""

    region: str
    network: Network
    topologies: Mapping[str, Topology]

    def region_of(self, name: str) -> str:
        """Where a topology stands: its own region, its source's, the stack's."""
        topology = self.topologies[name]
        if topology.region is not None:
            return topology.region
        if isinstance(topology, ReadReplica):
            return self.region_of(topology.source)
        return self.region

    @property
    def regions(self) -> tuple[str, ...]:
        """Every region in use, in the order of the topologies."""
        return tuple(dict.fromkeys(self.region_of(name) for name in self.topologies))


def read(region: object, network: object, topologies: object) -> Stack:
    """The stack that three plain values of a config describe.

    Raises `ConfigError` with every problem there is.
    """
    problems: list[Problem] = []
    found_network = _read_network(network, problems)
    _check_region(region, problems)
    found: dict[str, Any] = {}
    if not topologies:
        problems.append(Problem("topologies", "is empty; add a database, such as mysql"))
    elif not isinstance(topologies, Mapping):
        problems.append(Problem("topologies", "is no map; write a name and, below it, its keys"))
    else:
        for name, raw in topologies.items():
            _read_topology(str(name), raw, found, problems)
        named = frozenset(map(str, topologies))
        problems += _check_sources(found, named)
        problems += _check_identifiers(found, str(region))
        problems += _check_zones(found, found_network)
    if problems:
        raise ConfigError(problems)
    return Stack(region=str(region), network=found_network, topologies=found)


def _check_region(region: object, problems: list[Problem]) -> None:
    if region is None:
        problems.append(Problem("aws:region", "is missing; add it, such as us-east-1"))
        return
    try:
        _REGION.validate_python(region)
    except ValidationError as error:
        problems += problems_of(error, "aws:region")


def _read_network(raw: object, problems: list[Problem]) -> Network:
    try:
        network = Network.model_validate({} if raw is None else raw)
        wrong = [Problem(f"network.{key}", text) for key, text in network.all_conflicts]
    except ValidationError as error:
        wrong = problems_of(error, "network", Network)
    problems += wrong
    # No database is measured against a network that is wrong itself.
    return Network() if wrong else network


def _read_topology(name: str, raw: object, found: dict[str, Any], problems: list[Problem]) -> None:
    at = f"topologies.{name}"
    # Names of parameter groups and subnet groups begin with it.
    if len(name) > _LONGEST_NAME or not is_name(name):
        text = (
            f"is no name: use up to {_LONGEST_NAME} lower-case letters, digits and single hyphens, "
            "starting with a letter and not ending with a hyphen"
        )
        problems.append(Problem(at, text))
    try:
        topology = _ADAPTER.validate_python(raw)
        found[name] = topology
        problems += [Problem(f"{at}.{key}", text) for key, text in topology.all_conflicts]
    except ValidationError as error:
        problems += problems_of(error, at, KINDS)


def _check_sources(found: Mapping[str, Any], named: frozenset[str]) -> list[Problem]:
    problems = []
    counts: dict[str, int] = {}
    for name, topology in found.items():
        if not isinstance(topology, ReadReplica):
            continue
        at = f"topologies.{name}.source"
        source = found.get(topology.source)
        counts[topology.source] = counts.get(topology.source, 0) + 1
        if source is None:
            if topology.source not in named:
                choices = [other for other, t in found.items() if isinstance(t, RdsMysql)]
                problems.append(
                    Problem(
                        at,
                        f"{topology.source!r} is no database of this stack"
                        f"{did_you_mean(topology.source, choices)}",
                    )
                )
        elif not isinstance(source, RdsMysql):
            problems.append(
                Problem(at, f"{topology.source!r} is {source.kind}; name an rds-mysql topology")
            )
        elif source.backups.retention_days == 0:
            problems.append(
                Problem(
                    at,
                    f"{topology.source!r} has no backups, which a replica needs; set "
                    f"topologies.{topology.source}.backups.retention_days to 1 or more",
                )
            )
        if counts[topology.source] == MOST_REPLICAS + 1:
            problems.append(
                Problem(
                    at,
                    f"{topology.source!r} has more than {MOST_REPLICAS} replicas; "
                    "leave this one out",
                )
            )
    return problems


def _check_identifiers(found: Mapping[str, Any], region: str) -> list[Problem]:
    # One name space a region for instances, one for clusters, one for caches.
    taken: dict[tuple[str, str, str], str] = {}
    problems = []
    for name, topology in found.items():
        source = found.get(getattr(topology, "source", ""))
        home = topology.region or getattr(source, "region", None) or region
        for space, key, identifier in _claims(topology):
            path = f"topologies.{name}.{key}"
            first = taken.setdefault((space, home, identifier), path)
            if first != path:
                problems.append(
                    Problem(path, f"{identifier!r} is {first} in {home}, too; rename one of them")
                )
    return problems


def _claims(topology: Any) -> Iterator[tuple[str, str, str]]:
    """Name space, key and value of every identifier that must be unique in its region."""
    if isinstance(topology, Redis):
        yield "cache", "identifier", topology.identifier
        return
    for key, identifier in topology.instance_identifiers.items():
        yield "instance", key, identifier
    if isinstance(topology, AuroraMysql):
        yield "cluster", "identifier", topology.identifier
        for endpoint in topology.custom_endpoints:
            key = f"custom_endpoints.{endpoint}"
            yield "endpoint", key, topology.endpoint_identifier(endpoint)


def _check_zones(found: Mapping[str, Any], network: Network) -> list[Problem]:
    # A member outside of the subnet group's zones is an InvalidVPCNetworkStateFault.
    zones = network.zones
    if zones is None:
        return []
    return [
        Problem(
            f"topologies.{name}.{key}.zone",
            f"{member.zone!r} is not one of network.zones; choose {', '.join(zones)}",
        )
        for name, topology in found.items()
        if isinstance(topology, AuroraMysql)
        for key, member in topology.placed.items()
        if member.zone not in zones
    ]
