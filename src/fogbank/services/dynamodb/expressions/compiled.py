"""Parses expressions, checks everything that does not depend on values, and caches the result.

AWS checks in this order: syntax, parentheses, functions, reserved words; then, condition by condition: undefined
placeholders, operand counts, equal operands, operand types. `demand` checks what depends on values.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from fogbank.core.errors import ValidationError

from .. import values as v
from ..values import Value
from ..words import reserved
from .nodes import And, Between, Call, Compare, Or, Ref, Within, bound, parts, walk
from .parser import MAX_OPERATORS, parse_condition, parse_projection
from .paths import Path, overlap

Names = tuple[tuple[str, str], ...]  # the items of ExpressionAttributeNames

KEPT = 4096  # cached expressions of each kind
MAX_KEPT_NAMES = 10_000  # characters of attribute names in a cached expression
MAX_LENGTH = 4096  # bytes of an expression as sent, with its placeholders
MAX_CHOICES = 100  # operands of IN
OPERANDS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
UPDATE_FUNCTIONS = ("if_not_exists", "list_append")
INCORRECT = "Incorrect operand type for operator or function; operator or function: {}, operand type: {}"
UNDEFINED_VALUE = "An expression attribute value used in expression is not defined; attribute value: {}"


class Condition(msgspec.Struct, frozen=True, gc=False):
    """A checked condition. `leaves` are its comparisons and functions, in the order of the text."""

    kind: str
    root: Any
    leaves: tuple[Any, ...]
    typed: bool  # whether some leaf accepts only some types of values
    refs: frozenset[str]  # the placeholders of values it uses, ":v"
    aliases: frozenset[str]  # the placeholders of names it uses, "#n"
    heads: frozenset[str]  # the top-level attributes it mentions
    nested: frozenset[str]  # those whose inner parts it mentions


class Projection(msgspec.Struct, frozen=True, gc=False):
    paths: tuple[tuple[str | int, ...], ...]
    aliases: frozenset[str]
    heads: frozenset[str]
    nested: frozenset[str]


def check_length(kind: str, text: str) -> None:
    """Raises ValidationError for an empty expression, and for one longer than 4 KB."""
    if not text.strip():
        raise ValidationError(f"Invalid {kind}: The expression can not be empty;")
    size = len(text.encode())
    if size > MAX_LENGTH:
        raise ValidationError(
            f"Invalid {kind}: Expression size has exceeded the maximum allowed size; expression size: {size}"
        )


@lru_cache(KEPT)
def condition(kind: str, text: str, names: Names) -> Condition:
    """Parses and checks a condition. `kind` is the parameter's name. Raises ValidationError with AWS's texts."""
    check_length(kind, text)
    raw = parse_condition(kind, text)
    nodes = list(walk(raw))
    try:
        operators = sum(_operators(node) for node in nodes)
        if operators > MAX_OPERATORS:
            raise ValidationError(f"The expression contains too many operators; operator count: {operators}")
        _check_functions(raw, nodes)
        paths = [node for node in nodes if isinstance(node, Path)]
        check_words(paths)
        known = dict(names)
        aliases = check_names(paths, known)
        root = bound(raw, known)
        leaves = tuple(node for node in walk(root) if isinstance(node, Compare | Between | Within | Call))
        for leaf in leaves:
            _check_operands(leaf)
    except ValidationError as problem:
        raise ValidationError(f"Invalid {kind}: {problem.message}") from None
    resolved = [node for node in walk(root) if isinstance(node, Path)]
    return Condition(
        kind=kind,
        root=root,
        leaves=leaves,
        typed=any(not (isinstance(leaf, Within) or _equates(leaf)) for leaf in leaves),
        refs=frozenset(node.name for node in nodes if isinstance(node, Ref)),
        aliases=aliases,
        heads=frozenset(path.head for path in resolved),
        nested=frozenset(path.head for path in resolved if len(path.parts) > 1),
    )


@lru_cache(KEPT)
def projection(text: str, names: Names) -> Projection:
    """Parses and checks a ProjectionExpression. Raises ValidationError with AWS's texts."""
    kind = "ProjectionExpression"
    check_length(kind, text)
    raw = parse_projection(kind, text)
    try:
        check_words(raw)
        known = dict(names)
        aliases = check_names(raw, known)
        paths = [bound(path, known) for path in raw]
        problem = overlap(paths)
        if problem:
            raise ValidationError(problem)
    except ValidationError as problem:
        raise ValidationError(f"Invalid {kind}: {problem.message}") from None
    return Projection(
        paths=tuple(path.parts for path in paths),
        aliases=aliases,
        heads=frozenset(path.head for path in paths),
        nested=frozenset(path.head for path in paths if len(path.parts) > 1),
    )


def _operators(node: Any) -> int:
    """Counts a node's own operators and functions, not those inside it."""
    if isinstance(node, And | Or):
        return len(node.conditions) - 1
    return not isinstance(node, Path | Ref)


def _equates(leaf: Any) -> bool:
    return isinstance(leaf, Compare) and leaf.operator in ("=", "<>")


def check_words(paths: Iterable[Path]) -> None:
    """Raises ValidationError for a path with a reserved word."""
    for path in paths:
        for part in path.parts:
            if isinstance(part, str) and reserved(part):
                raise ValidationError(f"Attribute name is a reserved keyword; reserved keyword: {part}")


def check_names(paths: Iterable[Path], names: dict[str, str]) -> frozenset[str]:
    """Raises ValidationError for an undefined placeholder of a name. Returns the placeholders that the paths use."""
    used = {part for path in paths for part in path.parts if isinstance(part, str) and part[0] == "#"}
    for path in paths:
        for part in path.parts:
            if part in used and part not in names:
                raise ValidationError(
                    f"An expression attribute name used in the document path is not defined; attribute name: {part}"
                )
    return frozenset(used)


def _check_functions(root: Any, nodes: list[Any]) -> None:
    """Raises ValidationError for an unknown function, and for `size` or another function in the wrong place.

    Only `size` returns a value, so only it may be an operand.
    """
    for node in nodes:
        if isinstance(node, Call) and node.name not in OPERANDS:
            if node.name in UPDATE_FUNCTIONS:
                raise ValidationError(f"The function is not allowed in a condition expression; function: {node.name}")
            raise ValidationError(f"Invalid function name; function: {node.name}")
    for name in _misused(root, as_operand=False):
        raise ValidationError(f"The function is not allowed to be used this way in an expression; function: {name}")


def _misused(node: Any, *, as_operand: bool) -> Iterable[str]:
    if isinstance(node, Call) and (node.name == "size") is not as_operand:
        yield node.name
    inner = isinstance(node, Compare | Between | Within | Call)
    for part in parts(node):
        yield from _misused(part, as_operand=inner)


def _check_operands(leaf: Any) -> None:
    """Checks the number of operands, functions that need a path, and operands that must differ."""
    if isinstance(leaf, Within) and len(leaf.choices) > MAX_CHOICES:  # AWS's text is not confirmed
        raise ValidationError(
            f"The IN operator is provided with too many operands; number of operands: {len(leaf.choices)}"
        )
    if isinstance(leaf, Compare):
        _check_distinct(leaf.operator, (leaf.left, leaf.right))
    if not isinstance(leaf, Call):
        return
    if len(leaf.args) != OPERANDS[leaf.name]:
        raise ValidationError(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {leaf.name}, number of operands: {len(leaf.args)}"
        )
    _check_distinct(leaf.name, leaf.args)
    if leaf.name in ("attribute_exists", "attribute_not_exists") and not isinstance(leaf.args[0], Path):
        raise ValidationError(f"Operator or function requires a document path; operator or function: {leaf.name}")


def _check_distinct(name: str, operands: tuple[Any, ...]) -> None:
    if len(operands) == 2 and isinstance(operands[0], Path) and operands[0] == operands[1]:
        raise ValidationError(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {name}, first operand: {operands[0].shown()}"
        )


def demand(checked: Condition, given: dict[str, Value]) -> None:
    """Checks a condition with the request's values: all must be defined, and of types that the operators accept."""
    if not checked.typed and checked.refs <= given.keys():
        return
    for leaf in checked.leaves:
        problem = _problem(leaf, given)
        if problem:
            raise ValidationError(f"Invalid {checked.kind}: {problem}")


def _problem(leaf: Any, given: dict[str, Value]) -> str | None:
    for node in walk(leaf):
        if isinstance(node, Ref) and node.name not in given:
            return UNDEFINED_VALUE.format(node.name)
    match leaf:
        case Compare(operator, left, right):
            if operator in ("=", "<>"):
                return None
            return _wrong_type(operator, (left, right), given, ("S", "N", "B"))
        case Between(_, low, high):
            return _wrong_type("BETWEEN", (low, high), given, ("S", "N", "B")) or _wrong_bounds(low, high, given)
        case Call("begins_with", args):
            return _wrong_type("begins_with", args, given, ("S", "B"))
        case Call("size", args):
            return _wrong_type("size", args, given, ("S", "B", "SS", "NS", "BS", "L", "M"))
        case Call("attribute_type", (_, wanted)):
            return _wrong_type_name(wanted, given)
    return None


def _wrong_type(name: str, operands: tuple[Any, ...], given: dict[str, Value], allowed: tuple[str, ...]) -> str | None:
    for operand in operands:
        if isinstance(operand, Ref):
            kind = v.kind_of(given[operand.name])
        elif isinstance(operand, Call):
            kind = "N"  # `size` is the only function that returns a value
        else:
            continue
        if kind not in allowed:
            return INCORRECT.format(name, kind)
    return None


def _wrong_bounds(low: Any, high: Any, given: dict[str, Value]) -> str | None:
    if not (isinstance(low, Ref) and isinstance(high, Ref)):
        return None
    lower, upper = given[low.name], given[high.name]
    order = v.compare(lower, upper)
    if order is not None and order <= 0:
        return None
    if order is None:
        problem = "requires same data type for lower and upper bounds"
    else:
        problem = "requires upper bound to be greater than or equal to lower bound"
    return (
        f"The BETWEEN operator {problem}; lower bound operand: AttributeValue: {shown(lower)}, "
        f"upper bound operand: AttributeValue: {shown(upper)}"
    )


def _wrong_type_name(wanted: Any, given: dict[str, Value]) -> str | None:
    if not isinstance(wanted, Ref):
        return INCORRECT.format("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
    kind, content = v.only(given[wanted.name])
    if kind != "S":
        return INCORRECT.format("attribute_type", kind)
    if content not in v.TYPES:
        return f"Invalid attribute type name found; type: {content}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}"
    return None


def shown(value: Value) -> str:
    """Formats a scalar as AWS's error texts show it: {S:text}"""
    kind, content = v.only(value)
    return f"{{{kind}:{content if isinstance(content, str) else v._base64(content)}}}"
