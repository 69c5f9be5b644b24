"""The performance test of a Redis: SET, GET, HSET, alone and in pipelines; how a cache warms."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from contract import ContractError, Database
from verify.aws import Cloud, Credentials
from verify.cache import Cache, connect
from verify.deadline import Deadline
from verify.errors import NoCredentials, StepFailed, VerifyError
from verify.performance.histogram import Histogram
from verify.performance.measured import CacheTest, Counted, Latency

KINDS = ("redis", "valkey")
_COMMANDS = 2000
"""Of each kind, alone; in pipelines `_BATCH` times as many trips' worth."""
_BATCH = 50
_KEYS = 1000
_VALUE = "x" * 100
_READS = 3000
_SAMPLE = 100
_TRIPS = 200

Command = tuple[str, ...]


def test_cache(
    name: str, databases: Mapping[str, Database], cloud: Cloud, ca: str | None, wait_s: float
) -> CacheTest:
    """The test on one cache, with keys of its own that are deleted; ``not_run`` if it could not."""
    database = databases[name]
    engine = f"{database.engine} {database.version}"
    settings = f"one client, {_COMMANDS} commands of each kind, pipelines of {_BATCH}"
    try:
        login, prefix = _login(database, cloud)
        endpoint = database.endpoint("primary")
        deadline = Deadline(wait_s)
        with connect(endpoint, login, deadline, tls=database.tls, ca=ca) as cache:
            keys = [f"{prefix}perftest:{n}" for n in range(_KEYS)]
            _leave_alone_foreign(cache, keys)
            try:
                latencies, agreement, not_counted = _mixes(cache, keys)
                warming = _warm(cache, keys)
            finally:
                _delete(cache, keys)
    except (VerifyError, ContractError) as error:
        return CacheTest(database=name, engine=engine, settings=settings, not_run=str(error))
    return CacheTest(
        database=name,
        engine=engine,
        settings=settings,
        latencies=latencies,
        agreement=agreement,
        not_counted=not_counted,
        warming=warming,
    )


def runs_on(database: Database) -> bool:
    """Whether one connection reaches all of its keys: without cluster mode."""
    return database.kind in KINDS and not database.endpoints_of("configuration")


def _login(database: Database, cloud: Cloud) -> tuple[Credentials | None, str]:
    """Who may write, and how its keys begin."""
    if database.secret_arn is not None:
        return replace(cloud.credentials(database.secret_arn), user=None), ""
    for user in database.users:
        patterns = [p.removesuffix("*") for p in user.keys if p.endswith("*")]
        if user.may == "read-write" and patterns:
            login = replace(cloud.credentials(user.secret_arn), user=user.name)
            return login, patterns[0].removeprefix("~")
    if database.users:
        raise NoCredentials("none of its users may write keys of a pattern")
    return None, ""


def _leave_alone_foreign(cache: Cache, keys: Sequence[str]) -> None:
    found = cache.ask_all([("GET", key) for key in keys])
    if any(value not in (None, _VALUE) for value in found):
        raise StepFailed(
            f"keys such as {keys[0]!r} hold values that no test sets, so they are left alone; "
            "rename them first"
        )


def _delete(cache: Cache, keys: Sequence[str]) -> None:
    cache.ask_all([("DEL", key) for key in (*keys, *map(_hash, keys))])


def _hash(key: str) -> str:
    return f"{key}:h"


def _commands(keys: Sequence[str]) -> dict[str, Callable[[int], Command]]:
    def key(n: int) -> str:
        return keys[n % len(keys)]

    return {
        "set": lambda n: ("SET", key(n), _VALUE),
        "get": lambda n: ("GET", key(n)),
        "hset": lambda n: (
            "HSET",
            _hash(key(n)),
            "name",
            "Jane Smith",
            "email",
            "jane@example.com",
        ),
    }


def _mixes(
    cache: Cache, keys: Sequence[str]
) -> tuple[tuple[Latency, ...], tuple[Counted, ...], str | None]:
    try:
        before, not_counted = _counts(cache), None
    except VerifyError as error:
        before, not_counted = {}, f"INFO commandstats cannot be read: {error}"
    trip = _round_trip(cache)
    latencies, agreement = [], []
    for name, command in _commands(keys).items():
        alone = _timed(cache, [[command(n)] for n in range(_COMMANDS)])
        latencies.append(alone[1].model_copy(update={"statement": name}))
        batches = [
            [command(n) for n in range(first, first + _BATCH)]
            for first in range(0, _COMMANDS * 5, _BATCH)
        ]
        together = _timed(cache, batches)
        latencies.append(together[1].model_copy(update={"statement": f"{name}, {_BATCH} a trip"}))
        if not_counted is None:
            calls, usec = _counts(cache).get(name, (0, 0.0))
            calls_before, usec_before = before.get(name, (0, 0.0))
            count = calls - calls_before
            agreement.append(
                Counted(
                    statement=name,
                    client_count=_COMMANDS * 6,
                    server_count=count,
                    client_mean_us=alone[0].mean_us,
                    server_mean_us=(usec - usec_before) / count if count else 0.0,
                    round_trip_us=trip,
                )
            )
    return tuple(latencies), tuple(agreement), not_counted


def _timed(cache: Cache, batches: Sequence[Sequence[Command]]) -> tuple[Histogram, Latency]:
    """Times of the trips; counts and rates are of the commands."""
    found, began = Histogram(), time.perf_counter()
    for batch in batches:
        one = time.perf_counter_ns()
        cache.ask_all(batch)
        found.record(time.perf_counter_ns() - one)
    seconds = time.perf_counter() - began
    count = sum(map(len, batches))
    facts = Latency.of("", found, seconds)
    return found, facts.model_copy(update={"count": count, "per_second": count / seconds})


def _round_trip(cache: Cache) -> float:
    found, _ = _timed(cache, [[("PING",)]] * _TRIPS)
    return found.percentile(50)


def _counts(cache: Cache) -> dict[str, tuple[int, float]]:
    """Calls and microseconds by command, as the server counts them."""
    found = {}
    for line in str(cache.ask("INFO", "commandstats")).splitlines():
        head, _, facts = line.partition(":")
        if head.startswith("cmdstat_"):
            values = dict(part.split("=", 1) for part in facts.split(","))
            name = head.removeprefix("cmdstat_")
            found[name] = (int(values["calls"]), float(values["usec"]))
    return found


def _warm(cache: Cache, keys: Sequence[str]) -> tuple[tuple[float, float], ...]:
    """Hit rate in percent by the number of reads, of an empty cache that is filled on a miss.

    Few keys are asked for often and many seldom, as users do.
    """
    _delete(cache, keys)
    points, hits = [], 0
    for number in range(1, _READS + 1):
        key = keys[min(int(random.paretovariate(0.6)), len(keys)) - 1]
        if cache.ask("GET", key) is None:
            cache.ask("SET", key, _VALUE)
        else:
            hits += 1
        if number % _SAMPLE == 0:
            points.append((float(number), 100.0 * hits / _SAMPLE))
            hits = 0
    return tuple(points)
