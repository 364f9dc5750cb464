"""Parses durations (`14d`, `1d12h`, `90s`) and ISO dates that people type."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")


def seconds(text: str) -> float:
    """Parse a duration to seconds. The text of the ValueError shows valid examples."""
    compact = text.replace(" ", "").lower()
    if re.fullmatch(r"\d+(\.\d+)?", compact):
        return float(compact)
    parts = _PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(f"{text!r} is no duration: write 14d, 3h, 90s or 1d12h")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def instant(text: str) -> float:
    """Parse an ISO date (in UTC unless it has a time zone) or a number to epoch seconds."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"{text!r} is no date: write 2027-01-31 or 2027-01-31T12:00:00Z") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def shown(span: float) -> str:
    """Format a number of seconds as `1d 2h 3s`."""
    sign, left = ("-" if span < 0 else ""), abs(round(span))
    parts = []
    for unit in "dhms":
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return sign + (" ".join(parts) or "0s")
