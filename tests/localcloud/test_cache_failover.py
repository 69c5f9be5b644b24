"""A failover that is asked for loses nothing that a replica has confirmed."""

from __future__ import annotations

import contextlib
import threading
import time

import redis

from localcloud.fleet import Fleet, RedisAddresses
from localcloud.servers.redis_users import everybody, hash_of
from localcloud.site import Site
from tests.localcloud.fleet_site import TOKEN, eventually, fleet, redis_at, ref, site

__all__ = ["fleet", "site"]

GROUP = ref("moving")
NODES = ["moving-001", "moving-002", "moving-003"]
FAILOVERS = 6


class Writer:
    """Writes numbers, none twice; one counts when a replica has it."""

    def __init__(self, site: Site, ends: RedisAddresses) -> None:
        self._site, self._ends = site, ends
        self.acknowledged: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _work(self) -> None:
        number = 0
        while not self._stop.is_set():
            with (
                contextlib.suppress(redis.RedisError),
                redis_at(self._site, self._ends.primary) as client,
            ):
                while not self._stop.is_set():
                    number += 1
                    client.rpush("numbers", number)
                    if client.wait(1, 500) >= 1:
                        self.acknowledged.append(number)


def test_no_confirmed_write_is_lost(fleet: Fleet, site: Site) -> None:
    ends = fleet.caches.create(GROUP, NODES, everybody(hash_of(TOKEN)), True, True, {})

    def whole() -> bool:
        found = redis_at(site, ends.primary).info("replication")
        return bool(found["role"] == "master" and found["connected_slaves"] == 2)

    with Writer(site, ends) as writer:
        for _ in range(FAILOVERS):
            eventually(whole, "two replicas")
            before = len(writer.acknowledged)
            eventually(lambda: len(writer.acknowledged) > before + 100, "writes")  # noqa: B023
            fleet.caches.fail_over(GROUP)
        before = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > before + 100, "writes afterwards")
    time.sleep(0.1)
    stored = [int(each) for each in redis_at(site, ends.primary).lrange("numbers", 0, -1)]
    assert sorted(set(writer.acknowledged) - set(stored)) == []
    assert len(stored) == len(set(stored))
    fleet.caches.delete(GROUP)
