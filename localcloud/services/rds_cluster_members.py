"""Members of Aurora clusters: what an instance has to be to join one."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.api import ApiError, Call, given
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services import rds_scaling
from localcloud.services.context import Cloud
from localcloud.services.engine_versions import check_class, engine_of
from localcloud.services.rds_instances import Instances, in_sync
from localcloud.services.rds_parameters import INSTANCE, group_for
from localcloud.services.subnet_groups import SubnetGroups

FROM_CLUSTER = (
    "EngineVersion", "MasterUsername", "StorageEncrypted", "KmsKeyId", "BackupRetentionPeriod",
    "PreferredBackupWindow",
)  # fmt: skip
"""Members of an instance's record that are its cluster's."""
_OF_THE_CLUSTER = (
    "MasterUsername", "MasterUserPassword", "AllocatedStorage", "DBName", "StorageEncrypted",
    "KmsKeyId", "VpcSecurityGroupIds", "MultiAZ",
)  # fmt: skip
"""Members a cluster member must not be given."""


class ClusterMembers:
    """Makes the records of new members."""

    def __init__(
        self,
        cloud: Cloud,
        instances: Instances,
        groups: SubnetGroups,
        need: Callable[[str, str], Record],
    ) -> None:
        self._cloud = cloud
        self._instances = instances
        self._groups = groups
        self._need = need
        """One cluster, by region and identifier."""

    def record(self, call: Call, identifier: str) -> Record:
        """The record of a new member; `ApiError` when RDS would refuse it."""
        p, region = call.params, call.region
        engine = engine_of(p["Engine"])
        if not p.get("DBClusterIdentifier"):
            raise rules.combination(f"An instance of engine {engine.name} needs a DB cluster.")
        cluster = self._need(region, p["DBClusterIdentifier"])
        if cluster["Status"] != "available":
            raise ApiError("InvalidDBClusterStateFault", f"The cluster is {cluster['Status']}.")
        if cluster["Engine"] != engine.name:
            raise rules.combination(
                f"The engine of a member is its cluster's: {cluster['Engine']}, not {engine.name}"
            )
        version = cluster["EngineVersion"]
        if p.get("EngineVersion") and not version.startswith(p["EngineVersion"]):
            raise rules.combination(
                f"The engine version of a member is its cluster's: {version}, not "
                f"{p['EngineVersion']}"
            )
        check_class(engine, version, p["DBInstanceClass"])
        rds_scaling.check_member(p["DBInstanceClass"], cluster)
        for member in _OF_THE_CLUSTER:
            if p.get(member):
                raise rules.combination(
                    f"The requested DB Instance will be a member of a DB Cluster. Set {member} "
                    "for the DB Cluster."
                )
        rules.check_monitoring(p, engine, p["DBInstanceClass"])
        tier = 1 if p.get("PromotionTier") is None else p["PromotionTier"]
        if not 0 <= tier <= 15:
            raise rules.refuse(f"Invalid PromotionTier {tier}; allowed: 0 to 15")
        if p.get("DBSubnetGroupName") not in (None, cluster["DBSubnetGroup"]):
            raise rules.combination("The subnet group of a member is its cluster's.")
        vpc = self._groups.find(region, cluster["DBSubnetGroup"])
        wanted = p.get("DBParameterGroupName")
        group = group_for(self._cloud, INSTANCE, region, wanted, engine, version)
        record = self._instances.base(region, identifier, p, vpc)
        record |= given(cluster, FROM_CLUSTER) | {
            "Engine": engine.name,
            "LicenseModel": engine.licenses[0],
            "DBClusterIdentifier": cluster["DBClusterIdentifier"],
            "PromotionTier": tier,
            "MultiAZ": False,
            "StorageType": cluster.get("StorageType") or "aurora",
            "AllocatedStorage": 1,
            "DBParameterGroups": in_sync(group),
            "VpcSecurityGroups": cluster["VpcSecurityGroups"],
            "DeletionProtection": False,
        }
        return record | given({"DBName": cluster.get("DatabaseName")}, ("DBName",))
