"""Endpoints of DMS, their certificates, and tests of their connections, which are real."""

from __future__ import annotations

import json
from typing import Any

from cryptography import x509
from moto.iam import iam_backends
from moto.secretsmanager import secretsmanager_backends

from localcloud.api import Answer, ApiError, Call, Operations, given, now, page
from localcloud.migration.orders import End
from localcloud.migration.reach import reach
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.dms_kinds import CERTIFICATE, CONFIG, ENDPOINT, INSTANCE, TASK
from localcloud.services.dms_records import Store, combination, invalid, key_of, wrong_state
from localcloud.services.surroundings import region_of
from localcloud.site import ACCOUNT_ID

MYSQL = ("mysql", "mariadb", "aurora")
POSTGRES = ("postgres", "aurora-postgresql")
_OTHERS = ("oracle", "sqlserver", "mongodb", "docdb", "redshift", "s3", "kafka", "kinesis")
_LOGIN = ("ServerName", "Port", "Username", "Password")
_BY_SECRET = ("SecretsManagerSecretId", "SecretsManagerAccessRoleArn")
_CONNECTION = "dms-connection"


class Endpoints:
    """The operations on endpoints, certificates and connections."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.endpoints = Store(cloud, ENDPOINT)
        self._certificates = Store(cloud, CERTIFICATE)
        self._instances = Store(cloud, INSTANCE)
        self._users = (Store(cloud, TASK), Store(cloud, CONFIG))

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        for name, handler in (
            ("ImportCertificate", self._import),
            ("DescribeCertificates", self._describe_certificates),
            ("DeleteCertificate", self._delete_certificate),
            ("CreateEndpoint", self._create),
            ("DescribeEndpoints", self._describe),
            ("ModifyEndpoint", self._modify),
            ("DeleteEndpoint", self._delete),
            ("TestConnection", self._test),
            ("DescribeConnections", self._describe_connections),
        ):
            operations.handle("dms", name, handler)

    def end(self, region: str, arn: str) -> End:
        """What the worker needs to log in to an endpoint's database.

        Raises `ApiError` when the secret, its role or the engine is not what it should be.
        """
        record = self.endpoints.need(region, arn)
        engine = record["EngineName"]
        if engine not in (*MYSQL, *POSTGRES):
            raise invalid(f"The local cloud has no worker for the engine {engine}.")
        login = record["_login"] or _from_secret(region, record)
        pem = None
        if record["SslMode"] != "none":
            pem = self._certificates.need(region, record["CertificateArn"])["CertificatePem"]
        return End(
            engine="mysql" if engine in MYSQL else "postgres",
            host=login["ServerName"],
            port=int(login["Port"]),
            user=login["Username"],
            password=login["Password"],
            database=record.get("DatabaseName"),
            ca_pem=pem,
            verify_host=record["SslMode"] == "verify-full",
        )

    def tested(self, region: str, instance: str, endpoint: str) -> bool:
        """Whether the last test between the two was successful."""
        found = self._cloud.records.get(_CONNECTION, region, f"{instance} {endpoint}")
        return found is not None and found["Status"] == "successful"

    def _import(self, call: Call) -> Answer:
        pem = call.params.get("CertificatePem")
        if not pem:
            raise invalid("The local cloud takes certificates as CertificatePem only.")
        try:
            first = x509.load_pem_x509_certificates(pem.encode())[0]
        except (ValueError, IndexError) as error:
            raise ApiError(
                "InvalidCertificateFault", f"The certificate is not valid: {error}"
            ) from error
        record = {
            "CertificatePem": pem,
            "CertificateCreationDate": now(),
            "CertificateOwner": ACCOUNT_ID,
            "ValidFromDate": first.not_valid_before_utc.isoformat(),
            "ValidToDate": first.not_valid_after_utc.isoformat(),
        }
        return {"Certificate": self._certificates.create(call, record)}

    def _describe_certificates(self, call: Call) -> Answer:
        return self._certificates.describe(call, "Certificates")

    def _delete_certificate(self, call: Call) -> Answer:
        record = self._certificates.need(call.region, call.params["CertificateArn"])
        for endpoint in self.endpoints.all(call.region):
            if endpoint.get("CertificateArn") == record["_arn"]:
                raise wrong_state(f"The certificate is in use by {endpoint['EndpointIdentifier']}.")
        self._certificates.drop(record)
        return {"Certificate": record}

    def _create(self, call: Call) -> Answer:
        p = call.params
        if p["EndpointType"] not in ("source", "target"):
            raise invalid(f"Invalid endpoint type: {p['EndpointType']}")
        record = self._checked(call, {"EndpointType": p["EndpointType"]}) | key_of(call)
        return {"Endpoint": self.endpoints.create(call, record)}

    def _checked(self, call: Call, old: Record) -> Record:
        p = {**old, **old.get("_login", {}), **call.params}
        engine = p["EngineName"]
        if engine not in (*MYSQL, *POSTGRES, *_OTHERS):
            raise invalid(f"Invalid engine name: {engine}")
        details: Record = p.get("MySQLSettings") or p.get("PostgreSQLSettings") or {}
        login = {**given(details, _LOGIN), **given(p, _LOGIN)}
        secret = given(details, _BY_SECRET)
        if secret and login:
            raise combination(
                "Specify either SecretsManagerSecretId or ServerName, Port, Username and Password."
            )
        if not secret and not {"ServerName", "Username", "Password"} <= login.keys():
            raise combination("An endpoint needs ServerName, Port, Username and Password.")
        mode = p.get("SslMode") or "none"
        if mode == "require" and engine in MYSQL:
            raise combination(f"The SSL mode require is not supported for the engine {engine}.")
        if mode.startswith("verify") and not p.get("CertificateArn"):
            raise combination(f"The SSL mode {mode} needs a CertificateArn.")
        if p.get("CertificateArn"):
            self._certificates.need(call.region, p["CertificateArn"])
        return {
            "EndpointType": p["EndpointType"],
            "EngineName": engine,
            "EngineDisplayName": engine,
            "Status": "active",
            "SslMode": mode,
            "_login": login,
            "_secret": secret,
            **given(login, ("ServerName", "Port", "Username")),
            **given({**details, **p}, ("DatabaseName",)),
            **given(p, ("CertificateArn", "ExtraConnectionAttributes")),
            **{
                key: {name: value for name, value in p[key].items() if name != "Password"}
                for key in ("MySQLSettings", "PostgreSQLSettings")
                if p.get(key)
            },
        }

    def _describe(self, call: Call) -> Answer:
        return self.endpoints.describe(call, "Endpoints")

    def _modify(self, call: Call) -> Answer:
        record = self.endpoints.need(call.region, call.params["EndpointArn"])
        self._forget_tests(record)
        changed = self._checked(call, record)
        return {"Endpoint": self.endpoints.update(record, **changed)}

    def _delete(self, call: Call) -> Answer:
        record = self.endpoints.need(call.region, call.params["EndpointArn"])
        for users in self._users:
            for user in users.all(call.region):
                if record["_arn"] in (user["SourceEndpointArn"], user["TargetEndpointArn"]):
                    raise wrong_state(
                        f"Endpoint {record['EndpointIdentifier']} is part of one or more "
                        f"ReplicationTasks: {user[users.kind.identifier]}"
                    )
        self._forget_tests(record)
        self.endpoints.drop(record)
        return {"Endpoint": {**record, "Status": "deleting"}}

    def _test(self, call: Call) -> Answer:
        instance = self._instances.need(call.region, call.params["ReplicationInstanceArn"])
        endpoint = self.endpoints.need(call.region, call.params["EndpointArn"])
        trouble = reach(self.end(call.region, endpoint["_arn"]))
        record: Record = {
            "ReplicationInstanceArn": instance["_arn"],
            "ReplicationInstanceIdentifier": instance["ReplicationInstanceIdentifier"],
            "EndpointArn": endpoint["_arn"],
            "EndpointIdentifier": endpoint["EndpointIdentifier"],
            "Status": "successful" if trouble is None else "failed",
        }
        if trouble is not None:
            record["LastFailureMessage"] = f"Test Endpoint failed: {trouble}"
        name = f"{instance['_arn']} {endpoint['_arn']}"
        self._cloud.records.put(_CONNECTION, call.region, name, record)
        # As DMS answers: how it went is for DescribeConnections to tell.
        return {"Connection": {**record, "Status": "testing"}}

    def _describe_connections(self, call: Call) -> Answer:
        names = {
            "endpoint-arn": "EndpointArn",
            "replication-instance-arn": "ReplicationInstanceArn",
        }
        found = self._cloud.records.all(_CONNECTION, call.region)
        for wanted in call.params.get("Filters") or []:
            if wanted["Name"] not in names:
                raise invalid(f"{wanted['Name']} is no filter of connections.")
            found = [r for r in found if r[names[wanted["Name"]]] in wanted["Values"]]
        return page(call, "Connections", found)

    def _forget_tests(self, endpoint: Record) -> None:
        with self._cloud.records.change():
            for region, name in self._cloud.records.keys(_CONNECTION):
                if name.endswith(f" {endpoint['_arn']}"):
                    self._cloud.records.drop(_CONNECTION, region, name)


def _from_secret(region: str, endpoint: Record) -> dict[str, Any]:
    secret = endpoint["_secret"]
    wanted = secret["SecretsManagerSecretId"]
    _check_role(region, secret.get("SecretsManagerAccessRoleArn", ""))
    backend = secretsmanager_backends[ACCOUNT_ID][region_of(wanted, region)]
    try:
        text = backend.get_secret_value(wanted, "", "")["SecretString"]
        found = json.loads(text)
        return {
            "ServerName": found["host"],
            "Port": found["port"],
            "Username": found["username"],
            "Password": found["password"],
        }
    except Exception as error:
        # moto's errors have no common base; the secret itself must be in no message.
        raise invalid(
            f"The secret {wanted} cannot be read, or is not JSON with host, port, username and "
            f"password ({type(error).__name__})."
        ) from None


def _check_role(region: str, role_arn: str) -> None:
    # DMS reads secrets by its regional principal, and a role that trusts the global one only is
    # the usual mistake.
    roles = iam_backends[ACCOUNT_ID]["aws"].roles.values()
    trust = next((r.assume_role_policy_document for r in roles if r.arn == role_arn), "")
    if f"dms.{region}.amazonaws.com" not in str(trust):
        raise ApiError(
            "AccessDeniedFault",
            f"The IAM role {role_arn} cannot be assumed by dms.{region}.amazonaws.com.",
        )
