"""What a stack's config has beside its topologies.

Reservations, monitoring, auditing, the client host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from specs.client_host import ADDRESSES, ClientHost
from specs.monitoring import PROFILES, Auditing, Monitoring
from specs.parts import LONGEST_TOPOLOGY, Described, is_name
from specs.problems import Problem, problems_of
from specs.reservation import AnyReservation, Reservation

_RESERVATION: TypeAdapter[AnyReservation] = TypeAdapter(Reservation)
_RESERVATION_KINDS: Mapping[str, type[BaseModel]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(AnyReservation)
}
_CLIENT_HOST: TypeAdapter[ClientHost] = TypeAdapter(ClientHost)
_MONITORING: TypeAdapter[Monitoring] = TypeAdapter(Monitoring)


def read_reservations(
    raw: object, topologies: Mapping[str, Described], problems: list[Problem]
) -> dict[str, AnyReservation]:
    """What is bought in advance, by name; what is wrong with it goes to ``problems``."""
    found: dict[str, AnyReservation] = {}
    if raw is not None and not isinstance(raw, Mapping):
        problems.append(Problem("reservations", "is no map; write a name and, below it, its keys"))
        return found
    for name, content in (raw or {}).items():
        at = f"reservations.{name}"
        if len(str(name)) > LONGEST_TOPOLOGY or not is_name(str(name)) or name in topologies:
            text = "is no name, or that of a topology; write another such as reserved-orders"
            problems.append(Problem(at, text))
        try:
            found[str(name)] = _RESERVATION.validate_python(content)
            wrong = found[str(name)].all_conflicts
            problems += [Problem(f"{at}.{key}", text) for key, text in wrong]
        except ValidationError as error:
            problems += problems_of(error, at, _RESERVATION_KINDS)
    return found


def read_auditing(raw: object, problems: list[Problem]) -> Auditing | None:
    """Whether and how the account's calls are kept."""
    if raw is None:
        return None
    try:
        return Auditing.model_validate(raw)
    except ValidationError as error:
        problems += problems_of(error, "auditing", Auditing)
    return None


def read_monitoring(raw: object, problems: list[Problem]) -> Monitoring | None:
    """Who is told when something is about to break."""
    if raw is None:
        return None
    try:
        return _MONITORING.validate_python(raw)
    except ValidationError as error:
        problems += problems_of(error, "monitoring", PROFILES)
    return None


def read_client_host(raw: object, problems: list[Problem]) -> ClientHost | None:
    """Through what a laptop reaches the databases."""
    if raw is None:
        return None
    try:
        return _CLIENT_HOST.validate_python(raw)
    except ValidationError as error:
        problems += problems_of(error, "client_host", ADDRESSES)
    return None
