"""The alarms of a migration: its replication instance fills or tires, its task falls behind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from specs.alarm import DMS, GB, Alarm
from specs.classes import memory_bytes
from specs.migration import InstanceCapacity, Migration

_LATE_S = 300


def migration_alarms(migration: Migration) -> Iterator[Alarm]:
    """Those of a migration on an instance. DMS serverless has none: what its metrics are about is
    named by DMS when it is there.
    """
    capacity, name = migration.capacity, migration.identifier
    if not isinstance(capacity, InstanceCapacity):
        return
    dimensions = (("ReplicationInstanceIdentifier", name),)
    alarm = partial(Alarm, name, dimensions=dimensions, namespace=DMS)
    yield alarm(
        "cpu", "CPUUtilization", comparison="over", threshold=80, periods=15,
        why="rows begin to wait for each other; a quarter of an hour is no full load's start",
    )  # fmt: skip
    memory = memory_bytes(capacity.instance_class.replace("dms.", "db."))
    if memory is not None:
        yield alarm(
            "memory", "FreeableMemory", comparison="under", threshold=memory // 20,
            why=f"a twentieth of what {capacity.instance_class} has: below that DMS swaps",
        )  # fmt: skip
    yield alarm(
        "storage", "FreeStorageSpace", comparison="under", statistic="Minimum",
        threshold=capacity.storage_gb * GB / 10,
        why="a tenth: changes that wait for the target and logs fill it, and then every task stops",
    )  # fmt: skip
    if not migration.follows_changes:
        return
    of_task = (*dimensions, ("ReplicationTaskIdentifier", migration.task_identifier))
    for what, metric, behind in (
        ("source-latency", "CDCLatencySource", "DMS reads the source's log"),
        ("target-latency", "CDCLatencyTarget", "the target gets its changes"),
    ):
        yield Alarm(
            name, what, metric, of_task, "over", _LATE_S,
            f"in seconds: {behind} so late; a log that is purged before ends the migration",
            DMS, "Maximum",
            # Only a task that runs has it.
            missing="notBreaching",
        )  # fmt: skip
