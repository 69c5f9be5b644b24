"""Schema conversion of DMS: plain records, for nothing here converts a schema."""

from __future__ import annotations

from localcloud.api import Answer, Call, Operations, now
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.dms_kinds import DATA_PROVIDER, INSTANCE_PROFILE, MIGRATION_PROJECT
from localcloud.services.dms_records import Kind, Store, wrong_state


class Trio:
    """Data providers, instance profiles and migration projects."""

    def __init__(self, cloud: Cloud) -> None:
        self._stores = {
            name: Store(cloud, kind)
            for name, kind in (
                ("DataProvider", DATA_PROVIDER),
                ("InstanceProfile", INSTANCE_PROFILE),
                ("MigrationProject", MIGRATION_PROJECT),
            )
        }

    def register(self, operations: Operations) -> None:
        """Answer create, describe, modify and delete of each."""
        for name, store in self._stores.items():
            part = _Part(name, store, self)
            operations.handle("dms", f"Create{name}", part.create)
            operations.handle("dms", f"Describe{name}s", part.describe)
            operations.handle("dms", f"Modify{name}", part.modify)
            operations.handle("dms", f"Delete{name}", part.delete)

    def check(self, call: Call, record: Record) -> Record:
        """A migration project by ARN, with what it refers to; others as they are."""
        if "InstanceProfileIdentifier" not in record:
            return record
        profile = self._stores["InstanceProfile"].need(
            call.region, record.pop("InstanceProfileIdentifier")
        )
        record["InstanceProfileArn"] = profile["_arn"]
        record["InstanceProfileName"] = profile["InstanceProfileName"]
        for side in ("SourceDataProviderDescriptors", "TargetDataProviderDescriptors"):
            record[side] = [self._descriptor(call, found) for found in record.get(side, [])]
        return record

    def _descriptor(self, call: Call, found: Record) -> Record:
        wanted = found.get("DataProviderIdentifier") or found["DataProviderArn"]
        provider = self._stores["DataProvider"].need(call.region, wanted)
        rest = {k: v for k, v in found.items() if k != "DataProviderIdentifier"}
        return {
            **rest,
            "DataProviderArn": provider["_arn"],
            "DataProviderName": provider["DataProviderName"],
        }

    def in_use(self, call: Call, arn: str) -> bool:
        """Whether a migration project refers to ``arn``."""
        projects = self._stores["MigrationProject"].all(call.region)
        return any(arn != project["_arn"] and arn in str(project) for project in projects)


class _Part:
    def __init__(self, name: str, store: Store, trio: Trio) -> None:
        self._name = name
        self._store = store
        self._trio = trio

    @property
    def _kind(self) -> Kind:
        return self._store.kind

    def create(self, call: Call) -> Answer:
        p = {k: v for k, v in call.params.items() if k != "Tags"}
        # DMS makes a name up where none is given.
        count = len(self._store.all(call.region)) + 1
        p.setdefault(self._kind.identifier, f"{self._kind.arn_kind}-{count}")
        record = self._trio.check(call, {**p, f"{self._name}CreationTime": now()})
        named = Call(call.service, call.operation, call.region, {**call.params, **p})
        return {self._name: self._store.create(named, record)}

    def describe(self, call: Call) -> Answer:
        return self._store.describe(call, f"{self._name}s")

    def modify(self, call: Call) -> Answer:
        record = self._need(call)
        changed = {k: v for k, v in call.params.items() if k != f"{self._name}Identifier"}
        return {self._name: self._store.update(record, **self._trio.check(call, changed))}

    def delete(self, call: Call) -> Answer:
        record = self._need(call)
        if self._trio.in_use(call, record["_arn"]):
            raise wrong_state(f"{record[self._kind.identifier]} is used by a migration project.")
        self._store.drop(record)
        return {self._name: record}

    def _need(self, call: Call) -> Record:
        return self._store.need(call.region, call.params[f"{self._name}Identifier"])
