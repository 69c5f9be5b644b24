"""A stack's resolved config, value by value, and why each has the value it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from specs.topologies import Stack

WHY: Mapping[str, str] = {
    "apply_changes": "a change that restarts a server waits for the night it was planned for",
    "lifetime": "what holds rows is not deleted by one call, and not without a last snapshot",
    "availability": "a copy has a source to fall back on",
    "enhanced_monitoring": "it is billed by the log lines it writes",
    "performance_insights": "small classes do not have it",
    "slow_query_log": "it is billed by the log lines it writes",
    "storage.provisioned": "what the type has anyway costs nothing more",
    "password.made_by": "RDS rotates what it makes; it makes none that a replica, a migration or a "
    "restored instance must know",
    "password.rotation.days": "RDS's own",
    "role": "a replica that is promoted never comes back",
    "reader_endpoint": "it is one more interface to pay for",
    "region": "it stands where what it builds on does, else in aws:region",
}
"""Why a default is what it is, by the key below a topology."""


@dataclass(frozen=True)
class Value:
    """One value of a topology. ``why`` is ``stack``, or ``default`` and its reason."""

    topology: str
    key: str
    value: str
    why: str


def values(stack: Stack, raw: Mapping[str, Any]) -> Iterator[Value]:
    """Each value of each topology; ``raw`` is what the stack's file says of the topologies."""
    for name, topology in stack.topologies.items():
        written = raw.get(name)
        given = dict(_flat(written if isinstance(written, Mapping) else {}))
        resolved = dict(_flat(topology.model_dump(by_alias=True, mode="json")))
        resolved["region"] = stack.region_of(name)
        for key, value in resolved.items():
            if key in given or any(other.startswith(f"{key}.") for other in given):
                yield Value(name, key, _text(value), "stack")
            else:
                reason = WHY.get(key, "")
                yield Value(name, key, _text(value), f"default{': ' * bool(reason)}{reason}")


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    match value:
        case Mapping() if value:
            for key, inner in value.items():
                yield from _flat(inner, f"{path}.{key}" if path else str(key))
        case list() if value:
            for number, inner in enumerate(value):
                yield from _flat(inner, f"{path}.{number}")
        case _:
            yield path, value


def _text(value: Any) -> str:
    return "-" if value in (None, [], {}, ()) else str(value)
