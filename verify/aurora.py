"""Practice 3: one cluster, four kinds of endpoint, each leading where its name says."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import ClassVar

from contract import Endpoint
from verify import course
from verify.cluster import CONNECT, WRITER, Cluster
from verify.errors import StepFailed
from verify.exercise import CLEAN, Check
from verify.expectations import CLUSTER
from verify.session import Session
from verify.sql import identity

CREATE = "insert three REPEAT rows through the writer endpoint"
COUNT = "count them through the reader endpoint"
_REFUSED = "INSERT INTO performance_test (data) VALUES (REPEAT('D', 1000))"


class Aurora(Cluster):
    """The checks on one Aurora MySQL cluster."""

    database: ClassVar[str] = "auroratest"
    own: ClassVar[dict[str, str]] = {
        "performance_test": "data IN (" + ", ".join(f"REPEAT('{c}', 1000)" for c in "ABCD") + ")"
    }
    wanted = CLUSTER
    rows: ClassVar[str] = course.PERFORMANCE_TEST
    """The course's statements, in the engine's SQL."""

    def checks(self) -> Iterable[Check]:
        custom = self.scene.database.endpoints_of("custom")
        return (
            Check(CONNECT, self._connect, opens=True),
            *self.first_checks(),
            Check(CREATE, self._create, (CLEAN,)),
            Check(COUNT, lambda: self._read(course.COUNT_ROWS, 3), (CREATE,)),
            Check(
                "a write through the reader endpoint is refused",
                lambda: self._refuses(_REFUSED),
                (COUNT,),
            ),
            Check("the reader endpoint reaches every reader", self._readers, (WRITER,)),
            *(
                Check(
                    f"custom endpoint {e.name} reaches only its members",
                    lambda e=e: self._custom(e),  # type: ignore[misc]
                    (CONNECT,),
                )
                for e in custom
            ),
        )

    def identity(self, session: Session) -> str:
        return identity(session)

    def _create(self) -> str:
        self.began = True
        for statement in course.statements(self.rows):
            self._writer.run(statement)
        return f"3 rows of 1000 characters, written by {self.identity(self._writer)}"

    def _custom(self, endpoint: Endpoint) -> str:
        reached = set()
        deadline = self.scene.deadline()
        # Often enough that a member of the cluster that it should not reach would show.
        for _ in range(2 * len(self.scene.database.instances)):
            with self._open(endpoint, deadline) as sql:
                reached.add(self.identity(sql))
        if not reached <= set(endpoint.members):
            raise StepFailed(
                f"it reached {sorted(reached)}, its members are {sorted(endpoint.members)}"
            )
        return f"reached {', '.join(sorted(reached))}"


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("aurora",)))
