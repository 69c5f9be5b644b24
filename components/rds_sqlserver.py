"""RDS for SQL Server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi

from components.option_group import TDE, option_group
from components.rds_instance import RdsInstance, RdsInstanceArgs
from specs.rds_instance import RdsInstance as AnySpec
from specs.rds_sqlserver import RdsSqlserver as Spec


@dataclass(frozen=True)
class RdsSqlserverArgs(RdsInstanceArgs):
    """``monitoring_role`` is needed when the spec asks for Enhanced Monitoring."""

    spec: Spec


class RdsSqlserver(RdsInstance):
    """A private SQL Server instance: encrypted, TLS only, backed up, its logs exported.

    Creates: a security group, a subnet group over the network's zones, a parameter group,
    credentials, log groups, the instance; an option group if TDE is wanted.
    Costs: hours x the class's price, which has the edition's licences in it, and GB x the
    storage's, both twice with Multi-AZ.
    Fails: an option group with TDE stays with the instance until every database in it has been
    decrypted. A dead Multi-AZ instance is replaced by its standby behind the same name.
    """

    token: ClassVar[str] = "aws-databases:index:RdsSqlserver"

    def _more(self, name: str, spec: AnySpec, child: pulumi.ResourceOptions) -> dict[str, Any]:
        assert isinstance(spec, Spec)
        found: dict[str, Any] = {"license_model": spec.license_model}
        if spec.timezone is not None:
            found["timezone"] = spec.timezone
        if spec.transparent_data_encryption:
            options = option_group(name, self.region, spec, {TDE: {}}, child)
            found["option_group_name"] = options.name
        return found
