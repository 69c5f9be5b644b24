"""In the place of AWS's session-manager-plugin, which these tests do not have: its command line,
and what a session does, without AWS. It hands bytes on to the remote host by itself, where the
real one sends them to the client host, which does.

Run as a program named session-manager-plugin. It appends what it was asked for, and its end, to
the file in STAND_IN_LOG; STAND_IN_FAULT makes it misbehave, STAND_IN_LEADS_TO another address.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import threading
import time

VERSION = "1.2.707.0"


def note(**facts: object) -> None:
    line = json.dumps({"pid": os.getpid(), **facts}) + "\n"
    log = os.open(os.environ["STAND_IN_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(log, line.encode())
    os.close(log)


def hand_on(near: socket.socket, where: tuple[str, int]) -> None:
    with near:
        try:
            far = socket.create_connection(where, 5)
        except OSError:
            # What the agent cannot reach: the stream is closed, and a line says so.
            print("\nConnection to destination port failed, check SSM Agent logs.", flush=True)
            return
        with far:
            other = {near: far, far: near}
            try:
                while True:
                    for side in select.select([near, far], [], [])[0]:
                        chunk = side.recv(65536)
                        if not chunk:
                            return
                        other[side].sendall(chunk)
            except OSError:
                return


def main() -> int:
    fault = os.environ.get("STAND_IN_FAULT")
    if sys.argv[1:] == ["--version"]:
        print("1.2.497.0" if fault == "old" else VERSION)
        return 0
    variable, region, operation, profile, parameters, endpoint = sys.argv[1:]
    answer, request = json.loads(os.environ[variable]), json.loads(parameters)
    assert (operation, request["DocumentName"]) == (
        "StartSession",
        "AWS-StartPortForwardingSessionToRemoteHost",
    )
    assert answer.keys() == {"SessionId", "TokenValue", "StreamUrl"}
    given = {name: value for name, (value,) in request["Parameters"].items()}
    astray = os.environ.get("STAND_IN_LEADS_TO")
    where = (astray or given["host"], int(given["portNumber"]))
    note(
        event="start",
        session=answer["SessionId"],
        region=region,
        profile=profile,
        target=request["Target"],
        to=[given["host"], where[1]],
        endpoint=endpoint,
        arguments_have_the_token=answer["TokenValue"] in " ".join(sys.argv),
    )
    print(f"\nStarting session with SessionId: {answer['SessionId']}", flush=True)
    if fault == "ends":
        print("Cannot perform start session: listen tcp 127.0.0.1:3306: bind: in use", flush=True)
        return 0
    if fault == "silent":
        time.sleep(600)
    door = socket.create_server(("localhost", int(given["localPortNumber"])))

    def end(number: int, frame: object) -> None:
        if fault == "stubborn":
            return
        note(event="end", session=answer["SessionId"])
        print("Terminate signal received, exiting.", flush=True)
        os._exit(0)

    # As the real one, to which SIGTERM is the end without a word.
    signal.signal(signal.SIGINT, end)
    print(f"Port {door.getsockname()[1]} opened for sessionId {answer['SessionId']}.", flush=True)
    print("Waiting for connections...", flush=True)
    while True:
        near, _ = door.accept()
        threading.Thread(target=hand_on, args=(near, where), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
