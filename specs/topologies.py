"""The union of all topologies, and a stack of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from specs.aurora_mysql import AuroraMysql
from specs.aurora_postgresql import AuroraPostgresql
from specs.aurora_serverless import AuroraServerless
from specs.backup_copies import copy_of
from specs.beside import (
    read_auditing,
    read_client_host,
    read_monitoring,
    read_reservations,
)
from specs.client_host import ClientHost
from specs.global_database import GlobalDatabase
from specs.login_rules import check_logins
from specs.memcached import Memcached
from specs.migration import Migration
from specs.monitoring import Auditing, Monitoring
from specs.multi_az_mysql import MultiAzMysql
from specs.multi_az_postgres import MultiAzPostgres
from specs.network import Network
from specs.parts import LONGEST_TOPOLOGY, Part, RegionName, is_name
from specs.passwords import check_passwords, decided
from specs.problems import ConfigError, Problem, problems_of
from specs.rds_mariadb import RdsMariadb
from specs.rds_mysql import RdsMysql
from specs.rds_oracle import RdsOracle
from specs.rds_postgres import RdsPostgres
from specs.rds_proxy import RdsProxy
from specs.rds_sqlserver import RdsSqlserver
from specs.read_replica import ReadReplica
from specs.redis import Redis, Valkey
from specs.regions import (
    Standing,
    check_copies,
    check_identifiers,
    check_offered,
    check_secondaries,
    check_zones,
    region_of,
    standings,
)
from specs.relations import (
    check_account_wide,
    check_chains,
    check_neighbours,
    check_references,
    check_replicas,
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
    | MultiAzMysql
    | MultiAzPostgres
    | AuroraMysql
    | AuroraPostgresql
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
    client_host: ClientHost | None = None

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
    def key_regions(self) -> tuple[str, ...]:
        """Those, and the ones where only copies of backups lie."""
        copies = [copy.region for t in self.topologies.values() if (copy := copy_of(t))]
        return tuple(dict.fromkeys((*self.regions, *copies)))

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
    client_host: object = None,
) -> Stack:
    """The stack that the plain values of a config describe.

    Raises `ConfigError` with every problem there is.
    """
    problems: list[Problem] = []
    found_network = _read_network(network, problems)
    found_monitoring = read_monitoring(monitoring, problems)
    found_auditing = read_auditing(auditing, problems)
    found_host = read_client_host(client_host, problems)
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
        problems += check_references(found, named)
        problems += check_replicas(found)
        problems += check_neighbours(found, str(region))
        problems += check_account_wide(found)
        problems += check_chains(found)
        problems += check_logins(found, str(region))
        problems += check_passwords(found)
        problems += check_secondaries(found, str(region))
        problems += check_copies(found, str(region))
        problems += check_identifiers(found, str(region))
        problems += check_offered(found, str(region))
        problems += check_zones(found, str(region), found_network.zones)
    reserved = read_reservations(reservations, found, problems)
    if problems:
        raise ConfigError(problems)
    return Stack(
        region=str(region),
        network=found_network,
        topologies=decided(found),
        reservations=reserved,
        monitoring=found_monitoring,
        auditing=found_auditing,
        client_host=found_host,
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
