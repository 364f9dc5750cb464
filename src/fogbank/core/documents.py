"""JSON documents that users write inside their requests, read within bounds.

Whatever is wrong with a document is one error, BadDocument, so that a service can answer with its own: text that is no
JSON (NaN and Infinity are none, nor are half surrogates), a number that nothing could hold, more levels than anybody
means. What was read can be walked, compared and written again without a thought to its depth.
"""

from __future__ import annotations

from typing import Any

import msgspec

MAX_DEPTH = 100  # levels of lists and objects; a scalar has none


class BadDocument(ValueError):
    """The text is no document; the error says why."""


def read(text: str | bytes, *, levels: int = MAX_DEPTH) -> Any:
    """The document as plain data. Of a name that stands twice the last value counts. Raises BadDocument."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadDocument(str(error)) from None
    opening = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    if sum(map(text.count, opening)) > levels and deeper(document, levels):  # type: ignore[arg-type]
        raise BadDocument(f"more than {levels} levels")
    return document


def read_object(text: str | bytes) -> dict[str, Any]:
    """The document, which must be an object. Raises BadDocument."""
    document = read(text)
    if not isinstance(document, dict):
        raise BadDocument("no object")
    return document


def deeper(document: Any, levels: int) -> bool:
    """Whether plain data nests deeper than so many levels, found without recursion."""
    here = [document] if isinstance(document, dict | list) else []
    for _ in range(levels):
        inner: list[Any] = []
        for value in here:
            members = value.values() if isinstance(value, dict) else value
            inner.extend([member for member in members if isinstance(member, dict | list)])
        here = inner
        if not here:
            return False
    return bool(here)
