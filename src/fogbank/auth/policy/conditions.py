"""Condition operators. Each is compiled once into a test of a request's context keys.

A block is an AND of its operators and keys; the values of one key are an OR (a NOR for negated operators). A missing
key fails a positive operator, and satisfies a negated one and every `…IfExists`. `ForAllValues` holds for a missing
key, `ForAnyValue` does not.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from . import patterns
from .context import Facts
from .variables import Template, template

Test = Callable[[str], object]  # a value of the request -> truthy when it matches one policy value
Prepare = Callable[[Facts], Test | None]  # None: this policy value cannot match this request (an unknown variable)


class Kind(msgspec.Struct, frozen=True):
    """An operator without its prefix and suffix: how it turns a policy value into a test, and whether it is negated."""

    prepare: Callable[[str, bool], Prepare]
    negated: bool = False


class Condition(msgspec.Struct, frozen=True):
    """One operator on one key."""

    operator: str  # as written
    key: str  # lower case
    negated: bool
    quantifier: str  # "", "forallvalues", "foranyvalue"
    if_exists: bool
    values: tuple[Prepare, ...]
    null: frozenset[bool] | None = None  # for the operator Null: which of present (False) and missing (True) match

    def holds(self, facts: Facts) -> bool:
        found = facts.get(self.key)
        if self.null is not None:
            return (found is None) in self.null
        if found is None:
            if self.if_exists or self.quantifier == "forallvalues":
                return True
            return self.negated and self.quantifier != "foranyvalue"
        tests = [test for test in (prepare(facts) for prepare in self.values) if test is not None]
        if self.quantifier == "forallvalues":
            return all(self._matches(tests, value) for value in found)
        if self.quantifier == "foranyvalue" or not self.negated:
            return any(self._matches(tests, value) for value in found)
        return all(self._matches(tests, value) for value in found)

    def _matches(self, tests: list[Test], value: str) -> bool:
        return any(test(value) for test in tests) is not self.negated


class UnknownOperator(ValueError):
    """A condition operator that IAM does not have."""


def compile_condition(name: str, key: str, values: Sequence[str], *, variables: bool) -> Condition:
    """Compile an operator on a key. Raises ValueError for a bad value.

    `name` is the operator as written, e.g. `ForAnyValue:StringLikeIfExists`.
    """
    quantifier, colon, rest = name.rpartition(":")
    quantifier = quantifier.lower()
    if (colon and quantifier not in {"forallvalues", "foranyvalue"}) or not rest:
        raise UnknownOperator(name)
    bare = rest.lower()
    if bare == "null":
        wanted = frozenset(value.lower() == "true" for value in values if value.lower() in {"true", "false"})
        if len(wanted) == 0:
            raise ValueError(f"Null takes true or false, not {values}")
        return Condition(name, key.lower(), False, quantifier, False, (), wanted)
    if_exists = bare.endswith("ifexists")
    kind = _KINDS.get(bare.removesuffix("ifexists"))
    if kind is None:
        raise UnknownOperator(name)
    prepared = tuple(kind.prepare(value, variables) for value in values)
    return Condition(name, key.lower(), kind.negated, quantifier, if_exists, prepared)


def _constant(test: Test) -> Prepare:
    return lambda facts: test


def _from_template(hole: Template, build: Callable[[patterns.Pieces], Test]) -> Prepare:
    if hole.fixed is not None:
        return _constant(build(hole.fixed))

    def prepare(facts: Facts) -> Test | None:
        pieces = hole.fill(facts)
        return None if pieces is None else build(pieces)

    return prepare


def _plain(pieces: patterns.Pieces) -> str:
    """The text of a pattern with its wildcards taken literally (StringEquals)."""
    return "".join(piece if isinstance(piece, str) else str(piece.value) for piece in pieces)


def _string(text: str, variables: bool) -> Prepare:
    if "${" not in text:
        return _constant(text.__eq__)
    return _from_template(template(text, variables=variables), lambda pieces: _plain(pieces).__eq__)


def _string_ignoring_case(text: str, variables: bool) -> Prepare:
    def build(pieces: patterns.Pieces) -> Test:
        wanted = _plain(pieces).lower()
        return lambda value: value.lower() == wanted

    return _from_template(template(text, variables=variables), build)


def _like(text: str, variables: bool) -> Prepare:
    return _from_template(template(text, variables=variables), patterns.glob)


def _arn(text: str, variables: bool) -> Prepare:
    return _from_template(template(text, variables=variables), patterns.arn_like)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)


def _date(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 date or of a number of seconds (aws:EpochTime)."""
    found = _DATE.fullmatch(text)
    if found is None:
        return _number(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), 0, UTC)
    except ValueError:
        return None
    seconds = moment.timestamp() + float(f"0.{fraction or 0}")
    if zone and zone.upper() != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])).total_seconds()
        seconds -= offset if zone[0] == "+" else -offset
    return seconds


def _ordered(
    read: Callable[[str], float | None], compare: Callable[[float, float], bool]
) -> Callable[[str, bool], Prepare]:
    def prepare(text: str, variables: bool) -> Prepare:
        wanted = read(text)
        if wanted is None:
            raise ValueError(f"not a value of this operator: {text!r}")

        def test(value: str) -> bool:
            number = read(value)
            return number is not None and compare(number, wanted)

        return _constant(test)

    return prepare


def _bool(text: str, variables: bool) -> Prepare:
    wanted = text.lower()
    if "${" in text:  # AWS allows a variable here
        return _string_ignoring_case(text, variables)
    return _constant(lambda value: value.lower() == wanted)


def _binary(text: str, variables: bool) -> Prepare:
    try:
        wanted = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"not base64: {text!r}") from None

    def test(value: str) -> bool:
        try:
            return base64.b64decode(value, validate=True) == wanted
        except (binascii.Error, ValueError):
            return False

    return _constant(test)


def _network(text: str, variables: bool) -> Prepare:
    network = ipaddress.ip_network(text, strict=False)  # ValueError for anything else

    def test(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return _constant(test)


_KINDS: dict[str, Kind] = {
    "stringequals": Kind(_string),
    "stringnotequals": Kind(_string, True),
    "stringequalsignorecase": Kind(_string_ignoring_case),
    "stringnotequalsignorecase": Kind(_string_ignoring_case, True),
    "stringlike": Kind(_like),
    "stringnotlike": Kind(_like, True),
    "arnequals": Kind(_arn),
    "arnlike": Kind(_arn),
    "arnnotequals": Kind(_arn, True),
    "arnnotlike": Kind(_arn, True),
    "numericequals": Kind(_ordered(_number, operator.eq)),
    "numericnotequals": Kind(_ordered(_number, operator.eq), True),
    "numericlessthan": Kind(_ordered(_number, operator.lt)),
    "numericlessthanequals": Kind(_ordered(_number, operator.le)),
    "numericgreaterthan": Kind(_ordered(_number, operator.gt)),
    "numericgreaterthanequals": Kind(_ordered(_number, operator.ge)),
    "dateequals": Kind(_ordered(_date, operator.eq)),
    "datenotequals": Kind(_ordered(_date, operator.eq), True),
    "datelessthan": Kind(_ordered(_date, operator.lt)),
    "datelessthanequals": Kind(_ordered(_date, operator.le)),
    "dategreaterthan": Kind(_ordered(_date, operator.gt)),
    "dategreaterthanequals": Kind(_ordered(_date, operator.ge)),
    "bool": Kind(_bool),
    "binaryequals": Kind(_binary),
    "ipaddress": Kind(_network),
    "notipaddress": Kind(_network, True),
}
