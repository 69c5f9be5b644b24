"""A database user without a password: it gets in by a token of IAM, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from contract import Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import Dialect
from verify.errors import NotApplicable, NotSent, Refused, StepFailed
from verify.exercise import Check, Scene
from verify.least_privilege import APPLICATION, DATABASE, IAM_USER, password

CREATE = "create a user that has a token of IAM in place of a password"
_COUNT = "SELECT COUNT(*) FROM notes"


class IamUser:
    """The checks on it. It may read one table, as the read-only user."""

    def __init__(
        self, scene: Scene, endpoint: Endpoint, dialect: Dialect, create: Callable[[], None]
    ) -> None:
        self._scene = scene
        self._endpoint = endpoint
        self._dialect = dialect
        self._create = create

    def checks(self, need: str) -> Iterable[Check]:
        """In order; ``need`` is the step that makes what it may read."""
        refused = {
            "a token with another signature is refused": self._bent,
            "another user's token is refused": lambda: self._token(APPLICATION),
            "a password is refused in place of a token": password,
        }
        return (
            Check(CREATE, self._made, (need,)),
            Check("it gets in by a token, over TLS", self._enters, (CREATE,)),
            *(Check(said, self._refuses(make), (CREATE,)) for said, make in refused.items()),
            Check("it needs TLS with its token", self._needs_tls, (CREATE,)),
        )

    def _made(self) -> str:
        lacking = self._scene.cloud.lacks(self._dialect.lacks_tokens)
        if lacking is not None:
            raise NotApplicable(lacking)
        self._create()
        return f"{IAM_USER}, which may read {DATABASE} only"

    def _token(self, user: str = IAM_USER) -> str:
        return self._scene.cloud.token(self._scene.database.region, self._endpoint, user)

    def _bent(self) -> str:
        token = self._token()
        return token[:-1] + ("1" if token[-1] == "0" else "0")

    def _enters(self) -> str:
        try:
            sql = self._dialect.open(
                self._endpoint, self._with(self._token()), self._deadline(), ca=self._scene.ca
            )
        except Refused as error:
            if error.errno != self._dialect.access_denied:
                raise
            raise StepFailed(
                f"the token of {IAM_USER} is not accepted (error {error.errno}); does a policy "
                f"allow you rds-db:connect on this database's dbuser {IAM_USER}?"
            ) from error
        try:
            sql.run(f"{self._dialect.use}{DATABASE}")
            ((count,),) = sql.run(_COUNT)
        finally:
            sql.close()
        return f"{IAM_USER} sees {count} row of notes"

    def _refuses(self, make: Callable[[], str]) -> Callable[[], str]:
        def action() -> str:
            try:
                self._dialect.open(
                    self._endpoint, self._with(make()), self._deadline(), ca=self._scene.ca
                ).close()
            except Refused as error:
                if error.errno != self._dialect.access_denied:
                    raise StepFailed(f"refused, but not for what was shown: {error}") from error
                return f"refused (error {error.errno})"
            raise StepFailed(f"{IAM_USER} was let in")

        return action

    def _needs_tls(self) -> str:
        token = self._with(self._token())
        try:
            return self._dialect.refused_without_tls(self._endpoint, token, self._deadline())
        except NotSent as reason:
            # Of a server that asks for TLS only when it knows who comes: MySQL asks first.
            return f"not sent: {reason}"

    def _with(self, secret: str) -> Credentials:
        return Credentials(IAM_USER, secret)

    def _deadline(self) -> Deadline:
        return self._scene.deadline()
