from __future__ import annotations

import pytest

from localcloud.errors import StateUnreadable
from localcloud.fleet import Ref
from localcloud.records import Records
from localcloud.site import Site
from tests.localcloud.front_fixtures import mysql, refusal, site
from tests.localcloud.front_site import served
from tests.localcloud.recording_fleet import RecordingFleet

__all__ = ["site"]
NAME = "myapp-mysql-db"
REF = Ref("us-east-1", NAME)


def _with_one_instance(site: Site) -> RecordingFleet:
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        first.client("rds").create_db_instance(**mysql())
    return fleet


def _set_status(site: Site, status: str) -> None:
    records = Records(site.state_dir / "records.json")
    records.update("instance", REF.region, NAME, DBInstanceStatus=status)


@pytest.mark.parametrize("status", ["creating", "deleting"])
def test_what_a_kill_cut_short_is_cleared_away(site: Site, status: str) -> None:
    fleet = _with_one_instance(site)
    _set_status(site, status)
    with served(site, fleet) as second:
        assert fleet.named("delete_instance") == [(REF,)]
        rds = second.client("rds")
        assert refusal(rds.describe_db_instances, DBInstanceIdentifier=NAME) == "DBInstanceNotFound"
        rds.create_db_instance(**mysql())


def test_a_finished_instance_is_left_alone(site: Site) -> None:
    fleet = _with_one_instance(site)
    with served(site, fleet) as second:
        shown = second.client("rds").describe_db_instances()["DBInstances"]
    assert [i["DBInstanceIdentifier"] for i in shown] == [NAME]
    assert [call[0] for call in fleet.calls] == ["create_instance", "take"]


def test_an_instance_without_a_server_is_reported_failed_until_it_has_one(site: Site) -> None:
    fleet = _with_one_instance(site)
    rows = list(fleet.rows)
    seen = []
    for fleet.rows in ([], rows):
        with served(site, fleet) as later:
            shown = later.client("rds").describe_db_instances()["DBInstances"]
            seen.append([i["DBInstanceStatus"] for i in shown])
    assert seen == [["failed"], ["available"]]
    assert fleet.named("delete_instance") == []


def test_a_server_without_a_record_goes(site: Site) -> None:
    fleet = _with_one_instance(site)
    Records(site.state_dir / "records.json").drop("instance", REF.region, NAME)
    with served(site, fleet):
        assert fleet.named("delete_instance") == [(REF,)]


def test_servers_are_not_wiped_because_a_file_is_lost(site: Site) -> None:
    fleet = _with_one_instance(site)
    (site.state_dir / "records.json").unlink()
    with pytest.raises(StateUnreadable, match="down --wipe"), served(site, fleet):
        pass
    assert fleet.named("delete_instance") == []


def test_a_server_that_missed_its_groups_last_change_gets_it_at_the_next_start(site: Site) -> None:
    """A kill came between the record and the server, or an older version knew no such option."""
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        rds = first.client("rds")
        group = {"DBParameterGroupName": "p"}
        rds.create_db_parameter_group(**group, DBParameterGroupFamily="mysql8.4", Description="d")
        slow = {"ParameterName": "long_query_time", "ParameterValue": "2"}
        rds.modify_db_parameter_group(**group, Parameters=[slow | {"ApplyMethod": "immediate"}])
        rds.create_db_instance(**mysql(DBParameterGroupName="p"))
    fleet.told[REF] = {}
    for _ in range(2):
        with served(site, fleet):
            assert fleet.named("set_parameters") == [(REF, {"long_query_time": "2"})]


def test_a_server_that_takes_no_parameters_is_no_reason_to_have_no_endpoint(site: Site) -> None:
    fleet = _with_one_instance(site)
    fleet.told[REF] = {"long_query_time": "2"}
    fleet.failing.add("set_parameters")
    with served(site, fleet) as second:
        shown = second.client("rds").describe_db_instances()["DBInstances"]
    assert [i["DBInstanceStatus"] for i in shown] == ["available"]
