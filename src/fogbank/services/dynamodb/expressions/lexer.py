"""Splits expression text into tokens, and builds AWS's syntax errors, which quote a token and its neighbours."""

from __future__ import annotations

import re
from typing import NamedTuple

from fogbank.core.errors import ValidationError

WORD, NAME, VALUE, NUMBER, SIGN, END = "word", "name", "value", "number", "sign", "end"

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<word>[A-Za-z][A-Za-z0-9_]*)|(?P<name>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<number>[0-9]+)|(?P<sign><=|>=|<>|[^ \t\r\n]))",
    re.ASCII,
)


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class Tokens:
    """The tokens of one expression, and a position among them. `kind` is the parameter's name, for error texts."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text
        self.at = 0
        self.all: list[Token] = []
        position = 0
        while found := _TOKEN.match(text, position):
            name = found.lastgroup
            assert name is not None
            self.all.append(Token(name, found[name], found.start(name), found.end(name)))
            position = found.end()
        self.all.append(Token(END, "<EOF>", len(text), len(text)))

    @property
    def next(self) -> Token:
        return self.all[self.at]

    def take(self) -> Token:
        """Returns the next token and moves past it."""
        token = self.all[self.at]
        if token.kind != END:
            self.at += 1
        return token

    def is_sign(self, *signs: str) -> bool:
        token = self.all[self.at]
        return token.kind == SIGN and token.text in signs

    def is_word(self, *words: str) -> bool:
        """Returns whether the next token is one of these keywords, in any case."""
        token = self.all[self.at]
        return token.kind == WORD and token.text.upper() in words

    def accept(self, sign: str) -> bool:
        """Moves past `sign` if it comes next. Returns whether it did."""
        if self.is_sign(sign):
            self.at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.accept(sign):
            raise self.syntax_error()

    def syntax_error(self) -> ValidationError:
        """Builds AWS's error for the next token. `near` runs from the previous token to the following one."""
        token = self.next
        first = self.all[max(self.at - 1, 0)]
        last = self.all[min(self.at + 1, len(self.all) - 1)]
        near = self.text[first.start : last.end].rstrip() if token.kind != END else first.text
        return self.error(f'Syntax error; token: "{token.text}", near: "{near}"')

    def error(self, text: str) -> ValidationError:
        return ValidationError(f"Invalid {self.kind}: {text}")
