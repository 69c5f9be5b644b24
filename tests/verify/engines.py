"""Real servers of these tests: a MariaDB source and replica, a Redis primary and replica."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import mysql.connector
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER = "admin"
PASSWORD = "only-for-these-tests"
SOURCE, REPLICA = "127.84.1.1", "127.84.1.2"
PRIMARY, READER = "127.84.2.1", "127.84.2.2"
# RDS's own list: with ALL the user could write on a read-only server.
_GRANTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, "
    "SHOW DATABASES, LOCK TABLES, EXECUTE, CREATE USER, EVENT, TRIGGER"
)


def write_certificates(folder: Path, addresses: list[str]) -> Path:
    """A CA (ca.pem, returned) and one server certificate (server.pem, server.key)."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests of verify")])
    now = datetime.datetime.now(datetime.UTC)

    def builder(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    ca = (
        builder(ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    server = (
        builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")]), key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(server.public_bytes(pem))
    (folder / "server.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder / "ca.pem"


class Servers:
    """Two MariaDB and two Redis servers, with TLS required."""

    def __init__(self, folder: Path, ca: Path) -> None:
        self.folder = folder
        self.ca = ca
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, address: str, command: list[str]) -> None:
        log = (self.folder / f"{address}.log").open("wb")
        with log:
            self.processes[address] = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait(10)


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Start the four servers; killed and removed at the end."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="verify-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        tls = folder / "tls"
        tls.mkdir(mode=0o755)
        ca = write_certificates(tls, [SOURCE, REPLICA, PRIMARY, READER])
        servers = Servers(folder, ca)
        stack.callback(servers.stop)
        _start_redis(servers)
        _start_mariadb(servers)
        yield servers


def _start_redis(servers: Servers) -> None:
    tls = servers.ca.parent
    for address in (PRIMARY, READER):
        command = [
            *("redis-server", "--bind", address, "--port", "0", "--tls-port", "6379"),
            *(
                "--tls-cert-file",
                str(tls / "server.pem"),
                "--tls-key-file",
                str(tls / "server.key"),
            ),
            *("--tls-ca-cert-file", str(servers.ca), "--tls-auth-clients", "no"),
            *("--tls-replication", "yes", "--requirepass", PASSWORD, "--masterauth", PASSWORD),
            *("--save", "", "--repl-diskless-sync-delay", "0", "--dir", str(servers.folder)),
            # A replica names itself by the source address of its connection otherwise.
            *("--replica-announce-ip", address),
        ]
        if address == READER:
            command += ["--replicaof", f"{PRIMARY} 6379"]
        servers.start(address, command)


def _start_mariadb(servers: Servers) -> None:
    tls = servers.ca.parent
    template = servers.folder / "template"
    _run(
        *("mariadb-install-db", "--no-defaults", f"--datadir={template}", "--user=root"),
        *("--auth-root-authentication-method=normal", "--skip-test-db"),
        *("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M"),
    )
    for number, address in enumerate((SOURCE, REPLICA), 1):
        data = servers.folder / f"data-{number}"
        shutil.copytree(template, data)
        servers.start(
            address,
            [
                *("mariadbd", "--no-defaults", "--user=root", f"--datadir={data}"),
                *(f"--bind-address={address}", "--port=3306", f"--socket={data}/s.sock"),
                *("--skip-name-resolve", "--performance-schema=OFF", f"--server-id={number}"),
                *("--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M"),
                *("--innodb-flush-log-at-trx-commit=0", "--innodb-use-native-aio=0"),
                *("--log-bin", "--gtid-strict-mode=ON", "--binlog-format=ROW"),
                *(f"--report-host=server-{number}", f"--read-only={number - 1}"),
                *(f"--ssl-ca={servers.ca}", f"--ssl-cert={tls / 'server.pem'}"),
                *(f"--ssl-key={tls / 'server.key'}", "--require-secure-transport=ON"),
            ],
        )
    create = (
        f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'",
        f"GRANT {_GRANTS} ON *.* TO '{USER}'@'%'",
    )
    replicate = (
        "SET GLOBAL gtid_slave_pos=''",
        f"CREATE USER copy@'%' IDENTIFIED BY '{PASSWORD}'",
        "GRANT REPLICATION SLAVE ON *.* TO copy@'%'",
    )
    _as_root(servers, 1, "SET sql_log_bin=0", *create, *replicate[1:], "RESET MASTER")
    _as_root(
        servers,
        2,
        "SET sql_log_bin=0",
        *create,
        "RESET MASTER",
        replicate[0],
        f"CHANGE MASTER TO MASTER_HOST='{SOURCE}', MASTER_USER='copy', "
        f"MASTER_PASSWORD='{PASSWORD}', MASTER_SSL=1, MASTER_USE_GTID=slave_pos, "
        "MASTER_CONNECT_RETRY=1",
        "START SLAVE",
    )


def replication(servers: Servers, verb: str) -> None:
    """START or STOP the replica's replication."""
    _as_root(servers, 2, f"{verb} SLAVE")


def _as_root(servers: Servers, number: int, *statements: str) -> None:
    socket = str(servers.folder / f"data-{number}" / "s.sock")

    def connect() -> object:
        return mysql.connector.connect(unix_socket=socket, user="root", autocommit=True)

    connection = _patiently(connect, mysql.connector.Error)
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for statement in statements:
        cursor.execute(statement)
    connection.close()  # type: ignore[attr-defined]


def _patiently(action: Callable[[], object], trouble: type[Exception]) -> object:
    end = time.monotonic() + 20
    while True:
        try:
            return action()
        except trouble:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
