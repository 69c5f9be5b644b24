"""What is wrong with a stack's config: every problem at once, each with its path and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, Discriminator, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError


@dataclass(frozen=True, order=True)
class Problem:
    """One value that cannot be: its path in the config, what is wrong, what to do."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class ConfigError(Exception):
    """A config that AWS would refuse, or that says nothing we know."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
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
    """The error of a model whose fields are right one by one and wrong together."""
    return PydanticCustomError("conflict", "conflict", {"conflicts": list(conflicts)})


def problems_of(error: ValidationError, at: str, schema: Schema | None = None) -> list[Problem]:
    """A pydantic error in our words, under the path ``at``."""
    return [problem for details in error.errors() for problem in _problems(details, at, schema)]


def _problems(details: ErrorDetails, at: str, schema: Schema | None) -> list[Problem]:
    location = [str(part) for part in details["loc"] if part != "[key]"]
    path, inner = _walk(schema, location)
    if details["type"] == "conflict":
        return [
            Problem(".".join([at, *path, key]), text)
            for key, text in details.get("ctx", {})["conflicts"]
        ]
    if details["type"] == "extra_forbidden":
        inner = _walk(schema, location[:-1])[1]
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
    value = details["input"]
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
        case "literal_error":
            return f"is {value!r}; choose {context['expected']}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"is {value!r}; write keys and values here"
        case "tuple_type" | "list_type":
            return f"is {value!r}; write a list here"
        case "string_type":
            return f'is {value!r}; write text here, in quotes: "{value}"'
        case "int_type" | "int_parsing" | "int_from_float" | "float_type" | "float_parsing":
            return f"is {value!r}; write a number"
        case "greater_than_equal":
            return f"is {value}; the least is {context['ge']}"
        case "less_than_equal":
            return f"is {value}; the most is {context['le']}"
        case "string_too_short":
            return "is empty; write something"
        case _:
            return f"is {value!r}: {details['msg'][0].lower()}{details['msg'][1:]}"


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
