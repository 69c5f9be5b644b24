"""A Multi-AZ DB cluster: the course's rows on a writer, and two standbys that read them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from verify import course
from verify.cluster import CONNECT, WRITER, Cluster
from verify.errors import StepFailed
from verify.exercise import CLEAN, Check, Scene
from verify.expectations import MULTI_AZ_CLUSTER
from verify.instance import OWN, select_users
from verify.session import Session

MEMBERS = "every member answers at its own address"
CREATE = "create testdb.users through the writer endpoint and insert three rows"
COUNT = "count them through the reader endpoint"
EVERYWHERE = "every member shows the three rows"
_COUNT_USERS = "SELECT COUNT(*) FROM users"


def _mysql(session: Session) -> str:
    return f"server {session.run('SELECT @@server_id')[0][0]}"


def _postgres(session: Session) -> str:
    return f"server {session.run('SELECT host(inet_server_addr())')[0][0]}"


_MARKS: Mapping[str, Callable[[Session], str]] = {"mysql": _mysql, "postgres": _postgres}
"""What a server is told apart by: of RDS none says its own identifier."""


class MultiAz(Cluster):
    """The checks on one Multi-AZ DB cluster."""

    database: ClassVar[str] = "testdb"
    own: ClassVar[dict[str, str]] = OWN
    wanted = MULTI_AZ_CLUSTER

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._names: dict[str, str] = {}
        """Of the members, by what their servers say."""

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT, self._connect, opens=True),
            Check(MEMBERS, self._members, (CONNECT,)),
            *self.first_checks(MEMBERS),
            Check(CREATE, self._create, (CLEAN,)),
            Check(COUNT, lambda: self._read(_COUNT_USERS, 3), (CREATE, MEMBERS)),
            Check(EVERYWHERE, self._everywhere, (COUNT,)),
            Check(
                "a write through the reader endpoint is refused",
                lambda: self._refuses(course.REFUSED_INSERT),
                (COUNT,),
            ),
            Check("the reader endpoint reaches both standbys", self._readers, (WRITER,)),
        )

    def identity(self, session: Session) -> str:
        mark = self._mark(session)
        return self._names.get(mark, mark)

    def _mark(self, session: Session) -> str:
        return _MARKS[self.scene.database.engine](session)

    def _members(self) -> str:
        for endpoint in self.scene.database.endpoints_of("instance"):
            with self._open(endpoint, self.scene.deadline()) as sql:
                mark, name = self._mark(sql), str(endpoint.name)
            other = self._names.setdefault(mark, name)
            if other != name:
                raise StepFailed(f"the addresses of {other} and {name} lead to one {mark}")
        return ", ".join(self._names.values())

    def _create(self) -> str:
        self.began = True
        for statement in course.statements(self._dialect.users):
            self._writer.run(statement)
        return "3 rows inserted"

    def _everywhere(self) -> str:
        found = {}
        for endpoint in self.scene.database.endpoints_of("instance"):
            deadline = self.scene.deadline()
            with self._open(endpoint, deadline) as sql:
                self._await_rows(sql, _COUNT_USERS, 3, deadline)
                found[str(endpoint.name)] = select_users(sql)
        return "; ".join(f"{name}: {said}" for name, said in found.items())


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("multi_az",)))
