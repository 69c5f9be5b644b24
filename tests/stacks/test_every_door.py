"""What holds of every stack: secrets stay secret, data is encrypted, doors are narrow."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from tests.components.ground import EAST_KEY
from tests.recorder import SECRET, SECRETS, Recording
from tests.stacks.recorded import accepts, of_type, resources, texts

ENCRYPTED: dict[str, dict[str, Any]] = {
    "aws:rds/instance:Instance": {"storageEncrypted": True},
    "aws:rds/cluster:Cluster": {"storageEncrypted": True, "kmsKeyId": "our key"},
    "aws:rds/globalCluster:GlobalCluster": {"storageEncrypted": True},
    "aws:rds/clusterActivityStream:ClusterActivityStream": {"kmsKeyId": "our key"},
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "atRestEncryptionEnabled": True,
        "kmsKeyId": "our key",
        "transitEncryptionEnabled": True,
    },
    # Memcached has nothing on disk.
    "aws:elasticache/cluster:Cluster": {"transitEncryptionEnabled": True},
    "aws:elasticache/serverlessCache:ServerlessCache": {"kmsKeyId": "our key"},
    "aws:dms/endpoint:Endpoint": {"kmsKeyArn": "our key"},
    "aws:dms/replicationInstance:ReplicationInstance": {"kmsKeyArn": "our key"},
    "aws:secretsmanager/secret:Secret": {"kmsKeyId": "our key"},
    "aws:kms/key:Key": {"enableKeyRotation": True},
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": {
        "kmsKeyId": "our key"
    },
    "aws:backup/vault:Vault": {"kmsKeyArn": "our key"},
    # Its root volume's encryption has a test of its own.
    "aws:ec2/instance:Instance": {},
    "aws:sns/topic:Topic": {"kmsMasterKeyId": "our key"},
    "aws:cloudtrail/trail:Trail": {"kmsKeyId": "our key", "enableLogFileValidation": True},
}
"""What a type that keeps data says about encryption."""

KEEPS_NOTHING = {
    # Its encryption is a resource of its own.
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:backup/plan:Plan",
    "aws:backup/selection:Selection",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:rds/eventSubscription:EventSubscription",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:dms/certificate:Certificate",
    "aws:dms/eventSubscription:EventSubscription",
    "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup",
    "aws:dms/replicationTask:ReplicationTask",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:elasticache/subnetGroup:SubnetGroup",
    "aws:elasticache/user:User",
    "aws:elasticache/userGroup:UserGroup",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:kms/alias:Alias",
    "aws:rds/clusterEndpoint:ClusterEndpoint",
    "aws:rds/clusterInstance:ClusterInstance",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    "aws:rds/optionGroup:OptionGroup",
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:rds/proxy:Proxy",
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
    "aws:rds/proxyEndpoint:ProxyEndpoint",
    "aws:rds/proxyTarget:ProxyTarget",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:secretsmanager/secretRotation:SecretRotation",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "random:index/randomPassword:RandomPassword",
}
"""Types whose data is kept by another one."""

AWS_ENCRYPTS = {"aws:cloudwatch/logGroup:LogGroup"}
"""Types that AWS encrypts by itself, always."""

TLS_PARAMETER = {
    "mysql8.4": ("require_secure_transport", "1"),
    "aurora-mysql8.0": ("require_secure_transport", "1"),
    "mariadb11.4": ("require_secure_transport", "1"),
    "postgres17": ("rds.force_ssl", "1"),
    "aurora-postgresql16": ("rds.force_ssl", "1"),
    "aurora-postgresql17": ("rds.force_ssl", "1"),
}
"""What makes an engine refuse connections without TLS, by parameter group family."""

EVERYWHERE = re.compile(r"(^|[^0-9.])0\.0\.0\.0/|::/0")

OUR_KEY = re.compile(r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/(key|watch|trail)-[a-z0-9-]+-key")

OF_ANOTHER_KIND_OF_CLUSTER = {"aws:rds/cluster:Cluster"}
"""Types where the argument is refused for Aurora, whose members have it."""


def test_a_password_is_a_secret_wherever_it_goes(recording: Recording) -> None:
    for resource in recording.resources:
        for key in SECRETS & resource.inputs.keys():
            assert resource.inputs[key] == SECRET, f"{resource.name}.{key}"
    told = [recording.outputs, recording.registered, [r.inputs for r in recording.resources]]
    # The mock's passwords begin so; each of them would be in plain sight here.
    assert [text for text in texts(told) if "password-of-" in text] == []
    assert len(recording.secret_inputs) >= 2


def test_data_is_encrypted_where_it_is_kept(recording: Recording) -> None:
    for resource in resources(recording):
        judged = [resource.type in kind for kind in (ENCRYPTED, KEEPS_NOTHING, AWS_ENCRYPTS)]
        assert judged.count(True) == 1, f"say of {resource.type} how its data is encrypted"
        for key, wanted in ENCRYPTED.get(resource.type, {}).items():
            found = resource.inputs.get(key)
            if wanted == "our key":
                assert OUR_KEY.fullmatch(str(found)), f"{resource.name}.{key} is {found}"
            else:
                assert found == wanted, f"{resource.name}.{key}"


def test_an_instance_has_our_key_unless_it_shares_its_sources(recording: Recording) -> None:
    for instance in of_type(recording, "aws:rds/instance:Instance"):
        source = instance.inputs.get("replicateSourceDb")
        if "engine" in instance.inputs or str(source).startswith("arn:"):
            assert OUR_KEY.fullmatch(instance.inputs["kmsKeyId"]), instance.name
        elif source is not None:
            assert "kmsKeyId" not in instance.inputs, instance.name
        else:
            # Promoted, or restored: it was encrypted before it was its own.
            assert OUR_KEY.fullmatch(instance.inputs.get("kmsKeyId", EAST_KEY)), instance.name


def test_a_host_s_root_volume_is_encrypted_with_our_key(recording: Recording) -> None:
    for host in of_type(recording, "aws:ec2/instance:Instance"):
        volume = host.inputs["rootBlockDevice"]
        assert volume["encrypted"] is True, host.name
        assert OUR_KEY.fullmatch(volume["kmsKeyId"]), host.name


def test_every_engine_asks_for_tls(recording: Recording) -> None:
    groups = {
        # The mocks' own naming: nobody names a group, so that it can be replaced while in use.
        f"{r.name}-1a2b3c4": r.inputs
        for type_ in (
            "aws:rds/parameterGroup:ParameterGroup",
            "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        )
        for r in of_type(recording, type_)
    }
    asked = 0
    for resource in resources(recording):
        if resource.type == "aws:rds/instance:Instance":
            # A replica in its source's region has its source's group, also when it is promoted.
            name = resource.inputs.get("parameterGroupName")
            assert name is not None or "engine" not in resource.inputs, resource.name
        elif resource.type == "aws:rds/cluster:Cluster":
            name = resource.inputs["dbClusterParameterGroupName"]
        else:
            continue
        if name is not None:
            group = groups[name]
            wanted = TLS_PARAMETER.get(group["family"])
            assert wanted is not None, f"say of {group['family']} what requires TLS"
            values = {(p["name"], p["value"]) for p in group["parameters"]}
            assert wanted in values, resource.name
            asked += 1
    assert asked


def test_nobody_is_let_in_from_everywhere(recording: Recording) -> None:
    for resource in resources(recording):
        everywhere = [t for t in texts(resource.inputs) if EVERYWHERE.search(t)]
        if resource.type == "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":
            # AWS's own APIs have public addresses; nobody comes in by this.
            assert not everywhere or resource.inputs["toPort"] == 443, resource.name
        else:
            assert everywhere == [], resource.name
    for rule in of_type(recording, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        whom = rule.inputs.keys() & {"cidrIpv4", "cidrIpv6", "referencedSecurityGroupId"}
        assert len(whom) == 1, rule.name
        # One port; a serverless cache has its readers at the next.
        assert 0 < rule.inputs["fromPort"] <= rule.inputs["toPort"] <= rule.inputs["fromPort"] + 1
        for cidr in (rule.inputs[key] for key in whom if key.startswith("cidr")):
            network = ipaddress.ip_network(cidr)
            assert network.prefixlen >= (8 if network.version == 4 else 32), rule.name


def test_security_groups_have_no_rules_inline(recording: Recording) -> None:
    for group in of_type(recording, "aws:ec2/securityGroup:SecurityGroup"):
        assert not group.inputs.keys() & {"ingress", "egress", "name"}, group.name


def test_nothing_is_public(recording: Recording) -> None:
    for resource in resources(recording):
        if resource.type in OF_ANOTHER_KIND_OF_CLUSTER:
            assert "publiclyAccessible" not in resource.inputs, resource.name
        elif "publicly_accessible" in accepts(resource.type):
            assert resource.inputs.get("publiclyAccessible") is False, resource.name
