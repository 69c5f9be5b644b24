"""Whether policies of IAM allow one action on one resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any


def allows(documents: Iterable[str], action: str, resource: str) -> bool:
    """Whether some statement allows it and none denies it.

    A condition is not evaluated: a statement with one allows nothing, and denies all the same.
    """
    effects = {
        statement["Effect"]
        for document in documents
        for statement in _list(json.loads(document).get("Statement"))
        if _matches(statement, "Action", action, re.IGNORECASE)
        and _matches(statement, "Resource", resource)
        and not (statement["Effect"] == "Allow" and statement.get("Condition"))
    }
    return effects == {"Allow"}


def _matches(statement: Mapping[str, Any], key: str, wanted: str, flags: int = 0) -> bool:
    if f"Not{key}" in statement:
        return not any(_like(p, wanted, flags) for p in _list(statement[f"Not{key}"]))
    return any(_like(p, wanted, flags) for p in _list(statement.get(key)))


def _like(pattern: str, text: str, flags: int) -> bool:
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, text, flags | re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
