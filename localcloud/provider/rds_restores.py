"""How an RDS instance is made of a snapshot, or of what another one had at a moment.

As with AWS's provider: the call that restores takes some of the properties, a modify call the
others; what the data bring along (engine, user, database, key) is in neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.provider.mapping import Inputs, parameters

FROM_SNAPSHOT = "RestoreDBInstanceFromDBSnapshot"
TO_MOMENT = "RestoreDBInstanceToPointInTime"
PROPERTIES = frozenset({"snapshotIdentifier", "restoreToPointInTime"})
"""What makes an instance a restored one; another value is another instance."""
_BROUGHT = frozenset(
    {"allocatedStorage", "dbName", "engine", "engineVersion", "kmsKeyId", "storageEncrypted",
     "username"}
)  # fmt: skip
_NAMES: Mapping[str, Mapping[str, str]] = {
    FROM_SNAPSHOT: {"snapshotIdentifier": "DBSnapshotIdentifier"},
    TO_MOMENT: {"identifier": "TargetDBInstanceIdentifier"},
}


def restore_call(inputs: Inputs) -> str | None:
    """The operation that makes this instance; ``None`` when it is not a restored one."""
    if inputs.get("snapshotIdentifier"):
        return FROM_SNAPSHOT
    return TO_MOMENT if inputs.get("restoreToPointInTime") else None


def restore_arguments(
    client: Any, operation: str, inputs: Inputs, names: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments of the call."""
    asked = {prop: value for prop, value in inputs.items() if prop not in _BROUGHT | {"region"}}
    # The moment is a block of its own, whose words are the call's.
    moment = asked.pop("restoreToPointInTime", None) or {}
    moment = moment[0] if isinstance(moment, list) else moment
    known = {**names, **_NAMES[operation]}
    return parameters(client, operation, {**asked, **moment}, known, strict=False)


def modified_later(
    client: Any, operation: str, inputs: Inputs, names: Mapping[str, str]
) -> frozenset[str]:
    """Properties that the restored instance is given by a modify call."""
    given = {prop: value for prop, value in inputs.items() if value is not None}
    taken = {
        prop for prop in given if restore_arguments(client, operation, {prop: given[prop]}, names)
    }
    return frozenset(given) - taken - _BROUGHT - {"region", "tags"}
