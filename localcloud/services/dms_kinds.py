"""The kinds of DMS resources: their members and filters in the API's names."""

from __future__ import annotations

from localcloud.services.dms_records import Kind

SUBNET_GROUP = Kind(
    "dms-subnet-group", "Replication Subnet Group", "subgrp",
    "ReplicationSubnetGroupIdentifier", "ReplicationSubnetGroupArn",
    {"replication-subnet-group-id": "ReplicationSubnetGroupIdentifier"},
)  # fmt: skip
INSTANCE = Kind(
    "dms-instance", "Replication Instance", "rep",
    "ReplicationInstanceIdentifier", "ReplicationInstanceArn",
    {
        "replication-instance-arn": "ReplicationInstanceArn",
        "replication-instance-id": "ReplicationInstanceIdentifier",
        "replication-instance-class": "ReplicationInstanceClass",
        "engine-version": "EngineVersion",
    },
    longest=63,
)  # fmt: skip
CERTIFICATE = Kind(
    "dms-certificate", "Certificate", "cert", "CertificateIdentifier", "CertificateArn",
    {"certificate-arn": "CertificateArn", "certificate-id": "CertificateIdentifier"},
)  # fmt: skip
ENDPOINT = Kind(
    "dms-endpoint", "Endpoint", "endpoint", "EndpointIdentifier", "EndpointArn",
    {
        "endpoint-arn": "EndpointArn",
        "endpoint-id": "EndpointIdentifier",
        "endpoint-type": "EndpointType",
        "engine-name": "EngineName",
    },
)  # fmt: skip
TASK = Kind(
    "dms-task", "Replication Task", "task", "ReplicationTaskIdentifier", "ReplicationTaskArn",
    {
        "replication-task-arn": "ReplicationTaskArn",
        "replication-task-id": "ReplicationTaskIdentifier",
        "migration-type": "MigrationType",
        "endpoint-arn": "SourceEndpointArn",
        "replication-instance-arn": "ReplicationInstanceArn",
    },
)  # fmt: skip
CONFIG = Kind(
    "dms-config", "Replication Config", "replication-config",
    "ReplicationConfigIdentifier", "ReplicationConfigArn",
    {
        "replication-config-arn": "ReplicationConfigArn",
        "replication-config-id": "ReplicationConfigIdentifier",
    },
)  # fmt: skip
DATA_PROVIDER = Kind(
    "dms-data-provider", "Data Provider", "data-provider", "DataProviderName", "DataProviderArn",
    {"data-provider-identifier": "DataProviderArn"},
)  # fmt: skip
INSTANCE_PROFILE = Kind(
    "dms-instance-profile", "Instance Profile", "instance-profile",
    "InstanceProfileName", "InstanceProfileArn",
    {"instance-profile-identifier": "InstanceProfileArn"},
)  # fmt: skip
MIGRATION_PROJECT = Kind(
    "dms-migration-project", "Migration Project", "migration-project",
    "MigrationProjectName", "MigrationProjectArn",
    {"migration-project-identifier": "MigrationProjectArn"},
)  # fmt: skip
EVENT_SUBSCRIPTION = Kind(
    "dms-event-subscription", "Event Subscription", "es",
    "CustSubscriptionId", "EventSubscriptionArn",
)  # fmt: skip

TAGGED = (
    SUBNET_GROUP, INSTANCE, CERTIFICATE, ENDPOINT, TASK, CONFIG, DATA_PROVIDER, INSTANCE_PROFILE,
    MIGRATION_PROJECT, EVENT_SUBSCRIPTION,
)  # fmt: skip
