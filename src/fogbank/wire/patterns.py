"""Translates the models' regular expressions from Java's syntax to Python's `re`.

AWS matches the whole value (java.util.regex.Matcher.matches). Classes are ASCII unless the pattern contains \\p{…}.
Such a pattern is first compiled for ASCII values, and for all of Unicode once a value needs it (that takes 10 ms). A
pattern that could take exponential time on a hostile value (an unbounded repeat inside an unbounded repeat) is not
given to the backtracking engine: `automaton` runs it in linear time, or, if it uses look-around, it is not checked.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable
from functools import cache, lru_cache

from . import unicode

_STEPS = 10_000_000
_POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": "\\x00-\\x7f", "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": " \\t", "Cntrl": "\\x00-\\x1f\\x7f",
    "XDigit": "0-9a-fA-F", "Space": " \\t\\n\\x0b\\f\\r",
}  # fmt: skip
_ALIASES = {
    "IsAlphabetic": "L", "IsLetter": "L", "IsDigit": "Nd", "IsWhite_Space": "Z", "IsWhitespace": "Z", "Letter": "L",
    "Number": "N", "LD": "L", "Any": "", "all": "", "javaLetterOrDigit": "L",
}  # fmt: skip


Ranges = list[tuple[int, int]]


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x80 else chr(code) if not 0xD800 <= code < 0xE000 else f"\\u{code:04x}"


def _written(ranges: Ranges) -> str:
    """Write ranges as the inside of a character class."""
    return "".join(_escape(low) if low == high else f"{_escape(low)}-{_escape(high)}" for low, high in ranges)


def _below(ranges: Ranges, end: int) -> Ranges:
    return [(low, min(high, end - 1)) for low, high in ranges if low < end]


@cache
def _ascii_ranges(category: str) -> Ranges:
    import unicodedata

    return [(code, code) for code in range(128) if unicodedata.category(chr(code)).startswith(category)]


def _ranges_of(name: str, *, narrow: bool) -> Ranges:
    """The characters of \\p{name}. Raises KeyError if the name is unknown."""
    category = _ALIASES.get(name, name.removeprefix("Is") if name.startswith("Is") else name)
    if category == "":
        return [(0, 0x10FFFF)]
    if len(category) > 2 or category[0] not in "CLMNPSZ":
        raise KeyError(name)
    return _ascii_ranges(category) if narrow else unicode.ranges()[category]


def _complement(ranges: Ranges) -> Ranges:
    found, start = [], 0
    for low, high in ranges:
        if low > start:
            found.append((start, low - 1))
        start = high + 1
    return [*found, (start, 0x10FFFF)] if start <= 0x10FFFF else found


class _Translator:
    """Translates a Java pattern to a Python pattern in one pass."""

    def __init__(self, text: str, *, narrow: bool) -> None:
        self.text = text
        self.narrow = narrow
        self.at = 0
        self.out: list[str] = []

    def run(self) -> str:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\":
                self.out.append(self._escaped(in_class=False))
            elif char == "[":
                self.out.append(self._class())
            elif (
                char == "("
                and self.text.startswith("(?<", self.at)
                and self.text[self.at + 3 : self.at + 4] not in "=!"
            ):
                self.out.append("(?P<")
                self.at += 3
            else:
                self.out.append(char)
                self.at += 1
        return "".join(self.out)

    def _escaped(self, *, in_class: bool) -> str:
        text, at = self.text, self.at
        follow = text[at + 1 : at + 2]
        if follow in ("p", "P"):
            match = re.compile(r"\{(?:IsScript=|Script=|gc=|general_category=)?\^?(\w+)\}|(\w)").match(text, at + 2)
            if match is None:
                raise KeyError(text)
            self.at = match.end()
            name = match.group(1) or match.group(2)
            inside = self._property(name, negated=follow == "P")
            return inside if in_class else f"[{inside}]"
        if follow == "Q":
            end = text.find("\\E", at + 2)
            end = len(text) if end < 0 else end
            self.at = end + 2
            return re.escape(text[at + 2 : end])
        if (follow == "x" and text[at + 2 : at + 3] == "{") or (follow == "u" and text[at + 2 : at + 3] == "{"):
            end = text.index("}", at)
            self.at = end + 1
            return _escape(int(text[at + 3 : end], 16))
        self.at += 2
        simple = {"z": "\\Z", "h": " \\t\\xa0" if in_class else "[ \\t\\xa0]", "e": "\\x1b", "R": "(?:\\r\\n|[\\n\\r])"}
        if follow in simple:
            return simple[follow]
        if follow.isalpha() and follow.isascii() and follow not in "AbBdDsSwWZnrtfvaxuU":
            return follow  # a meaningless escape: the letter itself
        if not follow:
            return "\\\\"
        return f"\\{follow}" if follow.isascii() else follow

    def _property(self, name: str, *, negated: bool) -> str:
        """The inside of a character class for \\p{name} or \\P{name}."""
        if _POSIX.get(name) and not negated:
            return _POSIX[name]
        ranges = _ranges_of(name, narrow=self.narrow)
        ranges = _complement(ranges) if negated else ranges
        return _written(_below(ranges, 0x80) if self.narrow else ranges)

    def _surrogate_range(self) -> str:
        """Translate surrogate pairs, which Java's patterns use for characters above U+FFFF, and ranges of them."""
        pair = r"\\u([dD][89abAB]\w\w)\\u([dD][c-fC-F]\w\w)"
        match = re.compile(f"{pair}(?:-{pair})?").match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        codes = [int(group, 16) for group in match.groups() if group]
        points = [
            0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
            for high, low in zip(codes[::2], codes[1::2], strict=True)
        ]
        return "-".join(_escape(point) for point in points)

    def _class(self) -> str:
        self.at += 1
        out = ["["]
        if self.text[self.at : self.at + 1] == "^":
            out.append("^")
            self.at += 1
        first = True
        after_class = False
        while True:
            if self.at >= len(self.text):
                raise KeyError(self.text)
            char = self.text[self.at]
            if char == "]" and not first:
                self.at += 1
                return "".join(out) + "]"
            first = False
            if char == "\\":
                pair = self._surrogate_range()
                after_class = not pair and self.text[self.at + 1 : self.at + 2] in "wWsSdDpP"
                out.append(pair or self._escaped(in_class=True))
                continue
            if char == "-" and (after_class or re.match(r"-\\[wWsSdDpP]", self.text[self.at : self.at + 3])):
                out.append("\\-")  # a range cannot begin or end with a class, so Java reads a plain hyphen
                after_class = False
                self.at += 1
                continue
            after_class = False
            if char == "[" and self.text.startswith("[:", self.at) and ":]" in self.text[self.at :]:
                end = self.text.index(":]", self.at)
                out.append(_POSIX[self.text[self.at + 2 : end].capitalize()])
                self.at = end + 2
                continue
            out.append("\\" + char if char in "[&~|" else char)
            self.at += 1


def _parse(text: str) -> object:
    from . import automaton

    return automaton.parse(text)


@cache
def translate(pattern: str, *, narrow: bool = False) -> str | None:
    """The pattern in Python's syntax, or None if Python has no equivalent (such a pattern is not checked).

    `narrow`: for ASCII values only. The result is much shorter if the pattern contains Unicode categories.
    """
    try:
        text = _Translator(pattern, narrow=narrow and has_categories(pattern)).run()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _parse(text)
    except (KeyError, ValueError, re.error, OverflowError):
        return None
    return text


def has_categories(pattern: str) -> bool:
    return "\\p" in pattern or "\\P" in pattern


def anchored(pattern: str, *, narrow: bool = True) -> str | None:
    """Make a pattern for searching that matches as AWS does: the whole value, ASCII classes.

    `narrow`: if the pattern contains Unicode categories, the result refuses values that are not ASCII.
    """
    text = translate(pattern, narrow=narrow) if pattern else None
    if text is None:
        return None
    flags, rest = leading_flags(text)
    guard = r"(?=[\x00-\x7f]*\Z)" if narrow and has_categories(pattern) else ""
    return f"(?a{flags})^{guard}(?:{rest})\\Z"


def leading_flags(text: str) -> tuple[str, str]:
    """Split the leading flags (`(?is)`) from a pattern."""
    match = re.match(r"\(\?([imsx]+)\)", text)
    return (match.group(1), text[match.end() :]) if match else ("", text)


@cache
def _danger(pattern: str) -> int:
    text = translate(pattern, narrow=True) if pattern else None
    if text is None:
        return 0
    from . import automaton

    return automaton.danger(text)


def _affordable(power: int, length: float) -> bool:
    """Whether the backtracking engine needs less than about 50 ms for a value of this length."""
    return power < 99 and length**power <= _STEPS * math.factorial(power)


def is_unsafe(pattern: str, longest: float | None = None) -> bool:
    """Whether a value of at most `longest` characters could make the backtracking engine block the server."""
    power = _danger(pattern)
    return power > 1 and (longest is None or not _affordable(power, longest))


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> Callable[[str], bool] | None:
    """A function that tests whole values, or None if the pattern is not checked."""
    narrow = _engine(pattern, narrow=True)
    if narrow is None or not has_categories(pattern):
        return narrow
    found = narrow

    def test(value: str) -> bool:
        engine = found if value.isascii() else _engine(pattern, narrow=False)
        return engine is None or engine(value)

    return test


@lru_cache(maxsize=4096)
def _engine(pattern: str, *, narrow: bool) -> Callable[[str], bool] | None:
    """A test that uses the backtracking engine if the value is short enough for it, else the linear engine."""
    text = anchored(pattern, narrow=narrow)
    if text is None:
        return None
    power = _danger(pattern)
    if power <= 1:
        return _backtracking(text)
    from . import automaton

    linear = automaton.compile_linear(translate(pattern, narrow=narrow) or "")
    if power >= 99:
        return linear
    short = _backtracking(text)
    return lambda value: short(value) if _affordable(power, len(value)) else linear is None or linear(value)


def _backtracking(text: str) -> Callable[[str], bool]:
    compiled = re.compile(text)
    return lambda value: compiled.match(value) is not None
