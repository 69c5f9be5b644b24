"""`python -m verify.shell NAME [ROLE]`: a shell on a database of the stack.

The password goes through a pipe or the child's environment, never through its arguments, which
every user of the machine can read.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from psycopg.conninfo import make_conninfo

from contract import CacheUser, ContractError, Database, Endpoint
from verify.aws import Cloud, Credentials
from verify.cli import add_deployment_flags
from verify.deployment import databases_of, find_deployment
from verify.endpoints import main_endpoint
from verify.errors import CannotRun, NoCredentials, StepFailed, UnknownName
from verify.trust import ca_file, required_for_rds

_CACHES = ("redis", "valkey")


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
        description="Open a mysql, psql or redis-cli shell, or a line to memcached.",
        epilog="What follows -- goes to the shell: verify.shell mysql -- -e 'SELECT 1'",
    )
    parser.add_argument("name", help="a database of the stack")
    parser.add_argument(
        "role", nargs="?", help="the role or the name of one of its endpoints (default: to write)"
    )
    parser.add_argument(
        "--user", metavar="NAME", help="a user of a cache (default: the first of its users)"
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
    if database.engine == "memcached":
        return _memcached(endpoint, database, ca, passed_on)
    if database.kind == "serverless-cache":
        return _redis(endpoint, database, None, ca, ["-c", *passed_on])
    if database.kind in _CACHES:
        cache_user = _user(arguments.name, database, arguments.user)
        if cache_user is not None:
            cloud = Cloud(deployment.access, arguments.timeout)
            found = cloud.credentials(cache_user.secret_arn)
            credentials = Credentials(cache_user.name, found.password)
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


def _user(name: str, database: Database, wanted: str | None) -> CacheUser | None:
    if wanted is None:
        return database.users[0] if database.users else None
    for user in database.users:
        if user.name == wanted:
            return user
    known = ", ".join(user.name for user in database.users) or "it has no users of its own"
    raise UnknownName(f"{name} has no user {wanted!r}: {known}")


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
    if endpoint.role == "configuration":
        # Goes where a node without the key sends it.
        command.append("-c")
    if credentials is not None and credentials.user is not None:
        command += ["--user", credentials.user]
    environment = dict(os.environ)
    if credentials is not None:
        environment["REDISCLI_AUTH"] = credentials.password
    os.execve(program, [*command, *passed_on], environment)


def _memcached(
    endpoint: Endpoint, database: Database, ca: str | None, passed_on: Sequence[str]
) -> int:
    # memcached has no client of its own: one types the protocol (`stats`, `get KEY`, `quit`).
    if not database.tls:
        program = _program("telnet", "telnet")
        os.execv(program, [program, *passed_on, endpoint.host, str(endpoint.port)])
    program = _program("openssl", "openssl")
    command = [
        *(program, "s_client", "-quiet", "-crlf", "-verify_return_error"),
        *("-connect", f"{endpoint.host}:{endpoint.port}"),
        *("-verify_ip" if _is_address(endpoint.host) else "-verify_hostname", endpoint.host),
        *(("-CAfile", ca) if ca else ()),
        *passed_on,
    ]
    os.execv(program, command)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CannotRun(f"{name} is not installed; run `apt-get install {package}`")
    return found


if __name__ == "__main__":
    sys.exit(main())
