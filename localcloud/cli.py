"""The commands: up, down, destroy, status, env, fault, serve."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from localcloud import daemon, state_folder
from localcloud.errors import LocalCloudError, NotRunning
from localcloud.site import ACCESS_KEY_ID, CA_VARIABLE, SECRET_ACCESS_KEY, Site

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when it worked, 2 with one clear message when not, 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    command: Callable[[Site, argparse.Namespace], int] = arguments.run
    try:
        return command(Site.from_env(), arguments)
    except LocalCloudError as error:
        print(f"localcloud: {error}", file=sys.stderr)
        return daemon.EXPLAINED
    except KeyboardInterrupt:
        print("localcloud: interrupted; run the command again to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return INTERRUPTED


def _up(site: Site, arguments: argparse.Namespace) -> int:
    from localcloud.engine.project import load
    from localcloud.engine.state import ProgramState, state_file

    started = time.monotonic()
    project = load(arguments.program, arguments.stack)
    ProgramState(state_file(site, project.stack))
    _need_programs()
    # It starts while this process imports the SDK.
    started_daemon = daemon.spawn_unless_running(site)

    from localcloud.engine.deploy import up
    from localcloud.report import Progress

    daemon.ensure_running(site, started=started_daemon)
    what = "would become" if arguments.preview else "becomes"
    print(f"stack {project.stack} {what} servers on this machine ({site.endpoint_url})", flush=True)
    progress = Progress(preview=arguments.preview)
    up(site, project, progress, preview=arguments.preview)
    print(progress.summary(time.monotonic() - started))
    return 0


def _need_programs() -> None:
    # Asked, like the state, before anything starts: half a cloud is worse than none.
    from localcloud.programs import PROGRAMS, program

    for name, package in PROGRAMS.items():
        program(name, package)


def _destroy(site: Site, arguments: argparse.Namespace) -> int:
    from localcloud.engine.deploy import destroy
    from localcloud.engine.project import load
    from localcloud.report import Progress

    started = time.monotonic()
    project = load(arguments.program, arguments.stack)
    daemon.ensure_running(site)
    progress = Progress(preview=False)
    destroy(site, project, progress)
    print(progress.summary(time.monotonic() - started))
    return 0


def _down(site: Site, arguments: argparse.Namespace) -> int:
    if not site.state_dir.exists():
        print(f"there is no local cloud in {site.state_dir}")
        return 0
    state_folder.refuse_foreign(site)
    daemon.stop(site)
    if arguments.wipe:
        shutil.rmtree(site.state_dir)
        print("stopped; all its data is deleted")
    else:
        print(f"stopped; its data stays in {site.state_dir} for the next `up`")
    return 0


def _status(site: Site, arguments: argparse.Namespace) -> int:
    from localcloud.report import servers

    answer = daemon.page(site, daemon.SERVERS, 5)
    if answer is None:
        raise NotRunning(
            f"no local cloud answers on {site.endpoint_url}; `python -m localcloud up` starts it"
        )
    found: list[dict[str, Any]] = answer["servers"]
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print(f"endpoint {site.endpoint_url}, state {site.state_dir}")
        print(servers(found) if found else "no databases yet; `python -m localcloud up` makes them")
    return 0


def _env(site: Site, arguments: argparse.Namespace) -> int:
    exports = {
        "AWS_ENDPOINT_URL": site.endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        CA_VARIABLE: str(site.ca_dir / "ca.pem"),
    }
    for name, value in exports.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _fault(site: Site, arguments: argparse.Namespace) -> int:
    from localcloud.faults import inflict

    print(inflict(site, arguments.fault, arguments.identifier, arguments.region))
    return 0


def _serve(site: Site, arguments: argparse.Namespace) -> int:
    return daemon.serve(site)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localcloud",
        description="An AWS endpoint on this machine whose databases are real servers.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Callable[[Site, argparse.Namespace], int], text: str) -> Any:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    def about_stack(command: Any) -> None:
        command.add_argument("--stack", default="dev", metavar="S", help="default: dev")
        command.add_argument(
            "--program", type=Path, default=Path(), metavar="DIR", help="the project's folder"
        )

    up = add("up", _up, "start the local cloud and make it as the program says")
    about_stack(up)
    up.add_argument("--preview", action="store_true", help="only say what would change")
    down = add("down", _down, "stop the local cloud; its data stays")
    down.add_argument("--wipe", action="store_true", help="delete its data, too")
    about_stack(add("destroy", _destroy, "delete everything a stack has made"))
    status = add("status", _status, "the servers, their addresses and memory")
    status.add_argument("--json", action="store_true", help="as JSON")
    add("env", _env, "exports that point boto3 and the AWS CLI at the local cloud")
    fault = add("fault", _fault, "kill, stop, cut off or continue a database's server, for a drill")
    fault.add_argument("fault", choices=("kill", "stop", "cut", "continue"))
    fault.add_argument("identifier", help="of an instance or a cache node, as `status` shows it")
    fault.add_argument("--region", metavar="R", help="where two regions have the same identifier")
    add("serve", _serve, "run the endpoint in the foreground")
    return parser
