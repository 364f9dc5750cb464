"""The values of resource records, by type.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html

The texts are those that users have met; of the rarer types, the text is not confirmed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from fogbank.network.domain_names import BadName, canonical

_STRINGS = re.compile(r'\s*"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*\s*')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CODE = re.compile(r"\\(?:[0-7]{3}|.)")
_NUMBER = re.compile(r"[0-9]{1,5}")
LONGEST = 4000


class BadValue(ValueError):
    """The value is not one of its type: Route 53's name of the problem, with its explanation."""


def _ipv4(value: str) -> None:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        raise BadValue("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)") from None


def _ipv6(value: str) -> None:
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        raise BadValue("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)") from None


def _domain(value: str) -> None:
    try:
        canonical(value)
    except BadName as error:
        name = "".join(word.capitalize() for word in str(error).split())
        raise BadValue(f"{name} ({error})") from None


def _fields(value: str, count: int, kind: str) -> list[str]:
    found = value.split()
    if len(found) != count:
        raise BadValue(f"{kind}RRDATAInvalidNumberOfFields (Value does not have {count} fields)")
    return found


def _numbers(fields: list[str], kind: str) -> None:
    for field in fields:
        if not _NUMBER.fullmatch(field) or int(field) > 65535:
            raise BadValue(f"{kind}RRDATANotAnInteger (Value is not an integer from 0 to 65535)")


def _mx(value: str) -> None:
    priority, host = _fields(value, 2, "MX")
    _numbers([priority], "MX")
    _domain(host)


def _srv(value: str) -> None:
    *numbers, host = _fields(value, 4, "SRV")
    _numbers(numbers, "SRV")
    _domain(host)


def _text(value: str) -> None:
    if not _STRINGS.fullmatch(value):
        raise BadValue("InvalidCharacterString (Value should be enclosed in quotation marks)")
    for string in _STRING.findall(value):
        if len(_CODE.sub("x", string)) > 255:
            raise BadValue("CharacterStringTooLong (Value is too long)")


def _caa(value: str) -> None:
    flags, tag, content = (*value.split(maxsplit=2), "", "", "")[:3]
    if not _NUMBER.fullmatch(flags) or int(flags) > 255 or not tag.isalnum() or not _STRING.fullmatch(content):
        raise BadValue("CAARRDATAInvalid (Value is not a flag, a tag and a quoted value)")


_CHECKS: dict[str, Callable[[str], None]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CNAME": _domain,
    "NS": _domain,
    "PTR": _domain,
    "MX": _mx,
    "SRV": _srv,
    "TXT": _text,
    "SPF": _text,
    "CAA": _caa,
}


def problem(type: str, value: str) -> str | None:
    """What is wrong with a value, as Route 53 says it; None if nothing is."""
    check = _CHECKS.get(type)
    try:
        if check is not None:
            check(value)
    except BadValue as error:
        return f"Invalid Resource Record: 'FATAL problem: {error} encountered with '{value}''"
    return None
