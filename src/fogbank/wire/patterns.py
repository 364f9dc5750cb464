"""The models' regular expressions, which are Java's, in Python's `re`.

AWS matches the whole value (java.util.regex.Matcher.matches). Classes are ASCII unless the pattern says \\p{…}. A
pattern that could take exponential time on a hostile value (an unbounded repeat of something that repeats without
bound itself) is not given to the backtracking engine: `automaton` runs it in linear time, or it is not checked at all
where it uses look-around.
"""

from __future__ import annotations

import math
import re
import unicodedata
import warnings
from collections.abc import Callable
from functools import cache, lru_cache

_STEPS = 10_000_000
_POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": "\\x00-\\x7f", "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": " \\t", "Cntrl": "\\x00-\\x1f\\x7f",
    "XDigit": "0-9a-fA-F", "Space": " \\t\\n\\x0b\\f\\r", "IsAlphabetic": "", "IsDigit": "",
}  # fmt: skip
_ALIASES = {
    "IsAlphabetic": "L", "IsLetter": "L", "IsDigit": "Nd", "IsWhite_Space": "Z", "IsWhitespace": "Z", "Letter": "L",
    "Number": "N", "LD": "L", "Any": "", "all": "", "javaLetterOrDigit": "L",
}  # fmt: skip


@cache
def _categories() -> dict[str, str]:
    """For each general category (and its first letter) the ranges of a character class, planes 0 to 3."""
    runs: dict[str, list[tuple[int, int]]] = {}
    start, current = 0, unicodedata.category("\0")
    for code in range(1, 0x40001):
        category = unicodedata.category(chr(code)) if code <= 0x3FFFF else ""
        if category != current:
            for name in (current, current[0]):
                ranges = runs.setdefault(name, [])
                if ranges and ranges[-1][1] == start - 1:
                    ranges[-1] = (ranges[-1][0], code - 1)
                else:
                    ranges.append((start, code - 1))
            start, current = code, category
    return {name: "".join(_range(low, high) for low, high in ranges) for name, ranges in runs.items()}


def _escape(code: int) -> str:
    return f"\\U{code:08x}"


def _range(low: int, high: int) -> str:
    return _escape(low) if low == high else f"{_escape(low)}-{_escape(high)}"


def _class_of(name: str) -> str:
    """The inside of a character class for \\p{name}; KeyError when it is unknown."""
    if _POSIX.get(name):
        return _POSIX[name]
    category = _ALIASES.get(name, name.removeprefix("Is") if name.startswith("Is") else name)
    if category == "":
        return "\\x00-\\U0010ffff"
    return _categories()[category]


def _complement(name: str) -> str:
    """The inside of a class for \\P{name}."""
    inside = re.compile(f"[{_class_of(name)}]")
    runs: list[str] = []
    start: int | None = None
    for code in range(0x40001):
        out = code < 0x40000 and inside.match(chr(code)) is None
        if out and start is None:
            start = code
        elif not out and start is not None:
            runs.append(_range(start, code - 1))
            start = None
    return "".join(runs)


class _Translator:
    """One pass over a Java pattern, writing a Python one."""

    def __init__(self, text: str) -> None:
        self.text = text
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
            inside = _class_of(name) if follow == "p" else _complement(name)
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
            return follow  # an escape without meaning: the letter itself
        if not follow:
            return "\\\\"
        return f"\\{follow}" if follow.isascii() else follow

    def _surrogate_range(self) -> str:
        """Java spells the planes above the first as a range of surrogate pairs."""
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
                out.append("\\-")  # a range cannot begin or end with a class: a hyphen, as Java reads it
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
def translate(pattern: str) -> str | None:
    """The pattern in Python's syntax, or None when it cannot be said in it (such a pattern is not checked)."""
    try:
        text = _Translator(pattern).run()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _parse(text)
    except (KeyError, ValueError, re.error, OverflowError):
        return None
    return text


def anchored(pattern: str) -> str | None:
    """A pattern for a searching engine that matches as AWS does: the whole value, ASCII classes."""
    if not pattern:
        return None
    text = translate(pattern)
    if text is None:
        return None
    flags, rest = leading_flags(text)
    return f"(?a{flags})^(?:{rest})\\Z"


def leading_flags(text: str) -> tuple[str, str]:
    """The flags a pattern begins with (`(?is)`), and the rest of it."""
    match = re.match(r"\(\?([imsx]+)\)", text)
    return (match.group(1), text[match.end() :]) if match else ("", text)


@cache
def _danger(pattern: str) -> int:
    text = translate(pattern) if pattern else None
    if text is None:
        return 0
    from . import automaton

    return automaton.danger(text)


def _affordable(power: int, length: float) -> bool:
    """Whether that many steps of the backtracking engine take less than some 50 ms."""
    return power < 99 and length**power <= _STEPS * math.factorial(power)


def is_unsafe(pattern: str, longest: float | None = None) -> bool:
    """Whether the backtracking engine could hold the server up over a value of at most `longest` characters."""
    power = _danger(pattern)
    return power > 1 and (longest is None or not _affordable(power, longest))


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> Callable[[str], bool] | None:
    """A test of whole values, or None when the pattern is not checked.

    The backtracking engine is used while it is affordable for the value at hand, beyond that the linear one.
    """
    text = anchored(pattern)
    if text is None:
        return None
    power = _danger(pattern)
    if power <= 1:
        return _backtracking(text)
    from . import automaton

    linear = automaton.compile_linear(translate(pattern) or "")
    if power >= 99:
        return linear
    short = _backtracking(text)
    return lambda value: short(value) if _affordable(power, len(value)) else linear is None or linear(value)


def _backtracking(text: str) -> Callable[[str], bool]:
    compiled = re.compile(text)
    return lambda value: compiled.match(value) is not None
