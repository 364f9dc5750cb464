"""Validates requests against the constraints of their model. The error texts are AWS's:

    2 validation errors detected: Value 'a b' at 'queueName' failed to satisfy constraint: Member must satisfy regular
    expression pattern: …; Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null

They follow recorded answers of AWS, which tests/protocol/test_validate.py quotes. The order in which AWS reports
several errors could not be found out (it differs between services); here it is the order of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from fogbank.core.errors import ValidationError

from . import patterns
from .shapes import Ref, Shape
from .typed import TypeMaker

if TYPE_CHECKING:
    from .models import OperationModel, ServiceModel

_MAX_ERRORS = 20
_MAX_ECHO = 2048  # characters of a value that is quoted
_MAX_DEPTH = 200


class ModelError(ValidationError):
    """A request that violates its model. Some services have their own code for it."""

    def __init__(self, message: str, code: str = "", *, name: str = "") -> None:
        super().__init__(message)
        self._code = code
        self.missing = name

    def code_for(self, family: str) -> str:
        return self._code or super().code_for(family)


def compile_validator(operation: OperationModel) -> Callable[[dict[str, Any]], None]:
    """Make a function that raises ModelError if an operation's parameters violate its model."""
    shape = operation.input_shape
    model = operation.service
    manner = model.manner
    if shape is None or manner.validation == "none":
        return lambda params: None
    maker = TypeMaker(wire=False, constraints=manner.validation)
    made = maker.shape(shape)
    convert = msgspec.convert

    def validate(params: dict[str, Any]) -> None:
        try:
            convert(params, made, builtin_types=_NATIVE)
        except (msgspec.ValidationError, RecursionError, TypeError, ValueError):
            check(model, shape, params)

    return validate


_NATIVE = (bytes, bytearray, datetime, Decimal)


def check(model: ServiceModel, shape: Shape, params: dict[str, Any]) -> None:
    """Raise ModelError with all constraints that `params` violate."""
    manner = model.manner
    walk = _Walk(echo=manner.echo_values, null_rule=manner.null_rule, full=manner.validation == "full")
    for error in walk.structure(shape, params, "", 0):
        if manner.missing_parameter and walk.missing:
            raise _missing(model, walk.missing)
        walk.found.append(error)
        if len(walk.found) >= _MAX_ERRORS:
            break
    if walk.found:
        plural = "" if len(walk.found) == 1 else "s"
        text = "; ".join(walk.found)
        raise ModelError(f"{len(walk.found)} validation error{plural} detected: {text}", manner.validation_code)


def _missing(model: ServiceModel, path: str) -> ModelError:
    return ModelError(model.manner.missing_parameter.format(name=path), "MissingParameter")


def lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def show(value: Any) -> str:
    """Format a value as Java prints it: lists [a, b], maps {k=v}, booleans true."""
    text = "".join(_show(value, 0))
    return text if len(text) <= _MAX_ECHO else text[:_MAX_ECHO]


def _show(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield (
            "{" + ", ".join(f"{key}={''.join(_show(item, depth + 1))}" for key, item in list(value.items())[:50]) + "}"
        )
    elif isinstance(value, list):
        yield "[" + ", ".join("".join(_show(item, depth + 1)) for item in value[:50]) + "]"
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, bytes | bytearray):
        yield f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    else:
        yield "null" if value is None else str(value)


class _Walk:
    def __init__(self, *, echo: bool, null_rule: bool, full: bool) -> None:
        self.echo = echo
        self.null_rule = null_rule
        self.full = full
        self.found: list[str] = []
        self.missing = ""

    def _error(self, shape: Shape, value: Any, path: str, rule: str) -> str:
        quoted = f" '{show(value)}'" if self.echo and not shape.raw.sensitive else ""
        return f"Value{quoted} at '{path}' failed to satisfy constraint: {rule}"

    def structure(self, shape: Shape, value: Any, path: str, depth: int) -> Iterator[str]:
        if not isinstance(value, dict) or depth > _MAX_DEPTH or shape.is_document:
            return
        for name, ref in shape.members.items():
            item = value.get(name)
            inner = f"{path}.{lower_first(name)}" if path else lower_first(name)
            if item is None:
                if name in shape.required:
                    self.missing = f"{path}.{name}" if path else name
                    null = " null" if self.echo else ""
                    yield f"Value{null or ' null'} at '{inner}' failed to satisfy constraint: Member must not be null"
                continue
            yield from self.value(ref, item, inner, depth + 1)

    def value(self, ref: Ref, value: Any, path: str, depth: int) -> Iterator[str]:
        self.missing = ""
        shape = ref.shape
        if depth > _MAX_DEPTH:
            return
        if self.full:
            for rule in self.rules(ref, value):
                yield self._error(shape, value, path, rule)
        if shape.type == "structure":
            yield from self.structure(shape, value, path, depth)
        elif shape.type == "list" and isinstance(value, list):
            yield from self._list(shape, value, path, depth)
        elif shape.type == "map" and isinstance(value, dict):
            yield from self._map(shape, value, path, depth)

    def _list(self, shape: Shape, value: list[Any], path: str, depth: int) -> Iterator[str]:
        member = shape.member
        if shape.raw.max is not None and len(value) > shape.raw.max:
            return  # its length is an error already, and it may have any number of elements
        if member.shape.type in ("structure", "list", "map"):
            for index, item in enumerate(value, 1):
                if item is not None:
                    yield from self.value(member, item, f"{path}.{index}.member", depth + 1)
        elif self.full and any(next(self.rules(member, item), "") for item in value if item is not None):
            rules = ", ".join(self.all_rules(member))
            yield self._error(shape, value, path, f"Member must satisfy constraint: [{rules}]")

    def _map(self, shape: Shape, value: dict[str, Any], path: str, depth: int) -> Iterator[str]:
        if self.full and any(next(self.rules(shape.key, key), "") for key in value):
            rules = ", ".join(self.all_rules(shape.key))
            yield self._error(shape, value, path, f"Map keys must satisfy constraint: [{rules}]")
        member = shape.value
        if shape.raw.max is not None and len(value) > shape.raw.max:
            return
        if member.shape.type in ("structure", "list", "map"):
            for key, item in value.items():
                if item is not None:
                    yield from self.value(member, item, f"{path}.{key}.member", depth + 1)
        elif self.full and any(next(self.rules(member, item), "") for item in value.values() if item is not None):
            rules = ", ".join(self.all_rules(member))
            yield self._error(shape, value, path, f"Map value must satisfy constraint: [{rules}]")

    def rules(self, ref: Ref, value: Any) -> Iterator[str]:
        """The rules of a shape that a value violates."""
        raw = ref.shape.raw
        if ref.enum and isinstance(value, str):
            if value not in ref.enum:
                yield _enum(ref)
            return
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number and not isinstance(value, str | bytes | bytearray | list | dict):
            return  # a stream
        if raw.min is not None or raw.max is not None:
            if ref.shape.type == "structure":
                return
            size = value if isinstance(value, int | float) else len(value)
            what = "value" if number else "length"
            if raw.max is not None and size > raw.max:
                yield f"Member must have {what} less than or equal to {_number(raw.max)}"
            if raw.min is not None and size < raw.min:
                yield f"Member must have {what} greater than or equal to {_number(raw.min)}"
        if raw.pattern and isinstance(value, str):
            test = patterns.matcher(raw.pattern)
            if test is not None and not test(value):
                yield f"Member must satisfy regular expression pattern: {raw.pattern}"

    def all_rules(self, ref: Ref) -> list[str]:
        """All rules of an element's shape: AWS lists them all if an element of a collection violates one."""
        raw = ref.shape.raw
        if ref.enum:
            return [_enum(ref)]
        what = "length" if ref.shape.type in ("string", "blob", "list", "map") else "value"
        found = []
        if raw.max is not None:
            found.append(f"Member must have {what} less than or equal to {_number(raw.max)}")
        if raw.min is not None:
            found.append(f"Member must have {what} greater than or equal to {_number(raw.min)}")
        if raw.pattern:
            found.append(f"Member must satisfy regular expression pattern: {raw.pattern}")
        if self.null_rule:
            found.append("Member must not be null")
        return found


def _enum(ref: Ref) -> str:
    return f"Member must satisfy enum value set: [{', '.join(ref.enum)}]"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
