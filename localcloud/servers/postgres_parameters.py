"""RDS parameter groups on PostgreSQL, and who may connect how."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from localcloud.servers.parameter_groups import passed_on
from localcloud.servers.postgres_template import ADMINISTRATOR, known_parameters

log = logging.getLogger(__name__)

REPLICATION_USER = "rdsrepladmin"
FORCE_SSL = "rds.force_ssl"
OURS = frozenset({"data_directory", "shared_preload_libraries"})
"""What a group may not set; everything else of ours is on the command line, which wins."""


def settings_of(parameters: Mapping[str, str]) -> str:
    """Lines of a configuration file for a group's values.

    A name that this server does not have would keep it from starting.
    """
    known = known_parameters()
    lines = []
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


def access_rules(parameters: Mapping[str, str]) -> str:
    """Who may connect: everybody with a password, in plain text only where the group allows it.

    From version 15 on RDS forces TLS unless told otherwise.
    """
    kind = "hostssl" if parameters.get(FORCE_SSL, "1") == "1" else "host"
    return (
        f"local all {ADMINISTRATOR} peer map=administrator\n"
        f"host all {ADMINISTRATOR} all reject\n"
        f"hostssl replication {REPLICATION_USER} all scram-sha-256\n"
        f"hostssl postgres {REPLICATION_USER} all scram-sha-256\n"
        f"host all {REPLICATION_USER} all reject\n"
        f"{kind} all all all scram-sha-256\n"
    )
