"""Whether a token lets its bearer into a database: what the records and the policies say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from localcloud.logins.principals import Principals
from localcloud.logins.tokens import BadToken, Token, Wanted
from localcloud.records import Record, Records
from localcloud.site import ACCOUNT_ID

_ACTION = "rds-db:connect"


class DbLogins:
    """Decides on the logins that servers ask about."""

    def __init__(self, records: Records, principals: Principals) -> None:
        self._records = records
        self._principals = principals

    def decide(self, server: str, user: str, secret: str) -> str | None:
        """Why ``user`` does not get into ``server`` (engine, region, identifier), or ``None``."""
        _, _, place = server.partition(".")
        region, _, identifier = place.partition(".")
        instance = self._records.get("instance", region, identifier)
        if instance is None:
            return "of no instance that is known here"
        cluster = self._cluster_of(region, instance)
        database = cluster or instance
        if not database["IAMDatabaseAuthenticationEnabled"]:
            return "IAM database authentication is not enabled"
        addresses = frozenset(self._addresses(region, instance, cluster))
        try:
            token = Token.parse(secret)
            principal = self._principals.find(token.key)
            if principal is None or token.session != principal.session:
                raise BadToken("is signed by nobody who is known here")
            token.check(Wanted(user, addresses, region), principal.secret, datetime.now(UTC))
        except BadToken as error:
            return f"what was shown {error}"
        resource = database.get("DbClusterResourceId") or database["DbiResourceId"]
        arn = f"arn:aws:rds-db:{region}:{ACCOUNT_ID}:dbuser:{resource}/{user}"
        if not principal.may(_ACTION, arn):
            return f"{principal.name} is not allowed {_ACTION} on {arn}"
        return None

    def _cluster_of(self, region: str, instance: Record) -> Record | None:
        name = instance.get("DBClusterIdentifier")
        return self._records.get("cluster", region, name) if name else None

    def _addresses(self, region: str, instance: Record, cluster: Record | None) -> Iterator[str]:
        port = instance["Endpoint"]["Port"]
        yield f"{instance['Endpoint']['Address']}:{port}"
        if cluster is None:
            return
        yield f"{cluster['Endpoint']}:{port}"
        yield f"{cluster['ReaderEndpoint']}:{port}"
        for custom in self._records.all("cluster-endpoint", region):
            if custom["DBClusterIdentifier"] == cluster["DBClusterIdentifier"]:
                yield f"{custom['Endpoint']}:{port}"
