"""Which of a database's endpoints a client means when it names none."""

from __future__ import annotations

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
