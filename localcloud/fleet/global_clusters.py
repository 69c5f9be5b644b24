"""Global clusters: who belongs to them, and which of their clusters writes."""

from __future__ import annotations

import logging
import threading

from localcloud.databases.clusters import Cluster
from localcloud.databases.global_plan import GlobalPlans
from localcloud.databases.global_roles import detach, fail_over, switch_over
from localcloud.errors import LocalCloudError
from localcloud.fleet.clusters import Clusters
from localcloud.servers.facts import Ref

log = logging.getLogger(__name__)

_CLOSING_S = 5.0
_LOOK_S = 1.0
"""How often secondaries are looked after; the server itself tries to reconnect as often."""


class GlobalClusters:
    """Clusters of several regions as one. One thing at a time happens to their roles."""

    def __init__(self, plans: GlobalPlans, clusters: Clusters) -> None:
        self._plans = plans
        self._clusters = clusters
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._look_after, name="global-clusters", daemon=True)

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        self._plans.load()

    def open(self) -> None:
        """Look after the secondaries from now on."""
        self._watch.start()

    def close(self) -> None:
        """Look after them no more; the servers keep running."""
        self._closed.set()
        if self._watch.is_alive():
            self._watch.join(_CLOSING_S)

    def members(self, identifier: str) -> tuple[Ref, ...]:
        """Its clusters, the primary first."""
        return self._plans.members(identifier)

    def of(self, cluster: Ref) -> str | None:
        """The global cluster that a cluster belongs to."""
        return self._plans.of(cluster)

    def join(self, identifier: str, cluster: Ref) -> None:
        """Make a cluster a member: the first one is the primary, every other one follows it.

        One that follows has no members yet, or they would lose what they have.
        """
        with self._lock:
            self._plans.join(identifier, cluster)

    def leave(self, cluster: Ref) -> None:
        """A secondary becomes a cluster of its own; a primary that is alone stays one."""
        with self._lock:
            if self._plans.leader_of(cluster) is None:
                self._plans.leave(cluster)
            else:
                detach(self._clusters.get(cluster), lambda: self._plans.leave(cluster))

    def switch_over(self, new: Ref) -> None:
        """A planned change of the primary: no row is lost. `ServerFailed` when that cannot be."""
        with self._lock:
            old = self._primary(new)
            switch_over(old, self._clusters.get(new), lambda: self._plans.lead(new))
            self._follow_on(old.ref, new)

    def fail_over(self, new: Ref) -> None:
        """A change of the primary without the old one's help."""
        with self._lock:
            old = self._primary(new)
            fail_over(old, self._clusters.get(new), lambda: self._plans.lead(new))
            self._follow_on(old.ref, new)

    def _primary(self, member: Ref) -> Cluster:
        leader = self._plans.leader_of(member)
        if leader is None:
            raise LocalCloudError(f"{member} is the primary, or no member of a global cluster")
        return self._clusters.get(leader)

    def _follow_on(self, *done: Ref) -> None:
        name = self._plans.of(done[0])
        for ref in self._plans.members(name or ""):
            if ref not in done:
                self._clusters.get(ref).take_role()

    def _look_after(self) -> None:
        while not self._closed.wait(_LOOK_S):
            for ref in self._plans.followers():
                try:
                    self._clusters.get(ref).look_after()
                except LocalCloudError as error:
                    log.warning("%s could not be looked after: %s", ref, error)
