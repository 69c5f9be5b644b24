"""TLS: whose certificates to believe, and a CA that nobody should believe."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract import Endpoint
from verify.deadline import Deadline
from verify.errors import NoTrust, StepFailed, Unreachable
from verify.reach import address

CA_VARIABLE = "DATABASES_CA_FILE"
RDS_BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def ca_file(flag: Path | None, recorded: str | None) -> str | None:
    """The CA bundle of ``--ca``, DATABASES_CA_FILE or the record; ``None`` if there is none.

    `NoTrust` when the file has no certificates to load.
    """
    chosen = str(flag) if flag else os.environ.get(CA_VARIABLE) or recorded
    if chosen is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(chosen)
    except OSError as error:
        reason = error.strerror or "no certificate in it"
        raise NoTrust(f"the CA bundle {chosen} cannot be used: {reason}") from error
    return chosen


def required_for_rds(ca: str | None) -> str:
    """``ca``, or `NoTrust` with how to get the bundle: no system trusts RDS's own CAs."""
    if ca is None:
        raise NoTrust(
            f"RDS certificates are signed by RDS's own CAs: `curl -o rds.pem {RDS_BUNDLE}`, "
            f"then pass --ca rds.pem or set {CA_VARIABLE}=rds.pem"
        )
    return ca


def stranger() -> str:
    """The PEM certificate of a CA made on the spot, whose key is thrown away."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a CA nobody knows")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def refused_by_stranger(endpoint: Endpoint, deadline: Deadline) -> str:
    """Prove that a client which trusts only `stranger` does not believe a TLS-first server.

    The driver is no witness here: it adds the system's CAs to whatever it is given.
    """
    context = ssl.create_default_context(cadata=stranger())
    near = address(endpoint.host, endpoint.port)
    try:
        with (
            socket.create_connection(near, timeout=deadline.wait()) as plain,
            context.wrap_socket(plain, server_hostname=endpoint.host),
        ):
            pass
    except ssl.SSLCertVerificationError as error:
        return f"refused: {error.verify_message}"
    except OSError as error:
        raise Unreachable(f"{endpoint.host}:{endpoint.port} does not answer: {error}") from error
    raise StepFailed("a client that trusts another CA only accepted the server's certificate")
