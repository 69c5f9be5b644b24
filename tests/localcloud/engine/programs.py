"""Parts of the tests' programs; resources only, whose names the tests know."""

GROUP = """
group = aws.ec2.SecurityGroup("group", description="{description}", vpc_id=vpc)
rule = aws.vpc.SecurityGroupIngressRule(
    "rule", security_group_id=group.id, ip_protocol="tcp", from_port=3306, to_port=3306,
    cidr_ipv4="10.0.0.0/8")
"""
VPC = """
vpc = aws.ec2.get_vpc(default=True).id
"""
INSTANCE = """
database = aws.rds.Instance(
    "database", identifier="{identifier}", engine="mysql", engine_version="8.4",
    instance_class="{instance_class}", allocated_storage=20, storage_type="gp2",
    username="{username}", password="correct-horse-1", backup_retention_period=7,
    apply_immediately=True, skip_final_snapshot=True{more})
"""
REPLICA = """
replica = aws.rds.Instance(
    "replica", identifier="{identifier}-replica", replicate_source_db=database.identifier,
    instance_class="db.t3.micro", apply_immediately=True, skip_final_snapshot=True)
"""


def instance(
    identifier: str,
    *,
    instance_class: str = "db.t3.micro",
    username: str = "admin",
    more: str = "",
) -> str:
    """An instance named ``database``; ``more`` are further arguments."""
    more = f", {more}" if more else ""
    return INSTANCE.format(
        identifier=identifier, instance_class=instance_class, username=username, more=more
    )


def replica(identifier: str) -> str:
    """A replica of ``database`` named ``replica``."""
    return REPLICA.format(identifier=identifier)


def group(description: str) -> str:
    """A security group ``group`` with a rule; another description is another group."""
    return VPC + GROUP.format(description=description)
