"""The test on one MySQL database: its variants side by side, then the diagnosis and the fix."""

from __future__ import annotations

from collections.abc import Callable

from contract import Endpoint
from verify import course
from verify.performance.diagnosis import diagnose
from verify.performance.job import Job
from verify.performance.measured import Test
from verify.performance.place import Place
from verify.performance.server import DATABASE
from verify.performance.settings import Settings
from verify.performance.variants import arrangements, run_variant
from verify.sql_checks import drop_own_database

KINDS = ("rds-mysql", "rds-mariadb", "aurora-mysql", "aurora-serverless")
_OWN = {"users": "username REGEXP '^(user|row)_[0-9]+$' OR username IN "
        "('john_doe', 'jane_smith', 'bob_wilson')"}  # fmt: skip


def test(
    place: Place,
    job: Callable[[Endpoint, Endpoint], Job],
    settings: Settings,
    tell: Callable[[str], None],
) -> Test:
    """Every variant, the diagnosis and the fix, in a database of its own that is dropped."""
    writer = place.database.endpoint("writer")
    with place.open(writer) as sql:
        drop_own_database(sql, DATABASE, _OWN)
        try:
            for statement in course.statements(course.USERS.replace("testdb", DATABASE)):
                sql.run(statement)
            jobs, skipped = arrangements(place, job)
            variants = []
            for name, arranged in jobs.items():
                tell(f"{place.name}: {name}")
                variants.append(run_variant(place, sql, name, arranged, settings.users))
            tell(f"{place.name}: diagnosis")
            diagnosis = diagnose(place, sql, settings.fix_rows)
        finally:
            # A connection of its own: that one may be what broke.
            with place.open(writer) as last:
                drop_own_database(last, DATABASE, _OWN)
    return Test(
        database=place.name,
        engine=f"{place.database.engine} {place.database.version}",
        settings=str(settings),
        variants=tuple(variants),
        skipped=skipped,
        diagnosis=diagnosis,
    )
