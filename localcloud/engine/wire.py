"""Pulumi's values on the wire as plain Python, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

from localcloud.errors import DeployFailed

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's text for a value that a preview cannot know."""
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"


def decode(message: struct_pb2.Struct) -> tuple[dict[str, Any], frozenset[str]]:
    """A struct's plain values, and the names of those with a secret in them."""
    raw = json_format.MessageToDict(message)
    secret = frozenset(name for name, value in raw.items() if _has_secret(value))
    return {name: _plain(value) for name, value in raw.items()}, secret


def encode(values: Mapping[str, Any], secret: Iterable[str] = ()) -> struct_pb2.Struct:
    """A struct of plain values; those named in ``secret`` are marked."""
    hidden = set(secret)
    marked = {
        name: {_SIGNATURE: _SECRET, "value": value} if name in hidden else value
        for name, value in values.items()
        if not name.startswith("_")
    }
    return json_format.ParseDict(marked, struct_pb2.Struct())


def unknown(value: Any) -> bool:
    """Whether there is a part that a preview cannot know."""
    if isinstance(value, Mapping):
        return any(map(unknown, value.values()))
    if isinstance(value, list):
        return any(map(unknown, value))
    return bool(value == UNKNOWN)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        match value.get(_SIGNATURE):
            case None:
                return {name: _plain(inner) for name, inner in value.items()}
            case signature if signature == _SECRET:
                return _plain(value.get("value"))
            case signature if signature == _RESOURCE:
                return value.get("id") or value["urn"]
            case _:
                raise DeployFailed("the local cloud cannot take assets and archives as inputs")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        # Every number travels as a float.
        return int(value)
    return value


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get(_SIGNATURE) == _SECRET or any(map(_has_secret, value.values()))
    return isinstance(value, list) and any(map(_has_secret, value))
