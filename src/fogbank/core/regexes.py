"""Regular expressions from users. Matching is safe from catastrophic backtracking.

RE2 matches them in linear time. It lacks look-around, back-references and possessive repeats, which Java has (most
expressions in AWS are Java's). Patterns that use these go to a backtracking engine with a deadline.
https://github.com/google/re2/wiki/Syntax, https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

MAX_PATTERN = 10_000  # characters
MAX_TEXT = 1 << 20  # characters
MAX_BACKTRACKED = 2_000  # characters of a pattern for the backtracking engine
MAX_SIZE = 5_000  # atoms of a pattern for the backtracking engine, with counted repeats expanded
DEADLINE = 0.05  # seconds that one call of the backtracking engine may take

_CLASSES = {
    "Alpha": "[[:alpha:]]", "Alnum": "[[:alnum:]]", "Digit": "[[:digit:]]", "Upper": "[[:upper:]]",
    "Lower": "[[:lower:]]", "Punct": "[[:punct:]]", "Space": "[[:space:]]", "XDigit": "[[:xdigit:]]",
    "Blank": "[[:blank:]]", "Cntrl": "[[:cntrl:]]", "Graph": "[[:graph:]]", "Print": "[[:print:]]",
    "ASCII": "[[:ascii:]]",
}  # fmt: skip
_CLASS = re.compile(r"\\([pP])\{(" + "|".join(_CLASSES) + r")\}")


class BadPattern(ValueError):
    """The pattern cannot be compiled. The text says why."""


class TooCostly(Exception):
    """The pattern takes too long on this text, or the pattern or the text is too long."""


class Pattern:
    """A compiled pattern. Each method raises TooCostly for a text that is too long or takes too long."""

    __slots__ = ("_compiled", "_limits", "text")

    def __init__(self, text: str, compiled: Any, limits: dict[str, float]) -> None:
        self.text = text
        self._compiled = compiled
        self._limits = limits

    @property
    def size(self) -> int:
        """The number of instructions of RE2's program, each run at most once per character. 0 for the other engine."""
        return 0 if self._limits else int(self._compiled.programsize)

    def fullmatch(self, value: str) -> bool:
        """Whether the whole value matches (Java's Matcher.matches)."""
        return self._run(self._compiled.fullmatch, value) is not None

    def match_all(self, values: Iterable[str]) -> bool:
        """Whether each whole value matches. All values together have the deadline of one."""
        if not self._limits:
            return all(self.fullmatch(value) for value in values)
        end = time.monotonic() + self._limits["timeout"]
        return all(
            Pattern(self.text, self._compiled, {"timeout": max(end - time.monotonic(), 0.001)}).fullmatch(value)
            for value in values
        )

    def match(self, value: str) -> bool:
        """Whether the beginning of the value matches."""
        return self._run(self._compiled.match, value) is not None

    def search(self, value: str) -> bool:
        """Whether any part of the value matches (Java's Matcher.find)."""
        return self._run(self._compiled.search, value) is not None

    def sub(self, replacement: str | Callable[[Any], str], value: str, count: int = 0) -> str:
        """Replace the matches in the value; `replacement` as in `re.sub`."""
        return str(self._run(lambda text, **limits: self._compiled.sub(replacement, text, count, **limits), value))

    def split(self, value: str, most: int = 0) -> list[str | None]:
        """The parts between matches, as `re.split`."""
        parts: list[str | None] = self._run(lambda text, **limits: self._compiled.split(text, most, **limits), value)
        return parts

    def _run(self, call: Callable[..., Any], value: str) -> Any:
        if len(value) > MAX_TEXT:
            raise TooCostly(f"the text is longer than {MAX_TEXT} characters")
        try:
            return call(value, **self._limits)
        except TimeoutError:
            raise TooCostly(f"the pattern {self.text[:100]!r} takes too long") from None


@lru_cache(maxsize=1024)
def compile(text: str, *, ignore_case: bool = False, dot_all: bool = False) -> Pattern:
    """Compile a pattern of Java's or Python's syntax. Raises BadPattern, and TooCostly for one that is too long."""
    import re2

    if len(text) > MAX_PATTERN:
        raise TooCostly(f"the pattern is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.dot_nl = dot_all
    try:
        return Pattern(text, re2.compile(_CLASS.sub(_posix, text), options), {})
    except re2.error:
        return _backtracking(text, ignore_case=ignore_case, dot_all=dot_all)


def _posix(match: re.Match[str]) -> str:
    """Translate Java's \\p{Alpha} to RE2's syntax, without the outer brackets if it is inside a class."""
    name = _CLASSES[match[2]]
    before = match.string[: match.start()]
    inside = before.rfind("[") > before.rfind("]")
    negated = name.replace("[[:", "[[:^") if match[1] == "P" else name
    return negated[1:-1] if inside else negated


def _backtracking(text: str, *, ignore_case: bool, dot_all: bool) -> Pattern:
    import regex

    if len(text) > MAX_BACKTRACKED or _size(text) > MAX_SIZE:
        raise BadPattern("the pattern repeats too much, or is too long for what it uses")
    flags = regex.VERSION1 | (regex.IGNORECASE if ignore_case else 0) | (regex.DOTALL if dot_all else 0)
    try:
        return Pattern(text, regex.compile(text, flags), {"timeout": DEADLINE})
    except (regex.error, RecursionError, OverflowError) as error:
        raise BadPattern(str(error)) from None


_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\{(\d*)(?:,(\d*))?\}|.", re.DOTALL)


def _size(text: str) -> int:
    """The number of atoms of a pattern with counted repeats expanded, as the engine's compiler expands them."""
    sizes, last = [0], 0
    for piece in _PIECE.finditer(text):
        char = piece[0]
        if char == "(":
            sizes.append(0)
        elif char == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        elif char[0] == "{" and (piece[1] or piece[2]):
            times = max(int(count) for count in (piece[1], piece[2]) if count)
            sizes[-1] += last * (times - 1)
            last *= times
        else:
            last = 1
            sizes[-1] += 1
    return max(sum(sizes), 0)
