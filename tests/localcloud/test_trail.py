"""The history of calls: what is in it, what is not, and that it outlives the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localcloud.site import Site
from localcloud.trail import Trail
from tests.localcloud.front_fixtures import PASSWORD, Ground, endpoint, ground, mysql, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]


def looked_up(endpoint: Endpoint, key: str, value: str) -> list[str]:
    events = endpoint.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}]
    )["Events"]
    return [event["EventName"] for event in events]


def test_who_made_a_database(endpoint: Endpoint, ground: Ground, site: Site) -> None:
    endpoint.client("rds").create_db_instance(**mysql(VpcSecurityGroupIds=[ground.security_group]))
    endpoint.client("rds").describe_db_instances()
    assert looked_up(endpoint, "ResourceName", "myapp-mysql-db") == ["CreateDBInstance"]
    assert "DescribeDBInstances" not in looked_up(endpoint, "EventSource", "rds.amazonaws.com")
    assert "CreateKey" in looked_up(endpoint, "EventName", "CreateKey")
    assert looked_up(endpoint, "ResourceName", "another") == []
    assert PASSWORD not in (site.state_dir / "trail.jsonl").read_text()


def test_what_was_refused_says_how(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    with pytest.raises(ClientError):
        rds.delete_db_instance(DBInstanceIdentifier="nobody", SkipFinalSnapshot=True)
    (event,) = endpoint.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "nobody"}]
    )["Events"]
    assert event["EventName"] == "DeleteDBInstance"
    assert '"errorCode": "DBInstanceNotFound"' in event["CloudTrailEvent"]


def test_a_region_has_its_own(endpoint: Endpoint) -> None:
    endpoint.client("kms", "us-west-2").create_key()
    assert looked_up(endpoint, "EventName", "CreateKey") == []


def test_what_it_cannot_look_up_by_it_refuses(endpoint: Endpoint) -> None:
    with pytest.raises(ClientError, match="does not look events up by Username"):
        looked_up(endpoint, "Username", "me")


def test_it_outlives_the_daemon(tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    named = {"DBInstanceIdentifier": "db", "MasterUserPassword": "x", "MasterUsername": "admin"}
    Trail(file).note("us-east-1", "rds", "CreateDBInstance", named, None)
    with file.open("a") as torn:
        torn.write('{"id": "half')
    (event,) = Trail(file).events("us-east-1")
    assert (event["operation"], event["resources"]) == ("CreateDBInstance", ["db"])
