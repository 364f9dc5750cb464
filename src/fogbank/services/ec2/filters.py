"""Filters of descriptions, and the pages of what passes them.

    FILTERS = Filters({"vpc-id": "id", "is-default": "default", "cidr": lambda vpc: vpc.cidrs[0].cidr})
    answer = describe(ctx, req, VPC, FILTERS, ids="VpcIds", into="Vpcs", shape=shape)

A filter is an attribute of the record or a function of it, whose value is a text, flag, number or a list of these. All
filters have to match, each with any of its values. `*` and `?` are wildcards, a backslash before them takes them
literally. `tag:KEY` and `tag-key` are filters of everything that has tags.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Generic, TypeVar

from fogbank.core import wildcards
from fogbank.core.context import Context
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .errors import FilterLimitExceeded, InvalidParameterValue
from .kinds import ById

R = TypeVar("R")
Read = Callable[[Any], Any]
Test = Callable[[Any], bool]
MOST_VALUES = 200
PAGE = 1000  # what a request without MaxResults gets at once

_ESCAPED = re.compile(r"(?s)\\(.)|([*?])")


@lru_cache(maxsize=4096)
def matcher(text: str) -> Callable[[str], object]:
    """A function that tells whether a text matches a filter's value."""
    if "\\" not in text:
        return wildcards.compile(text) if "*" in text or "?" in text else text.__eq__
    pieces: list[str | wildcards.Wild] = []
    at = 0
    for found in _ESCAPED.finditer(text):
        escaped, star = found.groups(default="")
        plain = text[at : found.start()] + escaped
        wild = wildcards.Wild(star) if star else None
        pieces += [plain] if plain else []
        pieces += [wild] if wild else []
        at = found.end()
    joined = _joined([*pieces, text[at:]])
    return wildcards.glob(joined)


def _joined(pieces: list[str | wildcards.Wild]) -> tuple[str | wildcards.Wild, ...]:
    """The pieces, with neighbouring texts in one and neighbouring stars as one."""
    found: list[str | wildcards.Wild] = []
    for piece in pieces:
        last = found[-1] if found else ""
        if piece == "" or (piece is wildcards.Wild.MANY and last is piece):
            continue
        if isinstance(piece, str) and isinstance(last, str) and found:
            found[-1] = last + piece
        else:
            found.append(piece)
    return tuple(found)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [_text(each) for each in value] if isinstance(value, list | tuple | set) else [_text(value)]


class Filters(Generic[R]):
    """The filters of one description. Functions that need more than the record take it from a pair (see `describe`)."""

    def __init__(self, reads: Mapping[str, str | Callable[[R], Any]], *, tags: bool = True) -> None:
        self._reads: dict[str, Read] = {name: _reader(read) for name, read in reads.items()}
        self._tags = tags

    def test(self, given: Iterable[Mapping[str, Any]] | None) -> Callable[[R], bool] | None:
        """A function that says whether a record passes; None if all do. Raises InvalidParameterValue."""
        wanted = list(given or ())
        if sum(len(each.get("Values") or ()) for each in wanted) > MOST_VALUES:
            raise FilterLimitExceeded
        tests = [self._one(each.get("Name") or "", list(each.get("Values") or ())) for each in wanted]
        if len(tests) < 2:
            return tests[0] if tests else None
        return lambda record: all(test(record) for test in tests)

    def _one(self, name: str, values: list[str]) -> Test:
        read = self._reads.get(name)
        if read is None and self._tags:
            if name.startswith("tag:"):
                key = name[4:]
                read = lambda record: record.tags.get(key)  # noqa: E731
            elif name == "tag-key":
                read = lambda record: list(record.tags)  # noqa: E731
            elif name == "tag-value":
                read = lambda record: list(record.tags.values())  # noqa: E731
        if read is None:
            raise InvalidParameterValue(f"The filter '{name}' is invalid")
        if not values:
            raise InvalidParameterValue(f"The filter '{name}' must have at least one value")
        return _passes(read, [matcher(value) for value in values])

    def only(self, given: Iterable[Mapping[str, Any]] | None, name: str) -> str | None:
        """The one value, without wildcards, that a filter asks for: an index can find what has it."""
        for each in given or ():
            values = list(each.get("Values") or ())
            if each.get("Name") == name and len(values) == 1 and not re.search(r"[*?\\]", values[0]):
                return str(values[0])
        return None


def _passes(read: Read, matchers: list[Callable[[str], object]]) -> Test:
    """A test of one filter. It runs for each record of a list, most often on a text with one value."""
    first = matchers[0]

    def passes(record: Any) -> bool:
        value = read(record)
        if value.__class__ is str and len(matchers) == 1:
            return bool(first(value))
        return any(match(text) for text in _texts(value) for match in matchers)

    return passes


def _reader(read: str | Callable[[Any], Any]) -> Read:
    if not isinstance(read, str):
        return read
    import operator

    return operator.attrgetter(read)


def limit_of(req: Mapping[str, Any], *, least: int = 5, most: int = 1000) -> int:
    """The size of the page that a request asks for."""
    asked = req.get("MaxResults")
    if asked is None:
        return PAGE
    if not least <= asked <= most:
        raise InvalidParameterValue(
            f"Value ( {asked} ) for parameter maxResults is invalid. Expecting a value between {least} and {most}."
        )
    return int(asked)


def invalid_token() -> InvalidParameterValue:
    return InvalidParameterValue("Value for parameter nextToken is invalid.")


def describe(
    ctx: Context,
    req: Mapping[str, Any],
    kind: ById[R],
    filters: Filters[Any],
    *,
    ids: str,
    into: str,
    shape: Callable[[Reader, Any], dict[str, Any]],
    index: tuple[str, str] | None = ("vpc-id", "vpc"),
    least: int = 5,
    view: Callable[[Reader, R], Any] | None = None,
) -> dict[str, Any]:
    """The answer of a description: the things that are named by id, or all, that pass the filters, in pages by id.

    `index` is a filter and the table's index that finds what it asks for. `view` makes what filters and `shape` get
    instead of the record, if they need more than that.
    """
    test = filters.test(req.get("Filters") or req.get("Filter"))
    limit = limit_of(req, least=least)
    pages = Pages(ctx, invalid_token)
    after = pages.after(req.get("NextToken"))
    with ctx.read() as tx:
        found = _candidates(tx, ctx, req, kind, filters, ids, after, index)
        seen: Iterator[Any] = found if view is None else (view(tx, record) for record in found)
        passed = (record for record in seen if test is None or test(record))
        shown, more = pages.cut(list(islice(passed, limit + 1)), limit, lambda record: record.id)
        return {into: [shape(tx, record) for record in shown], **more}


def _candidates(
    tx: Reader,
    ctx: Context,
    req: Mapping[str, Any],
    kind: ById[R],
    filters: Filters[Any],
    ids: str,
    after: str | None,
    index: tuple[str, str] | None,
) -> Iterator[R]:
    place = (ctx.account, ctx.region)
    named = req.get(ids)
    if named:
        yield from (each for each in kind.all(tx, ctx, named) if after is None or each.id > after)  # type: ignore[attr-defined]
        return
    only = filters.only(req.get("Filters") or req.get("Filter"), index[0]) if index else None
    if index and only is not None and index[1] in kind.table.indexes:
        entry = (*place, only)
        begin = (entry, (*place, after)) if after else None
        yield from tx.scan_index(kind.table, index[1], entry, after=begin)
    else:
        yield from tx.scan(kind.table, place, after=(*place, after) if after else None)


def page(
    ctx: Context, req: Mapping[str, Any], items: Iterable[R], *, key: Callable[[R], Any], into: str, least: int = 5,
    shape: Callable[[R], dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """A page of what is no table: items in the order of `key`, which the filters have passed."""
    shown, more = Pages(ctx, invalid_token).by_key(items, req.get("NextToken"), limit_of(req, least=least), key)
    return {into: [shape(item) for item in shown], **more}
