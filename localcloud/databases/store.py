"""What a database is made of, on disk: one JSON file each, written before the change is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from localcloud.errors import StateUnreadable
from localcloud.records import write_atomically


class Plan(BaseModel):
    """Base of the models that say how a database is to be: what `recover` starts again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    identifier: str

    def having(self, **changes: Any) -> Any:
        """The same plan with some fields changed."""
        return self.model_copy(update=changes)


P = TypeVar("P", bound=Plan)


class Plans:
    """The plans of one kind of database, in a folder."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder
        self._kind = kind

    def save(self, plan: Plan) -> None:
        write_atomically(self._file(plan.region, plan.identifier), plan.model_dump_json().encode())

    def forget(self, plan: Plan) -> None:
        self._file(plan.region, plan.identifier).unlink(missing_ok=True)

    def has(self, plan: Plan) -> bool:
        return self._file(plan.region, plan.identifier).exists()

    def load(self, model: type[P]) -> list[P]:
        """Every plan; `StateUnreadable` when one was written by another version."""
        found = []
        for file in sorted(self._folder.glob(f"{self._kind}.*.json")):
            try:
                found.append(model.model_validate(json.loads(file.read_text())))
            except (ValidationError, ValueError) as error:
                raise StateUnreadable(
                    f"{file} was written by another version of the local cloud; "
                    "`python -m localcloud down --wipe` starts an empty one"
                ) from error
        return found

    def _file(self, region: str, identifier: str) -> Path:
        return self._folder / f"{self._kind}.{region}.{identifier}.json"
