"""How many of a cache's reads found something while the run lasted, as CloudWatch counted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from contract import Database
from verify.aws import Cloud
from verify.errors import VerifyError
from verify.results import Series

UNIT = "% hits"
_KINDS = ("redis", "valkey")


def hit_rates(
    databases: Mapping[str, Database], examined: Collection[str], cloud: Cloud, since: datetime
) -> tuple[Series, ...]:
    """A series a node that was read from; none of a cache that CloudWatch says nothing of."""
    found: list[Series] = []
    for name, database in databases.items():
        if name in examined and database.kind in _KINDS:
            try:
                found += _of_nodes(database, cloud, since)
            except VerifyError:
                # A page without this plot is better than no page.
                continue
    return tuple(found)


def _of_nodes(database: Database, cloud: Cloud, since: datetime) -> Iterator[Series]:
    for node in database.instances:
        hits, misses = (
            dict(
                cloud.metric(
                    database.region,
                    metric,
                    ("CacheClusterId", node),
                    since,
                    "AWS/ElastiCache",
                    "Sum",
                )
            )
            for metric in ("CacheHits", "CacheMisses")
        )
        points = tuple(
            (max(0.0, (at - since).total_seconds()), 100 * hits.get(at, 0.0) / reads)
            for at in sorted(hits.keys() | misses.keys())
            if (reads := hits.get(at, 0.0) + misses.get(at, 0.0)) > 0
        )
        if points:
            yield Series(name=node, unit=UNIT, points=points)
