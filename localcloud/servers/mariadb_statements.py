"""MariaDB's own account of its statements, at a price a dozen servers can pay.

With MariaDB's defaults the performance schema takes 94 MB of a server's memory; with nothing
in it but the digests of statements it takes 3 to 6.
"""

from __future__ import annotations

_NONE = (
    "accounts-size",
    "events-stages-history-long-size",
    "events-stages-history-size",
    "events-statements-history-long-size",
    "events-statements-history-size",
    "events-transactions-history-long-size",
    "events-transactions-history-size",
    "events-waits-history-long-size",
    "events-waits-history-size",
    "hosts-size",
    "max-cond-classes",
    "max-cond-instances",
    "max-file-classes",
    "max-file-instances",
    "max-index-stat",
    "max-memory-classes",
    "max-metadata-locks",
    "max-mutex-classes",
    "max-mutex-instances",
    "max-prepared-statements-instances",
    "max-program-instances",
    "max-rwlock-classes",
    "max-rwlock-instances",
    "max-socket-classes",
    "max-socket-instances",
    "max-stage-classes",
    "max-table-handles",
    "max-table-instances",
    "max-table-lock-stat",
    "session-connect-attrs-size",
    "setup-objects-size",
    "users-size",
)

STATEMENTS_ONLY = (
    "--performance-schema=ON",
    "--performance-schema-digests-size=200",
    # A session beyond these is served, and its statements are not counted.
    "--performance-schema-max-thread-instances=100",
    "--performance-schema-max-statement-stack=2",
    "--performance-schema-setup-actors-size=1",
    *(f"--performance-schema-{name}=0" for name in _NONE),
)
