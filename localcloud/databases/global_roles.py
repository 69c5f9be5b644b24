"""Changing the primary of a global cluster: a plan, one write of it, and the new roles.

Whatever is killed before that write leaves the old primary, whatever after it the new one: the
clusters take their roles from the plan when they recover.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localcloud.databases.cluster_following import Following
from localcloud.errors import LocalCloudError

log = logging.getLogger(__name__)


def switch_over(old: Following, new: Following, commit: Callable[[], None]) -> None:
    """A planned change: ``new`` has every row of ``old`` before it writes, and ``old`` follows."""
    with old.alone(), new.alone(), _as_before(old, new):
        old.fence()
        new.prepare_to_lead(old)
        commit()
    _take_roles(new, old)


def fail_over(old: Following, new: Following, commit: Callable[[], None]) -> None:
    """``new`` takes over with what it has; what ``old`` had beyond that is lost."""
    with old.alone(), new.alone(), _as_before(old, new):
        try:
            old.fence()
        except LocalCloudError as error:
            log.warning("%s cannot be kept from writing, it is lost: %s", old.ref, error)
        new.prepare_to_lead(None)
        commit()
    _take_roles(new, old)


@contextmanager
def _as_before(*clusters: Following) -> Iterator[None]:
    """When it fails, the writer writes and whoever followed follows, as the plan still says."""
    try:
        yield
    except LocalCloudError:
        _take_roles(*clusters)
        raise


def _take_roles(*clusters: Following) -> None:
    for cluster in clusters:
        cluster.take_role()


def detach(cluster: Following, commit: Callable[[], None]) -> None:
    """A secondary becomes a cluster of its own, with what it has. A headless one has nothing."""
    with cluster.alone():
        if cluster.plan.members:
            cluster.prepare_to_lead(None)
        commit()
        if cluster.plan.members:
            cluster.take_role()
