"""The daemon as a process, over an empty fleet: started, found, killed, started again."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator

import pytest

from localcloud import daemon
from localcloud.errors import AlreadyRunning, PortBusy
from localcloud.site import Site
from tests.localcloud.front_fixtures import site
from tests.localcloud.front_site import client_of

__all__ = ["site"]


@pytest.fixture
def running(site: Site) -> Iterator[Site]:
    daemon.ensure_running(site)
    yield site
    daemon.stop(site)


def test_it_is_started_once_and_says_who_it_is(running: Site) -> None:
    pid = daemon.ensure_running(running)
    assert daemon.health(running) == {"status": "ready", "pid": pid}
    assert daemon.ensure_running(running) == pid
    with pytest.raises(AlreadyRunning, match=str(pid)):
        daemon.serve(running)


def test_it_survives_sigkill_with_its_state(running: Site) -> None:
    secrets = client_of(running.endpoint_url, "secretsmanager")
    arn = secrets.create_secret(Name="s", SecretString="v")["ARN"]
    first = daemon.ensure_running(running)
    handle = os.pidfd_open(first)
    try:
        os.kill(first, signal.SIGKILL)
        assert daemon._ended(handle, 5)
    finally:
        os.close(handle)
    assert daemon.ensure_running(running, 20) != first
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "v"


def test_stop_ends_the_process_and_works_twice(running: Site) -> None:
    handle = os.pidfd_open(daemon.ensure_running(running))
    try:
        daemon.stop(running)
        assert daemon._ended(handle, 0)
    finally:
        os.close(handle)
    assert daemon.health(running, 0.2) is None
    assert not (running.state_dir / "daemon.json").exists()
    daemon.stop(running)


def test_a_busy_port_is_named(site: Site) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((site.endpoint_host, site.endpoint_port))
        other.listen()
        with pytest.raises(PortBusy, match=re.escape(f"{site.endpoint_host}:4566")):
            daemon.ensure_running(site)
