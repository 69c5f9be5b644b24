"""A token of IAM: the presigned URL of an RDS login, and what makes one good."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

LONGEST_S = 900
"""AWS's tokens are good for a quarter of an hour."""
_AHEAD_S = 300
"""How far a client's clock may be ahead."""
_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "rds-db"
_SHAPE = re.compile(r"(?P<host>[A-Za-z0-9.-]+:[0-9]+)/\?(?P<query>[\x21-\x7e]+)\Z")
_SCOPE = re.compile(
    r"(?P<key>\w+)/(?P<day>[0-9]{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z-]+)/aws4_request\Z"
)
_NOTHING = hashlib.sha256(b"").hexdigest()


class BadToken(Exception):
    """Why a token is not good: a sentence for a log, without the token."""


@dataclass(frozen=True)
class Wanted:
    """What the login is to be: which user, at which addresses (``host:port``), in which region."""

    user: str
    addresses: Collection[str]
    region: str


@dataclass(frozen=True)
class Token:
    """What a token says of itself; nothing of it is to be believed before `check`."""

    host: str
    pairs: tuple[tuple[str, str], ...]
    key: str
    day: str
    region: str
    service: str

    @classmethod
    def parse(cls, text: str) -> Token:
        """`BadToken` when it is none, such as a password."""
        shape = _SHAPE.match(text)
        pairs = tuple(parse_qsl(shape["query"], keep_blank_values=True)) if shape else ()
        scope = _SCOPE.match(dict(pairs).get("X-Amz-Credential", ""))
        if shape is None or scope is None or len(dict(pairs)) != len(pairs):
            raise BadToken("is no token")
        return cls(
            shape["host"], pairs, scope["key"], scope["day"], scope["region"], scope["service"]
        )

    @property
    def session(self) -> str | None:
        """The session of temporary credentials."""
        return dict(self.pairs).get("X-Amz-Security-Token")

    def check(self, wanted: Wanted, secret: str, now: datetime) -> None:
        """`BadToken` unless ``secret`` signed this very login, and not too long ago."""
        said = dict(self.pairs)
        if (said.get("Action"), said.get("X-Amz-Algorithm")) != ("connect", _ALGORITHM):
            raise BadToken("is signed for something else than a login")
        if said.get("X-Amz-SignedHeaders") != "host" or self.service != _SERVICE:
            raise BadToken("is signed for another service")
        if said.get("DBUser") != wanted.user:
            raise BadToken(f"is another user's than {wanted.user}'s")
        if self.host not in wanted.addresses:
            raise BadToken(f"is for {self.host}, which does not lead here")
        if self.region != wanted.region:
            raise BadToken(f"is for {self.region}, and this is {wanted.region}")
        self._check_time(said, now)
        # As bytes: of texts it takes ASCII only, and anybody can send another one.
        given = said.get("X-Amz-Signature", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self._signature(secret).encode()):
            raise BadToken("has a wrong signature")

    def _check_time(self, said: dict[str, str], now: datetime) -> None:
        try:
            signed = datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            lasts = int(said["X-Amz-Expires"])
        except (KeyError, ValueError):
            raise BadToken("does not say when it ends") from None
        if not 0 < lasts <= LONGEST_S or not said["X-Amz-Date"].startswith(self.day):
            raise BadToken("does not end within a quarter of an hour")
        if now > signed + timedelta(seconds=lasts):
            raise BadToken("has expired")
        if now < signed - timedelta(seconds=_AHEAD_S):
            raise BadToken("is of the future; look at the client's clock")

    def _signature(self, secret: str) -> str:
        signed = sorted(
            (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
            for name, value in self.pairs
            if name != "X-Amz-Signature"
        )
        query = "&".join(f"{name}={value}" for name, value in signed)
        request = f"GET\n/\n{query}\nhost:{self.host}\n\nhost\n{_NOTHING}"
        scope = f"{self.day}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{dict(self.pairs)['X-Amz-Date']}\n{scope}\n{digest}"
        key = f"AWS4{secret}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.digest(key, part.encode(), "sha256")
        return key.hex()
