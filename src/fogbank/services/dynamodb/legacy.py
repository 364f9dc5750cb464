"""Converts the parameters that expressions replaced to the nodes and actions of expressions.

These are Expected, QueryFilter, ScanFilter, KeyConditions, AttributeUpdates and AttributesToGet.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.core.errors import ValidationError

from .expressions.actions import Action, Add, Delete, Remove, Set
from .expressions.keys import KeyConditions
from .expressions.nodes import And, Between, Call, Compare, Constant, Not, Or, Within
from .expressions.paths import Path
from .values import INVALID, SETS, Value, admit, compare, kind_of, type_name

_COMPARATORS = {"EQ": "=", "NE": "<>", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
# (least, most) values; other operators take exactly one
_COUNTS = {"NULL": (0, 0), "NOT_NULL": (0, 0), "BETWEEN": (2, 2), "IN": (1, 100)}
_SCALARS = ("S", "N", "B")
_TYPES = {
    "LT": _SCALARS,
    "LE": _SCALARS,
    "GT": _SCALARS,
    "GE": _SCALARS,
    "CONTAINS": _SCALARS,
    "NOT_CONTAINS": _SCALARS,
    "BEGINS_WITH": ("S", "B"),
    "IN": _SCALARS,
    "BETWEEN": _SCALARS,
}
_NOT_INDEXABLE = ("NULL", "NOT_NULL", "NE", "CONTAINS", "NOT_CONTAINS", "IN")


def filter_condition(filters: Mapping[str, Any], operator: str | None) -> Any | None:
    """Converts a QueryFilter or ScanFilter to a condition; None when it is empty."""
    return _joined([_condition(name, condition) for name, condition in filters.items()], operator)


def expected_condition(expected: Mapping[str, Any], operator: str | None) -> Any | None:
    """Converts Expected to a condition; None when it is empty."""
    return _joined([_expectation(name, wanted) for name, wanted in expected.items()], operator)


def check_operator(req: Mapping[str, Any], parameter: str) -> None:
    """Raises ValidationError when ConditionalOperator has fewer than two conditions to join."""
    if req.get("ConditionalOperator") is None:
        return
    conditions = req.get(parameter)
    if conditions is None:
        raise ValidationError(f"{INVALID}ConditionalOperator cannot be used without Filter or Expected")
    if len(conditions) == 1:
        raise ValidationError(
            f"{INVALID}ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )


def _joined(conditions: Sequence[Any], operator: str | None) -> Any | None:
    if not conditions:
        return None
    if len(conditions) == 1:
        return conditions[0]
    return Or(tuple(conditions)) if operator == "OR" else And(tuple(conditions))


def _condition(name: str, condition: Mapping[str, Any]) -> Any:
    operator = condition["ComparisonOperator"]
    given = condition.get("AttributeValueList") or []
    _check(operator, given)
    return _node(name, operator, given)


def _node(name: str, operator: str, given: Sequence[Value]) -> Any:
    path = Path((name,))
    values = [Constant(value) for value in given]
    if operator in _COMPARATORS:
        return Compare(_COMPARATORS[operator], path, values[0])
    match operator:
        case "NULL":
            return Call("attribute_not_exists", (path,))
        case "NOT_NULL":
            return Call("attribute_exists", (path,))
        case "CONTAINS":
            return Call("contains", (path, values[0]))
        case "NOT_CONTAINS":
            return Not(Call("contains", (path, values[0])))
        case "BEGINS_WITH":
            return Call("begins_with", (path, values[0]))
        case "IN":
            return Within(path, tuple(values))
    return Between(path, values[0], values[1])


def _check(operator: str, given: Sequence[Value]) -> None:
    for value in given:
        admit(value)
    least, most = _COUNTS.get(operator, (1, 1))
    if not least <= len(given) <= most:
        raise ValidationError(f"{INVALID}Invalid number of argument(s) for the {operator} ComparisonOperator")
    if not given:
        return
    if any(kind_of(value) != kind_of(given[0]) for value in given):
        raise ValidationError(f"{INVALID}AttributeValues inside AttributeValueList must be of same type")
    allowed = _TYPES.get(operator)
    for value in given:
        if allowed is not None and kind_of(value) not in allowed:
            raise ValidationError(
                f"{INVALID}ComparisonOperator {operator} is not valid for {kind_of(value)} AttributeValue type"
            )
    if operator == "BETWEEN" and (compare(given[0], given[1]) or 0) > 0:
        raise ValidationError(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )


def _expectation(name: str, wanted: Mapping[str, Any]) -> Any:
    operator, value, given = (wanted.get(key) for key in ("ComparisonOperator", "Value", "AttributeValueList"))
    exists = wanted.get("Exists")
    if value is not None and given is not None:
        raise ValidationError(f"{INVALID}Value and AttributeValueList cannot be used together for Attribute: {name}")
    if operator is not None:
        if exists is not None:
            raise ValidationError(
                f"{INVALID}Exists and ComparisonOperator cannot be used together for Attribute: {name}"
            )
        if operator not in ("NULL", "NOT_NULL") and value is None and given is None:
            raise ValidationError(
                f"{INVALID}Value or AttributeValueList must be used with ComparisonOperator: {operator} "
                f"for Attribute: {name}"
            )
        values = given if given is not None else [value] if value is not None else []
        _check(operator, values)
        return _node(name, operator, values)
    if given is not None:
        raise ValidationError(
            f"{INVALID}AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
        )
    if exists is False:
        if value is not None:
            raise ValidationError(f"{INVALID}Value cannot be used when Exists is false for Attribute: {name}")
        return Call("attribute_not_exists", (Path((name,)),))
    if value is None:
        shown = "null" if exists is None else "true"
        raise ValidationError(f"{INVALID}Value must be provided when Exists is {shown} for Attribute: {name}")
    admit(value)
    return Compare("=", Path((name,)), Constant(value))


def key_conditions(conditions: Mapping[str, Any]) -> KeyConditions:
    """Converts KeyConditions to the form of a parsed key condition expression."""
    found: KeyConditions = {}
    for name, condition in conditions.items():
        operator = condition["ComparisonOperator"]
        given = condition.get("AttributeValueList") or []
        _check(operator, given)
        found[name] = operator, list(given)
    if len(found) not in (1, 2):
        raise ValidationError("Conditions can be of length 1 or 2 only")
    for operator, _ in found.values():
        if operator in _NOT_INDEXABLE:
            raise ValidationError("Attempted conditional constraint is not an indexable operation")
    return found


def update_actions(updates: Mapping[str, Any]) -> tuple[Action, ...]:
    """Converts AttributeUpdates to actions. Their ADD may append to lists (`actions.apply(lists=True)`)."""
    return tuple(_action(name, update) for name, update in updates.items())


def _action(name: str, update: Mapping[str, Any]) -> Action:
    action, value = update.get("Action") or "PUT", update.get("Value")
    path = Path((name,))
    if value is None:
        if action == "DELETE":
            return Remove(path)
        raise ValidationError(f"{INVALID}Only DELETE action is allowed when no attribute value is specified")
    admit(value)
    kind = kind_of(value)
    if action == "PUT":
        return Set(path, Constant(value))
    if action == "ADD":
        if kind not in (*SETS, "N", "L"):
            raise ValidationError(f"{INVALID}ADD action is not supported for the type {type_name(value)}")
        return Add(path, Constant(value))
    if kind not in SETS:
        raise ValidationError(f"{INVALID}DELETE action with value is not supported for the type {type_name(value)}")
    return Delete(path, Constant(value))


def attributes_to_get(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Converts AttributesToGet to paths of a projection; a dot in a name does not separate parts."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValidationError(f"{INVALID}Duplicate value in attribute name: {name}")
        seen.add(name)
    return tuple((name,) for name in names)
