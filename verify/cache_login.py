"""Who writes to a cache, and to which key: its token's holder, or a user with a key pattern."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from contract import Database
from verify.aws import Cloud, Credentials
from verify.errors import CannotRun


def login_for(
    name: str, database: Database, cloud: Cloud, key: str
) -> tuple[Credentials | None, str]:
    """Whom a writer logs in as, and ``key`` as that one may call it."""
    if database.secret_arn is not None:
        return cloud.credentials(database.secret_arn), key
    if not database.users:
        return None, key
    for user in database.users:
        for pattern in user.keys:
            own = pattern.replace("*", key, 1).replace("*", "").replace("?", "x")
            if user.may == "read-write" and own != pattern and fnmatchcase(own, pattern):
                return replace(cloud.credentials(user.secret_arn), user=user.name), own
    raise CannotRun(f"no user of {name} may write a key of our own")
