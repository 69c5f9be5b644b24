"""What logins by a token ask of other topologies and of the region."""

from __future__ import annotations

from collections.abc import Mapping

from specs.parts import Described
from specs.problems import Problem
from specs.rds_mariadb import RdsMariadb
from specs.regions import region_of
from specs.token_logins import Connect, TokenLogins, masters_password

_NO_MARIADB = frozenset({"ap-south-2", "ap-southeast-4"})
"""Regions that AWS's table of the feature denies to every version of MariaDB."""


def check_logins(found: Mapping[str, Described], region: str) -> list[Problem]:
    """A replica takes tokens if the instance does that is at the beginning of its chain."""
    problems: list[Problem] = []
    for name, topology in found.items():
        connect: tuple[Connect, ...] = getattr(topology, "connect", ())
        first = origin_of(topology, found)
        home = region_of(name, found, region)
        if isinstance(first, RdsMariadb) and first.iam_auth and home in _NO_MARIADB:
            key = "iam_auth" if first is topology else "region"
            text = f"RDS for MariaDB takes no tokens in {home}; choose another region"
            remedy = ", or leave iam_auth out" if first is topology else ""
            problems.append(Problem(f"topologies.{name}.{key}", text + remedy))
        if first is topology or not isinstance(first, TokenLogins):
            continue
        at = f"topologies.{name}.connect"
        if connect and not first.iam_auth:
            text = "needs tokens to be taken at its source; add iam_auth: true there"
            problems.append(Problem(at, text))
        master = getattr(first, "username", None)
        problems += [
            Problem(f"{at}.{n}.user", masters_password(each.user))
            for n, each in enumerate(connect)
            if each.user == master
        ]
    return problems


def origin_of(topology: Described, found: Mapping[str, Described]) -> Described | None:
    """What is at the beginning of a chain of copies; itself if it copies nobody."""
    seen: list[Described] = []
    here: Described | None = topology
    while here is not None and here not in seen:
        seen.append(here)
        source = here.references.get("source")
        if source is None:
            return here
        here = found.get(source)
    return None
