"""Parses and checks update expressions. Module `actions` applies them to items.

    sections   SET path = value, …   REMOVE path, …   ADD path :v, …   DELETE path :v, …   each at most once
    value      operand | operand + operand | operand - operand
    operand    ( operand ) | path | :value | if_not_exists(path, operand) | list_append(operand, operand)

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from fogbank.core.errors import ValidationError

from .. import values as v
from ..values import Value
from .actions import Action, Add, Delete, Function, Remove, Set, Sum
from .compiled import (
    INCORRECT,
    KEPT,
    OPERANDS,
    UNDEFINED_VALUE,
    Names,
    check_length,
    check_names,
    check_words,
)
from .lexer import END, VALUE, WORD, Tokens
from .nodes import Ref, bound
from .parser import MAX_OPERATORS, parse_path
from .paths import Path, overlap

KIND = "UpdateExpression"
SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
FUNCTIONS = ("if_not_exists", "list_append")


class Update(msgspec.Struct, frozen=True, gc=False):
    """A checked update expression."""

    actions: tuple[Action, ...]
    refs: frozenset[str]
    aliases: frozenset[str]
    heads: frozenset[str]  # the top-level attributes it changes
    mentioned: frozenset[str]  # those it changes or reads
    nested: frozenset[str]  # those whose inner parts it changes
    paths: tuple[tuple[str | int, ...], ...]  # the paths it changes


def parse_update(text: str) -> tuple[Action, ...]:
    """Parses the actions in the order of the text, and leaves placeholders in place."""
    tokens = Tokens(KIND, text)
    if text.count("(") > MAX_OPERATORS:
        raise tokens.error(f"The expression contains too many operators; operator count: {text.count('(')}")
    found: list[Action] = []
    seen: set[str] = set()
    repeated = ""
    while tokens.next.kind != END:
        if not tokens.is_word(*SECTIONS):
            raise tokens.syntax_error()
        section = tokens.take().text.upper()
        if section in seen:
            repeated = repeated or section
        seen.add(section)
        found.append(_action(tokens, section))
        while tokens.accept(","):
            found.append(_action(tokens, section))
    if repeated:
        raise tokens.error(f'The "{repeated}" section can only be used once in an update expression;')
    return tuple(found)


def _action(tokens: Tokens, section: str) -> Action:
    if tokens.is_word(*SECTIONS):
        raise tokens.syntax_error()
    path = parse_path(tokens)
    if section == "SET":
        tokens.expect("=")
        return Set(path, _value(tokens))
    if section == "REMOVE":
        return Remove(path)
    if tokens.next.kind != VALUE:
        raise tokens.syntax_error()
    ref = Ref(tokens.take().text)
    return Add(path, ref) if section == "ADD" else Delete(path, ref)


def _value(tokens: Tokens) -> Any:
    if tokens.is_sign("("):  # parentheses around the whole sum, or around its first operand
        tokens.take()
        found = _value(tokens)
        tokens.expect(")")
        if isinstance(found, Sum):
            return found
    else:
        found = _operand(tokens)
    if tokens.is_sign("+", "-"):
        return Sum(tokens.take().text, found, _operand(tokens))
    return found


def _operand(tokens: Tokens) -> Any:
    if tokens.accept("("):
        found = _operand(tokens)
        tokens.expect(")")
        return found
    if tokens.next.kind == VALUE:
        return Ref(tokens.take().text)
    following = tokens.all[min(tokens.at + 1, len(tokens.all) - 1)]
    if tokens.next.kind == WORD and following.text == "(":
        name = tokens.take().text
        tokens.expect("(")
        args = [_operand(tokens)]
        while tokens.accept(","):
            args.append(_operand(tokens))
        tokens.expect(")")
        return Function(name, tuple(args))
    return parse_path(tokens)


@lru_cache(KEPT)
def update(text: str, names: Names) -> Update:
    """Parses and checks an update expression. Raises ValidationError with AWS's texts."""
    check_length(KIND, text)
    raw = parse_update(text)
    nodes = [node for action in raw for node in _walk(action)]
    try:
        paths = [node for node in nodes if isinstance(node, Path)]
        check_words(paths)
        functions = [node for node in nodes if isinstance(node, Function)]
        for function in functions:
            _check_name(function.name)
        known = dict(names)
        aliases = check_names(paths, known)
        actions = tuple(_bound(action, known) for action in raw)
        problem = overlap([action.path for action in actions])
        if problem:
            raise ValidationError(problem)
        for function in functions:
            _check_function(function)
    except ValidationError as problem_:
        raise ValidationError(f"Invalid {KIND}: {problem_.message}") from None
    resolved = [node for action in actions for node in _walk(action) if isinstance(node, Path)]
    changed = [action.path for action in actions]
    return Update(
        actions=actions,
        refs=frozenset(node.name for node in nodes if isinstance(node, Ref)),
        aliases=aliases,
        heads=frozenset(path.head for path in changed),
        mentioned=frozenset(path.head for path in resolved),
        nested=frozenset(path.head for path in changed if len(path.parts) > 1),
        paths=tuple(path.parts for path in changed),
    )


def _walk(node: Any) -> Iterator[Any]:
    yield node
    match node:
        case Set(path, value):
            yield path
            yield from _walk(value)
        case Remove(path):
            yield path
        case Add(path, ref) | Delete(path, ref):
            yield path
            yield ref
        case Sum(_, left, right):
            yield from _walk(left)
            yield from _walk(right)
        case Function(_, args):
            for arg in args:
                yield from _walk(arg)


def _bound(node: Any, names: dict[str, str]) -> Any:
    match node:
        case Set(path, value):
            return Set(bound(path, names), _bound(value, names))
        case Remove(path):
            return Remove(bound(path, names))
        case Add(path, ref):
            return Add(bound(path, names), ref)
        case Delete(path, ref):
            return Delete(bound(path, names), ref)
        case Sum(sign, left, right):
            return Sum(sign, _bound(left, names), _bound(right, names))
        case Function(name, args):
            return Function(name, tuple(_bound(arg, names) for arg in args))
        case _:
            return bound(node, names)


def _check_name(name: str) -> None:
    if name in FUNCTIONS:
        return
    if name in OPERANDS:
        raise ValidationError(f"The function is not allowed in an update expression; function: {name}")
    raise ValidationError(f"Invalid function name; function: {name}")


def _check_function(function: Function) -> None:
    if len(function.args) != 2:
        raise ValidationError(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {function.name}, number of operands: {len(function.args)}"
        )
    if function.name == "if_not_exists" and not isinstance(function.args[0], Path):
        raise ValidationError("Operator or function requires a document path; operator or function: if_not_exists")


def demand(update: Update, given: dict[str, Value]) -> None:
    """Checks an update with the request's values: all must be defined, and of types that the operators accept."""
    problem = _undefined(update, given) or next(filter(None, (_problem(a, given) for a in update.actions)), None)
    if problem:
        raise ValidationError(f"Invalid {KIND}: {problem}")


def _undefined(update: Update, given: dict[str, Value]) -> str | None:
    if update.refs <= given.keys():
        return None
    for action in update.actions:
        for node in _walk(action):
            if isinstance(node, Ref) and node.name not in given:
                return UNDEFINED_VALUE.format(node.name)
    return None


def _problem(action: Action, given: dict[str, Value]) -> str | None:
    if isinstance(action, Add | Delete):
        operator = "ADD" if isinstance(action, Add) else "DELETE"
        assert isinstance(action.value, Ref)
        value = given[action.value.name]
        kind = v.kind_of(value)
        if kind in v.SETS or (operator == "ADD" and kind == "N"):
            return None
        return (
            f"Incorrect operand type for operator or function; operator: {operator}, operand type: {v.type_name(value)}"
        )
    if isinstance(action, Set):
        for node in _walk(action.value):
            problem = _wrong_operand(node, given)
            if problem:
                return problem
    return None


def _wrong_operand(node: Any, given: dict[str, Value]) -> str | None:
    match node:
        case Sum(sign, left, right):
            name, operands, wanted = sign, (left, right), "N"
        case Function("list_append", args):
            name, operands, wanted = "list_append", args, "L"
        case _:
            return None
    for operand in operands:
        kind = _kind(operand, given)
        if kind is not None and kind != wanted:
            return INCORRECT.format(name, kind)
    return None


def _kind(operand: Any, given: dict[str, Value]) -> str | None:
    """Returns the type of an operand, where it is known without the item."""
    if isinstance(operand, Ref):
        return v.kind_of(given[operand.name])
    if isinstance(operand, Function) and operand.name == "list_append":
        return "L"
    return None
