"""CloudWatch Logs over the API: what of the servers' files is delivered, and page by page.

The files are written here as a server would; real ones are in `test_log_delivery`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.site import Site
from tests.localcloud.front_fixtures import PASSWORD, endpoint, mysql, refusal, site
from tests.localcloud.front_site import Endpoint, served

__all__ = ["endpoint", "site"]
GROUP = "/aws/rds/instance/myapp-mysql-db/audit"


class Server:
    """Writes audit logs in place of a server; each line happens at the second ``at``."""

    def __init__(self, site: Site, name: str) -> None:
        self.folder = site.logs_dir / f"us-east-1.{name}"
        self.folder.mkdir(parents=True)

    def says(self, at: float, *words: str, log: str = "audit") -> None:
        moment = datetime.fromtimestamp(at, UTC)
        with (self.folder / f"{log}.log").open("a") as file:
            for word in words:
                file.write(f"{moment:%Y%m%d %H:%M:%S},vm,admin,::1,1,1,QUERY,app,'{word}',0\n")


@pytest.fixture
def server(site: Site) -> Server:
    return Server(site, "myapp-mysql-db")


@pytest.fixture
def logs(endpoint: Endpoint) -> Any:
    return endpoint.client("logs")


@pytest.fixture
def exported(endpoint: Endpoint, server: Server) -> float:
    """An instance whose audit log is exported; when that began."""
    began = time.time()
    endpoint.client("rds").create_db_instance(**mysql(EnableCloudwatchLogsExports=["audit"]))
    return began


def words(events: list[Any]) -> list[str]:
    return [event["message"].split("'")[1] for event in events]


def test_rds_makes_the_group_where_nobody_has_and_it_never_expires(
    exported: float, logs: Any
) -> None:
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["logGroupName"] == GROUP
    assert "retentionInDays" not in group


def test_only_what_happened_since_the_export_began(
    exported: float, server: Server, logs: Any
) -> None:
    server.says(exported - 60, "before")
    assert logs.describe_log_streams(logGroupName=GROUP)["logStreams"] == []
    server.says(exported + 1, "first")
    server.says(exported + 2, "second")
    (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert stream["logStreamName"] == "myapp-mysql-db"
    assert stream["firstEventTimestamp"] == int(exported + 1) * 1000
    assert stream["lastEventTimestamp"] == int(exported + 2) * 1000
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    assert words(found) == ["first", "second"]
    assert [event["timestamp"] for event in found] == [
        int(exported + second) * 1000 for second in (1, 2)
    ]
    assert len({event["eventId"] for event in found}) == 2


def test_logs_that_are_not_exported_are_not_delivered(
    exported: float, server: Server, logs: Any
) -> None:
    server.says(exported + 1, "slow", log="slowquery")
    group = GROUP.replace("audit", "slowquery")
    assert refusal(logs.filter_log_events, logGroupName=group) == "ResourceNotFoundException"


def test_an_export_that_ended_and_began_again_has_a_gap(
    endpoint: Endpoint, exported: float, server: Server, logs: Any
) -> None:
    rds = endpoint.client("rds")
    server.says(exported + 0.5, "one")
    for kind in ("DisableLogTypes", "EnableLogTypes"):
        rds.modify_db_instance(
            DBInstanceIdentifier="myapp-mysql-db",
            CloudwatchLogsExportConfiguration={kind: ["audit"]},
        )
        if kind == "DisableLogTypes":
            time.sleep(2.1)
            server.says(time.time() - 1, "between")
    server.says(time.time() + 1, "two")
    assert words(logs.filter_log_events(logGroupName=GROUP)["events"]) == ["one", "two"]


def test_pages_forward_and_back(exported: float, server: Server, logs: Any) -> None:
    for second in range(1, 4):
        server.says(exported + second, f"{second}a", f"{second}b")
    where = {"logGroupName": GROUP, "logStreamName": "myapp-mysql-db", "limit": 2}
    newest = logs.get_log_events(**where)
    assert words(newest["events"]) == ["3a", "3b"]
    older = logs.get_log_events(**where, nextToken=newest["nextBackwardToken"])
    assert words(older["events"]) == ["2a", "2b"]
    again = logs.get_log_events(**where, nextToken=older["nextForwardToken"])
    assert words(again["events"]) == ["3a", "3b"]
    seen, token = [], None
    while True:
        more = {"nextToken": token} if token else {"startFromHead": True}
        page = logs.get_log_events(**where, **more)
        if page["nextForwardToken"] == token:
            break
        seen += words(page["events"])
        token = page["nextForwardToken"]
    assert seen == ["1a", "1b", "2a", "2b", "3a", "3b"]
    server.says(exported + 3, "3c")
    assert words(logs.get_log_events(**where, nextToken=token)["events"]) == ["3c"]


def test_before_anything_is_said_a_page_waits_at_the_beginning(
    exported: float, server: Server, logs: Any
) -> None:
    server.says(exported - 60, "before")
    where = {"logGroupName": GROUP, "logStreamName": "myapp-mysql-db"}
    empty = logs.get_log_events(**where)
    assert empty["events"] == []
    server.says(exported + 1, "first")
    page = logs.get_log_events(**where, nextToken=empty["nextForwardToken"])
    assert words(page["events"]) == ["first"]


def test_a_span_of_time(exported: float, server: Server, logs: Any) -> None:
    for second in range(1, 5):
        server.says(exported + second, str(second))
    span = {"startTime": int(exported + 2) * 1000, "endTime": int(exported + 3) * 1000}
    # One operation includes the end, the other does not: so CloudWatch's manual.
    assert words(logs.filter_log_events(logGroupName=GROUP, **span)["events"]) == ["2", "3"]
    where = {"logGroupName": GROUP, "logStreamName": "myapp-mysql-db"}
    for head in (True, False):
        page = logs.get_log_events(**where, **span, startFromHead=head)
        assert words(page["events"]) == ["2"]


def test_filtering_pages_through_all_streams_in_the_order_of_time(
    endpoint: Endpoint, site: Site, logs: Any
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="shop", Engine="aurora-mysql", MasterUsername="admin",
        MasterUserPassword=PASSWORD, EnableCloudwatchLogsExports=["audit"],
    )  # fmt: skip
    began = time.time()
    for name in ("shop-a", "shop-b"):
        rds.create_db_instance(
            DBInstanceIdentifier=name, DBClusterIdentifier="shop", Engine="aurora-mysql",
            DBInstanceClass="db.r6g.large",
        )  # fmt: skip
    a, b = (Server(site, name) for name in ("shop-a", "shop-b"))
    a.says(began + 1, "find a1", "leave")
    b.says(began + 2, "find b2")
    a.says(began + 3, "find a3")
    group = "/aws/rds/cluster/shop/audit"
    paginator = logs.get_paginator("filter_log_events")
    pages = list(
        paginator.paginate(
            logGroupName=group, filterPattern="find", PaginationConfig={"PageSize": 1}
        )
    )
    found = [event for page in pages for event in page["events"]]
    assert words(found) == ["find a1", "find b2", "find a3"]
    assert [event["logStreamName"] for event in found] == ["shop-a", "shop-b", "shop-a"]
    one = logs.filter_log_events(logGroupName=group, logStreamNames=["shop-b"])["events"]
    assert words(one) == ["find b2"]


def test_what_is_no_pattern_and_no_token_is_refused(exported: float, logs: Any) -> None:
    for wrong in ({"filterPattern": "{ $.a = 1 }"}, {"nextToken": "x"}):
        code = refusal(logs.filter_log_events, logGroupName=GROUP, **wrong)
        assert code == "InvalidParameterException"
    missing = {"logGroupName": GROUP, "logStreamName": "nobody"}
    assert refusal(logs.get_log_events, **missing) == "ResourceNotFoundException"


def test_lines_outlive_their_database_until_their_group_is_deleted(
    endpoint: Endpoint, exported: float, server: Server, logs: Any
) -> None:
    server.says(exported, "of a database that is gone")
    server.says(exported, "in a log that nobody exported", log="general")
    endpoint.client("rds").delete_db_instance(
        DBInstanceIdentifier="myapp-mysql-db", SkipFinalSnapshot=True
    )
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    assert words(found) == ["of a database that is gone"]
    assert [path.name for path in server.folder.iterdir()] == ["audit.log"]
    logs.delete_log_group(logGroupName=GROUP)
    assert refusal(logs.filter_log_events, logGroupName=GROUP) == "ResourceNotFoundException"
    assert not server.folder.exists()


def test_a_group_that_is_deleted_and_made_again_has_new_lines_only(
    exported: float, server: Server, logs: Any
) -> None:
    server.says(exported, "old")
    logs.delete_log_group(logGroupName=GROUP)
    time.sleep(1.1)
    logs.create_log_group(logGroupName=GROUP)
    server.says(time.time(), "new")
    assert words(logs.filter_log_events(logGroupName=GROUP)["events"]) == ["new"]


def test_what_a_groups_retention_has_expired_is_not_there(
    exported: float, server: Server, logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says(exported, "old")
    server.says(exported + 86_400, "new")
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    later = time.time_ns() + 90_000 * 10**9
    monkeypatch.setattr("localcloud.services.log_exports.time.time_ns", lambda: later)
    assert words(logs.filter_log_events(logGroupName=GROUP)["events"]) == ["new"]


def test_exports_are_known_after_a_kill(site: Site, endpoint: Endpoint, server: Server) -> None:
    began = time.time()
    endpoint.client("rds").create_db_instance(**mysql(EnableCloudwatchLogsExports=["audit"]))
    server.says(began, "before the kill")
    with served(site, endpoint.fleet) as second:
        found = second.client("logs").filter_log_events(logGroupName=GROUP)["events"]
        assert words(found) == ["before the kill"]


def test_other_groups_are_motos(exported: float, logs: Any) -> None:
    logs.create_log_group(logGroupName="/mine")
    logs.create_log_stream(logGroupName="/mine", logStreamName="s")
    event = {"timestamp": time.time_ns() // 10**6, "message": "hello"}
    logs.put_log_events(logGroupName="/mine", logStreamName="s", logEvents=[event])
    assert logs.describe_log_streams(logGroupName="/mine")["logStreams"][0]["logStreamName"] == "s"
    page = logs.get_log_events(logGroupName="/mine", logStreamName="s")
    assert page["events"][0]["message"] == "hello"
    found = logs.filter_log_events(logGroupName="/mine")["events"]
    assert found[0]["message"] == "hello"


def test_rds_shows_the_files_themselves(
    endpoint: Endpoint, exported: float, server: Server
) -> None:
    server.says(exported, "one", "two", "three")
    rds, name = endpoint.client("rds"), {"DBInstanceIdentifier": "myapp-mysql-db"}
    (file,) = rds.describe_db_log_files(**name)["DescribeDBLogFiles"]
    assert file["LogFileName"] == "audit/server_audit.log"
    assert file["Size"] == (server.folder / "audit.log").stat().st_size
    where = {**name, "LogFileName": file["LogFileName"]}
    end = rds.download_db_log_file_portion(**where, NumberOfLines=1)
    assert "three" in end["LogFileData"]
    assert "two" not in end["LogFileData"]
    assert end["AdditionalDataPending"] is False
    first = rds.download_db_log_file_portion(**where, Marker="0", NumberOfLines=2)
    assert (first["LogFileData"].count("\n"), first["AdditionalDataPending"]) == (2, True)
    rest = rds.download_db_log_file_portion(**where, Marker=first["Marker"])
    assert "three" in rest["LogFileData"]
    missing = {**name, "LogFileName": "error/none.log"}
    assert refusal(rds.download_db_log_file_portion, **missing) == "DBLogFileNotFoundFault"
