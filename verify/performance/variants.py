"""The arrangements that a stack offers for the test, and each one's run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from contract import Endpoint
from verify import course
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, Refused
from verify.performance import server
from verify.performance.driver import drive
from verify.performance.histogram import Histogram
from verify.performance.job import COMMIT, CONNECT, INSERT, REQUEST, SELECT, SLIP, Job, Record
from verify.performance.measured import Client, Counted, Latency, Variant
from verify.performance.place import Place, fill
from verify.performance.server import DATABASE, Count
from verify.sql import Sql
from verify.sql_checks import NOT_THERE_YET

_TRIPS = 200
_BUSY = 0.8
"""Of a process's one core: beyond it, its threads wait for each other."""
_SLIP_US = 5000
_POLL_S = 0.02
_SETTLE_S = 1.0


def arrangements(
    place: Place, job: Callable[[Endpoint, Endpoint], Job]
) -> tuple[dict[str, Job], dict[str, str]]:
    database = place.database
    writer = database.endpoint("writer")
    skipped: dict[str, str] = {}
    jobs = {"writer": job(writer, writer)}
    readers = database.endpoints_of("reader")
    replicas = place.followers("read-replica")
    proxies = place.followers("rds-proxy")
    if readers:
        jobs["reads at the reader endpoint"] = job(readers[0], writer)
    elif replicas:
        jobs["reads at a replica"] = job(replicas[0].endpoint("reader"), writer)
    else:
        skipped["reads elsewhere"] = "it has neither a reader endpoint nor a replica"
    if proxies:
        proxy = proxies[0].endpoint("writer")
        kept = replace(job(proxy, proxy), own_sessions=False)
        jobs["through the proxy"] = kept
        jobs["through the proxy, a connection a request"] = replace(kept, connections="fresh")
    else:
        skipped["through the proxy"] = "no proxy leads to it"
    jobs["without pooling"] = replace(job(writer, writer), connections="fresh")
    return jobs, skipped


def run_variant(place: Place, sql: Sql, name: str, job: Job, users: int) -> Variant:
    _begin_anew(place, sql, job, users)
    reason = server.no_digests(sql)
    before = {} if reason else server.counts(sql)
    trip = _round_trip(place, job.writes) if not reason else 0.0
    record = drive(job)
    agreement: tuple[Counted, ...] = ()
    if reason is None and record.errors:
        reason = "requests failed, and what the server counts of those is its own affair"
    if reason is None:
        _settle(sql)
        agreement = _agreement(job, record, before, server.counts(sql), trip)
    named = (SELECT, INSERT, COMMIT, REQUEST, CONNECT)
    return Variant(
        name=name,
        reads=f"{job.reads.host}:{job.reads.port}",
        writes=f"{job.writes.host}:{job.writes.port}",
        seconds=record.seconds,
        latencies=tuple(
            _latency(record, statement)
            for statement in named
            if statement in record.latencies or _errors(record, statement)
        ),
        per_second=_whole_seconds(record),
        client=_client(record, job),
        agreement=agreement,
        not_counted=reason,
    )  # fmt: skip


def _settle(sql: Sql) -> None:
    """Let the server finish: it counts a statement after it has sent the answer.

    A pool on the way may keep its sessions, so this waits for their end for a moment only.
    """
    deadline = Deadline(_SETTLE_S)
    while server.others(sql) and not deadline.expired:
        time.sleep(_POLL_S)


def _latency(record: Record, statement: str) -> Latency:
    found, errors = record.latencies[statement], _errors(record, statement)
    return Latency.of(statement, found, record.seconds, errors)


def _errors(record: Record, statement: str) -> dict[str, int]:
    return {code: n for (name, code), n in sorted(record.errors.items()) if name == statement}


def _whole_seconds(record: Record) -> tuple[float, ...]:
    # The last, partial second would look like a fall.
    return tuple(float(record.ended[n]) for n in range(max(1, int(record.seconds))))


def _begin_anew(place: Place, sql: Sql, job: Job, users: int) -> None:
    """So many rows, the course's first, and no other; also where it reads."""
    sql.run(f"TRUNCATE TABLE {DATABASE}.users")
    sql.run(course.statements(course.USERS)[-1].replace("users", f"{DATABASE}.users", 1))
    fill(sql, users)
    nodes = place.database.endpoints_of("instance") if job.reads != job.writes else ()
    deadline = Deadline(place.wait_s)
    for endpoint in (*nodes, job.reads):
        while _rows(place, endpoint) != users:
            if deadline.expired:
                raise DeadlineExceeded(f"the test's rows do not arrive at {endpoint.host}")
            time.sleep(_POLL_S)


def _rows(place: Place, endpoint: Endpoint) -> int | None:
    try:
        with place.open(endpoint) as sql:
            return int(sql.run(f"SELECT COUNT(*) FROM {DATABASE}.users")[0][0])
    except Refused as error:
        if error.errno not in NOT_THERE_YET:
            raise
        return None


def _round_trip(place: Place, endpoint: Endpoint) -> float:
    """Mean microseconds of a statement that does nothing."""
    trips = Histogram()
    with place.open(endpoint) as sql:
        for _ in range(_TRIPS):
            began = time.perf_counter_ns()
            sql.run("DO 0")
            trips.record(time.perf_counter_ns() - began)
    return trips.percentile(50)


def _agreement(
    job: Job, record: Record, before: Mapping[str, Count], after: Mapping[str, Count], trip: float
) -> tuple[Counted, ...]:
    """Counts by the sessions themselves, means by the digests.

    Sessions end statements at the same time, and the digest table adds up without a lock: it
    misses one in some thousands. It is asked for counts only where a pool lends its sessions.
    """
    said = []
    for statement in (SELECT, INSERT, COMMIT) if job.reads == job.writes else (INSERT, COMMIT):
        here = record.latencies[statement]
        there = after.get(statement, Count()).since(before.get(statement, Count()))
        said.append(
            Counted(
                statement=statement,
                client_count=here.count,
                server_count=record.counted[statement] if job.own_sessions else there.count,
                client_mean_us=here.mean_us,
                server_mean_us=there.mean_us,
                round_trip_us=trip,
            )
        )
    return tuple(said)


def _client(record: Record, job: Job) -> Client:
    share = record.cpu_s / record.seconds if record.seconds else 0.0
    slip = record.latencies.get(SLIP)
    limit = None
    if share > _BUSY * min(job.processes, os.cpu_count() or 1):
        limit = f"its CPU: {100 * share:.0f} % of a core; take more --processes"
    elif slip is not None and slip.percentile(99) > _SLIP_US:
        limit = f"its clock: 1 % of the requests began {slip.percentile(99) / 1000:.1f} ms late"
    return Client(
        cpu_percent=100 * share,
        processes=job.processes,
        slip_p99_us=slip.percentile(99) if slip is not None else None,
        late=record.late,
        limit=limit,
    )
