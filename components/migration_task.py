"""What a migration is told to do: table mappings and task settings, as DMS's JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from specs.migration import Selection


def table_mappings(selections: Sequence[Selection]) -> str:
    """DMS's selection rules; rule ids are their order, so that a new one changes no other."""
    rules: list[dict[str, Any]] = [
        {
            "rule-type": "selection",
            "rule-id": str(number),
            "rule-name": f"{selection.action}-{number}",
            "object-locator": {
                "schema-name": selection.schema_name,
                "table-name": selection.table,
            },
            "rule-action": selection.action,
            "filters": [],
        }
        for number, selection in enumerate(selections, start=1)
    ]
    return json.dumps({"rules": rules})


def task_settings() -> str:
    """The few settings that are not DMS's own: existing tables are kept, and it logs.

    DMS fills in all others, and the names of the log group and stream, which it then refuses
    from us.
    """
    settings = {
        "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
        "Logging": {"EnableLogging": True},
    }
    return json.dumps(settings)
