"""Conditions from text. The grammar, from the loosest to the tightest:

    or         and (OR and)*
    and        unary (AND unary)*
    unary      NOT unary | primary
    primary    ( or ) | operand comparator operand | operand BETWEEN operand AND operand | operand IN ( operand, … )
               | function
    operand    ( operand ) | path | :value | function

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from typing import Any

from .lexer import END, NAME, NUMBER, VALUE, WORD, Tokens
from .nodes import And, Between, Call, Compare, Not, Or, Ref, Within
from .paths import Part, Path

COMPARATORS = ("=", "<>", "<=", ">=", "<", ">")
KEYWORDS = ("AND", "OR", "NOT", "BETWEEN", "IN")
MAX_OPERATORS = 300
MAX_DEPTH = 120  # of parentheses; each pair needs an operator of its own, and there are at most 300
REDUNDANT = "The expression has redundant parentheses;"


def parse_path(tokens: Tokens) -> Path:
    """Parses a document path: a.b[0].#c"""
    pieces: list[Part] = [_name(tokens)]
    while True:
        if tokens.accept("."):
            pieces.append(_name(tokens))
        elif tokens.is_sign("["):
            tokens.take()
            if tokens.next.kind != NUMBER:
                raise tokens.syntax_error()
            pieces.append(int(tokens.take().text))
            tokens.expect("]")
        else:
            return Path(tuple(pieces))


def _name(tokens: Tokens) -> str:
    if tokens.next.kind not in (WORD, NAME) or tokens.is_word(*KEYWORDS):
        raise tokens.syntax_error()
    return tokens.take().text


def parse_condition(kind: str, text: str) -> Any:
    """Parses a condition and leaves placeholders in place. Raises ValidationError with AWS's texts."""
    tokens = Tokens(kind, text)
    parser = _Conditions(tokens)
    found = parser.either()
    if tokens.next.kind != END or parser.bare(found):
        raise tokens.syntax_error()
    if parser.redundant:
        raise tokens.error(REDUNDANT)
    return found


class _Conditions:
    """One parse of a condition.

    An operand in parentheses and a condition in parentheses begin alike, so the parser reads either and then judges
    it by what follows.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.depth = self.calls = 0
        self.redundant = False

    @staticmethod
    def bare(node: Any) -> bool:
        """Returns whether a node is an operand that is not part of a condition."""
        return isinstance(node, Path | Ref)

    def either(self) -> Any:
        found = [self.both()]
        while self.tokens.is_word("OR") and not self.bare(found[-1]):
            self.tokens.take()
            found.append(self.whole(self.both()))
        return found[0] if len(found) == 1 else Or(tuple(found))

    def both(self) -> Any:
        found = [self.unary()]
        while self.tokens.is_word("AND") and not self.bare(found[-1]):
            self.tokens.take()
            found.append(self.whole(self.unary()))
        return found[0] if len(found) == 1 else And(tuple(found))

    def whole(self, node: Any) -> Any:
        """Returns a node that must be a condition. Raises a syntax error for an operand."""
        if self.bare(node):
            raise self.tokens.syntax_error()
        return node

    def unary(self) -> Any:
        negations = 0
        while self.tokens.is_word("NOT"):
            self.tokens.take()
            negations += 1
        found = self.primary()
        if negations:
            self.whole(found)
        for _ in range(negations):
            found = Not(found)
        return found

    def primary(self) -> Any:
        tokens = self.tokens
        if tokens.is_sign("("):
            found = self.parenthesised()
            if not self.bare(found) and not isinstance(found, Call):
                return found
        else:
            found = self.operand()
        return self.predicate(found)

    def parenthesised(self) -> Any:
        """Parses ( … ) around a condition or an operand. Notes redundant parentheses, as in ((…))."""
        tokens = self.tokens
        start = tokens.at
        tokens.expect("(")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise tokens.error(REDUNDANT)
        doubled = tokens.is_sign("(")
        found = self.either()
        tokens.expect(")")
        self.depth -= 1
        if doubled and self._matching(start + 1) == tokens.at - 2:
            self.redundant = True
        return found

    def _matching(self, at: int) -> int:
        """Returns the position of the parenthesis that closes the one at `at`."""
        level = 0
        for place in range(at, len(self.tokens.all)):
            text = self.tokens.all[place].text
            level += (text == "(") - (text == ")")
            if level == 0:
                return place
        return -1

    def predicate(self, operand: Any) -> Any:
        """Parses what follows an operand: a comparison, BETWEEN, IN, or nothing."""
        tokens = self.tokens
        if tokens.is_sign(*COMPARATORS):
            operator = tokens.take().text
            return Compare(operator, operand, self.operand())
        if tokens.is_word("BETWEEN"):
            tokens.take()
            low = self.operand()
            if not tokens.is_word("AND"):
                raise tokens.syntax_error()
            tokens.take()
            return Between(operand, low, self.operand())
        if tokens.is_word("IN"):
            tokens.take()
            return Within(operand, self.arguments())
        if self.bare(operand) and not (tokens.is_sign(")") and self.depth):
            raise tokens.syntax_error()
        return operand

    def operand(self) -> Any:
        tokens = self.tokens
        if tokens.is_sign("("):
            found = self.parenthesised()
            if not self.bare(found) and not isinstance(found, Call):
                raise tokens.syntax_error()
            return found
        if tokens.next.kind == VALUE:
            return Ref(tokens.take().text)
        following = tokens.all[min(tokens.at + 1, len(tokens.all) - 1)]
        if tokens.next.kind == WORD and following.text == "(" and not tokens.is_word(*KEYWORDS):
            self.calls += 1
            if self.calls > MAX_OPERATORS:  # refuse before deep nesting overflows the stack
                raise tokens.error(f"The expression contains too many operators; operator count: {self.calls}")
            return Call(tokens.take().text, self.arguments())
        return parse_path(tokens)

    def arguments(self) -> tuple[Any, ...]:
        """Parses ( operand, … )"""
        self.tokens.expect("(")
        found = [self.operand()]
        while self.tokens.accept(","):
            found.append(self.operand())
        self.tokens.expect(")")
        return tuple(found)


def parse_projection(kind: str, text: str) -> tuple[Path, ...]:
    """Parses the paths of a projection expression and leaves placeholders in place."""
    tokens = Tokens(kind, text)
    found = [parse_path(tokens)]
    while tokens.accept(","):
        found.append(parse_path(tokens))
    if tokens.next.kind != END:
        raise tokens.syntax_error()
    return tuple(found)
