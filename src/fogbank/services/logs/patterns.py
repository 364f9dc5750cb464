"""The filter pattern language.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

    ERROR Exception        all terms, in any order     "a phrase"     the phrase
    ?ERROR ?WARN           any of the terms            -quiet         without the term
    %5\\d\\d%                a regular expression
    { $.status = 404 && ($.user.name = "a*" || $.list[0] IS NULL) }     JSON events
    [ip, user, ..., status = 4*, bytes > 1000]                            space-delimited events

Matching takes time linear in the message: wildcards are `core.wildcards`, regular expressions of AWS's subset are RE2.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from fogbank.core import documents, regexes, wildcards

from .errors import InvalidParameterException

Matcher = Callable[[str], "dict[str, Any] | None"]
_TOKEN = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)*)%|(\S+))')
_MAX = 1024
MAX_REGEXES = 2  # in one pattern
MAX_DEPTH = 50  # levels of parentheses around JSON conditions; AWS's own limit is not documented


def invalid(why: str = "Invalid filter pattern") -> InvalidParameterException:
    return InvalidParameterException(why)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Matcher:
    """Compile a pattern. The matcher returns a message's extracted values ({} for terms), or None if it does not match.

    Raises InvalidParameterException.
    """
    if len(pattern) > _MAX:
        raise invalid()
    text = pattern.strip()
    if not text:
        return lambda message: {}
    if text.startswith("{"):
        if not text.endswith("}"):
            raise invalid()
        return _JsonPattern(text[1:-1]).match
    if text.startswith("["):
        if not text.endswith("]"):
            raise invalid()
        return _Columns(text[1:-1]).match
    return _terms(text)


def _terms(text: str) -> Matcher:
    groups: dict[str, list[Callable[[str], bool]]] = {"": [], "?": [], "-": []}
    at = expressions = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        sign, phrase, regex, word = match.groups()
        at = match.end()
        if regex is not None:
            expressions += 1
            groups[sign].append(_searcher(regex))
        else:
            term = re.sub(r"\\(.)", r"\1", phrase) if phrase is not None else word
            groups[sign].append(lambda message, term=term: term in message)  # type: ignore[misc]
    if expressions > MAX_REGEXES:
        raise invalid()
    must, may, never = groups[""], groups["?"], groups["-"]

    def match_terms(message: str) -> dict[str, Any] | None:
        if any(test(message) for test in never):
            return None
        if must and all(test(message) for test in must):
            return {}
        if may and any(test(message) for test in may):
            return {}
        return None if must or may else {}

    return match_terms


# letters, digits, the symbols and operators that AWS's page lists, and blanks (which it does not list)
_REGEX = re.compile(
    r"(?:[A-Za-z0-9 :_#=@/;,^$?\[\]{}|*+.\-]|\\(?:[dDsSwW]|x[0-9A-Fa-f]{2}|[ :_#=@/;,^$?\[\]{}|*+.\\-]))*"
)


def _searcher(regex: str) -> Callable[[str], bool]:
    """Compile a regular expression. AWS accepts a subset: no groups, look-around, back-references or other characters.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html. The error text is one that users
    got for parentheses: https://github.com/ministryofjustice/modernisation-platform-environments/pull/5137
    """
    if not _REGEX.fullmatch(regex):
        raise invalid("Invalid character(s) in term")
    try:
        compiled = regexes.compile(regex)
    except (regexes.BadPattern, regexes.TooCostly):
        raise invalid() from None

    def search(message: str) -> bool:
        try:
            return compiled.search(message)
        except regexes.TooCostly:  # the message is longer than an event can be, or repetitions exceed RE2's limit
            return False

    return search


def _glob(text: str) -> Callable[[str], bool]:
    matches = wildcards.compile(text, one=False)
    return lambda value: bool(matches(value))


# -- conditions of JSON and column patterns --------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def number(value: Any) -> float | None:
    """A number, or a text that contains just a number, as float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value := value.strip()):
        return None
    try:
        found = float(value)
    except OverflowError:  # an integer of hundreds of digits
        return None
    return found if math.isfinite(found) else None


def condition(operator: str, operand: str, quoted: bool) -> Callable[[Any], bool]:
    """Compile `value OP operand`. The operand is a number, text with * as a wildcard, or a regular expression %…%."""
    if not quoted and _NUMBER.fullmatch(operand):
        wanted = float(operand)
        compare: dict[str, Callable[[float], bool]] = {
            "=": lambda n: n == wanted, "!=": lambda n: n != wanted, ">": lambda n: n > wanted,
            "<": lambda n: n < wanted, ">=": lambda n: n >= wanted, "<=": lambda n: n <= wanted,
        }  # fmt: skip
        test = compare[operator]

        def numeric(value: Any) -> bool:
            found = number(value)
            return operator == "!=" if found is None else test(found)

        return numeric
    if operator not in ("=", "!="):
        raise invalid()
    same = _searcher(operand[1:-1]) if not quoted and _is_regex(operand) else _glob(operand)

    def textual(value: Any) -> bool:
        text = value if isinstance(value, str) else json.dumps(value)
        return same(text) == (operator == "=")

    return textual


def _is_regex(operand: str) -> bool:
    return len(operand) > 1 and operand[0] == operand[-1] == "%"


# -- [columns] ------------------------------------------------------------------------------------------------------

_FIELD = re.compile(r"\[[^\]]*\]|\"[^\"]*\"|\S+")
_FIELD_WITHOUT_BRACKETS = re.compile(r"\"[^\"]*\"|\S+")
_COLUMN = re.compile(r'([\w.$-]+)\s*(?:(!=|>=|<=|=|>|<)\s*("(?:[^"\\]|\\.)*"|.+))?$', re.S)
_PART = re.compile(r'(?:=\s*%(?:[^%\\]|\\.)*%|[^,"]|"(?:[^"\\]|\\.)*")+')


class _Columns:
    def __init__(self, text: str) -> None:
        self._columns: list[tuple[str, Callable[[Any], bool] | None]] = []
        self._gap: int | None = None
        self._regexes = 0
        for part in _split(text):
            if part == "...":
                if self._gap is not None:
                    raise invalid()
                self._gap = len(self._columns)
                continue
            self._columns.append(self._column(part))
        if self._regexes > MAX_REGEXES:
            raise invalid()

    def _column(self, part: str) -> tuple[str, Callable[[Any], bool] | None]:
        match = _COLUMN.match(part)
        if match is None:
            raise invalid()
        name, operator, operand = match.groups()
        if operator is None:
            return name, None
        tests = []
        for alternative in map(str.strip, operand.split("||")):
            # w1 = ERROR || w1 = WARN
            again = _COLUMN.match(alternative) if alternative.startswith(name) else None
            op, value = (again[2], again[3]) if again and again[2] else (operator, alternative)
            quoted = value.startswith('"')
            self._regexes += not quoted and _is_regex(value.strip())
            tests.append(condition(op, value[1:-1] if quoted else value.strip(), quoted))
        return name, lambda value: any(test(value) for test in tests)

    def match(self, message: str) -> dict[str, Any] | None:
        count = len(self._columns)
        if self._gap is None:
            fields = list(islice(_fields(message), count + 1))
            if len(fields) != count:
                return None
            chosen = fields
        else:
            fields = list(_fields(message))
            if len(fields) < count:
                return None
            tail = count - self._gap
            chosen = fields[: self._gap] + (fields[-tail:] if tail else [])
        values = {}
        for (name, test), value in zip(self._columns, chosen, strict=True):
            if test is not None and not test(value):
                return None
            values[f"${name}"] = value
        return values


def _fields(message: str) -> Iterator[str]:
    """Yield the fields of a message: words, or text in brackets or quotes.

    After the last closing bracket, opening brackets are ignored: each would start a scan to the message's end.
    """
    last, at = message.rfind("]"), 0
    for match in _FIELD.finditer(message):
        if match.start() > last:
            break
        at = match.end()
        yield _bare(match[0])
    for match in _FIELD_WITHOUT_BRACKETS.finditer(message, at):
        yield _bare(match[0])


def _bare(field: str) -> str:
    return field[1:-1] if field[0] in '["' and len(field) > 1 else field


def _split(text: str) -> list[str]:
    """Split at commas, except inside quotes and regular expressions."""
    return [part.strip() for part in _PART.findall(text)]


# -- { JSON } -------------------------------------------------------------------------------------------------------

_LEX = re.compile(
    r'\s*(?:(\$(?:\.[\w@/-]+|\[\d+\]|\[[\'"][^\'"]+[\'"]\])*)|(&&|\|\||!=|>=|<=|=|>|<|\(|\))'
    r'|"((?:[^"\\]|\\.)*)"|(%(?:[^%\\]|\\.)*%)|([^\s()&|]+))'
)
_STEP = re.compile(r"\.([\w@/-]+)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]")
_ABSENT = object()


class _JsonPattern:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _LEX.match(text, at)
            if match is None or match.end() == at:
                raise invalid()
            kinds = ("path", "op", "quoted", "word", "word")
            kind = next(i for i in range(5) if match.group(i + 1) is not None)
            self._tokens.append((kinds[kind], match.group(kind + 1)))
            at = match.end()
        if sum(1 for kind, word in self._tokens if kind == "word" and _is_regex(word)) > MAX_REGEXES:
            raise invalid()
        self._at = self._depth = 0
        self._test = self._either()
        if self._at != len(self._tokens):
            raise invalid()

    def match(self, message: str) -> dict[str, Any] | None:
        try:
            document = documents.read(message)
        except documents.BadDocument:
            return None
        if not isinstance(document, dict | list) or not self._test(document):
            return None
        return {"$": document}

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _either(self) -> Callable[[Any], bool]:
        tests = [self._both()]
        while self._peek() == ("op", "||"):
            self._take()
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda document: any(test(document) for test in tests)

    def _both(self) -> Callable[[Any], bool]:
        tests = [self._one()]
        while self._peek() == ("op", "&&"):
            self._take()
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests)

    def _one(self) -> Callable[[Any], bool]:
        kind, text = self._take()
        if (kind, text) == ("op", "("):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise invalid()
            inner = self._either()
            if self._take() != ("op", ")"):
                raise invalid()
            self._depth -= 1
            return inner
        if kind != "path":
            raise invalid()
        look = select(text)
        kind, operator = self._take()
        if kind == "word" and operator.upper() in ("IS", "NOT"):
            return self._is(look, operator.upper())
        if kind != "op" or operator not in ("=", "!=", ">", "<", ">=", "<="):
            raise invalid()
        kind, operand = self._take()
        if kind not in ("quoted", "word"):
            raise invalid()
        test = condition(operator, operand, kind == "quoted")

        def compare(document: Any) -> bool:
            value = look(document)
            return value is not _ABSENT and not isinstance(value, dict | list) and test(value)

        return compare

    def _is(self, look: Callable[[Any], Any], word: str) -> Callable[[Any], bool]:
        what = self._take()[1].upper()
        if word == "NOT" and what == "EXISTS":
            return lambda document: look(document) is _ABSENT
        wanted: dict[str, Any] = {"NULL": None, "TRUE": True, "FALSE": False}
        if word != "IS" or what not in wanted:
            raise invalid()
        return lambda document: look(document) is wanted[what]


@lru_cache(maxsize=512)
def select(path: str) -> Callable[[Any], Any]:
    """Compile a path like `$.a.b[0]`. The function returns the value in a document, or `_ABSENT`."""
    steps = [int(m[2]) if m[2] else (m[1] or m[3]) for m in _STEP.finditer(path)]

    def follow(value: Any) -> Any:
        for step in steps:
            if isinstance(step, int):
                if not isinstance(value, list) or step >= len(value):
                    return _ABSENT
            elif not isinstance(value, dict) or step not in value:
                return _ABSENT
            value = value[step]
        return value

    return follow


def extracted(values: dict[str, Any], reference: str) -> Any:
    """The value of `$.field` or `$column` among a match's values, or None."""
    if "$" in values:
        found = select(reference)(values["$"])
        return None if found is _ABSENT else found
    return values.get(reference)
