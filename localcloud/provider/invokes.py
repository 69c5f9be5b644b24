"""Pulumi's functions (aws.ec2.get_vpc and the like) over the AWS API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.errors import DeployFailed
from localcloud.provider.clients import Clients
from localcloud.provider.reservations import instance_offer, node_offer

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


def _filters(args: Arguments) -> list[dict[str, Any]]:
    return [{"Name": f["name"], "Values": list(f["values"])} for f in args.get("filters") or []]


def _one(what: str, found: list[Any]) -> Any:
    if len(found) != 1:
        raise DeployFailed(f"{len(found)} {what} match, not one")
    return found[0]


def get_vpc(clients: Clients, args: Arguments) -> Answer:
    """aws.ec2.get_vpc"""
    filters = _filters(args)
    if args.get("default") is not None:
        filters.append({"Name": "is-default", "Values": [str(bool(args["default"])).lower()]})
    ids = {"VpcIds": [args["id"]]} if args.get("id") else {}
    client = clients.get("ec2", args.get("region"))
    vpc = _one("VPCs", client.describe_vpcs(Filters=filters, **ids)["Vpcs"])
    return {"id": vpc["VpcId"], "cidrBlock": vpc["CidrBlock"], "default": vpc["IsDefault"]}


def get_subnets(clients: Clients, args: Arguments) -> Answer:
    """aws.ec2.get_subnets"""
    client = clients.get("ec2", args.get("region"))
    found = client.describe_subnets(Filters=_filters(args))["Subnets"]
    return {"ids": [s["SubnetId"] for s in found], "id": args.get("region") or clients.region}


def get_subnet(clients: Clients, args: Arguments) -> Answer:
    """aws.ec2.get_subnet"""
    client = clients.get("ec2", args.get("region"))
    ids = {"SubnetIds": [args["id"]]} if args.get("id") else {}
    subnet = _one("subnets", client.describe_subnets(Filters=_filters(args), **ids)["Subnets"])
    return {
        "id": subnet["SubnetId"],
        "vpcId": subnet["VpcId"],
        "cidrBlock": subnet["CidrBlock"],
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet["AvailabilityZoneId"],
    }


def get_availability_zones(clients: Clients, args: Arguments) -> Answer:
    """aws.get_availability_zones"""
    client = clients.get("ec2", args.get("region"))
    filters = _filters(args)
    if args.get("state"):
        filters.append({"Name": "state", "Values": [args["state"]]})
    zones = client.describe_availability_zones(Filters=filters)["AvailabilityZones"]
    return {
        "id": args.get("region") or clients.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
    }


def get_engine_version(clients: Clients, args: Arguments) -> Answer:
    """aws.rds.get_engine_version"""
    client = clients.get("rds", args.get("region"))
    wanted = {"Engine": args["engine"]}
    if args.get("version"):
        wanted["EngineVersion"] = args["version"]
    found = client.describe_db_engine_versions(**wanted)["DBEngineVersions"]
    by_version = {entry["EngineVersion"]: entry for entry in found}
    preferred = [v for v in args.get("preferredVersions") or [] if v in by_version]
    if preferred:
        entry = by_version[preferred[0]]
    elif args.get("latest") and found:
        entry = found[-1]
    else:
        entry = _one(f"versions of {args['engine']}", found)
    return {
        "engine": entry["Engine"],
        "version": entry["EngineVersion"],
        "versionActual": entry["EngineVersion"],
        "parameterGroupFamily": entry["DBParameterGroupFamily"],
    }


def get_instance(clients: Clients, args: Arguments) -> Answer:
    """aws.rds.get_instance"""
    found = clients.get("rds", args.get("region")).describe_db_instances(
        DBInstanceIdentifier=args["dbInstanceIdentifier"]
    )["DBInstances"][0]
    host, port = found["Endpoint"]["Address"], found["Endpoint"]["Port"]
    return {
        "id": found["DBInstanceIdentifier"],
        "address": host,
        "port": port,
        "endpoint": f"{host}:{port}",
        "availabilityZone": found["AvailabilityZone"],
        "engine": found["Engine"],
        "engineVersion": found["EngineVersion"],
        "resourceId": found["DbiResourceId"],
    }


def get_orderable_db_instance(clients: Clients, args: Arguments) -> Answer:
    """aws.rds.get_orderable_db_instance"""
    client = clients.get("rds", args.get("region"))
    wanted = {"Engine": args["engine"]}
    if args.get("engineVersion"):
        wanted["EngineVersion"] = args["engineVersion"]
    answer = client.describe_orderable_db_instance_options(**wanted)
    options = answer["OrderableDBInstanceOptions"]
    classes = {option["DBInstanceClass"] for option in options}
    preferred = [c for c in args.get("preferredInstanceClasses") or [] if c in classes]
    chosen = preferred[0] if preferred else args.get("instanceClass")
    if chosen not in classes:
        raise DeployFailed(f"no orderable instance of {args['engine']} matches")
    return {"engine": args["engine"], "instanceClass": chosen}


def get_caller_identity(clients: Clients, args: Arguments) -> Answer:
    """aws.get_caller_identity"""
    found = clients.get("sts", None).get_caller_identity()
    return {"accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"]}


def get_region(clients: Clients, args: Arguments) -> Answer:
    """aws.get_region"""
    region = args.get("region") or clients.region
    return {"id": region, "name": region, "region": region}


def get_partition(clients: Clients, args: Arguments) -> Answer:
    """aws.get_partition"""
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com"}


def get_role(clients: Clients, args: Arguments) -> Answer:
    """aws.iam.get_role"""
    role = clients.get("iam", None).get_role(RoleName=args["name"])["Role"]
    return {"id": role["RoleName"], "name": role["RoleName"], "arn": role["Arn"]}


def get_parameter(clients: Clients, args: Arguments) -> Answer:
    """aws.ssm.get_parameter"""
    client = clients.get("ssm", args.get("region"))
    found = client.get_parameter(Name=args["name"])["Parameter"]
    return {
        "id": found["Name"],
        "name": found["Name"],
        "type": found["Type"],
        "value": found["Value"],
        "insecureValue": found["Value"],
    }


INVOKES: Mapping[str, Callable[[Clients, Arguments], Answer]] = {
    "aws:ec2/getSubnet:getSubnet": get_subnet,
    "aws:ec2/getSubnets:getSubnets": get_subnets,
    "aws:ec2/getVpc:getVpc": get_vpc,
    "aws:iam/getRole:getRole": get_role,
    "aws:index/getAvailabilityZones:getAvailabilityZones": get_availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": get_caller_identity,
    "aws:index/getPartition:getPartition": get_partition,
    "aws:index/getRegion:getRegion": get_region,
    "aws:elasticache/getReservedCacheNodeOffering:getReservedCacheNodeOffering": node_offer,
    "aws:rds/getEngineVersion:getEngineVersion": get_engine_version,
    "aws:rds/getInstance:getInstance": get_instance,
    "aws:rds/getOrderableDbInstance:getOrderableDbInstance": get_orderable_db_instance,
    "aws:rds/getReservedInstanceOffering:getReservedInstanceOffering": instance_offer,
    "aws:ssm/getParameter:getParameter": get_parameter,
}
