"""The option group of an RDS instance: features that an engine has beside its parameters."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.tags import tags
from specs.rds_instance import RdsInstance

TDE = "TDE"
"""Transparent Data Encryption, in Oracle and in SQL Server."""
AUDIT = "MARIADB_AUDIT_PLUGIN"
"""In MariaDB and in MySQL; PostgreSQL's is a library, which its parameters load."""


def option_group(
    name: str,
    region: str,
    spec: RdsInstance,
    options: Mapping[str, Mapping[str, str]],
    child: pulumi.ResourceOptions,
) -> aws.rds.OptionGroup:
    """``options`` are settings by option. The group is for one edition and major version."""
    return aws.rds.OptionGroup(
        f"{name}-options",
        region=region,
        engine_name=spec.engine,
        major_engine_version=spec.facts.major(spec.engine_version),
        option_group_description=f"Options of {spec.identifier}",
        options=[
            aws.rds.OptionGroupOptionArgs(
                option_name=option,
                option_settings=[
                    aws.rds.OptionGroupOptionOptionSettingArgs(name=key, value=value)
                    for key, value in sorted(settings.items())
                ],
            )
            for option, settings in sorted(options.items())
        ],
        tags=tags(f"{name}-options"),
        opts=child,
    )
