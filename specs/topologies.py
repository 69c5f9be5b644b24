"""The union of all topologies, and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from specs.aurora_mysql import AuroraMysql
from specs.aurora_serverless import AuroraServerless
from specs.beside import read_auditing, read_monitoring, read_reservations
from specs.global_database import GlobalDatabase
from specs.login_rules import check_logins
from specs.memcached import Memcached
from specs.migration import Migration
from specs.monitoring import Auditing, Monitoring
from specs.network import Network
from specs.parts import LONGEST_TOPOLOGY, Described, Part, RegionName, is_name
from specs.problems import ConfigError, Problem, did_you_mean, problems_of
from specs.rds_mariadb import RdsMariadb
from specs.rds_mysql import RdsMysql
from specs.rds_oracle import RdsOracle
from specs.rds_postgres import RdsPostgres
from specs.rds_proxy import RdsProxy
from specs.rds_sqlserver import RdsSqlserver
from specs.read_replica import LONGEST_CHAIN, MOST_REPLICAS, ReadReplica
from specs.redis import Redis, Valkey
from specs.regions import (
    Standing,
    check_identifiers,
    check_secondaries,
    check_zones,
    region_of,
    standings,
)
from specs.reservation import Reservation
from specs.restored_instance import RestoredInstance
from specs.serverless_cache import ServerlessCache

AnyTopology = (
    RdsMysql
    | RdsMariadb
    | RdsPostgres
    | RdsOracle
    | RdsSqlserver
    | ReadReplica
    | RestoredInstance
    | AuroraMysql
    | AuroraServerless
    | GlobalDatabase
    | Redis
    | Valkey
    | Memcached
    | ServerlessCache
    | RdsProxy
    | Migration
)
Topology = Annotated[AnyTopology, Field(discriminator="kind")]
KINDS: Mapping[str, type[BaseModel]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(AnyTopology)
}
_ADAPTER: TypeAdapter[AnyTopology] = TypeAdapter(Topology)
_REGION: TypeAdapter[str] = TypeAdapter(RegionName)


class Stack(Part):
    """A stack's config, read and consistent."""

    region: str
    network: Network
    topologies: Mapping[str, Topology]
    reservations: Mapping[str, Reservation] = {}
    monitoring: Monitoring | None = None
    """Nobody watches it without."""
    auditing: Auditing | None = None

    def region_of(self, name: str) -> str:
        """Where a topology stands: its own region, that of what it builds on, the stack's."""
        return region_of(name, self.topologies, self.region)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """The topologies, each followed by what of it stands in another region."""
        return tuple(standings(self.topologies, self.region))

    @property
    def regions(self) -> tuple[str, ...]:
        """Every region in use, in the order of the topologies."""
        return tuple(dict.fromkeys(standing.region for standing in self.standings))

    @property
    def in_order(self) -> tuple[str, ...]:
        """Names of the topologies, each after those it builds on."""
        placed: dict[str, None] = {}

        def place(name: str) -> None:
            for other in self.topologies[name].references.values():
                place(other)
            placed.setdefault(name)

        for name in self.topologies:
            place(name)
        return tuple(placed)


def read(
    region: object,
    network: object,
    topologies: object,
    *,
    reservations: object = None,
    monitoring: object = None,
    auditing: object = None,
) -> Stack:
    """The stack that the plain values of a config describe.

    Raises `ConfigError` with every problem there is.
    """
    problems: list[Problem] = []
    found_network = _read_network(network, problems)
    found_monitoring = read_monitoring(monitoring, problems)
    found_auditing = read_auditing(auditing, problems)
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
        problems += _check_references(found, named)
        problems += _check_replicas(found)
        problems += _check_neighbours(found, str(region))
        problems += _check_account_wide(found)
        problems += _check_chains(found)
        problems += check_logins(found, str(region))
        problems += check_secondaries(found, str(region))
        problems += check_identifiers(found, str(region))
        problems += check_zones(found, str(region), found_network.zones)
    reserved = read_reservations(reservations, found, problems)
    if problems:
        raise ConfigError(problems)
    return Stack(
        region=str(region),
        network=found_network,
        topologies=found,
        reservations=reserved,
        monitoring=found_monitoring,
        auditing=found_auditing,
    )


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
    if len(name) > LONGEST_TOPOLOGY or not is_name(name):
        text = (
            f"is no name: use up to {LONGEST_TOPOLOGY} lower-case letters, digits and single "
            "hyphens, starting with a letter and not ending with a hyphen"
        )
        problems.append(Problem(at, text))
    try:
        topology = _ADAPTER.validate_python(raw)
        found[name] = topology
        problems += [Problem(f"{at}.{key}", text) for key, text in topology.all_conflicts]
    except ValidationError as error:
        problems += problems_of(error, at, KINDS)


def _check_references(found: Mapping[str, Described], named: frozenset[str]) -> list[Problem]:
    problems = []
    for name, topology in found.items():
        for key, wanted in topology.references.items():
            at = f"topologies.{name}.{key}"
            other = found.get(wanted)
            if other is None and wanted not in named:
                fit = [n for n, t in found.items() if n != name and not topology.objection(key, t)]
                text = f"{wanted!r} is no database of this stack{did_you_mean(wanted, fit)}"
                problems.append(Problem(at, text))
            elif other is not None and (objection := topology.objection(key, other)):
                problems.append(Problem(at, f"{wanted!r} {objection}"))
            elif _leads_back(name, wanted, found):
                problems.append(
                    Problem(at, f"{wanted!r} is itself built on {name!r}; name another")
                )
    return problems


def _leads_back(name: str, start: str, found: Mapping[str, Described]) -> bool:
    seen, open_ = set(), [start]
    while open_:
        here = open_.pop()
        if here == name:
            return True
        if here not in seen and here in found:
            seen.add(here)
            open_ += found[here].references.values()
    return False


def _check_replicas(found: Mapping[str, Described]) -> list[Problem]:
    counts: dict[str, int] = {}
    problems = []
    for name, topology in found.items():
        if isinstance(topology, ReadReplica) and topology.follows is not None:
            counts[topology.source] = counts.get(topology.source, 0) + 1
            if counts[topology.source] == MOST_REPLICAS + 1:
                text = f"has more than {MOST_REPLICAS} replicas; leave this one out"
                at = f"topologies.{name}.source"
                problems.append(Problem(at, f"{topology.source!r} {text}"))
    return problems


def _check_neighbours(found: Mapping[str, Described], region: str) -> list[Problem]:
    problems = []
    for name, topology in found.items():
        home = region_of(name, found, region)
        for key in sorted(topology.neighbours):
            other = topology.references[key]
            if other in found and (away := region_of(other, found, region)) != home:
                text = f"{other!r} stands in {away} and not in {home}; name one of that region"
                problems.append(Problem(f"topologies.{name}.{key}", text))
    return problems


def _check_account_wide(found: Mapping[str, Described]) -> list[Problem]:
    # What there is once is made once: a stack's migrations share it.
    migrations = {name: t for name, t in found.items() if isinstance(t, Migration)}
    return [
        Problem(
            f"topologies.{name}.{key}",
            f"is {getattr(migration, key)} and that of {first!r} is not; write the same in both",
        )
        for first, other in list(migrations.items())[:1]
        for name, migration in migrations.items()
        for key in ("account_roles", "secrets_endpoint")
        if getattr(migration, key) != getattr(other, key)
    ]


def _check_chains(found: Mapping[str, Described]) -> list[Problem]:
    problems = []
    for name in found:
        length = _replicas_up_to(name, found)
        if length == LONGEST_CHAIN + 1:
            text = (
                f"makes a chain of {length} replicas, of which RDS allows {LONGEST_CHAIN}; "
                "let it copy an earlier one"
            )
            problems.append(Problem(f"topologies.{name}.source", text))
    return problems


def _replicas_up_to(name: str, found: Mapping[str, Described]) -> int:
    """How many replicas there are from the first one of a chain to this one."""
    seen: set[str] = set()
    here = found.get(name)
    while isinstance(here, ReadReplica) and here.follows is not None and here.source not in seen:
        seen.add(here.source)
        here = found.get(here.source)
    return len(seen)
