"""Snapshots and restores of real servers."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import mysql.connector
import pytest

from localcloud.errors import ServerFailed
from localcloud.fleet import Address, Credentials, Fleet
from localcloud.servers.mariadb_history import keep
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    eventually,
    fleet,
    kill,
    mysql_at,
    pid_of,
    ref,
    rows,
    site,
)

__all__ = ["fleet", "site"]
