"""What AWS says: settings of a database and its secret, through boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from contract import Access, Database, Endpoint
from verify.errors import CannotRun, NoCredentials, StepFailed, Unreachable
from verify.login import Credentials as Credentials
from verify.login import Renewal

_UNREACHABLE = (
    BotoConnectionError,
    EndpointConnectionError,
    ConnectTimeoutError,
    ReadTimeoutError,
)

AWS_RESTORE_S = 3600.0
"""For a database of the course's size: an hour is four times what it takes."""


def region_of(arn: str) -> str:
    """The region in an ARN; `NoCredentials` when it has none."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[3]:
        raise NoCredentials(f"{arn!r} is not the ARN of a secret")
    return parts[3]


def read_credentials(secret: str, arn: str) -> Credentials:
    """The credentials in a secret's JSON; the secret itself is in no message.

    The password is under ``password``, a cache's token under ``auth_token`` or ``password``.
    """
    try:
        facts = json.loads(secret)
    except json.JSONDecodeError:
        facts = None
    password = None
    if isinstance(facts, dict):
        password = facts.get("auth_token") or facts.get("password")
    if not isinstance(facts, dict) or not isinstance(password, str):
        raise NoCredentials(f"the secret {arn} is not a JSON object with a password")
    user = facts.get("username")
    return Credentials(user=user if isinstance(user, str) else None, password=password)


class Cloud:
    """boto3 clients by service and region; each call waits at most ``wait`` seconds, twice."""

    def __init__(self, access: Access, wait: float) -> None:
        self._access = access
        self._config = Config(
            connect_timeout=wait, read_timeout=wait, retries={"total_max_attempts": 2}
        )
        self._clients: dict[tuple[str, str], Any] = {}
        self._session: Any = None

    def lacks(self, feature: str) -> str | None:
        """Why the databases of this endpoint cannot do something, ``None`` when they can."""
        return self._access.lacks.get(feature)

    @property
    def keys(self) -> dict[str, str]:
        """Credentials of this cloud alone, as variables of an environment; none for AWS."""
        key, secret = self._access.access_key_id, self._access.secret_access_key
        if key is None or secret is None:
            return {}
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}

    @property
    def faults(self) -> str | None:
        """As `contract.Access.faults`."""
        return self._access.faults

    @property
    def metrics_period_s(self) -> int:
        """How often databases tell CloudWatch something."""
        return self._access.metrics_period_s

    @property
    def log_delivery_s(self) -> float:
        """Within how many seconds what its databases log is in CloudWatch Logs."""
        return self._access.log_delivery_s

    @property
    def restores_freely(self) -> bool:
        """Whether an instance can be restored without asking: it is quick and costs nothing."""
        return self._access.restore_s is not None

    @property
    def restore_s(self) -> float:
        """The longest wait for a restored instance, in seconds."""
        return self._access.restore_s or AWS_RESTORE_S

    def client(self, service: str, region: str) -> Any:
        """A boto3 client, made once."""
        key = (service, region)
        if key not in self._clients:
            if self._session is None:
                self._session = boto3.session.Session()
            self._clients[key] = self._session.client(
                service,
                region_name=region,
                endpoint_url=self._access.endpoint_url,
                aws_access_key_id=self._access.access_key_id,
                aws_secret_access_key=self._access.secret_access_key,
                config=self._config,
            )
        return self._clients[key]

    def ask(
        self,
        service: str,
        region: str,
        operation: str,
        absent: frozenset[str] = frozenset(),
        **arguments: Any,
    ) -> Any:
        """The answer of one call, ``None`` for the error codes in ``absent``."""
        with self._translated(service.upper()):
            try:
                return getattr(self.client(service, region), operation)(**arguments)
            except ClientError as error:
                if error.response["Error"]["Code"] in absent:
                    return None
                raise

    def credentials(self, arn: str) -> Credentials:
        """The credentials in Secrets Manager under ``arn``, in the ARN's own region."""
        region = region_of(arn)
        with self._translated(f"secret {arn}"):
            try:
                answer = self.client("secretsmanager", region).get_secret_value(SecretId=arn)
            except ClientError as error:
                raise NoCredentials(f"the secret {arn} cannot be read: {_said(error)}") from error
        found = read_credentials(answer["SecretString"], arn)
        return replace(found, renewal=Renewal(lambda: self.credentials(arn)))

    def token(self, region: str, endpoint: Endpoint, user: str) -> str:
        """What lets a database user in at ``endpoint`` in place of a password, for 15 minutes."""
        with self._translated("IAM"):
            rds = self.client("rds", region)
            return str(rds.generate_db_auth_token(endpoint.host, endpoint.port, user))

    def instance(self, region: str, identifier: str) -> dict[str, Any]:
        """One RDS instance as ``describe_db_instances`` reports it."""
        with self._translated("RDS"):
            answer = self.client("rds", region).describe_db_instances(
                DBInstanceIdentifier=identifier
            )
        return _only(answer["DBInstances"], identifier)

    def option_group(self, region: str, name: str) -> dict[str, Any]:
        """One RDS option group as ``describe_option_groups`` reports it."""
        with self._translated("RDS"):
            answer = self.client("rds", region).describe_option_groups(OptionGroupName=name)
        return _only(answer["OptionGroupsList"], name)

    def find_instance(self, region: str, identifier: str) -> dict[str, Any] | None:
        """As `instance`, ``None`` when there is none."""
        with self._translated("RDS"):
            answer = self.client("rds", region).describe_db_instances(
                Filters=[{"Name": "db-instance-id", "Values": [identifier]}]
            )
        found: list[dict[str, Any]] = answer["DBInstances"]
        return found[0] if found else None

    def restore_instance(self, region: str, arguments: dict[str, Any]) -> None:
        """Ask RDS to make an instance of what another one had at a moment."""
        with self._translated("RDS"):
            self.client("rds", region).restore_db_instance_to_point_in_time(**arguments)

    def delete_instance(self, region: str, identifier: str) -> None:
        """Ask RDS to delete an instance without a trace."""
        with self._translated("RDS"):
            self.client("rds", region).delete_db_instance(
                DBInstanceIdentifier=identifier, SkipFinalSnapshot=True
            )

    def cluster(self, region: str, identifier: str) -> dict[str, Any]:
        """One Aurora cluster as ``describe_db_clusters`` reports it."""
        with self._translated("RDS"):
            answer = self.client("rds", region).describe_db_clusters(DBClusterIdentifier=identifier)
        return _only(answer["DBClusters"], identifier)

    def global_cluster(self, region: str, identifier: str) -> dict[str, Any]:
        """One global cluster as ``describe_global_clusters`` reports it."""
        with self._translated("RDS"):
            answer = self.client("rds", region).describe_global_clusters(
                GlobalClusterIdentifier=identifier
            )
        return _only(answer["GlobalClusters"], identifier)

    def switch_over(self, region: str, identifier: str, target: str) -> None:
        """Ask RDS, in the primary's ``region``, to make the cluster of ARN ``target`` primary."""
        with self._translated("RDS"):
            self.client("rds", region).switchover_global_cluster(
                GlobalClusterIdentifier=identifier, TargetDbClusterIdentifier=target
            )

    def proxy(self, region: str, name: str) -> dict[str, Any]:
        """One RDS Proxy as ``describe_db_proxies`` reports it."""
        with self._translated("RDS"):
            answer = self.client("rds", region).describe_db_proxies(DBProxyName=name)
        return _only(answer["DBProxies"], name)

    def proxy_targets(self, region: str, name: str) -> list[dict[str, Any]]:
        """The instances behind an RDS Proxy, each with its role and health."""
        with self._translated("RDS"):
            answer = self.client("rds", region).describe_db_proxy_targets(DBProxyName=name)
        return list(answer["Targets"])

    def fail_over(self, database: Database) -> None:
        """Ask RDS to replace the writer of a cluster, or an instance by its standby."""
        rds = self.client("rds", database.region)
        with self._translated("RDS"):
            if database.cluster is not None:
                rds.failover_db_cluster(DBClusterIdentifier=database.cluster)
            else:
                rds.reboot_db_instance(
                    DBInstanceIdentifier=database.instances[0], ForceFailover=True
                )

    def metric(
        self, region: str, name: str, dimension: tuple[str, str], since: datetime,
        namespace: str = "AWS/RDS", statistic: str = "Average",
    ) -> list[tuple[datetime, float]]:  # fmt: skip
        """A metric's ``statistic`` of each metrics period, oldest first; at most a day's."""
        with self._translated("CloudWatch"):
            answer = self.client("cloudwatch", region).get_metric_statistics(
                Namespace=namespace,
                MetricName=name,
                Dimensions=[dict(zip(("Name", "Value"), dimension, strict=True))],
                StartTime=since,
                EndTime=datetime.now(UTC) + timedelta(seconds=self.metrics_period_s),
                Period=self.metrics_period_s,
                Statistics=[statistic],
            )
        return sorted((point["Timestamp"], point[statistic]) for point in answer["Datapoints"])

    def replication_group(self, region: str, identifier: str) -> dict[str, Any]:
        """One cache as ``describe_replication_groups`` reports it."""
        with self._translated("ElastiCache"):
            answer = self.client("elasticache", region).describe_replication_groups(
                ReplicationGroupId=identifier
            )
        return _only(answer["ReplicationGroups"], identifier)

    def cache_cluster(self, region: str, identifier: str) -> dict[str, Any]:
        """One cluster with its nodes as ``describe_cache_clusters`` reports them."""
        with self._translated("ElastiCache"):
            answer = self.client("elasticache", region).describe_cache_clusters(
                CacheClusterId=identifier, ShowCacheNodeInfo=True
            )
        return _only(answer["CacheClusters"], identifier)

    def serverless_cache(self, region: str, name: str) -> dict[str, Any]:
        """One serverless cache as ``describe_serverless_caches`` reports it."""
        with self._translated("ElastiCache"):
            answer = self.client("elasticache", region).describe_serverless_caches(
                ServerlessCacheName=name
            )
        return _only(answer["ServerlessCaches"], name)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
            raise NoCredentials(
                f"no AWS credentials: {str(error).rstrip('.')}; "
                "log in (`aws configure`, `aws sso login`) or set AWS_PROFILE"
            ) from error
        except _UNREACHABLE as error:
            remedy = f"; {self._access.if_silent}" if self._access.if_silent else ""
            raise Unreachable(f"AWS does not answer: {str(error).rstrip('.')}{remedy}") from error
        except ClientError as error:
            raise StepFailed(f"{what} answered {_said(error)}") from error
        except BotoCoreError as error:
            raise CannotRun(f"AWS cannot be asked: {str(error).rstrip('.')}") from error


def _only(found: list[dict[str, Any]], identifier: str) -> dict[str, Any]:
    if len(found) != 1:
        raise StepFailed(f"AWS reports {len(found)} databases named {identifier!r}, not one")
    return found[0]


def _said(error: ClientError) -> str:
    facts = error.response.get("Error", {})
    return f"{facts.get('Code', 'error')}: {facts.get('Message', 'no message')}"
