"""The AWS Advanced Python Wrapper around psycopg, as a client that a drill is compared with.

Its host monitoring asks the server on a connection of its own, and shuts the socket of a read that
waits for one which does not answer. That needs a driver whose socket is in reach: the wrapper
documents it as incompatible with mysql-connector-python. Its failover asks the cluster for the
names of its instances, so it is of use only where a cluster is reached by name.
"""

from __future__ import annotations

import contextlib
import importlib.util
import ipaddress
from collections.abc import Mapping
from typing import Any

import psycopg

from contract import Database, Endpoint

PACKAGE = "aws-advanced-python-wrapper"
_MODULE = "aws_advanced_python_wrapper"
PLUGINS = "host_monitoring_v2"
WITH_FAILOVER = f"failover_v2,{PLUGINS}"
WAITS: Mapping[str, int] = {
    # Its own are 30 s, 5 s and three times.
    "failure_detection_time_ms": 1000,
    "failure_detection_interval_ms": 1000,
    "failure_detection_count": 1,
    # Without them it waits for as long as psycopg does: 130 s. It takes 2 s at least.
    "connect_timeout": 2,
    "monitoring-connect_timeout": 2,
}


def why_not() -> str | None:
    """Why it cannot be compared here, a sentence's end; ``None`` when it can."""
    # Not imported: it is loaded in a process of its own, and slowly.
    if importlib.util.find_spec(_MODULE) is None:
        return f"it is not installed; `pip install {PACKAGE}` adds it"
    return None


def plugins_for(database: Database, endpoint: Endpoint) -> str:
    """The wrapper's plugins that have something to work with at an endpoint."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(endpoint.host)
        return PLUGINS
    return PLUGINS if database.cluster is None else WITH_FAILOVER


def wrapped(arguments: Mapping[str, Any], plugins: str) -> Any:
    """One connection by it; ``arguments`` are psycopg's."""
    wrapper: Any = importlib.import_module(_MODULE).AwsWrapperConnection
    connect = psycopg.Connection.connect
    return wrapper.connect(connect, "", plugins=plugins, **WAITS, **arguments)


def how(plugins: str) -> str:
    """How it waits, in words."""
    return f"{PACKAGE} around psycopg, with {plugins.replace(',', ' and ')}, told to look after 1 s"
