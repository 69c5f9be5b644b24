"""What happens when a login is refused: the secret is read anew, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from verify.errors import Refused
from verify.login import Credentials, Renewal, log_in

DENIED = frozenset({1045})


class Server:
    """Lets one password in, and keeps count of who came."""

    def __init__(self, password: str, code: int = 1045) -> None:
        self.password, self._code = password, code
        self.came: list[tuple[str | None, str]] = []

    def attempt(self, login: Credentials) -> str:
        self.came.append((login.user, login.password))
        if login.password != self.password:
            raise Refused(self._code, "denied")
        return f"hello {login.user}"


class Secret:
    """Says one thing after another."""

    def __init__(self, *said: Credentials) -> None:
        self._said: Iterator[Credentials] = iter(said)
        self.reads = 0

    def read(self) -> Credentials:
        self.reads += 1
        return next(self._said)


def credentials(secret: Secret | None, user: str | None = "admin") -> Credentials:
    return Credentials(user, "old", Renewal(secret.read) if secret else None)


def test_who_is_let_in_reads_no_secret() -> None:
    secret, server = Secret(), Server("old")
    assert log_in(credentials(secret), DENIED, server.attempt) == "hello admin"
    assert secret.reads == 0


def test_a_rotated_password_is_read_anew_and_remembered() -> None:
    secret, server = Secret(Credentials(None, "new")), Server("new")
    known = credentials(secret)
    assert log_in(known, DENIED, server.attempt) == "hello admin"
    assert log_in(known, DENIED, server.attempt) == "hello admin"
    assert server.came == [("admin", "old"), ("admin", "new"), ("admin", "new")]
    assert secret.reads == 1


def test_each_further_rotation_is_read_anew() -> None:
    secret, server = Secret(Credentials(None, "new"), Credentials(None, "newer")), Server("new")
    known = credentials(secret)
    log_in(known, DENIED, server.attempt)
    server.password = "newer"
    log_in(known, DENIED, server.attempt)
    assert server.came[-1] == ("admin", "newer")
    assert secret.reads == 2


def test_a_rotation_between_two_users_changes_the_user() -> None:
    secret, server = Secret(Credentials("admin_clone", "new")), Server("new")
    assert log_in(credentials(secret), DENIED, server.attempt) == "hello admin_clone"


def test_the_secret_s_own_password_is_not_tried_again() -> None:
    secret, server = Secret(Credentials("admin", "old")), Server("other")
    with pytest.raises(Refused):
        log_in(credentials(secret), DENIED, server.attempt)
    assert (len(server.came), secret.reads) == (1, 1)


def test_a_second_refusal_is_the_last() -> None:
    secret, server = Secret(Credentials("admin", "new")), Server("other")
    with pytest.raises(Refused):
        log_in(credentials(secret), DENIED, server.attempt)
    assert (len(server.came), secret.reads) == (2, 1)


def test_another_refusal_reads_no_secret() -> None:
    secret, server = Secret(), Server("new", code=1040)
    with pytest.raises(Refused):
        log_in(credentials(secret), DENIED, server.attempt)
    assert secret.reads == 0


def test_a_password_that_is_wrong_on_purpose_is_tried_once() -> None:
    server = Server("new")
    with pytest.raises(Refused):
        log_in(credentials(None), DENIED, server.attempt)
    assert len(server.came) == 1


def test_credentials_do_not_show_where_they_come_from() -> None:
    assert repr(credentials(Secret())) == "Credentials(user='admin')"
    assert credentials(Secret()) == credentials(None)
