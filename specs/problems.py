"""What is wrong with a stack's config: every problem at once, each with its path and remedy."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, Discriminator, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

_SHORT = reprlib.Repr()
_SHORT.maxstring = 80


@dataclass(frozen=True, order=True)
class Problem:
    """One value that cannot be: its path in the config, what is wrong, what to do."""

    path: str
    text: str

    def __str__(self) -> str:
        # A key may hold anything, a line's end too.
        path = self.path if self.path.isprintable() else ascii(self.path)[1:-1]
        return f"{path}: {self.text}"


class ConfigError(Exception):
    """A config that AWS would refuse, or that says nothing we know."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        count = len(self.problems)
        head = f"{count} problem{'s' if count > 1 else ''} in the stack's config"
        super().__init__("\n".join([f"{head}:", *(f"  {problem}" for problem in self.problems)]))


def refuse(text: str) -> PydanticCustomError:
    """The error for a validator to raise: ``text`` says what is wrong and what to do."""
    # Braces are format fields to pydantic; ours are text.
    return PydanticCustomError("refused", "{text}", {"text": text})


Model = type[BaseModel]
Schema = Model | Mapping[str, Model]
"""What a value is validated as: one model, or the members of a union by their tag."""


Conflict = tuple[str, str]
"""A key below the value whose parts do not fit together, and what is wrong with it."""


def conflict(conflicts: Iterable[Conflict]) -> PydanticCustomError:
    """The error for a model's validator to raise, where `Part.conflicts` would come too late."""
    return PydanticCustomError("conflict", "conflict", {"conflicts": list(conflicts)})


def problems_of(error: ValidationError, at: str, schema: Schema | None = None) -> list[Problem]:
    """A pydantic error in our words, under the path ``at``."""
    return [problem for details in error.errors() for problem in _problems(details, at, schema)]


def _problems(details: ErrorDetails, at: str, schema: Schema | None) -> list[Problem]:
    location = [str(part) for part in details["loc"]]
    if location[-1:] == ["[key]"] and details["type"] != "extra_forbidden":
        # Pydantic's mark that the key before it is wrong.
        del location[-1]
    path, inner = _walk(schema, location)
    if details["type"] == "conflict":
        return [
            Problem(".".join([at, *path, key]), text)
            for key, text in details.get("ctx", {})["conflicts"]
        ]
    if details["type"] == "extra_forbidden":
        inner = _walk(schema, location[:-1])[1]
        # What its readers may well look for, by key, and what to say of each.
        reason = getattr(inner, "not_here", {}).get(location[-1])
        if reason is not None:
            return [Problem(".".join([at, *path]), reason)]
    if details["type"] in ("union_tag_invalid", "union_tag_not_found"):
        path.append(details.get("ctx", {})["discriminator"].strip("'"))
    return [Problem(".".join([at, *path]), _text(details, path, _known(inner)))]


def _known(schema: Schema | None) -> list[str]:
    if schema is None:
        return []
    if isinstance(schema, Mapping):
        return list(schema)
    return [field.alias or name for name, field in schema.model_fields.items()]


def _text(details: ErrorDetails, parts: Sequence[str], known: Sequence[str]) -> str:
    context: Mapping[str, Any] = details.get("ctx", {})
    value, shown = details["input"], _shown(details["input"])
    match details["type"]:
        case "refused":
            return str(context["text"])
        case "missing":
            return "is missing; add it"
        case "union_tag_not_found":
            return f"is missing; choose {', '.join(known)}"
        case "extra_forbidden":
            return f"is not a key here{did_you_mean(parts[-1], known)}"
        case "union_tag_invalid":
            choices = [word.strip(" '") for word in str(context["expected_tags"]).split(",")]
            tag = str(context["tag"])
            return f"{tag!r} is not known{did_you_mean(tag, choices)}"
        case "invalid_key":
            return "is not a key here; keys are text"
        case "literal_error":
            return f"is {shown}; choose {context['expected']}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"is {shown}; write keys and values here"
        case "tuple_type" | "list_type":
            return f"is {shown}; write a list here"
        case "string_type":
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return f"is {shown}; write text here" + (f', in quotes: "{value}"' if number else "")
        case "greater_than_equal":
            return f"is {shown}; the least is {context['ge']}"
        case "less_than_equal":
            return f"is {shown}; the most is {context['le']}"
        case "string_too_short":
            return "is empty; write something"
        case "too_long":
            return f"has {context['actual_length']} entries; the most is {context['max_length']}"
        case kind if kind.startswith(("int_", "float_", "finite_")):
            return f"is {shown}; write a number"
        case kind if kind.startswith("bool_"):
            return f"is {shown}; write true or false"
        case _:
            return f"is {shown}, which cannot be; compare it with Pulumi.dev.yaml"


def _shown(value: object) -> str:
    """A value as its author would write it, and not at any length."""
    if value is None or isinstance(value, bool):
        return "empty" if value is None else str(value).lower()
    return _SHORT.repr(value)


def did_you_mean(word: str, choices: Sequence[str]) -> str:
    """The end of a sentence: the nearest of ``choices``, or all of them."""
    near = difflib.get_close_matches(word, choices, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(choices)}" if choices else ""


def _walk(schema: Schema | None, location: Sequence[str]) -> tuple[list[str], Schema | None]:
    """The path that a person wrote for pydantic's ``location``, and what is validated there."""
    path: list[str] = []
    for part in location:
        if isinstance(schema, Mapping):
            # Pydantic puts a union's tag into the location; nobody wrote it there.
            schema = schema.get(part)
            continue
        path.append(part)
        if schema is not None and not part.isdigit():
            fields = schema.model_fields.items()
            found = next((f for name, f in fields if part in (name, f.alias)), None)
            schema = _schema_of(found) if found is not None else None
    return path, schema


def _schema_of(field: FieldInfo) -> Schema | None:
    models = _models_in(field.annotation)
    if isinstance(field.discriminator, Discriminator):
        # A union told apart by a function: each member has its tag beside it.
        return {tag: model for model, tag in _tagged(field.annotation)}
    if isinstance(field.discriminator, str):
        tag = field.discriminator
        return {value: m for m in models for value in get_args(m.model_fields[tag].annotation)}
    return models[0] if models else None


def _tagged(union: Any) -> Iterator[tuple[Model, str]]:
    for member in get_args(union):
        model, *beside = get_args(member)
        yield from ((model, mark.tag) for mark in beside if isinstance(mark, Tag))


def _models_in(annotation: Any) -> list[Model]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
