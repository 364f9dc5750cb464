"""Metric math: the parser, and arithmetic on time series.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

A value is a number, a line (a time series: epoch seconds -> number) or a list of lines. A result that is not a finite
number (a division by zero, a power too large for a double) gives no data point.

An expression has at most 2,048 characters and 60 levels of nesting. Adjacent operators of one level are one node, so a
long sum is no deeper than a short one. `functions` limits the cost of the evaluation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from fogbank.core.errors import ServiceError

Node = tuple[Any, ...]
_TOKEN = re.compile(
    r"\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|'([^']*)'|\"([^\"]*)\"|(==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],]))"
)
_LEVELS = (("*", "/"), ("+", "-"), ("==", "!=", "<", "<=", ">", ">="), ("&&",), ("||",))  # the tightest first
_INFIX = frozenset(("AND", "OR", *(sign for level in _LEVELS for sign in level)))
_MAX_DEPTH = 60


class InvalidExpression(ServiceError):
    """An invalid expression. AWS's code is ValidationError, with the text "Error in expression 'e1': …"."""

    code = "ValidationError"


class Token(NamedTuple):
    kind: str  # number, name, text, sign, end
    text: str


def tokens(text: str) -> list[Token]:
    """Split an expression into tokens; the last one is `end`. Raises InvalidExpression."""
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidExpression(f"Unexpected character '{text[position]}'")
        position = match.end()
        number, name, single, double, sign = match.groups()
        if number is not None:
            found.append(Token("number", number))
        elif name is not None:
            found.append(Token("sign", name) if name in ("AND", "OR") else Token("name", name))
        elif sign is not None:
            found.append(Token("sign", sign))
        else:
            found.append(Token("text", single if single is not None else double))
    return [*found, Token("end", "")]


class Parser:
    """Recursive-descent parser for one expression."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._expression()
        if self._peek().kind != "end":
            raise InvalidExpression(f"Unexpected '{self._peek().text}'")
        return node

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token != ("sign", sign):
            raise InvalidExpression(f"Expected '{sign}' and found '{token.text}'")

    def _expression(self) -> Node:
        self._deeper()
        nodes, signs = [self._power()], []
        while self._peek().kind == "sign" and self._peek().text in _INFIX:
            sign = self._take().text
            signs.append({"AND": "&&", "OR": "||"}.get(sign, sign))
            nodes.append(self._power())
        self._depth -= 1
        return _folded(nodes, signs)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InvalidExpression("The expression is nested too deeply")

    def _power(self) -> Node:
        """Parse a chain of `^`, which is right-associative. A minus sign before it negates the whole chain."""
        if self._peek() == ("sign", "-"):
            self._take()
            self._deeper()
            node: Node = ("negative", self._power())
            self._depth -= 1
            return node
        nodes = [self._atom()]
        while self._peek() == ("sign", "^"):
            self._take()
            if self._peek() == ("sign", "-"):
                nodes.append(self._power())
                break
            nodes.append(self._atom())
        return nodes[0] if len(nodes) == 1 else ("power", nodes)

    def _atom(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return ("number", float(token.text))
        if token.kind == "text":
            return ("text", token.text)
        if token.kind == "name":
            if self._peek() != ("sign", "("):
                return ("id", token.text)
            self._take()
            return ("call", token.text, self._list(")"))
        if token == ("sign", "("):
            node = self._expression()
            self._expect(")")
            return node
        if token == ("sign", "["):
            return ("list", self._list("]"))
        raise InvalidExpression(f"Unexpected '{token.text}'" if token.text else "Unexpected end of expression")

    def _list(self, closing: str) -> list[Node]:
        nodes: list[Node] = []
        if self._peek() == ("sign", closing):
            self._take()
            return nodes
        while True:
            nodes.append(self._expression())
            if self._peek() == ("sign", ","):
                self._take()
                continue
            self._expect(closing)
            return nodes


def _folded(nodes: list[Node], signs: list[str]) -> Node:
    """Build a tree from operands and the operators between them: ("chain", first, [(sign, next), …]) for each level."""
    for level in _LEVELS:
        kept, between = [nodes[0]], []
        chain: list[tuple[str, Node]] | None = None
        for sign, node in zip(signs, nodes[1:], strict=True):
            if sign not in level:
                kept.append(node)
                between.append(sign)
                chain = None
            elif chain is None:
                chain = [(sign, node)]
                kept[-1] = ("chain", kept[-1], chain)
            else:
                chain.append((sign, node))
        nodes, signs = kept, between
    return nodes[0]


def names(node: Node) -> set[str]:
    """The ids that an expression refers to."""
    found: set[str] = set()
    todo: list[Any] = [node]
    while todo:
        item = todo.pop()
        if isinstance(item, tuple) and item[0] == "id":
            found.add(item[1])
        elif isinstance(item, list | tuple):
            todo.extend(item)
    return found


def lifted(operate: Callable[[float, float], float | None], a: Any, b: Any) -> Any:
    """Apply a binary operation to numbers, lines and lists of lines. Drops points without both operands or a result."""
    if isinstance(a, list):
        if isinstance(b, list):
            if len(a) != len(b):
                raise InvalidExpression("The two arrays do not have the same number of time series")
            return [lifted(operate, x, y) for x, y in zip(a, b, strict=True)]
        return [lifted(operate, x, b) for x in a]
    if isinstance(b, list):
        return [lifted(operate, a, y) for y in b]
    if isinstance(a, dict) or isinstance(b, dict):
        where = [at for at in a if not isinstance(b, dict) or at in b] if isinstance(a, dict) else list(b)
        found = {at: operate(a[at] if isinstance(a, dict) else a, b[at] if isinstance(b, dict) else b) for at in where}
        return {at: value for at, value in found.items() if value is not None and math.isfinite(value)}
    if isinstance(a, str) or isinstance(b, str):
        raise InvalidExpression("Text has no arithmetic")
    return operate(a, b)


def _divide(a: float, b: float) -> float | None:
    return a / b if b else None


def _power(a: float, b: float) -> float | None:
    try:
        return math.pow(a, b)
    except (ValueError, OverflowError):  # a root of a negative number, a negative power of zero, or too large
        return None


OPERATORS: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "||": lambda a, b: float(bool(a) or bool(b)),
}
