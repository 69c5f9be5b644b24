"""Gives a serverless cluster's members their capacity, tells CloudWatch, pauses and resumes it."""

from __future__ import annotations

import logging
import os
import select
import threading
import time

from localcloud.databases.capacity import Capacity, Load, Scaling, adapt, utilisation
from localcloud.databases.cluster_pause import Pausing
from localcloud.errors import LocalCloudError
from localcloud.metrics import PERIOD_S, Metric, Metrics
from localcloud.servers.door import knock
from localcloud.servers.mariadb_activity import Activity

log = logging.getLogger(__name__)

_STOP_S = 15.0


class Autoscaler:
    """A thread that looks at one cluster once a metrics period.

    A member's capacity is a number: its server has what memory and CPU this machine gives it.
    """

    def __init__(self, cluster: Pausing, metrics: Metrics) -> None:
        self._cluster = cluster
        self._metrics = metrics
        self._capacities: dict[str, Capacity] = {}
        self._activities: dict[str, Activity] = {}
        self._arrivals = -1
        self._idle_since = time.monotonic()
        self._stopping = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(
            target=self._run, name=f"autoscaler {cluster.ref}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End the thread. It may be waiting for its cluster, which must not be held here."""
        os.eventfd_write(self._stopping, 1)
        self._thread.join(_STOP_S)
        if not self._thread.is_alive():
            os.close(self._stopping)

    def _run(self) -> None:
        while not self._ended_within(0):
            started = time.monotonic()
            try:
                self._look()
            except (LocalCloudError, OSError) as error:
                # A server that is just dying or starting: the next look finds it.
                log.info("%s: %s", self._cluster.ref, error)
            except Exception:
                # The last place to say it: nobody waits for this thread.
                log.exception("%s: a defect of the autoscaler", self._cluster.ref)
            left = max(0.0, started + PERIOD_S - time.monotonic())
            if self._cluster.plan.paused:
                if knock(self._cluster.doors, self._stopping, left):
                    self._resume()
            elif self._ended_within(left):
                return

    def _ended_within(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._stopping], [], [], seconds)
        return bool(ready)

    def _resume(self) -> None:
        started = time.monotonic()
        self._cluster.resume()
        took = time.monotonic() - started
        log.info("%s: somebody connects, resumed in %.3f s", self._cluster.ref, took)
        self._busy()

    def _look(self) -> None:
        plan = self._cluster.plan
        if plan.scaling is None:
            return
        if plan.paused:
            self._capacities.clear()
            self._activities.clear()
            self._publish(dict.fromkeys(plan.serverless, 0.0), plan.scaling)
            return
        for name in plan.serverless:
            self._capacities[name] = self._adapted(name, plan.scaling)
        acus = {name: self._capacities[name].acu for name in plan.serverless}
        self._publish(acus, plan.scaling)
        self._pause_when_idle(plan.pause_after_s)

    def _adapted(self, name: str, scaling: Scaling) -> Capacity:
        before, now = self._activities.get(name), self._cluster.activity(name)
        self._activities[name] = now
        if now.clients:
            self._busy()
        load = _load(before, now)
        return adapt(self._capacities.get(name, Capacity(scaling.floor)), load, scaling)

    def _pause_when_idle(self, pause_after_s: int | None) -> None:
        arrivals = self._cluster.endpoints.arrivals()
        if arrivals != self._arrivals:
            # Somebody may have come and gone between two looks.
            self._arrivals = arrivals
            self._busy()
        if pause_after_s is None or time.monotonic() < self._idle_since + pause_after_s:
            return
        if self._cluster.pause():
            log.info("%s: no connection for %d s, paused", self._cluster.ref, pause_after_s)
        else:
            self._busy()

    def _busy(self) -> None:
        self._idle_since = time.monotonic()

    def _publish(self, acus: dict[str, float], scaling: Scaling) -> None:
        if not acus:
            return
        region, cluster = self._cluster.ref.region, self._cluster.ref.identifier
        values = {("DBInstanceIdentifier", name): acu for name, acu in acus.items()}
        values["DBClusterIdentifier", cluster] = sum(acus.values()) / len(acus)
        for dimension, acu in values.items():
            for name, value, unit in (
                ("ServerlessDatabaseCapacity", acu, "Count"),
                ("ACUUtilization", utilisation(acu, scaling), "Percent"),
            ):
                self._metrics.publish(Metric(region, "AWS/RDS", name, (dimension,), unit), value)


def _load(before: Activity | None, now: Activity) -> Load:
    # A counter that went back is another server's, started meanwhile.
    if before is None or now.cpu_s < before.cpu_s or now.at <= before.at:
        return Load(now.running)
    seconds = now.at - before.at
    return Load(
        running=now.running,
        cores=(now.cpu_s - before.cpu_s) / seconds,
        statements=max(0, now.statements - before.statements) / seconds,
    )
