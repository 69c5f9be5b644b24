"""Which tokens are good: those that boto3 makes, for this login, for a quarter of an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.logins.tokens import BadToken, Token, Wanted

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
WANTED = Wanted("app", frozenset({"127.77.1.1:3306", "127.77.1.2:3306"}), "us-east-1")
QUARTER = timedelta(minutes=15)


def token(
    host: str = "127.77.1.1", user: str = "app", region: str = "us-east-1", **more: Any
) -> str:
    """What an application passes as its password."""
    session = boto3.session.Session(
        more.get("key", KEY), more.get("secret", SECRET), more.get("session"), region
    )
    made = session.client("rds").generate_db_auth_token(host, more.get("port", 3306), user)
    assert isinstance(made, str)
    return made


def refusal(text: str, wanted: Wanted = WANTED, at: datetime | None = None) -> str | None:
    """Why it is not good."""
    try:
        Token.parse(text).check(wanted, SECRET, at or datetime.now(UTC))
    except BadToken as error:
        return str(error)
    return None


def test_what_boto3_makes_is_good_at_every_address_of_the_database() -> None:
    for host in ("127.77.1.1", "127.77.1.2"):
        assert refusal(token(host)) is None
    assert Token.parse(token()).key == KEY
    assert Token.parse(token()).session is None


def test_one_of_temporary_credentials_has_their_session() -> None:
    # 512 bytes are PAM's limit, and these never fit.
    session = "FwoGZXIvYXdzE+/=" * 60
    found = Token.parse(token(session=session))
    assert found.session == session
    found.check(WANTED, SECRET, datetime.now(UTC))


@pytest.mark.parametrize("user", ["app", "jane_doe", "a.b-c", "_"])
def test_every_user_s_name_survives(user: str) -> None:
    assert refusal(token(user=user), Wanted(user, WANTED.addresses, WANTED.region)) is None


WRONG = [
    ({"user": "other"}, "is another user's than app's"),
    ({"user": "App"}, "is another user's than app's"),
    ({"host": "127.77.1.3"}, "is for 127.77.1.3:3306, which does not lead here"),
    ({"port": 3307}, "is for 127.77.1.1:3307, which does not lead here"),
    ({"region": "us-west-2"}, "is for us-west-2, and this is us-east-1"),
    ({"secret": "another"}, "has a wrong signature"),
    ({"key": "AKIAOTHER"}, "has a wrong signature"),
]


@pytest.mark.parametrize(("changes", "says"), WRONG, ids=str)
def test_another_login_s_token_is_not(changes: dict[str, Any], says: str) -> None:
    made = token(**changes)
    if "key" in changes:
        made = made.replace("AKIAOTHER", KEY)
    assert refusal(made) == says


BENT = [
    ("Action=connect", "Action=disconnect", "is signed for something else than a login"),
    ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", "is signed for something else than a login"),
    ("SignedHeaders=host", "SignedHeaders=", "is signed for another service"),
    ("rds-db", "rds", "is signed for another service"),
    ("X-Amz-Expires=900", "X-Amz-Expires=901", "does not end within a quarter of an hour"),
    ("X-Amz-Expires=900", "X-Amz-Expires=0", "does not end within a quarter of an hour"),
    ("X-Amz-Expires=900", "X-Amz-Expires=x", "does not say when it ends"),
    ("X-Amz-Expires=900", "X-Amz-Expires=899", "has a wrong signature"),
    ("X-Amz-Date=2", "X-Amz-Date=x2", "does not say when it ends"),
    ("DBUser=app", "DBUser=app&DBUser=app", "is no token"),
    ("us-east-1", "../etc", "is no token"),
    ("127.77.1.1:3306", "127.77.1.1", "is no token"),
    ("/?", "/path?", "is no token"),
]


@pytest.mark.parametrize(("old", "new", "says"), BENT, ids=str)
def test_a_bent_token_is_not(old: str, new: str, says: str) -> None:
    made = token()
    assert old in made
    assert refusal(made.replace(old, new, 1)) == says


def test_a_password_is_none() -> None:
    for text in (
        "",
        "secret",
        "https://127.77.1.1:3306/?Action=connect",
        "\x00",
        "127.77.1.1:1/?a",
    ):
        assert refusal(text) == "is no token"


def test_it_ends_after_a_quarter_of_an_hour() -> None:
    made, now = token(), datetime.now(UTC)
    assert refusal(made, at=now + QUARTER - timedelta(seconds=5)) is None
    assert refusal(made, at=now + QUARTER + timedelta(seconds=2)) == "has expired"
    assert refusal(made, at=now - timedelta(minutes=4)) is None
    said = refusal(made, at=now - timedelta(minutes=6))
    assert said == "is of the future; look at the client's clock"


@given(at=st.integers(0, 400), other=st.characters(min_codepoint=33, max_codepoint=126))
def test_no_character_of_it_may_change(at: int, other: str) -> None:
    made = _MADE
    at %= len(made)
    if made[at] == other:
        return
    bent = made[:at] + other + made[at + 1 :]
    said = refusal(bent, at=_MADE_AT)
    # What means the same, %2f and %2F, is the same.
    assert said is not None or bent.lower() == made.lower()


_MADE, _MADE_AT = token(), datetime.now(UTC)
