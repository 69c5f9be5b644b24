"""Outliving a region: backups that lie in a second one, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policy.findings import Found
from policy.resources import (
    BACKUP_COPY,
    BACKUP_PLAN,
    BACKUP_SELECTION,
    CLUSTER,
    INSTANCE,
    UNKNOWN,
    Registered,
    Resource,
    copies,
    three_zones,
)

_PROBLEM = "has its backups in one region only"
_CHANGE = "set backups.copy_to to a region and its retention_days"


def uncopied(stack: Registered) -> Iterator[Found]:
    """Databases whose backups go with their region. A copy's rows are another's; of caches AWS
    copies none.
    """
    for each in stack.of(INSTANCE):
        # Without any backup, that is the mistake.
        if (
            not copies(each)
            and each.number("backupRetentionPeriod")
            and not _replicated(stack, each)
        ):
            yield each, _PROBLEM, _CHANGE
    for each in stack.of(CLUSTER):
        # Of a Multi-AZ DB cluster AWS copies no backup.
        if not (copies(each) or three_zones(each)) and not _planned(stack, each):
            yield each, _PROBLEM, _CHANGE


def _replicated(stack: Registered, instance: Resource) -> bool:
    return any(
        _is_of(stack, copy, instance, "db", [copy.props.get("sourceDbInstanceArn")])
        and _leaves(instance, copy.props.get("region"))
        for copy in stack.of(BACKUP_COPY)
    )


def _planned(stack: Registered, cluster: Resource) -> bool:
    return any(
        _is_of(stack, chosen, cluster, "cluster", chosen.props.get("resources") or ())
        and any(
            _leaves(cluster, _region(copy.get("destinationVaultArn")))
            for plan in stack.of(BACKUP_PLAN)
            if plan.parent == chosen.parent
            for rule in plan.props.get("rules") or ()
            for copy in rule.get("copyActions") or ()
        )
        for chosen in stack.of(BACKUP_SELECTION)
    )


def _is_of(
    stack: Registered, copy: Resource, database: Resource, kind: str, named: Iterable[Any]
) -> bool:
    end = f":{kind}:{database.identifier}"
    return any(
        stack.stands_below(copy, database) if arn in (None, UNKNOWN) else str(arn).endswith(end)
        for arn in named
    )


def _leaves(database: Resource, region: Any) -> bool:
    """Whether ``region`` is another one, as far as anybody can tell."""
    return region is None or region != database.props.get("region")


def _region(arn: Any) -> str | None:
    parts = str(arn).split(":")
    return parts[3] if len(parts) > 3 else None
