"""An Aurora Global Database under a drill: its primary moves to another region, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from contract import Database, Endpoint, Secondary
from verify.aws import Cloud
from verify.drill.clients import Look, NotTheWriter
from verify.drill.sql_client import SqlClient
from verify.drill.sql_targets import SqlTarget
from verify.drill.target import Event, Member, Promise
from verify.errors import CannotRun, StepFailed, VerifyError
from verify.global_roles import GlobalRoles, worldwide_of

SWITCHOVER = Promise(
    "Aurora Global Database: a switchover loses no row and takes in the order of minutes, as "
    "Aurora's guide says; judged by 5 of them",
    300,
)
_WAIT_S = 10.0


class WriterClient(SqlClient):
    """A client that wants the writer: a server that became read-only is not whom it looks for."""

    def look(self) -> Look:
        found = super().look()
        if not found.writable:
            raise NotTheWriter(f"{found.server} takes no writes any more")
        return found

    def count(self) -> int:
        # Its bounds are the writer's. Who writes after it was read has written before, too.
        found = super().count()
        self.look()
        return found


class GlobalDatabase(SqlTarget):
    """A planned switchover to a secondary. Taking back what the drill made switches back, too."""

    promise = SWITCHOVER
    agreement = "a switchover moves its primary to another region"
    spared = "it is drilled by a switchover, and a fault is answered within the primary's region"

    def __init__(self, name: str, database: Database, cloud: Cloud, ca: str | None) -> None:
        super().__init__(name, database, cloud, ca)
        self._worldwide = worldwide_of(database)
        self._roles = GlobalRoles(cloud, database, self._worldwide, _WAIT_S)

    @property
    def title(self) -> str:
        return f"{self.name}, switchover"

    @property
    def _secondaries(self) -> list[Secondary]:
        """Those that have somebody who could write."""
        return [each for each in self._worldwide.secondaries if each.instances]

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Whoever writes in the world, and each region's readers."""
        home = self.database
        found = {"writer": home.endpoint("writer")}
        found |= {f"reader {home.region}": each for each in home.endpoints_of("reader")}
        return found | {f"reader {each.region}": each.reader for each in self._secondaries}

    def check(self) -> None:
        if not self._secondaries:
            raise CannotRun(f"{self.name} has no secondary with an instance that could take over")
        try:
            self._roles.expect_home()
        except StepFailed as error:
            raise CannotRun(f"{self.name} is not at home: {error}") from error

    def open(self, endpoint: Endpoint) -> SqlClient:
        """For the writer, a client of the region that takes writes just now."""
        if endpoint.role != "writer":
            return super().open(endpoint)
        said = []
        for place in (endpoint, *(each.writer for each in self._secondaries)):
            try:
                return self._writer_at(place)
            except VerifyError as error:
                said.append(str(error))
        raise NotTheWriter(f"no region of {self.name} takes writes: {'; '.join(said)}")

    def _writer_at(self, place: Endpoint) -> SqlClient:
        client = WriterClient.open(self.database, place, self._credentials, self.ca)
        try:
            client.look()
        except BaseException:
            client.close()
            raise
        return client

    def clean_up(self) -> None:
        home = self.database
        try:
            self._roles.settle()
            if self._roles.writer() != home.cluster:
                self._roles.move(home)
            self._roles.eventually(
                self._dropped, f"{home.cluster} takes no writes", self._roles.deadline()
            )
        except VerifyError as error:
            raise CannotRun(
                f"{self.name} is not as it was before its drill: {error}; switch back by "
                f"`aws rds switchover-global-cluster` to {home.cluster} if it does not write"
            ) from error

    def _dropped(self) -> bool:
        super().clean_up()
        return True

    def member(self) -> Member:
        writer = self._roles.writer()
        (region,) = (region for region, cluster in self._clusters() if cluster == writer)
        for each in self.cloud.cluster(region, writer)["DBClusterMembers"]:
            if each["IsClusterWriter"]:
                return Member(each["DBInstanceIdentifier"], region)
        raise CannotRun(f"RDS reports no writer of {writer}")

    def fail_over(self, to: str | None) -> str:
        clusters = {each.cluster: each for each in self._secondaries}
        if to is not None and to not in clusters:
            raise CannotRun(
                f"{to!r} is no secondary of {self.name} that could take over; "
                f"{', '.join(clusters)} could"
            )
        chosen = clusters[to] if to else self._secondaries[0]
        self._roles.ask(chosen)
        return (
            f"SwitchoverGlobalCluster of {self._worldwide.identifier} to {chosen.cluster} in "
            f"{chosen.region}"
        )

    def events(self, since: datetime) -> Sequence[Event]:
        found: list[Event] = []
        for region, cluster in self._clusters():
            found += self._events({cluster: "db-cluster"}, region, since)
        return sorted(found, key=lambda each: each.at)

    def _clusters(self) -> Iterator[tuple[str, str]]:
        yield self.database.region, self.database.cluster or ""
        for each in self._worldwide.secondaries:
            yield each.region, each.cluster
