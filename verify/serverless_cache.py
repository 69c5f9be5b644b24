"""A cache without nodes: the cluster protocol at one address, TLS always, a reader's port."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager

from contract import Endpoint
from verify import course
from verify.cache import Cache, connect, open_connection
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, NotApplicable, StepFailed, Unreachable
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.redis import TTL_S, drop_own_keys
from verify.trust import refused_by_stranger

CONNECT = "connect to the endpoint"
STRING = "SET and GET"
SLOTS = 16384
_POLL_S = 0.002
_TOGETHER = ("{user:1}:first", "{user:1}:last")
"""What is in braces decides the slot: these two are in the one of ``user:1``."""


class ServerlessCache(Exercise):
    """The checks on one serverless cache of Redis or Valkey."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = scene.database.endpoint("primary")
        self._cache: Cache

    def checks(self) -> Iterable[Check]:
        if self.scene.database.engine == "memcached":
            return (Check(CONNECT, self._memcached),)
        return (
            Check(CONNECT, self._connect, opens=True),
            Check("settings as ElastiCache reports them", self._settings, (CONNECT,)),
            Check("every slot is served", self._slots, (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(STRING, self._string, (CLEAN,)),
            Check("SETEX and TTL", self._expiry, (CLEAN,)),
            Check("a command on two keys of one slot", self._together, (CLEAN,)),
            Check("a command on two slots is refused", self._apart, (CLEAN,)),
            Check("the value arrives at the reader endpoint", self._read, (STRING,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        with self._opened(self._endpoint, deadline) as cache:
            return self._drop(cache)

    def _opened(self, endpoint: Endpoint, deadline: Deadline) -> AbstractContextManager[Cache]:
        return connect(endpoint, None, deadline, tls=True, ca=self.scene.ca)

    def _memcached(self) -> str:
        raise NotApplicable("serverless memcached is not examined here, only Redis and Valkey are")

    def _connect(self) -> str:
        self._cache = open_connection(
            self._endpoint, None, self.scene.deadline(), tls=True, ca=self.scene.ca
        )
        self.opened.callback(self._cache.close)
        return f"{self._endpoint.host}:{self._endpoint.port}"

    def _settings(self) -> str:
        database = self.scene.database
        if database.cluster is None:
            raise StepFailed("its output names no cache")
        reported = self.scene.cloud.serverless_cache(database.region, database.cluster)
        if (reported["Status"], reported["Engine"]) != ("available", database.engine):
            raise StepFailed(
                f"it is {reported['Status']} with {reported['Engine']}, not available with "
                f"{database.engine}"
            )
        subnets = len(reported["SubnetIds"])
        if not 2 <= subnets <= 3:
            raise StepFailed(f"it stands in {subnets} subnets, not 2 or 3")
        return (
            f"{reported['Engine']} {reported['FullEngineVersion']} in {subnets} subnets, "
            f"snapshots kept for {reported.get('SnapshotRetentionLimit', 0)} days"
        )

    def _slots(self) -> str:
        ranges = [
            (int(first), int(last)) for first, last, *_ in self._cache.ask("CLUSTER", "SLOTS")
        ]
        served = sum(last - first + 1 for first, last in ranges)
        if served != SLOTS:
            raise StepFailed(f"{served} of {SLOTS} slots are served")
        return f"{SLOTS} slots in {len(ranges)} range(s)"

    def _without_tls(self) -> str:
        try:
            with connect(self._endpoint, None, self.scene.deadline(), tls=False, ca=None):
                pass
        except Unreachable as error:
            # Only in plain text: over TLS the same server answers.
            self._cache.ask("PING")
            return f"refused: {error}"
        raise StepFailed("a connection without TLS was accepted")

    def _wrong_ca(self) -> str:
        return refused_by_stranger(self._endpoint, self.scene.deadline())

    def _clean(self) -> str:
        return self._drop(self._cache)

    def _drop(self, cache: Cache) -> str:
        for key in _TOGETHER:
            cache.ask("DEL", key)
        return drop_own_keys(cache, course.REDIS_KEYS)

    def _string(self) -> str:
        self.began = True
        write, read = course.REDIS_STRING
        self._cache.run(write)
        found = self._cache.run(read)
        if found != course.REDIS_KEYS["user:1"]:
            raise StepFailed(f"{read} returned {found!r}")
        return f"{read}: {found!r}"

    def _expiry(self) -> str:
        self.began = True
        write, read = course.REDIS_EXPIRY
        self._cache.run(write)
        left = int(self._cache.run(read))
        if not TTL_S[0] <= left <= TTL_S[1]:
            raise StepFailed(f"{read} returned {left}, not {TTL_S[0]} to {TTL_S[1]} s")
        return f"{read}: {left} s"

    def _together(self) -> str:
        self.began = True
        first, last = _TOGETHER
        self._cache.ask("MSET", first, "John", last, "Doe")
        found = self._cache.ask("MGET", first, last)
        if found != ["John", "Doe"]:
            raise StepFailed(f"MGET {first} {last} returned {found!r}")
        return f"MGET {first} {last}: {found!r}"

    def _apart(self) -> str:
        keys = ("user:1", "user:2")
        slots = [int(self._cache.ask("CLUSTER", "KEYSLOT", key)) for key in keys]
        try:
            self._cache.ask("MGET", *keys)
        except StepFailed as error:
            if "same slot" in str(error):
                return f"refused for the slots {slots[0]} and {slots[1]}: {error}"
            raise
        raise StepFailed(f"MGET over the slots {slots[0]} and {slots[1]} was accepted")

    def _read(self) -> str:
        deadline = self.scene.deadline()
        endpoint = self.scene.database.endpoint("reader")
        started = time.monotonic()
        with self._opened(endpoint, deadline) as cache:
            cache.ask("READONLY")
            while (found := cache.run(course.REDIS_STRING[1])) != course.REDIS_KEYS["user:1"]:
                if deadline.expired:
                    raise DeadlineExceeded(
                        f"it still reads {found!r} at {endpoint.host}:{endpoint.port} after "
                        f"{self.scene.wait_s:g} s"
                    )
                time.sleep(_POLL_S)
        waited = 1000 * (time.monotonic() - started)
        return f"{found!r} at port {endpoint.port}, {waited:.0f} ms after connecting"


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("serverless_cache",)))
