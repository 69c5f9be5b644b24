"""The one option that a server here has: RDS's audit plugin for MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.services.context import Cloud

AUDIT = "MARIADB_AUDIT_PLUGIN"
_UNSAID = {"server_audit_events": "CONNECT,QUERY", "server_audit_logging": "ON"}
"""RDS's own settings of the option."""


def audit_values(cloud: Cloud, region: str, instance: Mapping[str, Any]) -> dict[str, str]:
    """The server's parameters for an instance whose option group has the plugin."""
    values: dict[str, str] = {}
    for membership in instance.get("OptionGroupMemberships") or ():
        group = cloud.records.get("option-group", region, membership["OptionGroupName"])
        for option in group["Options"] if group else ():
            if option["OptionName"] == AUDIT:
                settings = {
                    str(setting["Name"]).lower(): str(setting["Value"])
                    for setting in option["OptionSettings"]
                    if setting.get("Value") is not None
                }
                values |= _UNSAID | settings
    return values
