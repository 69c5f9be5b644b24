"""RDS for Oracle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi

from components.option_group import TDE, option_group
from components.rds_instance import RdsInstance, RdsInstanceArgs
from specs.rds_instance import RdsInstance as AnySpec
from specs.rds_oracle import RdsOracle as Spec

ENCRYPTED_CONNECTIONS = {
    "NATIVE_NETWORK_ENCRYPTION": {
        "SQLNET.CRYPTO_CHECKSUM_SERVER": "REQUIRED",
        "SQLNET.ENCRYPTION_SERVER": "REQUIRED",
    }
}
"""Oracle's own encryption on its one port; TLS would be a second port beside the plain one."""


@dataclass(frozen=True)
class RdsOracleArgs(RdsInstanceArgs):
    """``monitoring_role`` is needed when the spec asks for Enhanced Monitoring."""

    spec: Spec


class RdsOracle(RdsInstance):
    """A private Oracle instance: encrypted storage and connections, backed up, its logs exported.

    Creates: a security group, a subnet group over the network's zones, a parameter group, an
    option group (encrypted connections, TDE if wanted), credentials, log groups, the instance.
    Costs: hours x the class's price and GB x the storage's, both twice with Multi-AZ; the price
    of Standard Edition 2 has its licences in it, for Enterprise Edition they are your own.
    Fails: TDE is for ever: an option group with it cannot be taken from the instance again. A
    dead Multi-AZ instance is replaced by its standby behind the same name within 60 to 120 s.
    """

    token: ClassVar[str] = "aws-databases:index:RdsOracle"
    # RDS takes 30 characters for Oracle, and no ampersand.
    password_length: ClassVar[int] = 30
    password_specials: ClassVar[str] = "!#$^<>-"

    def _more(self, name: str, spec: AnySpec, child: pulumi.ResourceOptions) -> dict[str, Any]:
        assert isinstance(spec, Spec)
        encryption: dict[str, dict[str, str]] = (
            {TDE: {}} if spec.transparent_data_encryption else {}
        )
        options = option_group(
            name, self.region, spec, {**ENCRYPTED_CONNECTIONS, **encryption}, child
        )
        return {
            "license_model": spec.license_model,
            "character_set_name": spec.character_set,
            "option_group_name": options.name,
        }
