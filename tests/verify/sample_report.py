"""A run by hand with something of everything that the page can show."""

from __future__ import annotations

from contract import Database, Endpoint, Secondary, Worldwide
from verify.lag.measured import CopyLag, Phase
from verify.performance.histogram import Histogram
from verify.performance.measured import (
    Client,
    Counted,
    Diagnosis,
    Digest,
    Explained,
    Fix,
    Latency,
    Performance,
    Test,
    Variant,
)
from verify.report.drills import Drill
from verify.report.nodes import Node
from verify.results import Exercise, Report, Series, Status, Step
from verify.transcript import Exchange


def latency(statement: str, *milliseconds: float) -> Latency:
    found = Histogram()
    for one in milliseconds:
        found.record(int(one * 1e6))
    return Latency.of(statement, found, 2.0, {"1213": 2} if statement == "insert" else None)


def variant(name: str, times: float) -> Variant:
    return Variant(
        name=name,
        reads="reader.example:3306",
        writes="writer.example:3306",
        seconds=2.0,
        latencies=tuple(
            latency(s, 1 * times, 2 * times, 9 * times) for s in ("select", "insert", "request")
        ),
        per_second=(48.0, 50.0, 47.0),
        client=Client(cpu_percent=2.0, processes=1, slip_p99_us=400, late=3),
        agreement=(
            Counted(statement="select", client_count=3, server_count=3, client_mean_us=4000,
                    server_mean_us=3900, round_trip_us=90),
        ),
    )  # fmt: skip


PLAN = Explained(statement="SELECT 1", columns=("id", "Extra"), rows=(("1", "Using filesort"),))
TEST = Test(
    database="orders",
    engine="mysql 8.4",
    settings="5 workers on 3 rows",
    variants=(variant("writer", 1), variant("without pooling", 4)),
    skipped={"through the proxy": "no proxy leads to it"},
    diagnosis=Diagnosis(
        top=(Digest(text="SELECT * FROM `users` ORDER BY `RAND` ( ) LIMIT ?", count=3, total_ms=12,
                    mean_us=4000, max_us=9000, rows_examined=900, rows_sent=3),),
        no_digests=None,
        slow_log="on, over 1 s",
        performance_insights="on",
        fix=Fix(rows=10000, before=latency("before", 8, 9), after=latency("after", 0.4, 0.5),
                before_plan=PLAN, after_plan=PLAN),
    ),
)  # fmt: skip


def step(name: str, status: Status, said: str, seconds: float = 0.2) -> Step:
    ran = (Exchange(asked="SELECT * FROM users", answered="1 | <b>john</b>"),)
    return Step(name=name, status=status, said=said, seconds=seconds, ran=ran)


def copy_lag(name: str, ms: float) -> CopyLag:
    return CopyLag(
        copy_name=name,
        region="us-east-1",
        metric="ReplicaLag",
        unit="s",
        phases=(
            Phase.of("at rest", 0.0, 5.0, [ms, 2 * ms]),
            Phase.of("under load", 5.0, 10.0, [3 * ms, 9 * ms]),
        ),
        points=((0.0, ms), (4.9, 2 * ms), (5.1, 3 * ms), (9.9, 9 * ms)),
        reported=((0.0, 0.0), (5.0, 1000.0), (9.0, 0.0)),
        alarm=f"{name}-lag",
        threshold_ms=60_000.0,
    )


REPORT = Report(
    stack="sample",
    seconds=12.5,
    exercises=(
        Exercise(
            name="mysql",
            database="orders",
            steps=(
                step("select the three rows", Status.PASSED, "3 rows"),
                step("TLS in use", Status.FAILED, "no <cipher> & no TLS"),
            ),
        ),
        Exercise(
            name="replica",
            database="copy",
            steps=(step("rows arrive", Status.PASSED, "20 heartbeats"),),
            series=(Series(name="the replica copy", unit="ms", points=((0, 1.5), (0.1, 0.4))),),
        ),
        Exercise(
            name="lag",
            database="orders",
            steps=(step("copy at rest", Status.PASSED, "2 heartbeats"),),
            lags=(copy_lag("copy", 1.0), copy_lag("west", 40.0)),
        ),
        Exercise(
            name="serverless",
            database="elastic",
            steps=(),
            not_run="nobody answers",
            series=(
                Series(name="capacity", unit="ACU", points=((0, 0.5), (1, 2), (2, 4))),
                Series(name="clients", unit="clients", points=((0, 1), (2, 8))),
            ),
        ),
    ),
    performance=Performance(stack="sample", tests=(TEST,)),
    hit_rates=(
        Series(
            name="cache-001", unit="% hits", points=((1, 50.0), (2, 75.0), (90, 99.0), (91, 98.0))
        ),
    ),
)

_CALLS = [n / 20 for n in range(21)] + [1.6 + n / 20 for n in range(20)]
_RUN = {
    "asked": "RDS was asked",
    "measured": {
        "triggered_at": 1.0,
        "write_outage": {"seconds": 0.6, "began_at": 1.0, "ended_at": 1.6, "open": False},
        "endpoints": [
            {"endpoint": "reader", "before": ["a"], "after": ["b"],
             "read_outage": {"seconds": 0.1, "began_at": 1.1, "ended_at": 1.2}},
        ],
    },
    "events": [{"at": 1.4, "source": "reader-1", "message": "failover completed"}],
    "history": {
        "records": [
            {"completed_at": at, "outcome": "ok", "op": {"f": "add", "element": n}}
            for n, at in enumerate(_CALLS)
        ]
    },
    "compared": [
        {"client": "plain", "how": "a driver, with its defaults", "ended_on": "a",
         "silence": {"seconds": 9.0, "began_at": 1.0, "ended_at": 10.0, "open": True},
         "still_silent": True},
        {"client": "wrapper", "how": "another", "absent": "its package is not installed"},
    ],
}  # fmt: skip
DRILL = Drill.model_validate(
    {"target": "Aurora to reader-1", "promise": "under 30 s", "runs": [_RUN, _RUN]}
)


def endpoint(role: str, host: str) -> Endpoint:
    return Endpoint.model_validate({"role": role, "host": host, "port": 3306})


def database(kind: str, region: str = "us-east-1", **more: object) -> Database:
    facts = {
        "kind": kind,
        "engine": "mysql",
        "version": "8.4",
        "region": region,
        "endpoints": (endpoint("writer", f"{kind}.example"),),
        "instances": (f"{kind}-1",),
    }
    return Database.model_validate(facts | more)


DATABASES = {
    "orders": database("rds-mysql"),
    "copy": database("read-replica", "eu-west-1", source="orders"),
    "door": database("rds-proxy", source="orders"),
    "cache": database("redis", engine="redis"),
    "world": database(
        "global-database",
        worldwide=Worldwide(
            identifier="world",
            secondaries=(
                Secondary(region="eu-west-1", cluster="world-eu", writer=endpoint("writer", "w"),
                          reader=endpoint("reader", "r"), instances=("world-eu-1",)),
            ),
        ),
    ),
}  # fmt: skip
NODES = {
    "orders": (Node("orders-1", "primary", "us-east-1a", "us-east-1b"),),
    "world/world-eu": (Node("world-eu-1", "reader", "eu-west-1c"),),
}
