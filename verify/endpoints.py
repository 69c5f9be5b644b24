"""A database's endpoints: which one a client means that names none, and where each stands."""

from __future__ import annotations

from collections.abc import Mapping

from contract import ContractError, Database, Endpoint, Role

_FIRST: tuple[Role, ...] = ("writer", "primary", "reader", "instance", "configuration")


def main_endpoint(database: Database) -> Endpoint:
    """Where one writes, or reads if nothing can be written; `ContractError` if there is none."""
    for role in _FIRST:
        found = database.endpoints_of(role)
        if found:
            return found[0]
    raise ContractError(f"a {database.kind} database without an endpoint")


def reachable(database: Database) -> list[Endpoint]:
    """One endpoint for each address, the main one first."""
    by_address: dict[tuple[str, int], Endpoint] = {}
    for endpoint in (main_endpoint(database), *database.endpoints):
        by_address.setdefault((endpoint.host, endpoint.port), endpoint)
    return list(by_address.values())


def regions_of(databases: Mapping[str, Database]) -> dict[tuple[str, int], str]:
    """The region of every address that the outputs name."""
    found: dict[tuple[str, int], str] = {}
    for database in databases.values():
        for endpoint in database.endpoints:
            found[endpoint.host, endpoint.port] = database.region
        for other in database.worldwide.secondaries if database.worldwide else ():
            for endpoint in (other.writer, other.reader, *other.nodes):
                found[endpoint.host, endpoint.port] = other.region
    return found
