"""The exercises through sessions with a client host: on the real servers, through real forwarded
connections. Only the program in the middle is a stand-in (tests/verify/stand_in_plugin.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import REGION
from tests.verify.sessions import Sessions, create_host, without_plugin
from verify.aws import Cloud
from verify.trust import stranger

CONNECT = "connect with a verified certificate"
VIA = ("--via", "client-host")


@pytest.fixture(scope="module")
def host(cloud: TestCloud) -> str:
    return create_host(cloud)


@pytest.fixture
def sessions(
    cloud: TestCloud, verify: Verify, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Sessions:
    found = Sessions(cloud, tmp_path)
    found.install(monkeypatch)
    verify.record["outputs"]["client_hosts"] = {REGION: {"instance": host, "region": REGION}}
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left(sessions: Sessions) -> Any:
    yield
    assert sessions.running == []
    assert sessions.active() == []


def addresses(verify: Verify, name: str) -> set[tuple[str, int]]:
    return {(e["host"], e["port"]) for e in verify.databases[name]["endpoints"]}


def test_mysql_passes_through_sessions_and_leaves_none(
    verify: Verify, sessions: Sessions, host: str
) -> None:
    done = verify("mysql", *VIA)
    assert done.code == 0, done.out + done.err
    assert done.statuses == {"passed"}
    (one,) = sessions.started
    assert (one["target"], one["region"], one["profile"]) == (host, REGION, "")
    assert tuple(one["to"]) in addresses(verify, "mysql")
    assert one["endpoint"] == verify.record["access"]["endpoint_url"]
    # Every user of a machine reads the arguments of its processes.
    assert one["arguments_have_the_token"] is False
    assert sessions.ended == [one["session"]]


def test_every_database_is_reached_and_each_address_has_one_session(
    verify: Verify, sessions: Sessions
) -> None:
    done = verify("mysql", "replica", "aurora", "redis", "security", *VIA)
    assert done.code == 0, done.out + done.err
    assert done.statuses <= {"passed", "skipped"}
    reached = [tuple(each["to"]) for each in sessions.started]
    assert len(set(reached)) == len(reached)
    known = set().union(*(addresses(verify, name) for name in verify.databases))
    assert set(reached) <= known
    assert len(sessions.ended) == len(reached) >= 6


def test_the_certificate_is_checked_for_the_name_that_was_meant(
    verify: Verify, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the session leads, another server of the same authority answers: nobody goes directly.
    name = verify.endpoint("mysql", "writer")["host"]
    monkeypatch.setenv("STAND_IN_LEADS_TO", verify.endpoint("aurora", "writer")["host"])
    done = verify("mysql", *VIA)
    assert done.code == 1, done.out + done.err
    assert f"the certificate of {name}:3306 is not trusted" in done.failed[CONNECT]
    assert f"'{name}'" in done.failed[CONNECT]


def test_a_wrong_ca_is_not_believed_through_a_session_either(
    verify: Verify, sessions: Sessions, tmp_path: Path
) -> None:
    verify.record["access"]["ca_file"] = str(tmp_path / "other.pem")
    (tmp_path / "other.pem").write_text(stranger())
    done = verify("mysql", *VIA)
    assert done.code == 1
    assert "is not trusted" in done.failed[CONNECT]


def test_a_server_that_is_not_there_is_what_it_is_without_a_session(
    verify: Verify, sessions: Sessions
) -> None:
    for endpoint in verify.databases["mysql"]["endpoints"]:
        endpoint["host"] = "127.255.255.1"
    done = verify("mysql", *VIA, "--timeout", "5")
    assert done.code == 2
    assert "verify: could not run: mysql: 127.255.255.1:3306 " in done.err


REFUSED = [
    ("ends", "session-manager-plugin ended: Cannot perform start session: listen tcp 127"),
    ("silent", "session-manager-plugin opened no port within 1 s: Starting session with"),
    ("old", "is 1.2.497.0, which shows the session's token to every user of this machine; update"),
]


@pytest.mark.parametrize(("fault", "says"), REFUSED)
def test_a_plugin_that_does_not_do(
    verify: Verify, sessions: Sessions, monkeypatch: pytest.MonkeyPatch, fault: str, says: str
) -> None:
    monkeypatch.setenv("STAND_IN_FAULT", fault)
    done = verify("mysql", *VIA, "--timeout", "1" if fault == "silent" else "10")
    assert done.code == 2
    assert says in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_without_the_plugin_one_sentence_says_so(
    verify: Verify, sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_plugin(monkeypatch, tmp_path)
    done = verify("mysql", *VIA)
    assert done.code == 2
    assert done.err.startswith("verify: session-manager-plugin is not in PATH; install it: https")
    assert sessions.started == []


def test_without_a_client_host_one_sentence_says_what_to_add(
    verify: Verify, sessions: Sessions
) -> None:
    del verify.record["outputs"]["client_hosts"]
    done = verify("mysql", *VIA)
    assert done.code == 2
    assert done.err.strip() == (
        "verify: the stack has no client host: add aws-databases:client_host to its config "
        "(class: t4g.nano, address: public) and deploy it"
    )
    verify.record["outputs"]["client_hosts"] = {
        "us-west-2": {"instance": "i-1", "region": "us-west-2"}
    }
    assert "no client host in us-east-1; it has one in us-west-2" in verify("mysql", *VIA).err


def test_an_instance_that_is_stopped_or_has_just_started(
    cloud: TestCloud, verify: Verify, sessions: Sessions
) -> None:
    stopped = create_host(cloud)
    cloud.client("ec2").stop_instances(InstanceIds=[stopped])
    verify.record["outputs"]["client_hosts"][REGION]["instance"] = stopped
    done = verify("mysql", *VIA)
    assert done.code == 2
    assert f"verify: the client host {stopped} in us-east-1 is not connected to Systems" in done.err
    assert "it takes 1 to 3 minutes after its start" in done.err
    assert sessions.started == []


def test_who_may_not_start_a_session_is_told_what_to_ask_for(
    verify: Verify, sessions: Sessions, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        "User: arn:aws:iam::123456789012:user/me is not authorized to perform: ssm:StartSession "
        f"on resource: arn:aws:ec2:us-east-1:123456789012:instance/{host}"
    )
    client = Cloud.client

    def denied(**_: Any) -> Any:
        facts = {"Error": {"Code": "AccessDeniedException", "Message": said}}
        raise ClientError(facts, "StartSession")

    def without_permission(self: Cloud, service: str, region: str) -> Any:
        found = client(self, service, region)
        if service == "ssm":
            found.start_session = denied
        return found

    monkeypatch.setattr(Cloud, "client", without_permission)
    done = verify("mysql", "redis", *VIA)
    assert done.code == 2
    assert done.err.strip() == (
        f"verify: no session with the client host {host}: you may not call ssm:StartSession on it "
        "and on the document AWS-StartPortForwardingSessionToRemoteHost; AWS says: " + said
    )


def test_a_report_is_not_measured_through_a_session(
    verify: Verify, capsys: pytest.CaptureFixture[str], sessions: Sessions
) -> None:
    with pytest.raises(SystemExit) as ended:
        verify("mysql", *VIA, "--report", "out")
    assert ended.value.code == 2
    assert "--report measures, and a session is slower" in capsys.readouterr().err
