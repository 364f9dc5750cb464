"""Models: JSON schema of draft 4, checked within a budget.

jsonschema reads a schema; each keyword it meets is a step here, and those that would take more than that are our own:
expressions by the linear engine, unique items by their canonical text, multiples exactly.
https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
https://json-schema.org/draft-04/json-schema-validation
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from fogbank.apis import patterns
from fogbank.apis.budget import Budget, OverBudget

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

KEYWORD = 5  # steps that a keyword takes in jsonschema
REFERENCE = 50  # steps that a $ref takes
Keyword = Callable[[Any, Any, Any, Any], Iterable[Any] | None]
_budget: ContextVar[Budget] = ContextVar("budget")  # jsonschema's keywords are given no more than it knows of


class BadSchema(Exception):
    """The model is no JSON schema, or refers to what is not there."""


class Schema:
    """The model `name` of `models` (name -> JSON text), which may refer to the others by their URL."""

    def __init__(self, models: dict[str, str], name: str) -> None:
        """Raises BadSchema, OverBudget. It takes a while."""
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT4

        @cache
        def retrieve(uri: str) -> Resource[Any]:
            shape = read(models.get(uri.partition("#")[0].rpartition("/")[2]) or "{}")
            return Resource.from_contents(shape, default_specification=DRAFT4)

        schema = read(models.get(name) or "{}")
        registry: Any = Registry(retrieve=retrieve)  # type: ignore[call-arg]
        kind = _validator_class()
        self._validator: Validator = kind(schema, registry=registry)
        if _errors(kind(_of_one_draft(kind.META_SCHEMA)), schema, Budget()):
            raise BadSchema("it is no JSON schema of draft 4")

    def errors(self, value: Any, budget: Budget) -> list[str]:
        """What is wrong with a value. Raises BadSchema, OverBudget."""
        return _errors(self._validator, value, budget)


def _errors(validator: Validator, value: Any, budget: Budget) -> list[str]:
    from jsonschema.exceptions import UnknownType
    from referencing.exceptions import Unresolvable

    token = _budget.set(budget)
    try:
        return [error.message for error in validator.iter_errors(value)]
    except RecursionError:
        raise OverBudget("the schema or the body is nested too deeply") from None
    except Unresolvable as error:
        raise BadSchema(f"it refers to {error.ref}, which is not there") from None
    except (TypeError, AttributeError, KeyError, ValueError, UnknownType) as error:  # of a model that it refers to
        raise BadSchema(f"it refers to what is no JSON schema of draft 4: {error}") from None
    finally:
        _budget.reset(token)


def read(text: str) -> Any:
    """A model's text as a schema. Raises BadSchema."""
    try:
        schema = _of_one_draft(json.loads(text))
    except (ValueError, RecursionError):
        raise BadSchema("it is not JSON") from None
    if not isinstance(schema, dict):
        raise BadSchema("it is no object")
    return schema


def _of_one_draft(schema: Any) -> Any:
    """A schema without what names its draft: jsonschema would take its own keywords for it, and not ours."""
    if isinstance(schema, list):
        return [_of_one_draft(held) for held in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: held if name in ("enum", "default") else _of_one_draft(held)
        for name, held in schema.items()
        if name != "$schema" or not isinstance(held, str)
    }


# -- keywords ----------------------------------------------------------------------------------------------------------


@cache
def _validator_class() -> Any:
    """jsonschema's validator of draft 4 with each keyword counted."""
    from jsonschema import Draft4Validator
    from jsonschema.validators import extend

    own: dict[str, Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
        "enum": _enum,
    }
    keywords = {name: _counted(name, own.get(name, held)) for name, held in Draft4Validator.VALIDATORS.items()}
    return extend(Draft4Validator, keywords)


def _counted(name: str, keyword: Keyword) -> Keyword:
    """The keyword, which charges for itself, the entries of its value, and the text of its errors."""

    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        budget = _budget.get()
        budget.step(REFERENCE if name == "$ref" else KEYWORD + (len(value) if isinstance(value, list | dict) else 0))
        for error in keyword(validator, value, instance, schema) or ():
            budget.made(len(error.message))
            yield error

    return counted


def _error(message: str) -> Any:
    from jsonschema.exceptions import ValidationError

    return ValidationError(message)


def _found(pattern: str, text: str) -> bool:
    """Whether an expression is found in a text; one that is none is found nowhere."""
    try:
        return patterns.found(pattern, text, _budget.get())
    except patterns.BadPattern:
        return False


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not _found(pattern, instance):
        yield _error(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, by_pattern: dict[str, Any], instance: Any, _schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, schema in by_pattern.items():
        for name, held in instance.items():
            if _found(pattern, name):
                yield from validator.descend(held, schema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    declared = schema.get("properties", {})
    by_pattern = schema.get("patternProperties", {})
    _budget.get().step(len(instance) // 4)
    extras = [
        name
        for name in instance
        if name not in declared and not any(_found(pattern, name) for pattern in by_pattern)
    ]  # fmt: skip
    if isinstance(allowed, dict):
        for name in extras:
            yield from validator.descend(instance[name], allowed, path=name)
    elif not allowed and extras:
        names, verb = ", ".join(repr(name) for name in sorted(extras)), "was" if len(extras) == 1 else "were"
        yield _error(f"Additional properties are not allowed ({names} {verb} unexpected)")


def _unique_items(_validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if wanted and isinstance(instance, list):
        texts = {_canonical(item, _budget.get()) for item in instance}
        if len(texts) < len(instance):
            yield _error("the array has non-unique elements")


def _enum(_validator: Any, allowed: list[Any], instance: Any, _schema: Any) -> Iterator[Any]:
    budget = _budget.get()
    if isinstance(instance, str):
        if instance not in allowed:
            yield _error(f"{instance!r} is not one of {allowed!r}")
    elif _canonical(instance, budget) not in {_canonical(each, budget) for each in allowed}:
        yield _error(f"{instance!r} is not one of {allowed!r}")


def _multiple_of(_validator: Any, divisor: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """Exactly, as decimal numbers: 0.3 is a multiple of 0.1."""
    if isinstance(instance, bool) or not isinstance(instance, int | float) or not divisor:
        return
    if Fraction(repr(instance)) % Fraction(repr(divisor)):
        yield _error(f"{instance!r} is not a multiple of {divisor}")


def _canonical(value: Any, budget: Budget) -> str:
    """One text for all values that are equal: names in order, 1.0 as 1. Texts hash safely, numbers do not."""
    budget.step(3)
    if isinstance(value, dict):
        inside = ",".join(f"{json.dumps(name)}:{_canonical(value[name], budget)}" for name in sorted(value))
        text = f"{{{inside}}}"
    elif isinstance(value, list):
        text = f"[{','.join(_canonical(held, budget) for held in value)}]"
    elif isinstance(value, float) and value.is_integer():
        text = str(int(value))
    else:
        text = json.dumps(value)
    budget.made(len(text))
    return text
