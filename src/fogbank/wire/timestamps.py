"""Parses and serializes timestamps in AWS's forms: epoch seconds, iso8601, rfc822 (HTTP-date), with fractions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ISO = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})"
    r"(?:[Tt ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9})\d*)?)?\s*([Zz]|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{0,18})?(?:[eE][+-]?\d{1,2})?", re.ASCII)


def from_epoch(seconds: float) -> datetime:
    """Convert epoch seconds to an aware UTC datetime. Raises ValueError outside the years 1 to 9999."""
    try:
        if isinstance(seconds, int):
            return _EPOCH + timedelta(seconds=seconds)
        whole = int(seconds // 1)
        return _EPOCH + timedelta(seconds=whole, microseconds=round((seconds - whole) * 1_000_000))
    except (OverflowError, ValueError) as error:
        raise ValueError(f"timestamp out of range: {seconds}") from error


def parse_iso8601(text: str) -> datetime:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"not an ISO 8601 timestamp: {text!r}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    micros = int((fraction or "0").ljust(9, "0")[:6])
    offset = timedelta()
    if zone and zone not in "Zz":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micros,
            tzinfo=timezone(offset) if offset else UTC,
        )  # fmt: skip
        return moment.astimezone(UTC) if offset else moment
    except OverflowError as error:
        raise ValueError(str(error)) from error


def parse_rfc822(text: str) -> datetime:
    parts = parsedate_tz(text)
    if parts is None:
        raise ValueError(f"not an HTTP date: {text!r}")
    fraction = re.search(r":\d\d\.(\d{1,6})", text)
    clean = re.sub(r"(:\d\d)\.\d+", r"\1", text)
    parts = parsedate_tz(clean) or parts
    try:
        moment = datetime(*parts[:6], tzinfo=UTC) - timedelta(seconds=parts[9] or 0)
        return moment.replace(microsecond=int(fraction.group(1).ljust(6, "0"))) if fraction else moment
    except OverflowError as error:
        raise ValueError(str(error)) from error


def parse(value: Any) -> datetime:
    """Parse a timestamp in any of the forms. Raises ValueError if it is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, bool):
        raise ValueError("a boolean is no timestamp")
    if isinstance(value, int | float):
        return from_epoch(value)
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise ValueError("not a timestamp")
    text = value.strip()
    if _NUMBER.fullmatch(text):
        # eight or fourteen bare digits are seconds, too, as on AWS
        return from_epoch(float(text) if any(c in text for c in ".eE") else int(text))
    try:
        return parse_iso8601(text)
    except ValueError:
        return parse_rfc822(text)


def moment(value: Any) -> datetime:
    """Convert a timestamp from a service (an aware datetime, epoch seconds, or text) to a UTC datetime."""
    return parse(value).astimezone(UTC)


def epoch(value: Any) -> float | int:
    """Seconds since the epoch as AWS writes them: an int if whole, else with milliseconds."""
    if type(value) is int:
        return value
    if type(value) is float:
        whole = int(value)
        return whole if whole == value else round(value, 3)
    delta = moment(value) - _EPOCH
    whole = delta.days * 86400 + delta.seconds
    return whole if not delta.microseconds else round(whole + delta.microseconds / 1_000_000, 3)


def iso8601(value: Any) -> str:
    when = moment(value)
    base = f"{when.year:04d}-{when.month:02d}-{when.day:02d}T{when.hour:02d}:{when.minute:02d}:{when.second:02d}"
    return f"{base}.{when.microsecond // 1000:03d}Z" if when.microsecond >= 1000 else f"{base}Z"


def rfc822(value: Any) -> str:
    return _second(value) if type(value) is int else _rfc822(value)


def _rfc822(value: Any) -> str:
    when = moment(value)
    clock = f"{when.hour:02d}:{when.minute:02d}:{when.second:02d}"
    return f"{_DAYS[when.weekday()]}, {when.day:02d} {_MONTHS[when.month - 1]} {when.year:04d} {clock} GMT"


_second = lru_cache(maxsize=4096)(_rfc822)  # timestamps in one response are often equal


def epoch_text(value: Any) -> str:
    return str(epoch(value))


def writer(form: str, default: str) -> Callable[[Any], Any]:
    """The serializer of a timestampFormat (`unixTimestamp`, `iso8601`, `rfc822`), or of the protocol's default."""
    form = form or default
    if form == "iso8601":
        return iso8601
    return rfc822 if form == "rfc822" else epoch
