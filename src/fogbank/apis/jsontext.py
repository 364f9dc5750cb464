"""JSON of users: read and written within a budget, and without holding the event loop."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from .budget import ENTRY, MAX_PAYLOAD, Budget, OverBudget

MOST_AT_ONCE = 50_000  # values that are read in one go, about 10 ms
VALUES_PER_STEP = 8  # values read in one go that count as one step
PARTS_PER_STEP = 4  # values looked at that count as one step
VALUE = 2 * ENTRY  # bytes a value takes in memory, its share of what holds it included


class NotJson(ValueError):
    """The text is not JSON, or nested too deeply."""


def decode(text: str | bytes, budget: Budget) -> Any:
    """The value of a JSON text. Raises NotJson, OverBudget."""
    if isinstance(text, bytes):
        values = text.count(b",") + text.count(b"[") + text.count(b"{")
    else:
        values = text.count(",") + text.count("[") + text.count("{")
    budget.made(len(text))
    try:
        if values > MOST_AT_ONCE:
            return _decode_slowly(text if isinstance(text, str) else text.decode(), budget)
        budget.step(values // VALUES_PER_STEP)
        budget.made(values * VALUE)
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise NotJson("this is not JSON") from None


def _decode_slowly(text: str, budget: Budget) -> Any:
    """Read value by value in Python, which lets other threads run in between; msgspec does not."""
    from json import scanner

    decoder: Any = json.JSONDecoder(parse_constant=_refused)
    scan = scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]

    def scan_one(source: str, at: int) -> Any:
        budget.step()
        budget.size -= VALUE
        if budget.size < 0:
            raise OverBudget("the JSON has too many values")
        return scan(source, at)

    decoder.scan_once = scan_one
    return decoder.decode(text)


def _refused(name: str) -> Any:
    raise ValueError(name)


def encode(value: Any, budget: Budget) -> str:
    """A value as JSON text. Raises OverBudget, NotJson for what has no JSON."""
    budget.made(weigh(value, budget))
    try:
        return msgspec.json.encode(value).decode()
    except OverflowError:  # msgspec writes integers of 64 bits
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        raise NotJson(str(error)) from None


def weigh(value: Any, budget: Budget) -> int:
    """How long a value is when it is written, at least; a part that is reached twice counts twice. Raises OverBudget.

    Each part is a step, so that a list that holds itself, or one list many times, ends here and not in what follows.
    """
    if isinstance(value, str):
        return len(value)
    size, waiting = 0, [value]
    while waiting:
        held = waiting.pop()
        if isinstance(held, str):
            size += len(held) + 3
        elif isinstance(held, dict):
            budget.step(1 + len(held) // PARTS_PER_STEP)
            size += sum(len(name) + 3 for name in held if isinstance(name, str))
            waiting.extend(held.values())
        elif isinstance(held, list | tuple):
            budget.step(1 + len(held) // PARTS_PER_STEP)
            waiting.extend(held)
        else:
            size += 5 if not isinstance(held, int) else 1 + held.bit_length() // 4
        if size > MAX_PAYLOAD:
            raise OverBudget(f"it is larger than {MAX_PAYLOAD} bytes")
    return size
