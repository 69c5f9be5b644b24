"""What is wrong with a stack's config: every problem at once, each with its path and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
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


def problems_of(
    error: ValidationError, at: str, model: Model | Mapping[str, Model]
) -> list[Problem]:
    """A pydantic error in our words, under the path ``at``.

    ``model`` is what was validated: one model, or the members of a union by their tag.
    """
    return [_problem(details, at, model) for details in error.errors()]


def _problem(details: ErrorDetails, at: str, model: Model | Mapping[str, Model]) -> Problem:
    parts = [str(part) for part in details["loc"]]
    root: Model | None
    if isinstance(model, Mapping):
        # A union's tag is in the location, too; nobody wrote it there.
        root = model.get(parts[0]) if parts else None
        parts = parts[1:]
    else:
        root = model
    if details["type"] in ("union_tag_invalid", "union_tag_not_found"):
        parts.append(details.get("ctx", {})["discriminator"].strip("'"))
    inner = _inner(root, parts[:-1]) if root is not None else None
    known = [f.alias or name for name, f in inner.model_fields.items()] if inner else []
    return Problem(".".join([at, *parts]), _text(details, parts, known))


def _text(details: ErrorDetails, parts: Sequence[str], known: Sequence[str]) -> str:
    context: Mapping[str, Any] = details.get("ctx", {})
    value = details["input"]
    match details["type"]:
        case "refused":
            return str(context["text"])
        case "missing" | "union_tag_not_found":
            return "is missing; add it"
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


def _inner(model: Model, path: Sequence[str]) -> Model | None:
    for part in path:
        if part.isdigit():
            continue
        fields = model.model_fields
        found = next((f for name, f in fields.items() if part in (name, f.alias)), None)
        inner = _model_in(found.annotation) if found is not None else None
        if inner is None:
            return None
        model = inner
    return model


def _model_in(annotation: Any) -> Model | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for m in map(_model_in, get_args(annotation)) if m is not None), None)
