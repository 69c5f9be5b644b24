"""A serverless cluster's pause: no server runs until somebody connects."""

from __future__ import annotations

import logging

from localcloud.databases.cluster_following import Following
from localcloud.errors import LocalCloudError
from localcloud.servers.door import Door
from localcloud.servers.mariadb_activity import Activity, activity
from localcloud.servers.mariadb_member import MariaDBMember

log = logging.getLogger(__name__)


class Pausing(Following):
    """A cluster that can stop its servers, and starts them again behind its clients' backs.

    While it is paused a door stands open at every member's address, so that the endpoints and
    the members' own addresses take clients as ever. A client finds its server a moment later.
    """

    def recover(self) -> None:
        """As before the daemon's end: paused, or with every server in its role."""
        with self._lock:
            if self.plan.paused and self._reachable():
                # A pause or a resume was cut short.
                self._save(paused=False)
            if self.plan.paused:
                self._open_doors()
            super().recover()

    def pause(self) -> bool:
        """Stop every server, unless somebody is connected or the cluster is not whole.

        Whoever comes meanwhile waits at the endpoints, and resumes it.
        """
        with self._lock:
            whole = set(self.plan.members) == self._joined and self._plans.has(self.plan)
            if self.plan.paused or self.writer is None or not whole:
                return False
            try:
                if self.endpoints.hold() and not any(map(self._in_use, self.plan.members)):
                    self._stop_servers()
            except (LocalCloudError, OSError) as error:
                log.warning("%s does not pause: %s", self.ref, error)
                self._save(paused=False)
                self._heal()
            self._route()
            return self.plan.paused

    def resume(self) -> None:
        """Start every server; nothing to do when it is not paused."""
        with self._lock:
            if not self.plan.paused or not self._plans.has(self.plan):
                return
            self._save(paused=False)
            self._heal()
            self._close_doors()

    @property
    def doors(self) -> list[Door]:
        """Where clients of a paused cluster wait."""
        with self._lock:
            return list(self._doors.values())

    def activity(self, name: str) -> Activity:
        """What a member does now; `ServerFailed` when it does not say."""
        return activity(self._served(name))

    def _in_use(self, name: str) -> bool:
        now = self.activity(name)
        return bool(now.clients or now.arriving)

    def _stop_servers(self) -> None:
        # On disk first: a kill in the middle leaves servers running, and `recover` takes them up.
        self._save(paused=True)
        self._joined.clear()
        assert self.plan.writer is not None
        for name in sorted(self.plan.members, key=lambda name: name == self.plan.writer):
            self.servers[name].stop()
        self._open_doors()

    def _open_doors(self) -> None:
        for name in self.plan.members:
            self._doors[name] = self._served(name).open_door()

    def _served(self, name: str) -> MariaDBMember:
        # Only Aurora MySQL is serverless here: PostgreSQL inherits no listening socket.
        server = self.servers[name]
        assert isinstance(server, MariaDBMember)
        return server

    def _close_doors(self) -> None:
        while self._doors:
            self._doors.popitem()[1].close()
