"""The nodes of conditions. Operands `get` a value from an item, conditions `test` it.

    operand    Path | Ref (":v") | Constant | Call (size)
    condition  Compare | Between | Within (IN) | Call | Not | And | Or

`text()` converts a node back to an expression; `parts` returns the nodes inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from .. import values as v
from ..values import Item, Value
from .paths import Path

Values = dict[str, Value]


class Node(Protocol):
    def text(self) -> str: ...


class Operand(Node, Protocol):
    def get(self, item: Item, values: Values) -> Value | None: ...


class Condition(Node, Protocol):
    def test(self, item: Item, values: Values) -> bool: ...


@dataclass(frozen=True, slots=True)
class Ref:
    """An expression attribute value, `:v`."""

    name: str

    def get(self, item: Item, values: Values) -> Value | None:
        return values[self.name]

    def text(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is not in ExpressionAttributeValues: from the legacy parameters or PartiQL."""

    value: Value

    def get(self, item: Item, values: Values) -> Value | None:
        return self.value

    def text(self) -> str:
        raise NotImplementedError("a constant cannot be written in an expression")


@dataclass(frozen=True, slots=True)
class Compare:
    operator: str  # = <> < <= > >=
    left: Any
    right: Any

    def test(self, item: Item, values: Values) -> bool:
        left, right = self.left.get(item, values), self.right.get(item, values)
        operator = self.operator
        if operator == "=":
            return left is not None and right is not None and v.equal(left, right)
        if operator == "<>":
            return left is None or right is None or not v.equal(left, right)
        if left is None or right is None:
            return False
        order = v.compare(left, right)
        return order is not None and _ORDERS[operator](order)

    def text(self) -> str:
        return f"{self.left.text()} {self.operator} {self.right.text()}"


_ORDERS: Mapping[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


@dataclass(frozen=True, slots=True)
class Between:
    operand: Any
    low: Any
    high: Any

    def test(self, item: Item, values: Values) -> bool:
        value = self.operand.get(item, values)
        low, high = self.low.get(item, values), self.high.get(item, values)
        if value is None or low is None or high is None:
            return False
        above, below = v.compare(value, low), v.compare(value, high)
        return above is not None and below is not None and above >= 0 >= below

    def text(self) -> str:
        return f"{self.operand.text()} BETWEEN {self.low.text()} AND {self.high.text()}"


@dataclass(frozen=True, slots=True)
class Within:
    """IN."""

    operand: Any
    choices: tuple[Any, ...]

    def test(self, item: Item, values: Values) -> bool:
        value = self.operand.get(item, values)
        if value is None:
            return False
        for choice in self.choices:
            other = choice.get(item, values)
            if other is not None and v.equal(value, other):
                return True
        return False

    def text(self) -> str:
        return f"{self.operand.text()} IN ({', '.join(choice.text() for choice in self.choices)})"


@dataclass(frozen=True, slots=True)
class Call:
    """A function call: a condition, or an operand (`size`)."""

    name: str
    args: tuple[Any, ...]

    def test(self, item: Item, values: Values) -> bool:
        return _TESTS[self.name]([arg.get(item, values) for arg in self.args])

    def get(self, item: Item, values: Values) -> Value | None:
        value = self.args[0].get(item, values)
        size = None if value is None else v.size(value)
        return None if size is None else {"N": str(size)}

    def text(self) -> str:
        return f"{self.name}({', '.join(arg.text() for arg in self.args)})"


def _type_is(args: list[Value | None]) -> bool:
    value, kind = args
    return value is not None and kind is not None and v.kind_of(value) == kind["S"]


def _pair(test: Callable[[Value, Value], bool]) -> Callable[[list[Value | None]], bool]:
    return lambda args: args[0] is not None and args[1] is not None and test(args[0], args[1])


_TESTS: Mapping[str, Callable[[list[Value | None]], bool]] = {
    "attribute_exists": lambda args: args[0] is not None,
    "attribute_not_exists": lambda args: args[0] is None,
    "attribute_type": _type_is,
    "begins_with": _pair(v.begins_with),
    "contains": _pair(v.contains),
}


@dataclass(frozen=True, slots=True)
class Not:
    condition: Any

    def test(self, item: Item, values: Values) -> bool:
        return not self.condition.test(item, values)

    def text(self) -> str:
        inner = self.condition.text()
        return f"NOT ({inner})" if isinstance(self.condition, And | Or) else f"NOT {inner}"


@dataclass(frozen=True, slots=True)
class And:
    """AND."""

    conditions: tuple[Any, ...]

    def test(self, item: Item, values: Values) -> bool:
        return all(condition.test(item, values) for condition in self.conditions)

    def text(self) -> str:
        texts = ((c, c.text()) for c in self.conditions)
        return " AND ".join(f"({text})" if isinstance(c, And | Or) else text for c, text in texts)


@dataclass(frozen=True, slots=True)
class Or:
    """OR."""

    conditions: tuple[Any, ...]

    def test(self, item: Item, values: Values) -> bool:
        return any(condition.test(item, values) for condition in self.conditions)

    def text(self) -> str:
        texts = ((c, c.text()) for c in self.conditions)
        return " OR ".join(f"({text})" if isinstance(c, Or) else text for c, text in texts)


def parts(node: Any) -> tuple[Any, ...]:
    """Returns the nodes directly inside a node, in the order of the text."""
    match node:
        case Compare(_, left, right):
            return (left, right)
        case Between(operand, low, high):
            return (operand, low, high)
        case Within(operand, choices):
            return (operand, *choices)
        case Call(_, args):
            return args
        case Not(condition):
            return (condition,)
        case And(conditions) | Or(conditions):
            return conditions
        case _:
            return ()


def walk(node: Any) -> Iterator[Any]:
    """Yields a node and everything inside it, in the order of the text."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(parts(node)))


def bound(node: Any, names: Mapping[str, str]) -> Any:
    """Returns a copy of a node with the placeholders of its paths replaced by attribute names."""
    match node:
        case Path(pieces):
            return Path(tuple(names.get(p, p) if isinstance(p, str) else p for p in pieces))
        case Compare(operator, left, right):
            return Compare(operator, bound(left, names), bound(right, names))
        case Between(operand, low, high):
            return Between(bound(operand, names), bound(low, names), bound(high, names))
        case Within(operand, choices):
            return Within(bound(operand, names), tuple(bound(choice, names) for choice in choices))
        case Call(_, args):
            return replace(node, args=tuple(bound(arg, names) for arg in args))
        case Not(condition):
            return Not(bound(condition, names))
        case And(conditions):
            return And(tuple(bound(condition, names) for condition in conditions))
        case Or(conditions):
            return Or(tuple(bound(condition, names) for condition in conditions))
        case _:
            return node
