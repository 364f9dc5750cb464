"""References and expressions inside templates."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..budget import Budget
from . import values
from .nodes import (
    And,
    Binary,
    Call,
    Expression,
    Index,
    Interpolated,
    ListOf,
    Literal,
    MapOf,
    Negative,
    Node,
    Not,
    Or,
    Property,
    RangeOf,
    Reference,
    TemplateError,
)

_OPEN = re.compile(r"\$(!?)(\{?)([A-Za-z_][A-Za-z0-9_-]*)")
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)")
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"\d+\.\d+(?:[eE][+-]?\d+)?|\d+")
_WORD = re.compile(r"[A-Za-z_]\w*")
_SINGLE = re.compile(r"'((?:[^'\\]|\\.|'')*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.|"")*)"', re.DOTALL)
_COMPARISONS = re.compile(r"==|!=|<=|>=|<|>|(?:eq|ne|le|ge|lt|gt)\b")
_COMPARE: dict[str, Callable[[object, object, Budget], bool]] = {
    "==": values.equal,
    "eq": values.equal,
    "!=": lambda a, b, budget: not values.equal(a, b, budget),
    "ne": lambda a, b, budget: not values.equal(a, b, budget),
    "<": values.less,
    "lt": values.less,
    ">": lambda a, b, budget: values.less(b, a, budget),
    "gt": lambda a, b, budget: values.less(b, a, budget),
    "<=": lambda a, b, budget: values.less(a, b, budget) or values.equal(a, b, budget),
    "le": lambda a, b, budget: values.less(a, b, budget) or values.equal(a, b, budget),
    ">=": lambda a, b, budget: values.less(b, a, budget) or values.equal(a, b, budget),
    "ge": lambda a, b, budget: values.less(b, a, budget) or values.equal(a, b, budget),
}
_SUM = {"+": values.plus, "-": values.minus}
_PRODUCT = {"*": values.times, "/": values.divided, "%": values.remainder}
MAX_DEPTH = 60


class ExpressionParser:
    """Parses at a place of `text` and returns (what is there, the place behind it)."""

    def __init__(self, text: str, template: Callable[[str], list[Node]]) -> None:
        self.text = text
        self._template = template
        self._depth = 0

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def expect(self, at: int, token: str) -> int:
        at = self.skip(at)
        if not self.text.startswith(token, at):
            raise TemplateError(f"{token!r} expected at {self.text[at : at + 20]!r}")
        return at + len(token)

    # -- references --------------------------------------------------------------------------------------------------

    def reference(self, at: int) -> tuple[Reference, int] | None:
        """The reference that begins at `at`; None where $ is just a character."""
        match = _OPEN.match(self.text, at)
        if match is None:
            return None
        quiet, formal, name = match[1] == "!", match[2] == "{", match[3]
        end = match.end()
        steps: list[Property | Call | Index] = []
        while True:
            if self.text.startswith("[", end):
                key, after = self.expression(end + 1)
                end = self.expect(after, "]")
                steps.append(Index(key))
                continue
            step = _STEP.match(self.text, end)
            if step is None:
                break
            end = step.end()
            if self.text.startswith("(", end):
                arguments, end = self._arguments(end + 1, ")")
                steps.append(Call(step[1], arguments))
            else:
                steps.append(Property(step[1]))
        if formal:
            if not self.text.startswith("}", end):
                return None
            end += 1
        return Reference(name, steps, self.text[at:end], quiet=quiet), end

    def _arguments(self, at: int, closer: str) -> tuple[list[Expression], int]:
        found: list[Expression] = []
        at = self.skip(at)
        if self.text.startswith(closer, at):
            return found, at + 1
        while True:
            value, at = self.expression(at)
            found.append(value)
            at = self.skip(at)
            if self.text.startswith(closer, at):
                return found, at + 1
            at = self.expect(at, ",")

    # -- operators, loosest first ------------------------------------------------------------------------------------

    def expression(self, at: int) -> tuple[Expression, int]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TemplateError("expression nested too deeply")
        try:
            left, at = self._and(at)
            while True:
                token = self._token(at, "||", "or")
                if not token:
                    return left, at
                right, at = self._and(self.skip(at) + len(token))
                left = Or(left, right)
        finally:
            self._depth -= 1

    def _token(self, at: int, *tokens: str) -> str:
        at = self.skip(at)
        for token in tokens:
            if self.text.startswith(token, at):
                following = self.text[at + len(token) : at + len(token) + 1]
                if not (token.isalpha() and (following.isalnum() or following == "_")):
                    return token
        return ""

    def _and(self, at: int) -> tuple[Expression, int]:
        left, at = self._comparison(at)
        while True:
            token = self._token(at, "&&", "and")
            if not token:
                return left, at
            right, at = self._comparison(self.skip(at) + len(token))
            left = And(left, right)

    def _comparison(self, at: int) -> tuple[Expression, int]:
        left, at = self._sum(at)
        while True:
            match = _COMPARISONS.match(self.text, self.skip(at))
            if match is None:
                return left, at
            right, at = self._sum(match.end())
            left = Binary(_COMPARE[match[0]], left, right)

    def _sum(self, at: int) -> tuple[Expression, int]:
        left, at = self._product(at)
        while True:
            place = self.skip(at)
            function = _SUM.get(self.text[place : place + 1])
            if function is None:
                return left, at
            right, at = self._product(place + 1)
            left = Binary(function, left, right)

    def _product(self, at: int) -> tuple[Expression, int]:
        left, at = self._unary(at)
        while True:
            place = self.skip(at)
            function = _PRODUCT.get(self.text[place : place + 1])
            if function is None:
                return left, at
            right, at = self._unary(place + 1)
            left = Binary(function, left, right)

    def _unary(self, at: int) -> tuple[Expression, int]:
        at = self.skip(at)
        sign = self._token(at, "!", "not", "-")
        if not sign:
            return self._primary(at)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TemplateError("expression nested too deeply")
        operand, end = self._unary(at + len(sign))
        self._depth -= 1
        return (Negative(operand) if sign == "-" else Not(operand)), end

    def _primary(self, at: int) -> tuple[Expression, int]:
        char = self.text[at : at + 1]
        if char == "$":
            found = self.reference(at)
            if found is None:
                raise TemplateError(f"no reference at {self.text[at : at + 20]!r}")
            return found
        if char == "(":
            value, at = self.expression(at + 1)
            return value, self.expect(at, ")")
        if char == "'":
            match = _SINGLE.match(self.text, at)
            if match:
                return Literal(match[1].replace("''", "'")), match.end()
        elif char == '"':
            match = _DOUBLE.match(self.text, at)
            if match:
                return self._interpolated(match[1].replace('""', '"')), match.end()
        elif char == "[":
            return self._list(at + 1)
        elif char == "{":
            return self._map(at + 1)
        else:
            return self._literal(at)
        raise TemplateError("string is not closed")

    def _interpolated(self, text: str) -> Expression:
        if "$" not in text and "#" not in text:
            return Literal(text)
        return Interpolated(self._template(text))

    def _literal(self, at: int) -> tuple[Expression, int]:
        match = _NUMBER.match(self.text, at)
        if match:
            if len(match[0]) > values.MAX_DIGITS:
                raise TemplateError("a number is too long")
            value = float(match[0]) if "." in match[0] else int(match[0])
            return Literal(value), match.end()
        word = _WORD.match(self.text, at)
        if word and word[0] in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[word[0]]), word.end()
        raise TemplateError(f"expression expected at {self.text[at : at + 20]!r}")

    def _list(self, at: int) -> tuple[Expression, int]:
        at = self.skip(at)
        if self.text.startswith("]", at):
            return ListOf([]), at + 1
        first, at = self.expression(at)
        at = self.skip(at)
        if self.text.startswith("..", at):
            last, at = self.expression(at + 2)
            return RangeOf(first, last), self.expect(at, "]")
        if self.text.startswith("]", at):
            return ListOf([first]), at + 1
        rest, at = self._arguments(self.expect(at, ","), "]")
        return ListOf([first, *rest]), at

    def _map(self, at: int) -> tuple[Expression, int]:
        entries: list[tuple[Expression, Expression]] = []
        at = self.skip(at)
        if self.text.startswith("}", at):
            return MapOf(entries), at + 1
        while True:
            at = self.skip(at)
            word = _WORD.match(self.text, at)
            if word:
                key: Expression = Literal(word[0])
                at = word.end()
            else:
                key, at = self.expression(at)
            value, at = self.expression(self.expect(at, ":"))
            entries.append((key, value))
            at = self.skip(at)
            if self.text.startswith("}", at):
                return MapOf(entries), at + 1
            at = self.expect(at, ",")
