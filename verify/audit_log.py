"""Who audits finds it: a change of a table, and a login that failed, are in CloudWatch Logs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from contract import Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, NotApplicable, Refused, StepFailed
from verify.exercise import Check, Scene
from verify.least_privilege import Grants, password

STATEMENT = "a change of a table is in the audit log"
LOGIN = "a login that failed is in the audit log"
DELIVERIES = 2
"""How many times an exercise with these checks may wait for a log to arrive."""
_SKEW = timedelta(minutes=5)
"""How far the server's clock may be behind ours; what is looked for is there once only."""
_SHOWN = 240
_POLL_S = 5.0
_NO_GROUP = frozenset({"ResourceNotFoundException"})


class AuditLog:
    """The checks on the log of one database; ``run`` runs statements as its master user."""

    def __init__(
        self, scene: Scene, endpoint: Endpoint, grants: Grants, run: Callable[[str], object]
    ) -> None:
        self._scene = scene
        self._endpoint = endpoint
        self._grants = grants
        self._run = run

    def checks(self, need: str) -> Iterable[Check]:
        """In order; ``need`` is the step that makes the table which is changed."""
        yield Check(STATEMENT, self._statement, (need,))
        if self._scene.database.audit_log is not None:
            yield Check(LOGIN, self._login, (STATEMENT,))

    def _statement(self) -> str:
        scene = self._scene
        if scene.database.audit_log is None:
            raise NotApplicable(
                "its output names no audit log; an audit_log of its topology makes one, where "
                "its kind can have one"
            )
        lack = scene.cloud.lacks(self._grants.dialect.lacks_audit)
        if lack is not None:
            raise NotApplicable(lack)
        word = f"verify_{secrets.token_hex(8)}"
        for statement in self._grants.remark(word):
            self._run(statement)
        return self._found((word,))

    def _login(self) -> str:
        dialect, scene = self._grants.dialect, self._scene
        # Nobody of this name is locked out by it, and no other line has it.
        nobody = f"verify_{secrets.token_hex(4)}"
        try:
            dialect.open(
                self._endpoint, Credentials(nobody, password()), scene.deadline(), ca=scene.ca
            ).close()
        except Refused:
            # Its code depends on how the server keeps a stranger from knowing that he is one.
            return self._found((nobody, dialect.failed_login))
        raise StepFailed(f"{nobody}, whom nobody has made, was let in")

    def _found(self, terms: Sequence[str]) -> str:
        """The one event with all of ``terms``, when CloudWatch has it."""
        started, since = time.monotonic(), datetime.now(UTC) - _SKEW
        deadline = self._scene.limit.within(self._scene.cloud.log_delivery_s)
        while True:
            line = next(self._events(terms, since, deadline), None)
            took = time.monotonic() - started
            if line is not None:
                return f"after {took:.0f} s: {line if len(line) <= _SHOWN else line[:_SHOWN]}"
            if deadline.expired:
                raise DeadlineExceeded(
                    f"{self._scene.database.audit_log} has no line with "
                    f"{' and '.join(repr(term) for term in terms)} after {took:.0f} s: does the "
                    "server audit, and is its log delivered?"
                )
            time.sleep(min(_POLL_S, deadline.left, 0.2 + took))

    def _events(self, terms: Sequence[str], since: datetime, deadline: Deadline) -> Iterator[str]:
        scene = self._scene
        more: dict[str, Any] = {}
        while True:
            answer = scene.cloud.ask(
                "logs",
                scene.database.region,
                "filter_log_events",
                absent=_NO_GROUP,
                logGroupName=scene.database.audit_log,
                startTime=round(since.timestamp() * 1000),
                filterPattern=" ".join(f'"{term}"' for term in terms),
                **more,
            )
            if answer is None:
                raise StepFailed(
                    f"CloudWatch Logs has no group {scene.database.audit_log}, which the stack "
                    "made: deploy with a refresh to have it again"
                )
            yield from (str(event["message"]).strip() for event in answer["events"])
            # A busy server's log comes in many pages, most of them empty.
            if not answer.get("nextToken") or deadline.expired:
                return
            more = {"nextToken": answer["nextToken"]}
