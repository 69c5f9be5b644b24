"""A PostgreSQL server as a member of a cluster: synchronous streaming replication.

A commit waits until one of the readers has its log (`synchronous_standby_names`, ANY 1). Every
member has the setting, readers too: one that is promoted waits from its first commit on.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import time
from collections.abc import Set

from localcloud.errors import LocalCloudError, ServerFailed
from localcloud.servers.door import Door
from localcloud.servers.facts import Address, Credentials
from localcloud.servers.machine import own
from localcloud.servers.member_start import Start
from localcloud.servers.postgres import Postgres
from localcloud.servers.postgres_limits import is_at_least, limits_of, settings_for
from localcloud.servers.postgres_parameters import setting
from localcloud.servers.postgres_replication import (
    Link,
    at_source,
    copy_source,
    create_database,
    create_users,
    join,
)
from localcloud.servers.postgres_session import Session, SqlFailed
from localcloud.servers.postgres_template import copy_template, postgres_program

log = logging.getLogger(__name__)

_REPLAY_S = 10.0
_CONTROL_S = 10
_POLL_S = 0.005
_ALL_REPLAYED = ("RecoveryWalStream", "RecoveryRetrieveRetryInterval")
"""What recovery waits for when it has replayed every record that is on disk."""
_POSITION = """
SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::bigint AS received,
       pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint AS replayed,
       (SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup') AS waits_for
"""
_KEPT = setting("wal_keep_size", "64MB")
"""Of its log, for a reader whose source it becomes and who is behind: no slot kept that."""
_STAND = """
SELECT current_setting('synchronous_standby_names') AS names,
       current_setting('primary_conninfo') AS source
"""
_WHO_AM_I = """
CREATE FUNCTION pg_catalog.aurora_db_instance_identifier() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT current_setting('cluster_name') $$
"""


class PostgresMember(Postgres):
    """A writer whose commits wait for a reader, or a reader that acknowledges them."""

    def begin(self, start: Start, door: Door | None = None) -> None:
        """Start it in its role. Data that were written here are a writer's only."""
        if door is not None:
            raise LocalCloudError(f"{self.identifier}: PostgreSQL inherits no listening socket")
        self._end_leftovers()
        if start.writing:
            if not self._data.exists():
                templates = self._machine.site.state_dir / "templates"
                copy_template(templates, self._data, self._user)
            self._stand(None, start.others)
        else:
            link = self._be_a_copy(start.source)
            with at_source(link) as session:
                limits = limits_of(session)
            self._stand(start.source, start.others, settings_for(limits, start.parameters))
        self._configure(start.parameters)
        self._launch()

    def fits(self, source: PostgresMember) -> bool:
        """Whether its limits are those of ``source`` or larger."""
        with self.connect() as ours, source.connect() as its:
            return is_at_least(limits_of(ours), limits_of(its))

    def follow(self, source: Address) -> None:
        """Read from ``source``, from where its own log ends."""
        with self.connect() as session:
            if not session.value("pg_is_in_recovery()"):
                raise ServerFailed(f"{self.identifier} has written, and follows nobody")
            others = _acknowledging(session)
        self._drop_slots()
        join(self._link(source))
        self._take_stand(source, others)

    def received(self) -> int:
        """The end of the log it has; what it can't show yet, it shows when it is promoted."""
        end = time.monotonic() + _REPLAY_S
        with self.connect() as session:
            while True:
                row = session.run(_POSITION)[0]
                # Until it has asked a source for more, how much it has shows in what it replays.
                if row["received"] is not None or row["waits_for"] in _ALL_REPLAYED:
                    return max(int(row["received"] or 0), int(row["replayed"] or 0))
                if time.monotonic() > end:
                    raise SqlFailed(f"{self.identifier} still replays its log")
                time.sleep(_POLL_S)

    def leave_source(self) -> None:
        """Follow nobody; read-only still."""
        with self.connect() as session:
            others = _acknowledging(session)
        self._take_stand(None, others)

    def take_writes(self, others: frozenset[str]) -> None:
        """Promote it if it is a reader. Its clients lose their connections, as on Aurora."""
        if self._take_stand(None, others):
            # The checkpointer decides whether commits wait. It reads its files before it begins a
            # checkpoint; the first of these may have begun already.
            self.run("CHECKPOINT")
            self.run("CHECKPOINT")
        with self.connect() as session:
            if session.value("pg_is_in_recovery()"):
                # A query of theirs could keep it from replaying the end of its log.
                session.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
        self._promote()

    def yield_to(self, target: PostgresMember) -> None:
        """End in order, which sends the readers all there is; it comes back as a reader.

        PostgreSQL can't be told to refuse writes and stay.
        """
        target.catch_up(self)
        self.stop()
        end = self._last_checkpoint()
        with target.connect() as session:
            has = "pg_last_wal_receive_lsn() > %s::pg_lsn"
            if not session.run(f"SELECT {has} AS v", (end,))[0]["v"]:
                raise ServerFailed(
                    f"{target.identifier} did not get the end of {self.identifier}'s log, {end}"
                )
        self._be_standby()
        target.leave_source()

    def _be_a_copy(self, source: Address | None) -> Link:
        if source is None:
            raise ServerFailed(f"{self.identifier} has nobody to copy")
        if self._data.exists() and not (self._data / "standby.signal").exists():
            log.warning("%s wrote and is copied anew", self.identifier)
            shutil.rmtree(self._data)
        link = self._link(source)
        if self._data.exists():
            join(link)
        else:
            copy_source(link, self._data, self._user)
        return link

    def _be_standby(self) -> None:
        signal = self._data / "standby.signal"
        signal.touch()
        own(signal, self._user)

    def _last_checkpoint(self) -> str:
        """Where the last checkpoint of a stopped server is; `ServerFailed` unless it ended well."""
        done = subprocess.run(
            [postgres_program("pg_controldata"), str(self._data)],
            capture_output=True,
            text=True,
            timeout=_CONTROL_S,
            check=False,
            env={"LC_ALL": "C"},
        )
        facts = dict(
            (name, value.strip())
            for name, _, value in (line.partition(":") for line in done.stdout.splitlines())
        )
        if facts.get("Database cluster state") != "shut down":
            raise ServerFailed(f"{self.identifier} did not end in order:\n{done.stderr[-300:]}")
        return facts["Latest checkpoint location"]

    def _stand(self, source: Address | None, others: Set[str], more: str = "") -> None:
        """Write down whom it follows, who acknowledges, and ``more`` settings."""
        text = setting("synchronous_standby_names", _any_of(others)) + _KEPT + more
        if source is not None:
            text += self._link(source).settings()
        self._write("source.conf", text)

    def _take_stand(self, source: Address | None, others: Set[str]) -> bool:
        """The same in a running server; whether that is new to it."""
        self._stand(source, others)
        wanted = {
            "names": _any_of(others),
            "source": "" if source is None else self._link(source).primary_conninfo,
        }
        if self.run(_STAND)[0] == wanted:
            return False
        self._reload()
        if self.run(_STAND)[0] != wanted:
            raise ServerFailed(f"{self.identifier} did not take its settings; see {self._log}")
        return True

    def _drop_slots(self) -> None:
        # It was a writer once: what its readers have not read yet is another one's to keep.
        try:
            self.run(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                "WHERE NOT active"
            )
        except SqlFailed as error:
            log.info("%s keeps a slot: %s", self.identifier, error)


def _any_of(names: Set[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in sorted(names))
    return f"ANY 1 ({listed})" if names else ""


def _acknowledging(session: Session) -> frozenset[str]:
    names = session.value("current_setting('synchronous_standby_names')")
    return frozenset(str(names).split('"')[1::2])


class AuroraPostgres(PostgresMember):
    """A member that knows its name, as Aurora's do."""

    def create_master_user(self, credentials: Credentials, database: str | None) -> None:
        with self.connect() as session:
            create_users(session, credentials, self._machine.replication_password())
        for template in ("postgres", "template1"):
            with self.connect(template) as session:
                session.run(_WHO_AM_I)
        with self.connect() as session:
            if database is not None:
                create_database(session, database, credentials.user)
