"""A migration: a worker process that is there while rows are to be moved."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
from pathlib import Path

from localcloud.databases.revival import Revival
from localcloud.databases.store import Plan, Plans
from localcloud.launch import Launch, tail
from localcloud.listing import memory_of
from localcloud.migration import orders, progress
from localcloud.migration.orders import Orders
from localcloud.migration.progress import Progress
from localcloud.servers.facts import Ref, ServerStatus
from localcloud.servers.machine import Machine

log = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
_LAST_WORDS = frozenset({"finished", "failed"})
"""One that was only stopped goes on at the next start, as the databases do."""


class MigrationPlan(Plan):
    """``wanted`` while the worker is to run; ``failure`` when it died too often."""

    wanted: bool = False
    failure: str | None = None


class Migration:
    """One migration's worker. It goes on by itself after a kill: its state is on the target."""

    def __init__(self, machine: Machine, plans: Plans, plan: MigrationPlan) -> None:
        self._machine = machine
        self._plans = plans
        self.plan = plan
        self.ref = Ref(plan.region, plan.identifier)
        self._name = f"migration.{plan.region}.{plan.identifier}"
        self._folder = machine.folder(self._name)
        self._lock = threading.RLock()
        self._revival = Revival()

    @property
    def after(self) -> Ref | None:
        # A worker waits for its databases by itself.
        return None

    @property
    def running(self) -> bool:
        return self._machine.supervisor.running(self._name) is not None

    @property
    def progress(self) -> Progress | None:
        """What the worker said last, and what we know better."""
        said = progress.read(self._folder)
        if said is None or said.status in _LAST_WORDS or self.plan.wanted:
            return said
        if self.plan.failure is not None:
            return said.model_copy(update={"status": "failed", "trouble": self.plan.failure})
        # It was killed before it could say so.
        return said.model_copy(update={"status": "stopped"})

    def processes(self) -> set[str]:
        return {self._name}

    def statuses(self) -> list[ServerStatus]:
        """One row while it is to run."""
        if not self.plan.wanted:
            return []
        process = self._machine.supervisor.running(self._name)
        rss = memory_of(process.pid) if process is not None else None
        return [
            ServerStatus(
                kind="migration",
                region=self.ref.region,
                identifier=self.ref.identifier,
                role="worker",
                address="-",
                pid=process.pid if process is not None and rss is not None else None,
                alive=rss is not None,
                rss=rss or 0,
            )
        ]

    def create(self) -> None:
        with self._lock:
            self._plans.save(self.plan)

    def start(self, wanted: Orders) -> None:
        """Begin a run, or go on with one."""
        with self._lock:
            self._machine.supervisor.stop(self._name)
            orders.save(self._folder, wanted)
            progress.forget(self._folder)
            self._save(self.plan.having(wanted=True, failure=None))
            self._launch()

    def stop(self) -> None:
        """End the worker at its next batch."""
        with self._lock:
            self._save(self.plan.having(wanted=False))
            self._machine.supervisor.stop(self._name)

    def recover(self) -> None:
        """Adopt the worker, or start it again where it was."""
        with self._lock:
            if not self.plan.wanted:
                return
            if self.running:
                self._watch()
            elif self._has_ended():
                self._save(self.plan.having(wanted=False))
            else:
                self._launch()

    def delete(self) -> None:
        with self._lock:
            self._plans.forget(self.plan)
            self.plan = self.plan.having(wanted=False)
            self._machine.supervisor.stop(self._name)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _launch(self) -> None:
        argv = (sys.executable, "-m", "localcloud.migration", str(self._folder))
        # Times are UTC whatever the machine's zone is.
        environment = {"PYTHONPATH": str(_ROOT), "TZ": "UTC"}
        self._machine.supervisor.start(Launch(self._name, argv, self._log, None, environment))
        self._watch()

    @property
    def _log(self) -> Path:
        return self._folder / "worker.log"

    def _watch(self) -> None:
        self._machine.supervisor.unwatch(self._name)
        self._machine.supervisor.watch(self._name, self._died)

    def _has_ended(self) -> bool:
        said = progress.read(self._folder)
        return said is not None and said.status in _LAST_WORDS

    def _died(self) -> None:
        with self._lock:
            if not self.plan.wanted or self.running:
                return
            if self._has_ended():
                self._save(self.plan.having(wanted=False))
            elif self._revival.worth_it():
                log.warning("the worker of %s died", self.ref)
                self._launch()
            else:
                log.error("the worker of %s dies too often", self.ref)
                failure = f"the worker dies again and again; its log ends:\n{tail(self._log)}"
                self._save(self.plan.having(wanted=False, failure=failure))

    def _save(self, plan: MigrationPlan) -> None:
        self._plans.save(plan)
        self.plan = plan
