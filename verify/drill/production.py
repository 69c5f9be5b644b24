"""Whether a stack is marked production: AWS reports deletion protection on one of its databases.

That is what `lifetime: protected` deploys, and what an operator sets by hand. Caches have no such
mark, so a stack of nothing but caches is never taken for production.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contract import Database
from verify.aws import Cloud
from verify.errors import CannotRun

FLAG = "--yes-fail-over-production"
_CACHES = frozenset({"redis", "valkey", "memcached", "serverless-cache"})


def refuse_production(stack: str, databases: Mapping[str, Database], cloud: Cloud) -> None:
    """`CannotRun` when a database of the stack is protected."""
    protected = sorted(_protected(databases, cloud))
    if protected:
        raise CannotRun(
            f"stack {stack!r} is marked production: RDS reports deletion protection on "
            f"{', '.join(protected)}; {FLAG} fails it over all the same"
        )


def _protected(databases: Mapping[str, Database], cloud: Cloud) -> Iterator[str]:
    for name, database in databases.items():
        if database.kind in _CACHES:
            continue
        if database.cluster is not None:
            reported = cloud.cluster(database.region, database.cluster)
        elif database.instances:
            reported = cloud.instance(database.region, database.instances[0])
        else:
            continue
        if reported.get("DeletionProtection"):
            yield name
