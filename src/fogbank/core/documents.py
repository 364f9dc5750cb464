"""Parses JSON documents that users put inside their requests, with a limit on their depth.

Every problem raises the same error, BadDocument, so that a service can answer with its own: text that is not JSON
(NaN, Infinity and lone surrogates are not), a number that is too large, too many levels. A parsed document is shallow
enough for recursive code.
"""

from __future__ import annotations

from typing import Any

import msgspec

MAX_DEPTH = 100  # levels of lists and objects; a scalar has none


class BadDocument(ValueError):
    """The text is not a valid document. The error says why."""


def read(text: str | bytes, *, levels: int = MAX_DEPTH) -> Any:
    """Parse a document to plain data. If a name occurs twice, its last value counts. Raises BadDocument."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadDocument(str(error)) from None
    opening = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    if sum(map(text.count, opening)) > levels and deeper(document, levels):  # type: ignore[arg-type]
        raise BadDocument(f"more than {levels} levels")
    return document


def read_object(text: str | bytes) -> dict[str, Any]:
    """Parse a document that must be an object. Raises BadDocument."""
    document = read(text)
    if not isinstance(document, dict):
        raise BadDocument("no object")
    return document


def deeper(document: Any, levels: int) -> bool:
    """Whether plain data is nested deeper than `levels`. Works without recursion."""
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
