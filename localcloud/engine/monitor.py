"""Runs a Pulumi program in this process. The one place that uses private names of the SDK."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from localcloud.engine.project import Project
from localcloud.engine.steps import Engine, Registration
from localcloud.engine.wire import decode, encode
from localcloud.errors import DeployFailed

_STACK = "pulumi:pulumi:Stack"
_PARALLEL = 32
_UNSUPPORTED = re.compile("The Pulumi CLI does not support (.*?)[.]")
"""The SDK thinks that it speaks with a Pulumi CLI."""


class _Nothing(mocks.Mocks):
    """The base class wants mocks; every request is answered before they are asked."""

    def call(self, args: Any) -> Any:
        raise NotImplementedError

    def new_resource(self, args: Any) -> Any:
        raise NotImplementedError


class Monitor(mocks.MockMonitor):
    """Answers the SDK's requests by an `Engine`."""

    def __init__(self, engine: Engine, project: Project) -> None:
        super().__init__(_Nothing())
        self._engine = engine
        self._project = project
        self.outputs: dict[str, Any] = {}

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802
        """What this engine can; for anything else the SDK says that it is not supported."""
        return resource_pb2.DeploymentInfo(
            supportedFeatures=[
                resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
                resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
            ]
        )

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the real engine's: the stack is no part of a qualified type."""
        qualified = parent.split("::")[2] if parent else ""
        whole = type_ if qualified in ("", _STACK) else f"{qualified}${type_}"
        return "::".join(["urn:pulumi:" + self._project.stack, self._project.name, whole, name])

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """A resource or a component of the program."""
        urn = self.make_urn(request.parent, request.type, request.name)
        try:
            _refuse_options(request)
            if not request.custom:
                self._engine.claim(urn)
                component = Registration(
                    urn, request.type, request.name, inputs={}, parent=request.parent
                )
                self._engine.asked.append(component)
                return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
            self._engine.refuse_rename(urn, self._former_urns(request))
            asked, secret = self._asked(urn, request)
        except DeployFailed as error:
            raise self._engine.failed(request.type, request.name, error) from error
        self._engine.asked.append(asked)
        id_, outputs = self._engine.register(asked)
        hidden = secret | set(request.additionalSecretOutputs)
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=id_, object=encode(outputs, hidden & outputs.keys())
        )

    def _former_urns(self, request: Any) -> list[str]:
        """What the resource may have been called before; the SDK adds types' old names."""
        found = list(request.aliasURNs)
        for alias in request.aliases:
            if alias.urn:
                found.append(alias.urn)
                continue
            spec = alias.spec
            parent = "" if spec.noParent else spec.parentUrn or request.parent
            found.append(
                self.make_urn(parent, spec.type or request.type, spec.name or request.name)
            )
        return found

    @staticmethod
    def _asked(urn: str, request: Any) -> tuple[Registration, frozenset[str]]:
        inputs, secret = decode(request.object)
        asked = Registration(
            urn=urn,
            type=request.type,
            name=request.name,
            inputs=inputs,
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies={
                prop: sorted(found.urns)
                for prop, found in sorted(request.propertyDependencies.items())
            },
            ignore_changes=frozenset(request.ignoreChanges),
            protected=request.protect,
            delete_first=request.deleteBeforeReplace,
            parent=request.parent,
            secret=secret,
        )
        return asked, secret

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """The stack's outputs; those of components are of no use here."""
        if request.urn.split("::")[2] == _STACK:
            outputs, secret = decode(request.outputs)
            self.outputs = {k: "[secret]" if k in secret else v for k, v in outputs.items()}
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """A function such as aws.ec2.get_vpc."""
        arguments, _ = decode(request.args)
        answer = encode(self._engine.invoke(request.tok, arguments))
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """`.get()` of a resource that somebody else made."""
        error = DeployFailed("the local cloud cannot read other stacks' resources (`.get()`)")
        raise self._engine.failed(request.type, request.name, error)


_REFUSED = {
    "importId": "import",
    "provider": "provider",
    "remote": "a component of another language",
    "replaceOnChanges": "replace_on_changes",
    "replace_with": "replace_with",
    "retainOnDelete": "retain_on_delete",
}
"""Resource options that the local cloud does not honour; to ignore one could lose rows."""


def _refuse_options(request: Any) -> None:
    for field, option in _REFUSED.items():
        if getattr(request, field):
            raise DeployFailed(f"the local cloud does not know the resource option {option!r}")
    for path in request.ignoreChanges:
        if "." in path or "[" in path:
            raise DeployFailed(f"the local cloud ignores changes of whole properties, not {path!r}")


def run_program(project: Project, engine: Engine, *, preview: bool) -> dict[str, Any]:
    """Run the program of ``project`` against ``engine``; its stack outputs.

    Raises `DeployFailed` for failed resources and for `pulumi.RunError`; any other exception is
    the program's own.
    """
    monitor = Monitor(engine, project)
    quiet = logging.getLogger("localcloud.pulumi")
    quiet.propagate = False
    quiet.addHandler(logging.NullHandler())
    features = monitor.GetDeploymentInfo(None).supportedFeatures
    settings = mocks.MockSettings(
        monitor=monitor,
        monitor_features=set(features),
        engine=mocks.MockEngine(quiet),
        project=project.name,
        stack=project.stack,
        organization="organization",
        dry_run=preview,
        callbacks=None,
    )
    pulumi.runtime.set_all_config(project.config)
    pulumi.runtime.configure(settings)
    pulumi.runtime.settings.ROOT.set(None)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(_PARALLEL)
    loop.set_default_executor(executor)
    try:
        try:
            loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _execute(project)))
        except Exception:
            loop.run_until_complete(_settle())
            raise
    except pulumi.RunError as error:
        raise DeployFailed(str(error)) from error
    except Exception as error:
        if not engine.failures:
            unsupported = _UNSUPPORTED.match(str(error))
            if unsupported is None:
                raise
            raise DeployFailed(f"the local cloud does not support {unsupported[1]}") from error
        # The SDK reports one of them; the person wants all.
        raise DeployFailed("\n".join(engine.failures)) from error
    finally:
        executor.shutdown(wait=True)
        if engine.failures:
            # They are told above; the SDK's own futures of them would each print a traceback.
            loop.set_exception_handler(lambda loop, context: None)
        asyncio.set_event_loop(None)
        loop.close()
    if engine.failures:
        raise DeployFailed("\n".join(engine.failures))
    return monitor.outputs


async def _settle() -> None:
    """Wait for everything that does not depend on what failed: the SDK stops waiting at once."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.gather(*others, return_exceptions=True)
    pulumi.runtime.settings.SETTINGS.outputs.clear()


def _execute(project: Project) -> None:
    main = project.folder / "__main__.py"
    if not main.exists():
        raise DeployFailed(f"{project.folder} has no __main__.py")
    sys.path.insert(0, str(project.folder))
    before = os.getcwd()
    os.chdir(project.folder)
    try:
        runpy.run_path(str(main), run_name="__main__")
    finally:
        os.chdir(before)
        sys.path.remove(str(project.folder))
