"""DMS's API by plain boto3: what it repeats, what it refuses, what it asks of a worker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.fleet import Ref
from localcloud.migration.progress import Progress, TableProgress
from tests.localcloud.dms_ground import (
    MAPPINGS,
    DmsGround,
    dms_ground,
    make_vpc_role,
    trust,
)
from tests.localcloud.front_fixtures import Ground, endpoint, ground, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["dms_ground", "endpoint", "ground", "site"]
WORKER = Ref("us-east-1", "task-move")


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is behind these endpoints; a test that says nothing of it takes them as reached."""
    monkeypatch.setattr("localcloud.services.dms_endpoints.reach", lambda end: None)


def connect(g: DmsGround) -> None:
    for arn in (g.source, g.target):
        g.dms.test_connection(ReplicationInstanceArn=g.instance, EndpointArn=arn)


def started(g: DmsGround, **changes: Any) -> str:
    task = g.dms.create_replication_task(**g.task(**changes))["ReplicationTask"]
    connect(g)
    arn: str = task["ReplicationTaskArn"]
    g.dms.start_replication_task(
        ReplicationTaskArn=arn, StartReplicationTaskType="start-replication"
    )
    return arn


def test_a_subnet_group_needs_the_role_that_looks_into_the_vpc(
    endpoint: Endpoint, ground: Ground
) -> None:
    dms = endpoint.client("dms")
    group: dict[str, Any] = {
        "ReplicationSubnetGroupIdentifier": "group",
        "ReplicationSubnetGroupDescription": "d",
        "SubnetIds": list(ground.subnets[:2]),
    }
    create = dms.create_replication_subnet_group
    assert refusal(create, **group) == "AccessDeniedFault"
    make_vpc_role(endpoint)
    one = group | {"SubnetIds": list(ground.subnets[:1])}
    assert refusal(create, **one) == "ReplicationSubnetGroupDoesNotCoverEnoughAZs"
    reserved = group | {"ReplicationSubnetGroupIdentifier": "default"}
    assert refusal(create, **reserved) == "InvalidParameterValueException"
    create(**group)
    assert refusal(create, **group) == "ResourceAlreadyExistsFault"
    found = dms.describe_replication_subnet_groups()["ReplicationSubnetGroups"]
    assert [g["ReplicationSubnetGroupIdentifier"] for g in found] == ["group"]


def test_an_instance_reports_what_was_asked(dms_ground: DmsGround, ground: Ground) -> None:
    wanted = [{"Name": "replication-instance-arn", "Values": [dms_ground.instance]}]
    (found,) = dms_ground.dms.describe_replication_instances(Filters=wanted)["ReplicationInstances"]
    assert found["ReplicationInstanceStatus"] == "available"
    assert found["EngineVersion"] == "3.6.1"
    # DMS's own default, which is why the component says no.
    assert found["PubliclyAccessible"] is True
    assert found["VpcSecurityGroups"] == [
        {"VpcSecurityGroupId": ground.security_group, "Status": "active"}
    ]
    assert found["ReplicationSubnetGroup"]["ReplicationSubnetGroupIdentifier"] == "group"
    dms_ground.dms.modify_replication_instance(
        ReplicationInstanceArn=dms_ground.instance,
        ReplicationInstanceClass="dms.r6i.large",
        ApplyImmediately=True,
    )
    (found,) = dms_ground.dms.describe_replication_instances()["ReplicationInstances"]
    assert found["ReplicationInstanceClass"] == "dms.r6i.large"


def test_no_password_is_ever_reported(dms_ground: DmsGround) -> None:
    plain = {
        "EndpointIdentifier": "plain",
        "EndpointType": "source",
        "EngineName": "mysql",
        "ServerName": "db",
        "Port": 3306,
        "Username": "admin",
        "Password": "hidden-2",
    }
    made = dms_ground.dms.create_endpoint(**plain)
    found = dms_ground.dms.describe_endpoints()
    assert "hidden" not in str(made) + str(found)
    by_name = {e["EndpointIdentifier"]: e for e in found["Endpoints"]}
    assert by_name["plain"]["Username"] == "admin"
    assert "Username" not in by_name["source"]


@pytest.mark.parametrize(
    "principal", ["dms.amazonaws.com", "dms.us-west-2.amazonaws.com", "rds.amazonaws.com"]
)
def test_a_secret_is_read_by_the_regional_principal_only(
    endpoint: Endpoint, dms_ground: DmsGround, principal: str
) -> None:
    endpoint.client("iam").update_assume_role_policy(
        RoleName="secrets", PolicyDocument=trust(principal)
    )
    test = dms_ground.dms.test_connection
    arguments = {
        "ReplicationInstanceArn": dms_ground.instance,
        "EndpointArn": dms_ground.source,
    }
    assert refusal(test, **arguments) == "AccessDeniedFault"


def test_a_secret_without_an_address_is_none(endpoint: Endpoint, dms_ground: DmsGround) -> None:
    endpoint.client("secretsmanager").put_secret_value(
        SecretId=dms_ground.secret, SecretString=json.dumps({"username": "a", "password": "b"})
    )
    code = refusal(
        dms_ground.dms.test_connection,
        ReplicationInstanceArn=dms_ground.instance,
        EndpointArn=dms_ground.source,
    )
    assert code == "InvalidParameterValueException"


def test_a_task_starts_after_both_connections_were_tested(dms_ground: DmsGround) -> None:
    dms = dms_ground.dms
    task = dms.create_replication_task(**dms_ground.task())["ReplicationTask"]
    assert task["Status"] == "ready"
    start = {
        "ReplicationTaskArn": task["ReplicationTaskArn"],
        "StartReplicationTaskType": "start-replication",
    }
    assert refusal(dms.start_replication_task, **start) == "InvalidResourceStateFault"
    # Nobody listens where the secret leads.
    connect(dms_ground)
    connections = dms.describe_connections()["Connections"]
    assert {c["Status"] for c in connections} == {"failed"}
    assert "127.0.0.9:3306" in connections[0]["LastFailureMessage"]
    assert refusal(dms.start_replication_task, **start) == "InvalidResourceStateFault"


@pytest.mark.usefixtures("reachable")
def test_a_start_gives_the_worker_its_orders(endpoint: Endpoint, dms_ground: DmsGround) -> None:
    settings = json.dumps({"FullLoadSettings": {"TargetTablePrepMode": "TRUNCATE_BEFORE_LOAD"}})
    arn = started(dms_ground, ReplicationTaskSettings=settings)
    ((ref, orders),) = endpoint.fleet.named("start_migration")
    assert ref == WORKER
    assert (orders.mode, orders.preparation, orders.mappings) == (
        "full-load-and-cdc",
        "TRUNCATE_BEFORE_LOAD",
        MAPPINGS,
    )
    assert (orders.source.host, orders.source.user, orders.source.password) == (
        "127.0.0.9",
        "admin",
        "hidden-1",
    )
    assert orders.target.verify_host
    assert "BEGIN CERTIFICATE" in str(orders.target.ca_pem)
    # Not its name: a later task of the same name does not go on where this one was.
    assert arn.endswith(orders.task)


@pytest.mark.usefixtures("reachable")
def test_the_life_of_a_task(endpoint: Endpoint, dms_ground: DmsGround) -> None:
    dms, fleet = dms_ground.dms, endpoint.fleet
    arn = started(dms_ground)

    def shown() -> dict[str, Any]:
        (found,) = dms.describe_replication_tasks()["ReplicationTasks"]
        facts: dict[str, Any] = found
        return facts

    assert shown()["Status"] == "starting"
    table = TableProgress(state="Table completed", loaded=7, inserts=3, load_ended="2026-01-01")
    waiting = TableProgress(state="Full load", loaded=2)
    fleet.progress[WORKER] = Progress(
        run="r",
        status="running",
        started="2026-01-01T00:00:00.000+00:00",
        load_started="2026-01-01T00:00:01.000+00:00",
        tables={"app.done": table, "app.under way": waiting},
    )
    running = shown()
    assert running["Status"] == "running"
    counts = running["ReplicationTaskStats"]
    assert (counts["FullLoadProgressPercent"], counts["TablesLoaded"]) == (50, 1)
    assert (counts["TablesLoading"], counts["TablesErrored"]) == (1, 0)
    rows = dms.describe_table_statistics(ReplicationTaskArn=arn)["TableStatistics"]
    assert [(r["TableName"], r["FullLoadRows"], r["Inserts"], r["TableState"]) for r in rows] == [
        ("done", 7, 3, "Table completed"),
        ("under way", 2, 0, "Full load"),
    ]
    state = "InvalidResourceStateFault"
    assert refusal(dms.delete_replication_task, ReplicationTaskArn=arn) == state
    modify = {"ReplicationTaskArn": arn, "MigrationType": "cdc"}
    assert refusal(dms.modify_replication_task, **modify) == state
    again = {"ReplicationTaskArn": arn, "StartReplicationTaskType": "resume-processing"}
    assert refusal(dms.start_replication_task, **again) == state
    assert dms.stop_replication_task(ReplicationTaskArn=arn)["ReplicationTask"]["Status"] == (
        "stopping"
    )
    assert fleet.named("stop_migration") == [(WORKER,)]
    fleet.progress[WORKER] = fleet.progress[WORKER].model_copy(update={"status": "stopped"})
    assert (shown()["Status"], shown()["StopReason"]) == ("stopped", "Stop Reason NORMAL")
    assert refusal(dms.stop_replication_task, ReplicationTaskArn=arn) == state
    first_again = again | {"StartReplicationTaskType": "start-replication"}
    assert refusal(dms.start_replication_task, **first_again) == (
        "InvalidParameterCombinationException"
    )
    dms.start_replication_task(**again)
    first, second = fleet.named("start_migration")
    assert first[1].run == second[1].run
    fleet.progress[WORKER] = fleet.progress[WORKER].model_copy(
        update={"status": "failed", "trouble": "no such table"}
    )
    assert (shown()["Status"], shown()["LastFailureMessage"]) == ("failed", "no such table")
    dms.start_replication_task(**(again | {"StartReplicationTaskType": "reload-target"}))
    assert fleet.named("start_migration")[2][1].run != first[1].run
    fleet.progress[WORKER] = fleet.progress[WORKER].model_copy(update={"status": "finished"})
    assert shown()["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    dms.modify_replication_task(**modify)
    assert shown()["MigrationType"] == "cdc"
    dms.delete_replication_task(ReplicationTaskArn=arn)
    assert fleet.named("delete_migration") == [(WORKER,)]
    assert dms.describe_replication_tasks()["ReplicationTasks"] == []


def test_what_is_in_use_stays(endpoint: Endpoint, dms_ground: DmsGround, ground: Ground) -> None:
    dms = dms_ground.dms
    dms.create_replication_task(**dms_ground.task())
    state = "InvalidResourceStateFault"
    delete_instance = dms.delete_replication_instance
    assert refusal(delete_instance, ReplicationInstanceArn=dms_ground.instance) == state
    assert refusal(dms.delete_endpoint, EndpointArn=dms_ground.source) == state
    assert refusal(dms.delete_certificate, CertificateArn=dms_ground.certificate) == state
    delete_group = dms.delete_replication_subnet_group
    assert refusal(delete_group, ReplicationSubnetGroupIdentifier="group") == state
    delete_security_group = endpoint.client("ec2").delete_security_group
    assert refusal(delete_security_group, GroupId=ground.security_group) == "DependencyViolation"


@pytest.mark.usefixtures("reachable")
def test_serverless_runs_without_an_instance(endpoint: Endpoint, dms_ground: DmsGround) -> None:
    dms, worker = dms_ground.dms, Ref("us-east-1", "config-move")
    config = dms.create_replication_config(**dms_ground.config())["ReplicationConfig"]
    assert config["ComputeConfig"]["MinCapacityUnits"] == 1
    arn = config["ReplicationConfigArn"]

    def shown() -> dict[str, Any]:
        (found,) = dms.describe_replications()["Replications"]
        facts: dict[str, Any] = found
        return facts

    assert shown()["Status"] == "created"
    dms.start_replication(ReplicationConfigArn=arn, StartReplicationType="start-replication")
    ((ref, orders),) = endpoint.fleet.named("start_migration")
    assert (ref, orders.mode) == (worker, "full-load-and-cdc")
    endpoint.fleet.progress[worker] = Progress(
        run=orders.run, status="running", started="2026-01-01T00:00:00.000+00:00"
    )
    assert shown()["ProvisionData"]["ProvisionedCapacityUnits"] == 1
    delete = {"ReplicationConfigArn": arn}
    assert refusal(dms.delete_replication_config, **delete) == "InvalidResourceStateFault"
    dms.stop_replication(ReplicationConfigArn=arn)
    endpoint.fleet.progress[worker] = Progress(
        run=orders.run, status="stopped", started="2026-01-01T00:00:00.000+00:00"
    )
    assert shown()["ProvisionData"]["ProvisionState"] == "deprovisioned"
    dms.delete_replication_config(**delete)
    assert dms.describe_replication_configs()["ReplicationConfigs"] == []


def test_tags(dms_ground: DmsGround) -> None:
    dms = dms_ground.dms
    arn = dms_ground.source
    dms.add_tags_to_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    dms.add_tags_to_resource(
        ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    )
    dms.remove_tags_from_resource(ResourceArn=arn, TagKeys=["b"])
    tags = dms.list_tags_for_resource(ResourceArn=arn)["TagList"]
    assert [(tag["Key"], tag["Value"]) for tag in tags] == [("a", "2")]


def test_schema_conversion_is_recorded(dms_ground: DmsGround) -> None:
    dms = dms_ground.dms
    providers = {
        name: dms.create_data_provider(
            DataProviderName=name,
            Engine="mysql",
            Settings={"MySqlSettings": {"ServerName": "db", "Port": 3306}},
        )["DataProvider"]["DataProviderArn"]
        for name in ("from", "to")
    }
    profile = dms.create_instance_profile(InstanceProfileName="profile")["InstanceProfile"]
    project = dms.create_migration_project(
        MigrationProjectName="project",
        InstanceProfileIdentifier=profile["InstanceProfileArn"],
        SourceDataProviderDescriptors=[{"DataProviderIdentifier": providers["from"]}],
        TargetDataProviderDescriptors=[{"DataProviderIdentifier": providers["to"]}],
    )["MigrationProject"]
    assert project["InstanceProfileName"] == "profile"
    assert project["SourceDataProviderDescriptors"][0]["DataProviderName"] == "from"
    delete = {"DataProviderIdentifier": providers["to"]}
    assert refusal(dms.delete_data_provider, **delete) == "InvalidResourceStateFault"
    dms.delete_migration_project(MigrationProjectIdentifier=project["MigrationProjectArn"])
    dms.delete_data_provider(**delete)
    left = dms.describe_data_providers()["DataProviders"]
    assert [p["DataProviderName"] for p in left] == ["from"]


def test_moto_answers_nothing_of_dms(endpoint: Endpoint) -> None:
    describe = endpoint.client("dms").describe_event_categories
    assert refusal(describe) == "InvalidAction"
