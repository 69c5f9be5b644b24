"""Settings that a standby may not have smaller than its source: it would replay no more.

They change at a restart only. A standby that starts takes its source's where those are larger.
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.servers.postgres_parameters import setting
from localcloud.servers.postgres_session import Session

LIMITS = (
    "max_connections", "max_locks_per_transaction", "max_prepared_transactions", "max_wal_senders",
    "max_worker_processes",
)  # fmt: skip


def limits_of(session: Session) -> dict[str, int]:
    """What a running server has."""
    rows = session.run(
        "SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)", (list(LIMITS),)
    )
    return {row["name"]: row["setting"] for row in rows}


def settings_for(source: Mapping[str, int], parameters: Mapping[str, str]) -> str:
    """Lines of a standby's configuration file, for its own parameter group's values."""
    lines = []
    for name, least in source.items():
        own = parameters.get(name, "")
        lines.append(setting(name, str(max(least, int(own) if own.isdigit() else 0))))
    return "".join(lines)


def is_at_least(own: Mapping[str, int], source: Mapping[str, int]) -> bool:
    """Whether a standby with ``own`` limits can replay what a source with those writes."""
    return all(own[name] >= least for name, least in source.items())
