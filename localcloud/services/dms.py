"""DMS: everything this service answers, wired together."""

from __future__ import annotations

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.records import Record
from localcloud.services.alarms import Alarms
from localcloud.services.context import Cloud, describe_events
from localcloud.services.dms_conversion import Trio
from localcloud.services.dms_endpoints import Endpoints
from localcloud.services.dms_instances import Instances
from localcloud.services.dms_kinds import INSTANCE, TAGGED
from localcloud.services.dms_records import Store
from localcloud.services.dms_runs import Runs
from localcloud.services.dms_serverless import Serverless
from localcloud.services.dms_tasks import Tasks
from localcloud.services.event_subscriptions import DMS, EventSubscriptions


def register(operations: Operations, cloud: Cloud, alarms: Alarms) -> None:
    """Add DMS to ``operations``. moto's records of it would report tasks that move nothing."""
    operations.closed.add("dms")
    endpoints = Endpoints(cloud)
    runs = Runs(cloud, endpoints)
    for part in (
        Instances(cloud),
        endpoints,
        Tasks(cloud, endpoints, runs),
        Serverless(cloud, runs),
        Trio(cloud),
        EventSubscriptions(cloud, alarms, DMS),
        _Tags(cloud),
    ):
        part.register(operations)
    operations.handle("dms", "DescribeEvents", lambda call: describe_events(cloud, call))
    operations.check_before("ec2", "DeleteSecurityGroup", lambda call: _not_in_use(cloud, call))


def _not_in_use(cloud: Cloud, call: Call) -> None:
    wanted = call.params.get("GroupId")
    for record in cloud.records.all(INSTANCE.kind, call.region):
        if any(group["VpcSecurityGroupId"] == wanted for group in record["VpcSecurityGroups"]):
            raise ApiError("DependencyViolation", f"resource {wanted} has a dependent object")


class _Tags:
    """DMS's tag operations, whose members RDS calls otherwise."""

    def __init__(self, cloud: Cloud) -> None:
        self._stores = [Store(cloud, kind) for kind in TAGGED]

    def register(self, operations: Operations) -> None:
        operations.handle("dms", "AddTagsToResource", self._add)
        operations.handle("dms", "RemoveTagsFromResource", self._remove)
        operations.handle("dms", "ListTagsForResource", self._list)

    def _find(self, region: str, arn: str) -> tuple[Store, Record]:
        for store in self._stores:
            for record in store.all(region):
                if record["_arn"] == arn:
                    return store, record
        raise ApiError("ResourceNotFoundFault", f"Resource {arn} not found.", 404)

    def _add(self, call: Call) -> Answer:
        store, record = self._find(call.region, call.params["ResourceArn"])
        tags = {tag["Key"]: tag for tag in [*record["TagList"], *call.params["Tags"]]}
        store.update(record, TagList=list(tags.values()))
        return {}

    def _remove(self, call: Call) -> Answer:
        store, record = self._find(call.region, call.params["ResourceArn"])
        gone = set(call.params["TagKeys"])
        store.update(record, TagList=[t for t in record["TagList"] if t["Key"] not in gone])
        return {}

    def _list(self, call: Call) -> Answer:
        wanted = call.params.get("ResourceArnList") or [call.params["ResourceArn"]]
        found = [(arn, self._find(call.region, arn)[1]) for arn in wanted]
        return {
            "TagList": [{**tag, "ResourceArn": arn} for arn, r in found for tag in r["TagList"]]
        }
