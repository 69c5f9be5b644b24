"""What AWS and the servers have on record: alarms, statements, calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contract import Database
from verify.aws import Cloud
from verify.errors import NotApplicable, Refused, StepFailed
from verify.session import Session

_SHOWN = 3


def every_database_is_watched(cloud: Cloud, databases: Mapping[str, Database]) -> str:
    """Prove that each server of each database has an alarm in its region."""
    needs = {name: list(_watched_of(database)) for name, database in databases.items()}
    regions = sorted({region for own in needs.values() for region, _ in own})
    by_region = {region: list(alarms(cloud, region)) for region in regions}
    known = {
        (region, dimension["Value"])
        for region, found in by_region.items()
        for alarm in found
        for dimension in alarm.get("Dimensions", [])
    }
    if not any(need in known for own in needs.values() for need in own):
        raise NotApplicable("no alarm watches this stack; its config's monitoring makes them")
    missing = [f"{name}: {n[1]}" for name, own in needs.items() for n in own if n not in known]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise StepFailed(f"nothing watches {', '.join(missing[:_SHOWN])}{more}")
    every = {need for own in needs.values() for need in own}
    ours = [
        alarm
        for region, found in by_region.items()
        for alarm in found
        if any((region, d["Value"]) in every for d in alarm.get("Dimensions", []))
    ]
    loud = sorted(alarm["AlarmName"] for alarm in ours if alarm["StateValue"] == "ALARM")
    states = f"in ALARM: {', '.join(loud)}" if loud else "none in ALARM"
    return f"{len(ours)} alarms on {len(every)} servers of {len(databases)} databases, {states}"


def _watched_of(database: Database) -> Iterator[tuple[str, str]]:
    """Region and name of everything that an alarm should be about."""
    if database.migration is not None:
        # Its metrics have the task's internal id, which nobody knows before it is there.
        return
    if database.proxy is not None:
        yield database.region, database.proxy
    elif database.kind in ("memcached", "serverless-cache") and database.cluster is not None:
        # Nodes are told apart by their number within the cluster.
        yield database.region, database.cluster
    else:
        yield from ((database.region, name) for name in database.instances)
    if database.worldwide is not None:
        for secondary in database.worldwide.secondaries:
            yield secondary.region, secondary.cluster
            yield from ((secondary.region, name) for name in secondary.instances)


def alarms(cloud: Cloud, region: str) -> Iterator[dict[str, Any]]:
    """Every metric alarm of a region."""
    token: dict[str, Any] = {}
    while True:
        answer = cloud.ask(
            "cloudwatch", region, "describe_alarms", AlarmTypes=["MetricAlarm"], **token
        )
        yield from answer["MetricAlarms"]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def put_alarm(
    cloud: Cloud, region: str, name: str, instance: str, threshold: float, period_s: int
) -> None:
    """An alarm that tells nobody, on the connections of one instance, as quick as can be."""
    cloud.ask(
        "cloudwatch",
        region,
        "put_metric_alarm",
        AlarmName=name,
        AlarmDescription="Made by verify.monitoring, which deletes it again",
        Namespace="AWS/RDS",
        MetricName="DatabaseConnections",
        Dimensions=[{"Name": "DBInstanceIdentifier", "Value": instance}],
        Statistic="Maximum",
        Period=period_s,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=threshold,
        TreatMissingData="ignore",
        ActionsEnabled=False,
    )


def alarm_state(cloud: Cloud, region: str, name: str) -> str:
    """OK, ALARM or INSUFFICIENT_DATA."""
    found = cloud.ask("cloudwatch", region, "describe_alarms", AlarmNames=[name])["MetricAlarms"]
    if not found:
        raise StepFailed(f"CloudWatch has no alarm {name}")
    return str(found[0]["StateValue"])


def forget_alarm(cloud: Cloud, region: str, name: str) -> str:
    """Delete an alarm if it is there."""
    found = cloud.ask("cloudwatch", region, "describe_alarms", AlarmNames=[name])["MetricAlarms"]
    if not found:
        return "none"
    cloud.ask("cloudwatch", region, "delete_alarms", AlarmNames=[name])
    return f"deleted the alarm {name}"


def in_mysql_digests(sql: Session, word: str, times: int) -> str:
    """Run a statement that has ``word`` in it, and find it in the performance schema."""
    if int(sql.run("SELECT @@performance_schema")[0][0]) == 0:
        raise NotApplicable(
            "performance_schema is off; Performance Insights, or a parameter, switches it on"
        )
    for _ in range(times):
        sql.run(f"SELECT 1 AS {word}")
    rows = sql.run(
        "SELECT COUNT_STAR FROM performance_schema.events_statements_summary_by_digest "
        "WHERE DIGEST_TEXT LIKE %s",
        (f"%{word}%",),
    )
    return _counted(rows, times)


def in_postgres_statements(sql: Session, word: str, times: int) -> str:
    """The same in pg_stat_statements."""
    try:
        sql.run("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    except Refused as error:
        raise NotApplicable(f"there is no pg_stat_statements here: {error}") from error
    for _ in range(times):
        sql.run(f"SELECT 1 AS {word}")
    rows = sql.run("SELECT calls FROM pg_stat_statements WHERE query LIKE %s", (f"%{word}%",))
    return _counted(rows, times)


def _counted(rows: list[tuple[Any, ...]], times: int) -> str:
    # The question itself has another digest, in which the word is a value.
    count = max((int(row[0]) for row in rows), default=0)
    if count < times:
        raise StepFailed(f"it ran {times} times, and the server counted {count}")
    return f"run {times} times, counted {count}"


def load_in_insights(cloud: Cloud, region: str, instance: Mapping[str, Any]) -> str:
    """The load of the last hour, as Performance Insights has it."""
    end = datetime.now(UTC)
    answer = cloud.ask(
        "pi",
        region,
        "get_resource_metrics",
        ServiceType="RDS",
        Identifier=instance["DbiResourceId"],
        MetricQueries=[{"Metric": "db.load.avg"}],
        StartTime=end - timedelta(hours=1),
        EndTime=end,
        PeriodInSeconds=60,
    )
    points = [
        point["Value"]
        for metric in answer["MetricList"]
        for point in metric["DataPoints"]
        if point.get("Value") is not None
    ]
    if not points:
        raise StepFailed("Performance Insights is on and knows no load of the last hour")
    return f"{len(points)} minutes, {max(points):.2f} sessions at most"


def calls_about(cloud: Cloud, region: str, resource: str) -> list[dict[str, Any]]:
    """CloudTrail's events that name a resource, newest first."""
    found: list[dict[str, Any]] = []
    token: dict[str, Any] = {}
    while True:
        answer = cloud.ask(
            "cloudtrail",
            region,
            "lookup_events",
            LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": resource}],
            **token,
        )
        found += answer["Events"]
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}


def activity_streams(cloud: Cloud, databases: Mapping[str, Database]) -> str:
    """Prove that every stream that somebody started still is. What is in them is not read here:
    it is encrypted for whoever may use the key.
    """
    clusters = [
        cloud.cluster(database.region, database.cluster)
        for database in databases.values()
        if database.kind in ("aurora-mysql", "aurora-postgresql") and database.cluster is not None
    ]
    streams = {
        found["DBClusterIdentifier"]: found
        for found in clusters
        if found.get("ActivityStreamStatus", "stopped") != "stopped"
    }
    if not streams:
        raise NotApplicable("no cluster has one; an aurora-mysql topology's activity_stream does")
    if lack := cloud.lacks("activity-streams"):
        raise NotApplicable(lack)
    for name, found in streams.items():
        if found["ActivityStreamStatus"] != "started":
            raise StepFailed(f"that of {name} is {found['ActivityStreamStatus']}, not started")
    return ", ".join(
        f"{name} to {found['ActivityStreamKinesisStreamName']}" for name, found in streams.items()
    )
