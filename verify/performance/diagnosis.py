"""What the server says about the test, and the remedy for its worst statement, measured."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from verify import course
from verify.errors import StepFailed, VerifyError
from verify.performance import server
from verify.performance.histogram import Histogram
from verify.performance.measured import Diagnosis, Fix, Latency
from verify.performance.place import Place, fill
from verify.performance.server import DATABASE
from verify.sql import Sql

BOUNDS = "SELECT MIN(id), MAX(id) FROM users"
FROM_KEY = "SELECT * FROM users WHERE id >= %s ORDER BY id LIMIT 1"
"""The fix: the client draws a key between the bounds and takes the row at it or after it. Both
statements look into the index once. Where ids have gaps, the row after one is drawn more often."""
_TIMES = 100
"""Each of the fix's two sides."""


def diagnose(place: Place, sql: Sql, rows: int) -> Diagnosis:
    reason = server.no_digests(sql)
    top = () if reason else server.top(sql)
    return Diagnosis(
        top=top,
        no_digests=reason,
        slow_log=server.slow_log(sql),
        performance_insights=_insights(place),
        fix=_fix(sql, rows) if rows else None,
    )


def _insights(place: Place) -> str:
    database = place.database
    try:
        facts = place.cloud.instance(database.region, database.instances[0])
    except (VerifyError, IndexError) as error:
        return f"unknown: {error}"
    on = facts.get("PerformanceInsightsEnabled")
    return "on" if on else "off, as RDS reports"


def _fix(sql: Sql, rows: int) -> Fix:
    sql.run(f"USE {DATABASE}")
    fill(sql, rows)
    sql.run("ANALYZE TABLE users")
    low, high = sql.run(BOUNDS)[0]
    return Fix(
        rows=int(sql.run("SELECT COUNT(*) FROM users")[0][0]),
        before=_measured(course.RANDOM_USER, lambda: sql.run(course.RANDOM_USER)),
        after=_measured(f"{BOUNDS}; {FROM_KEY}", lambda: _by_key(sql)),
        before_plan=server.explain(sql, course.RANDOM_USER),
        after_plan=server.explain(sql, FROM_KEY % random.randint(low, high)),
    )


def _by_key(sql: Sql) -> None:
    low, high = sql.run(BOUNDS)[0]
    if not sql.run(FROM_KEY, (random.randint(low, high),)):
        raise StepFailed("no row at a key between the bounds")


def _measured(statement: str, action: Callable[[], object]) -> Latency:
    found, began = Histogram(), time.perf_counter()
    for _ in range(_TIMES):
        one = time.perf_counter_ns()
        action()
        found.record(time.perf_counter_ns() - one)
    return Latency.of(statement, found, time.perf_counter() - began)
