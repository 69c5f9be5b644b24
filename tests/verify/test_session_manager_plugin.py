"""AWS's own session-manager-plugin, where there is one, between verify and the real servers.

`make session-plugin` builds it. Everywhere else a stand-in is in its place.
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import Access, ClientHost, read_databases
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import REGION
from tests.verify.sessions import create_host
from verify import sql
from verify.aws import Cloud
from verify.client_host import through_client_hosts
from verify.deadline import Deadline
from verify.session_plugin import NAME

_BESIDE = Path(__file__).resolve().parents[2] / ".venv" / "bin" / NAME
PLUGIN = shutil.which(NAME) or (str(_BESIDE) if _BESIDE.exists() else None)
PATIENCE_S = 60.0
"""Not a measure of anything: how long a busy machine may take."""
VIA = ("--via", "client-host")

pytestmark = pytest.mark.skipif(
    PLUGIN is None, reason=f"{NAME} is not installed; `make session-plugin` builds it"
)


@pytest.fixture(scope="module")
def host(cloud: TestCloud) -> str:
    return create_host(cloud)


@pytest.fixture(autouse=True)
def _in_path(cloud: TestCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert PLUGIN is not None
    monkeypatch.setenv("PATH", f"{Path(PLUGIN).parent}:{os.environ['PATH']}")
    before = sockets()
    yield
    assert active(cloud) == []
    assert sockets() == before


def active(cloud: TestCloud) -> list[str]:
    found = cloud.client("ssm", REGION).describe_sessions(State="Active")["Sessions"]
    return [each["SessionId"] for each in found]


def sockets() -> list[str]:
    """What the plugin leaves behind when it is not ended as it wants to be."""
    return sorted(glob.glob(f"{tempfile.gettempdir()}/*session_manager_plugin_mux.sock"))


@pytest.fixture
def through(verify: Verify, host: str) -> Verify:
    verify.record["outputs"]["client_hosts"] = {REGION: {"instance": host, "region": REGION}}
    return verify


def test_every_exercise_that_a_stack_has_passes_through_the_plugin(through: Verify) -> None:
    done = through("mysql", "replica", "aurora", "redis", "security", *VIA)
    assert done.code == 0, done.out + done.err
    assert done.statuses <= {"passed", "skipped"}


def test_what_a_server_refuses_and_what_is_not_there(through: Verify) -> None:
    for endpoint in through.databases["mysql"]["endpoints"]:
        endpoint["host"] = "127.255.255.1"
    done = through("mysql", *VIA, "--timeout", "5")
    assert done.code == 2
    assert "verify: could not run: mysql: 127.255.255.1:3306 " in done.err


@pytest.fixture
def enter(cloud: TestCloud, host: str) -> Callable[[], Any]:
    record = cloud.record()
    databases = read_databases(record["outputs"])
    hosts = {REGION: ClientHost(instance=host, region=REGION)}
    boto = Cloud(Access.model_validate(record["access"]), PATIENCE_S)
    return lambda: through_client_hosts(hosts, databases, ["mysql"], boto, PATIENCE_S)


def test_a_session_that_aws_ends_is_opened_anew(cloud: TestCloud, enter: Callable[[], Any]) -> None:
    database = read_databases(cloud.record()["outputs"])["mysql"]
    where = database.endpoints[0].host, database.endpoints[0].port
    with enter() as way:
        before = way.address(*where)
        (session,) = active(cloud)
        cloud.client("ssm").terminate_session(SessionId=session)
        end = time.monotonic() + PATIENCE_S
        while way.address(*where) == before:
            assert time.monotonic() < end, "the plugin has noticed"
            time.sleep(0.05)
        credentials = Cloud(Access.model_validate(cloud.record()["access"]), PATIENCE_S)
        secret = database.secret_arn
        assert secret is not None
        ca = str(cloud.site.ca_dir / "ca.pem")
        connection = sql.open_connection(
            database.endpoints[0], credentials.credentials(secret), Deadline(PATIENCE_S), ca=ca
        )
        connection.close()


def test_its_process_ends_by_sigint_and_takes_its_session_along(
    cloud: TestCloud, enter: Callable[[], Any]
) -> None:
    with enter():
        assert len(active(cloud)) == 1
        begin = time.monotonic()
    # A process that had to be killed would have taken longer.
    assert time.monotonic() - begin < 4.5
    assert active(cloud) == []
