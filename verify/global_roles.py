"""Which region of a global database writes, as RDS reports it, and changing that."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from contract import ContractError, Database, Secondary, Worldwide
from verify.aws import Cloud
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, StepFailed, VerifyError

SWITCHOVER_IN_WAITS = 30
"""RDS promises no time and takes minutes; a wait is 10 s unless said otherwise."""
_POLL_S = 0.05
T = TypeVar("T")


class GlobalRoles:
    """The roles of one global database's clusters."""

    def __init__(
        self, cloud: Cloud, database: Database, worldwide: Worldwide, wait_s: float
    ) -> None:
        self._cloud = cloud
        self._home = database
        self._worldwide = worldwide
        self._wait_s = wait_s
        self._regions = {database.cluster or "": database.region} | {
            each.cluster: each.region for each in worldwide.secondaries
        }

    def reported(self) -> dict[str, Any]:
        """The global cluster, as ``describe_global_clusters`` reports it."""
        return self._cloud.global_cluster(self._home.region, self._worldwide.identifier)

    def writer(self) -> str:
        """Identifier of the cluster that takes the writes."""
        writers = [m["DBClusterArn"] for m in self.reported()["GlobalClusterMembers"]
                   if m["IsWriter"]]  # fmt: skip
        if len(writers) != 1:
            raise StepFailed(f"RDS reports {writers or 'nobody'} as writer")
        return str(writers[0]).rpartition(":")[2]

    def expect_home(self) -> str:
        """Prove that the cluster that the outputs call the primary is the primary."""
        home, writer = self._home.cluster, self.writer()
        if writer != home:
            raise StepFailed(
                f"{writer} takes the writes, not {home}: somebody has switched over; switch back "
                "by `aws rds switchover-global-cluster`"
            )
        return f"{writer} in {self._home.region}"

    def move(self, target: Database | Secondary) -> None:
        """A planned switchover to ``target``, waited for until RDS reports it."""
        cluster, deadline = target.cluster or "", self.deadline()
        self.ask(target)
        self.eventually(
            lambda: self.writer() == cluster and self.reported()["Status"] == "available",
            f"RDS does not report {cluster} as the primary",
            deadline,
        )

    def ask(self, target: Database | Secondary) -> None:
        """Ask RDS for a planned switchover to ``target``, which takes its time."""
        cluster = target.cluster or ""
        arn = self._cloud.cluster(target.region, cluster)["DBClusterArn"]
        region = self._regions[self.writer()]
        try:
            self._cloud.switch_over(region, self._worldwide.identifier, arn)
        except VerifyError:
            # A call without an answer in time is asked again, and meets what the first one did.
            if self.writer() != cluster:
                raise

    def settle(self) -> None:
        """Wait until no change of roles is under way."""
        self.eventually(
            lambda: self.reported()["Status"] == "available",
            f"a change of roles of {self._worldwide.identifier} does not end",
            self.deadline(),
        )

    def deadline(self) -> Deadline:
        """The end of a change of roles that begins now."""
        return Deadline(SWITCHOVER_IN_WAITS * self._wait_s)

    def eventually(self, attempt: Callable[[], T], said: str, deadline: Deadline) -> T:
        """What ``attempt`` returns once that is true; until then its errors are "not yet"."""
        while True:
            why = ""
            try:
                if found := attempt():
                    return found
            except VerifyError as error:
                why = f": {error}"
            if deadline.expired:
                raise DeadlineExceeded(f"{said} in time{why}")
            time.sleep(_POLL_S)


def worldwide_of(database: Database) -> Worldwide:
    """What a global database has beside its primary."""
    if database.worldwide is None:
        raise ContractError(f"a {database.kind} database that names no global cluster")
    return database.worldwide
