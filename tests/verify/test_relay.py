from __future__ import annotations

import socket
import threading

from contract import Endpoint
from verify.deadline import Deadline
from verify.relay import relayed


def test_what_is_said_at_one_address_is_heard_at_the_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(client.recv(10).upper())

        thread = threading.Thread(target=answer)
        thread.start()
        endpoint = Endpoint(role="writer", host="127.0.0.1", port=server.getsockname()[1])
        with relayed(endpoint, Deadline(5)) as elsewhere:
            assert elsewhere.port != endpoint.port
            with socket.create_connection((elsewhere.host, elsewhere.port), 5) as client:
                client.sendall(b"hello")
                assert client.recv(10) == b"HELLO"
        thread.join(5)
        assert not thread.is_alive()


def test_nobody_need_come_and_nothing_is_left() -> None:
    before = threading.active_count()
    with relayed(Endpoint(role="writer", host="127.0.0.1", port=1), Deadline(5)):
        pass
    assert threading.active_count() == before
