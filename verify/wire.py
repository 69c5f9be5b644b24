"""What a TLS-first server does on the wire, proven by handshakes alone: no driver has a say."""

from __future__ import annotations

import socket
import ssl

from contract import Endpoint
from verify.deadline import Deadline
from verify.errors import NotTrusted, StepFailed, Unreachable
from verify.reach import address
from verify.relay import relayed

WEAK = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")


def tls_in_use(endpoint: Endpoint, ca: str | None, deadline: Deadline) -> str:
    """Protocol and cipher that a server agrees on; ``ca`` ``None`` trusts the system's CAs.

    Raises `NotTrusted`, `Unreachable`, or `StepFailed` when what it agrees on is broken.
    """
    context = ssl.create_default_context(cafile=ca)
    # The client would refuse them otherwise, and say nothing of the server.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    where = f"{endpoint.host}:{endpoint.port}"
    near = address(endpoint.host, endpoint.port)
    try:
        with (
            socket.create_connection(near, deadline.wait()) as plain,
            context.wrap_socket(plain, server_hostname=endpoint.host) as secured,
        ):
            protocol, cipher = secured.version(), secured.cipher()
    except ssl.SSLCertVerificationError as error:
        said = f"the certificate of {where} is not trusted: {error.verify_message}"
        raise NotTrusted(said) from error
    except OSError as error:
        raise Unreachable(f"{where} agrees on no TLS: {error}") from error
    if protocol in WEAK or cipher is None:
        raise StepFailed(f"{where} speaks {protocol}, which is broken; require TLSv1.2 or newer")
    return f"{protocol} {cipher[0]}"


def refused_elsewhere(endpoint: Endpoint, ca: str | None, deadline: Deadline) -> str:
    """Prove that a server's certificate is good for no other address than its own."""
    try:
        with relayed(endpoint, deadline) as elsewhere:
            tls_in_use(elsewhere, ca, deadline)
    except NotTrusted as error:
        return f"refused: {error}"
    raise StepFailed("the certificate was accepted at another address than its own")
