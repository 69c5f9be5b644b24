"""Which tables are migrated: DMS's table mappings, read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from localcloud.migration.errors import BadMappings

_ACTIONS = ("include", "exclude", "explicit")


@dataclass(frozen=True)
class _Rule:
    schema: re.Pattern[str]
    table: re.Pattern[str]
    included: bool

    def matches(self, schema: str, table: str) -> bool:
        return bool(self.schema.fullmatch(schema) and self.table.fullmatch(table))


@dataclass(frozen=True)
class Mappings:
    """Selection rules; an exclusion wins over any inclusion."""

    rules: tuple[_Rule, ...]

    @classmethod
    def read(cls, text: str) -> Mappings:
        """The rules of DMS's JSON. Raises `BadMappings`, also for transformations and filters."""
        try:
            raw = json.loads(text)["rules"]
            rules = tuple(_rule(rule) for rule in raw)
        except (ValueError, KeyError, TypeError) as error:
            raise BadMappings(f"the table mappings are not DMS's JSON: {error!r}") from error
        if not any(rule.included for rule in rules):
            raise BadMappings("the table mappings include no table")
        return cls(rules)

    def selects(self, schema: str, table: str) -> bool:
        """Whether the table is migrated."""
        found = [rule.included for rule in self.rules if rule.matches(schema, table)]
        return bool(found) and all(found)


def _rule(rule: dict[str, Any]) -> _Rule:
    if rule["rule-type"] != "selection":
        raise BadMappings(
            f"rules of type {rule['rule-type']!r} are not served here; selections are"
        )
    if rule.get("filters"):
        raise BadMappings(f"rule {rule['rule-id']} has filters, which are not served here")
    if rule["rule-action"] not in _ACTIONS:
        raise BadMappings(f"rule {rule['rule-id']} has no known action: {rule['rule-action']!r}")
    where = rule["object-locator"]
    schema, table = (_pattern(where[key]) for key in ("schema-name", "table-name"))
    return _Rule(schema, table, rule["rule-action"] != "exclude")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("%")), re.DOTALL)
