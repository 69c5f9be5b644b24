"""From Pulumi's property names to the AWS API's members, by the API's own model.

A name matches word by word, whatever its capitals: ``backupRetentionPeriod`` is
``BackupRetentionPeriod``. Everything else is named explicitly; nothing is guessed, and a
property that is neither is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from localcloud.errors import DeployFailed

Inputs = Mapping[str, Any]


def parameters(
    client: Any,
    operation: str,
    inputs: Inputs,
    names: Mapping[str, str],
    ignored: Set[str] = frozenset(),
    *,
    strict: bool = True,
) -> dict[str, Any]:
    """The arguments of ``operation`` for ``inputs``.

    ``names`` are the properties that are called otherwise in the API. With ``strict`` a property
    without a member raises `DeployFailed`; without it, it is left out.
    """
    shape = client.meta.service_model.operation_model(operation).input_shape
    known = members(client, operation, inputs, names)
    found = {}
    for prop, value in inputs.items():
        if prop in ignored or value is None:
            continue
        if prop in known:
            found[known[prop]] = coerce(value, shape.members[known[prop]])
        elif strict:
            raise DeployFailed(
                f"the local cloud does not know what the property {prop!r} means to {operation}; "
                "add it to localcloud/provider, or leave it out of the program"
            )
    return found


def members(
    client: Any, operation: str, properties: Iterable[str], names: Mapping[str, str]
) -> dict[str, str]:
    """The members of ``operation`` that ``properties`` are; one without a member is left out."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    by_word = {member.lower(): member for member in shape.members}
    found = {prop: names.get(prop) or by_word.get(prop.lower(), "") for prop in properties}
    return {prop: member for prop, member in found.items() if member in shape.members}


def coerce(value: Any, shape: Any) -> Any:
    """``value`` as the API's shape wants it: Pulumi sends every number as a float."""
    match shape.type_name:
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case "boolean":
            return value if isinstance(value, bool) else str(value).lower() == "true"
        case "string":
            return _text(value)
        case "list" if isinstance(value, dict):
            return _tags(value, shape.member)
        case "list":
            return [coerce(item, shape.member) for item in value]
        case "map":
            return {key: coerce(item, shape.value) for key, item in value.items()}
        case "structure":
            by_word = {member.lower(): member for member in shape.members}
            return {
                by_word[key.lower()]: coerce(item, shape.members[by_word[key.lower()]])
                for key, item in value.items()
                if item is not None
            }
        case _:
            return value


def _tags(tags: Mapping[str, str], shape: Any) -> list[dict[str, str]]:
    key, value = ("TagKey", "TagValue") if "TagKey" in shape.members else ("Key", "Value")
    return [{key: name, value: text} for name, text in tags.items()]


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value).lower()
