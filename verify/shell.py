"""`python -m verify.shell NAME [ROLE]`: a mysql, psql or redis-cli shell on a database of a stack.

The password goes through a pipe or the child's environment, never through its arguments, which
every user of the machine can read.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from psycopg.conninfo import make_conninfo

from contract import ContractError, Database, Endpoint
from verify.aws import Cloud, Credentials
from verify.cli import add_deployment_flags
from verify.deployment import databases_of, find_deployment
from verify.endpoints import main_endpoint
from verify.errors import CannotRun, NoCredentials, StepFailed, UnknownName
from verify.trust import ca_file, required_for_rds


def main(argv: Sequence[str] | None = None) -> int:
    """Become the shell; returns 2 with one sentence when that cannot be done."""
    words = list(sys.argv[1:] if argv is None else argv)
    cut = words.index("--") if "--" in words else len(words)
    own, passed_on = words[:cut], words[cut + 1 :]
    arguments = _parser().parse_args(own)
    try:
        return _open(arguments, passed_on)
    except (CannotRun, StepFailed, ContractError) as error:
        print(f"verify.shell: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m verify.shell",
        description="Open a mysql, psql or redis-cli shell on a database of the stack.",
        epilog="What follows -- goes to the shell: verify.shell mysql -- -e 'SELECT 1'",
    )
    parser.add_argument("name", help="a database of the stack")
    parser.add_argument(
        "role", nargs="?", help="the role or the name of one of its endpoints (default: to write)"
    )
    add_deployment_flags(parser)
    return parser


def _open(arguments: argparse.Namespace, passed_on: Sequence[str]) -> int:
    deployment = find_deployment(arguments.stack, arguments.outputs)
    databases = databases_of(deployment)
    if arguments.name not in databases:
        raise UnknownName(f"the stack has no database {arguments.name!r}: {', '.join(databases)}")
    database = databases[arguments.name]
    endpoint = _endpoint(arguments.name, database, arguments.role)
    ca = ca_file(arguments.ca, deployment.access.ca_file)
    secret = database.secret_arn or databases.get(database.source or "", database).secret_arn
    credentials = None
    if secret is not None:
        credentials = Cloud(deployment.access, arguments.timeout).credentials(secret)
    if database.engine.startswith(("oracle-", "sqlserver-")):
        raise CannotRun(
            f"there is no shell for {database.engine} here; connect by its own client to "
            f"{endpoint.host}:{endpoint.port}"
        )
    if database.kind == "redis":
        return _redis(endpoint, database, credentials, ca, passed_on)
    if credentials is None:
        raise NoCredentials(f"{arguments.name}: its output names no secret")
    user = credentials.user or database.user or ""
    if "postgres" in database.engine:
        return _psql(endpoint, database, user, credentials, required_for_rds(ca), passed_on)
    return _mysql(endpoint, user, credentials, required_for_rds(ca), passed_on)


def _endpoint(name: str, database: Database, role: str | None) -> Endpoint:
    if role is not None:
        for endpoint in database.endpoints:
            if role in (endpoint.role, endpoint.name):
                return endpoint
        roles = ", ".join(e.name or e.role for e in database.endpoints)
        raise UnknownName(f"{name} has no endpoint {role!r}: {roles}")
    return main_endpoint(database)


def _mysql(
    endpoint: Endpoint, user: str, credentials: Credentials, ca: str, passed_on: Sequence[str]
) -> int:
    program = _program("mysql", "mariadb-client")
    verify = "--ssl-mode=VERIFY_IDENTITY"
    version = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=10, check=False
    )
    if "MariaDB" in version.stdout:
        verify = "--ssl-verify-server-cert"
    read, write = os.pipe()
    escaped = credentials.password.replace("\\", "\\\\").replace('"', '\\"')
    os.write(write, f'[client]\npassword="{escaped}"\n'.encode())
    os.close(write)
    os.set_inheritable(read, True)
    command = [
        program,
        f"--defaults-extra-file=/dev/fd/{read}",
        f"--host={endpoint.host}",
        f"--port={endpoint.port}",
        f"--user={user}",
        f"--ssl-ca={ca}",
        verify,
        *passed_on,
    ]
    os.execv(program, command)


def _psql(
    endpoint: Endpoint,
    database: Database,
    user: str,
    credentials: Credentials,
    ca: str,
    passed_on: Sequence[str],
) -> int:
    program = _program("psql", "postgresql-client")
    words = {
        "host": endpoint.host,
        "port": str(endpoint.port),
        "user": user,
        "dbname": database.database or "postgres",
        "sslmode": "verify-full",
        "sslrootcert": ca,
    }
    environment = {**os.environ, "PGPASSWORD": credentials.password}
    os.execve(program, [program, make_conninfo(**words), *passed_on], environment)


def _redis(
    endpoint: Endpoint,
    database: Database,
    credentials: Credentials | None,
    ca: str | None,
    passed_on: Sequence[str],
) -> int:
    program = _program("redis-cli", "redis-tools")
    command = [program, "-h", endpoint.host, "-p", str(endpoint.port)]
    if database.tls:
        command += ["--tls", *(["--cacert", ca] if ca else [])]
    environment = dict(os.environ)
    if credentials is not None:
        environment["REDISCLI_AUTH"] = credentials.password
    os.execve(program, [*command, *passed_on], environment)


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CannotRun(f"{name} is not installed; run `apt-get install {package}`")
    return found


if __name__ == "__main__":
    sys.exit(main())
