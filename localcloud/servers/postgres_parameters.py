"""RDS parameter groups on PostgreSQL, and who may connect how."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from localcloud.programs import program
from localcloud.servers.facts import Address
from localcloud.servers.parameter_groups import passed_on
from localcloud.servers.postgres_template import ADMINISTRATOR, known_parameters

log = logging.getLogger(__name__)

_NAME = re.compile(r"\w+\Z")
REPLICATION_USER = "rdsrepladmin"
FORCE_SSL = "rds.force_ssl"
TOKEN_ROLE = "rds_iam"
"""Who is granted it logs in by a token."""
PRELOADED = "shared_preload_libraries"
AUDIT = "pgaudit"
OURS = frozenset({"data_directory", PRELOADED})
"""What a group may not set as it is; everything else of ours is on the command line, which wins."""


@cache
def why_no_tokens() -> str | None:
    """Why this machine's PostgreSQL cannot ask for tokens, ``None`` when it can."""
    if b"libldap" in Path(program("postgres")).read_bytes():
        return None
    return "this PostgreSQL is built without LDAP"


@cache
def why_no_audit() -> str | None:
    """Why this machine's PostgreSQL cannot audit, ``None`` when it can."""
    if _library(AUDIT).exists():
        return None
    return f"this PostgreSQL has no {AUDIT}; `make servers` installs it where Debian has it"


def _library(name: str) -> Path:
    return Path(program("postgres")).resolve().parent.parent / "lib" / f"{name}.so"


def preloaded(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The libraries that a group has loaded at the start, as far as this machine has them."""
    wanted = (name.strip() for name in parameters.get(PRELOADED, "").split(","))
    return tuple(name for name in wanted if _NAME.match(name) and _library(name).exists())


def settings_of(parameters: Mapping[str, str]) -> str:
    """Lines of a configuration file for a group's values.

    A name that this server does not have would keep it from starting.
    """
    known = known_parameters()
    libraries = preloaded(parameters)
    lines = [setting(PRELOADED, ",".join(libraries))]
    if AUDIT in libraries:
        own = (name for name in sorted(parameters) if name.startswith(f"{AUDIT}."))
        lines += [setting(name, parameters[name]) for name in own]
    for name, value in passed_on(parameters, OURS):
        if name in known:
            lines.append(setting(name, value))
        else:
            log.debug("this PostgreSQL has no parameter %s", name)
    return "".join(lines)


def setting(name: str, value: str) -> str:
    """One line of a configuration file."""
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    return f"{name} = '{quoted}'\n"


def access_rules(parameters: Mapping[str, str], server: str, desk: Address) -> str:
    """Who may connect: everybody with a password, in plain text only where the group allows it.

    From version 15 on RDS forces TLS unless told otherwise. Who is granted `rds_iam` has a token
    and no password any more: ``desk`` is asked, which knows us as ``server``.
    """
    asks = f'ldap ldapserver={desk.host} ldapport={desk.port} ldapprefix="{server}/"'
    tokens = asks if why_no_tokens() is None else "reject"
    kind = "hostssl" if parameters.get(FORCE_SSL, "1") == "1" else "host"
    return (
        f"local all {ADMINISTRATOR} peer map=administrator\n"
        f"host all {ADMINISTRATOR} all reject\n"
        f"hostssl replication {REPLICATION_USER} all scram-sha-256\n"
        f"hostssl postgres {REPLICATION_USER} all scram-sha-256\n"
        f"host all {REPLICATION_USER} all reject\n"
        f"hostssl all +{TOKEN_ROLE} all {tokens}\n"
        f"host all +{TOKEN_ROLE} all reject\n"
        f"{kind} all all all scram-sha-256\n"
    )
