"""Key conditions: reduces a KeyConditionExpression (or KeyConditions) to one operator and its values per attribute.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fogbank.core.errors import ValidationError

from ..values import Value
from .compiled import KEPT, Condition, Names, condition, demand
from .nodes import And, Between, Call, Compare, Not, Or, Ref, Within
from .paths import Path

KIND = "KeyConditionExpression"
KeyConditions = dict[str, tuple[str, list[Value]]]  # attribute → (EQ LT LE GT GE BETWEEN BEGINS_WITH, values)

_OPERATORS = {"=": "EQ", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
_MIRRORED = {"EQ": "EQ", "LT": "GT", "LE": "GE", "GT": "LT", "GE": "LE"}
_INVALID = "Invalid condition in KeyConditionExpression: "


def key_condition(
    text: str, names: Names, given: dict[str, Value], *, kept: bool = True
) -> tuple[KeyConditions, Condition]:
    """Returns the conditions of a KeyConditionExpression by attribute, and the checked expression.

    Raises ValidationError for an expression that is not a key condition. The caller checks whether the attributes are
    keys.
    """
    checked = condition(KIND, text, names) if kept else condition.__wrapped__(KIND, text, names)
    demand(checked, given)
    found: KeyConditions = {}
    for attribute, operator, refs in reduced(text, names) if kept else _reduced(checked):
        found[attribute] = operator, [given[ref] for ref in refs]
    return found, checked


@lru_cache(KEPT)
def reduced(text: str, names: Names) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Returns (attribute, operator, ":values") of each condition."""
    return _reduced(condition(KIND, text, names))


def _reduced(checked: Condition) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    found: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    for part in _flattened(checked.root):
        attribute, operator, refs = _single(part)
        if attribute in found:
            raise ValidationError(f"Invalid {KIND}: KeyConditionExpressions must only contain one condition per key")
        found[attribute] = attribute, operator, refs
    return tuple(found.values())


def _flattened(node: Any) -> list[Any]:
    if isinstance(node, And):
        return [leaf for part in node.conditions for leaf in _flattened(part)]
    return [node]


def _single(node: Any) -> tuple[str, str, tuple[str, ...]]:
    match node:
        case Or():
            raise _forbidden("OR")
        case Not():
            raise _forbidden("NOT")
        case Within():
            raise _forbidden("IN")
        case Compare("<>"):
            raise _forbidden("<>")
        case Call(name) if name != "begins_with":
            raise _forbidden(name)
        case Compare(operator, left, right):
            _check(left, right)
            if isinstance(left, Path):
                return left.head, _OPERATORS[operator], (right.name,)
            return right.head, _MIRRORED[_OPERATORS[operator]], (left.name,)
        case Between(operand, low, high):
            _leads("BETWEEN", operand)
            _check(operand, low, high)
            return operand.head, "BETWEEN", (low.name, high.name)
        case Call(name, (operand, prefix)):
            _leads(name, operand)
            _check(operand, prefix)
            return operand.head, "BEGINS_WITH", (prefix.name,)
    raise AssertionError(f"no condition: {node}")


def _forbidden(name: str) -> ValidationError:
    return ValidationError(f"Invalid operator used in KeyConditionExpression: {name}")


def _leads(name: str, operand: Any) -> None:
    if not isinstance(operand, Path):
        raise ValidationError(f"{_INVALID}{name} operator must have the key attribute as its first operand")


def _check(*operands: Any) -> None:
    """Raises ValidationError unless the operands are one top-level attribute and values."""
    if any(isinstance(operand, Call) for operand in operands):
        raise ValidationError(f"Invalid {KIND}: KeyConditionExpressions cannot contain nested operations")
    paths = [operand for operand in operands if isinstance(operand, Path)]
    if len(paths) > 1:
        raise ValidationError(f"{_INVALID}Multiple attribute names used in one condition")
    if not paths:
        raise ValidationError(f"{_INVALID}No key attribute specified")
    if len(paths[0].parts) > 1:
        raise ValidationError(f"Invalid {KIND}: KeyConditionExpressions cannot have conditions on nested attributes")
    assert all(isinstance(operand, Path | Ref) for operand in operands)
