"""What can go wrong in an exercise, one sentence each.

VerifyError              base; the text is one sentence for a person
├── CannotRun            nothing could be proven or refuted; exit code 2
│   ├── NoDeployment     there are no outputs of this stack
│   ├── NoCredentials    AWS credentials or the database's secret cannot be had
│   ├── NoTrust          there is no CA bundle to verify a certificate with
│   ├── NoWay            no session leads to the databases
│   ├── UnknownName      no exercise and no database of this name
│   └── Unreachable      nobody answers at an address
├── StepFailed           a database does not do what it should; exit code 1
│   ├── DeadlineExceeded it did not do it in time
│   ├── Refused          the server answered a statement or a login with an error
│   ├── NotTrusted       the server's certificate does not stand up to the CA or the host name
│   └── NotSent          the driver keeps a token to itself on a connection in plain text
└── NotApplicable        a step has nothing to prove on this database; it is skipped
"""

from __future__ import annotations


class VerifyError(Exception):
    """Base of every error a person can act on."""


class CannotRun(VerifyError):
    """Nothing could be proven or refuted."""


class NoDeployment(CannotRun):
    """There are no outputs of this stack."""


class NoCredentials(CannotRun):
    """AWS credentials, or the database's secret, cannot be had."""


class NoTrust(CannotRun):
    """There is no CA bundle to verify a certificate with."""


class NoWay(CannotRun):
    """No session leads to the databases."""


class UnknownName(CannotRun):
    """No exercise and no database of this name."""


class Unreachable(CannotRun):
    """Nobody answers at an address."""


class StepFailed(VerifyError):
    """A database does not do what it should."""


class DeadlineExceeded(StepFailed):
    """It did not do it in time."""


class Refused(StepFailed):
    """The server answered a statement or a login with an error."""

    def __init__(self, errno: int | str, said: str) -> None:
        super().__init__(f"{said} (error {errno})")
        self.errno = errno


class NotTrusted(StepFailed):
    """The server's certificate does not stand up to the CA or the host name."""


class NotSent(StepFailed):
    """The driver keeps a token to itself on a connection in plain text."""


class NotApplicable(VerifyError):
    """A step has nothing to prove on this database."""
