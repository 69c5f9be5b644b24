"""Which databases of a stack are tested, and with which settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from contract import ContractError, Database, Endpoint
from verify.aws import Cloud
from verify.deployment import databases_of, find_deployment
from verify.errors import UnknownName, VerifyError
from verify.performance import cache
from verify.performance.job import Job
from verify.performance.measured import Performance, Test
from verify.performance.place import enter
from verify.performance.run import KINDS, test
from verify.performance.server import DATABASE
from verify.performance.settings import Settings
from verify.trust import ca_file

Tell = Callable[[str], None]


def performance(arguments: argparse.Namespace, settings: Settings, tell: Tell) -> Performance:
    """Test the databases that ``arguments`` name, or all; one that cannot run says why."""
    deployment = find_deployment(arguments.stack, arguments.outputs)
    databases = databases_of(deployment)
    cloud = Cloud(deployment.access, arguments.timeout)
    ca = ca_file(arguments.ca, deployment.access.ca_file)
    chosen = choose(databases, arguments.names)
    return test_all(
        deployment.stack, chosen, databases, cloud, ca, arguments.timeout, settings, tell
    )


def test_all(
    stack: str,
    names: Sequence[str],
    databases: Mapping[str, Database],
    cloud: Cloud,
    ca: str | None,
    wait_s: float,
    settings: Settings,
    tell: Tell,
) -> Performance:
    """The test on each database or cache of ``names``."""
    tests, caches = [], []
    for name in names:
        if cache.runs_on(databases[name]):
            tell(f"{name}: set, get, hset")
            caches.append(cache.test_cache(name, databases, cloud, ca, wait_s))
        else:
            tests.append(test_one(name, databases, cloud, ca, wait_s, settings, tell))
    return Performance(stack=stack, tests=tuple(tests), caches=tuple(caches))


def runs_on(database: Database) -> bool:
    """Whether there is a test for such a database."""
    return database.kind in KINDS or cache.runs_on(database)


def choose(databases: Mapping[str, Database], names: Sequence[str]) -> list[str]:
    """Names of databases that the test runs on; `UnknownName` for one it does not know."""
    able = [name for name, database in databases.items() if runs_on(database)]
    for name in names:
        if name not in able:
            raise UnknownName(
                f"the performance test does not run on {name!r}; it does on "
                + (", ".join(able) or "none of this stack")
            )
    if not able:
        raise UnknownName(f"the stack has no database of {', '.join(KINDS + cache.KINDS)}")
    return [name for name in able if not names or name in names]


def test_one(
    name: str,
    databases: Mapping[str, Database],
    cloud: Cloud,
    ca: str | None,
    wait_s: float,
    settings: Settings,
    tell: Tell,
) -> Test:
    """The test on one database; ``not_run`` when it could not."""
    database = databases[name]
    try:
        place = enter(name, databases, cloud, ca, wait_s)

        def job(reads: Endpoint, writes: Endpoint) -> Job:
            return Job(
                database=DATABASE,
                reads=reads,
                writes=writes,
                # The processes that measure connect at once, and have no cloud to ask.
                credentials=replace(place.credentials, renewal=None),
                ca=ca,
                wait_s=wait_s,
                pacing=settings.pacing,
                workers=settings.workers,
                processes=settings.processes,
            )

        return test(place, job, settings, tell)
    except (VerifyError, ContractError) as error:
        return Test(
            database=name,
            engine=f"{database.engine} {database.version}",
            settings=str(settings),
            not_run=str(error),
        )
