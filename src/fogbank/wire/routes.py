"""Routes REST requests: finds the operation by method, path and query, with a table made from the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

from .shapes import RawRef, RawShape

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import OperationModel, ServiceModel


class _Target:
    """An operation at the end of a path, with the query parameters and headers that it requires."""

    __slots__ = ("headers", "labels", "literals", "operation", "preference", "queries")

    def __init__(self, operation: OperationModel, shape: RawShape | None, labels: tuple[str, ...], query: str) -> None:
        self.operation = operation
        self.labels = labels
        self.literals = tuple(_literal(piece) for piece in query.split("&") if piece)
        required = [(n, ref) for n, ref in shape.members.items() if n in shape.required] if shape else []
        self.queries = tuple(_wire(n, ref) for n, ref in required if ref.location == "querystring")
        self.headers = tuple(_wire(n, ref).lower() for n, ref in required if ref.location == "header")
        self.preference = not operation.raw.deprecated

    def near(self, request: Request) -> bool:
        """Whether a request has any of the required headers."""
        return any(map(request.lookup.get, self.headers))

    def score(self, query: dict[str, str], request: Request | None) -> tuple[int, int, bool] | None:
        """How well a request fits: matching literals, then required parameters. None if a literal is missing."""
        for name, value in self.literals:
            if name not in query or (value and query[name] != value):
                return None
        missing = sum(name not in query for name in self.queries)
        if request is not None:
            missing += sum(not request.header(name) for name in self.headers)
        met = len(self.queries) + len(self.headers) - missing
        return (len(self.literals), -100 if missing else met, self.preference)


def _wire(name: str, ref: RawRef) -> str:
    return ref.location_name or name


def _literal(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return name, value


class _Targets:
    """The operations that share a path. A request without a query only fits the `bare` ones, which need no literal."""

    __slots__ = ("all", "bare", "headed", "marks", "plain")

    def __init__(self) -> None:
        self.all: list[_Target] = []
        self.bare: list[_Target] = []
        self.plain: list[_Target] = []  # the bare ones that require nothing
        self.headed: list[_Target] = []  # the bare ones that require headers only
        self.marks: set[str] = set()  # the headers that these require

    def add(self, target: _Target) -> None:
        self.all.append(target)
        if not target.literals:
            self.bare.append(target)
            if not target.queries:
                (self.headed if target.headers else self.plain).append(target)
                self.marks.update(target.headers)

    def alone(self, request: Request) -> _Target | None:
        """The operation of a request without a query, unless its headers may select another one."""
        if len(self.plain) != 1:
            return None
        if not self.marks.isdisjoint(request.lookup) and any(t.near(request) for t in self.headed):
            return None
        return self.plain[0]

    def best(self, query: dict[str, str], request: Request | None) -> _Target | None:
        """Find the operation that fits a request best."""
        candidates = self.bare
        if not query:
            alone = self.alone(request) if request is not None else None
            if alone is not None:
                return alone
        else:
            candidates = [t for t in self.all if not t.literals or t.literals[0][0] in query]
        if len(candidates) == 1 and not candidates[0].literals:
            return candidates[0]
        scored = [(s, t) for t in candidates if (s := t.score(query, request)) is not None]
        return max(scored, key=lambda pair: pair[0])[1] if scored else None


class _Node:
    __slots__ = ("greedy", "label", "literals", "tailed", "targets")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.label: _Node | None = None
        self.targets = _Targets()
        self.greedy = _Targets()
        self.tailed: list[tuple[list[str], _Targets]] = []  # greedy labels with segments after them


def decode_label(text: str) -> str:
    """Percent-decode a label once. Invalid UTF-8 becomes lone surrogates, which `parse` refuses."""
    if "%" not in text:
        return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    return unquote_to_bytes(text.encode("latin-1", "replace")).decode("utf-8", "surrogateescape")


class Routes:
    """Finds operations by method, path and query."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._roots: dict[str, _Node] = {}
        for name in model.operations:
            self._add(model.operations[name])
        # fast path for /{label}/{greedy+}, that is S3's objects, the most frequent paths of all
        found = {method: _objects(root) for method, root in self._roots.items()}
        self._objects = {method: targets for method, targets in found.items() if targets is not None}

    def _add(self, operation: OperationModel) -> None:
        raw = operation.raw
        path, _, query = raw.http.request_uri.partition("?")
        shape = operation.input_shape.raw if operation.input_shape is not None else None
        node = self._roots.setdefault(raw.http.method, _Node())
        labels: list[str] = []
        segments = path.strip("/").split("/") if path.strip("/") else []
        for index, segment in enumerate(segments):
            if segment.startswith("{") and segment.endswith("+}"):
                labels.append(segment[1:-2])
                target = _Target(operation, shape, tuple(labels), query)
                tail = segments[index + 1 :]
                if tail:
                    alone = _Targets()
                    alone.add(target)
                    node.tailed.append((tail, alone))
                else:
                    node.greedy.add(target)
                return
            if segment.startswith("{") and segment.endswith("}"):
                labels.append(segment[1:-1])
                node.label = node.label or _Node()
                node = node.label
            else:
                node = node.literals.setdefault(segment, _Node())
        node.targets.add(_Target(operation, shape, tuple(labels), query))

    def find(
        self, method: str, path: str, query: str, request: Request | None
    ) -> tuple[OperationModel, dict[str, str]] | None:
        """Find the operation and its labels, or None. Prefers literal segments to labels, and labels to greedy ones."""
        root = self._roots.get(method)
        if root is None:
            return None
        if not query and request is not None and self._objects:
            bucket, _, key = path[1:].partition("/")
            targets = self._objects.get(method)
            if key and bucket and targets is not None and bucket not in root.literals and "%" not in bucket:
                alone = targets.alone(request)
                if alone is not None:
                    first, second = alone.labels
                    return alone.operation, {first: decode_label(bucket), second: decode_label(key)}
        segments = path.removeprefix("/").split("/")
        parameters = _query(query) if query else {}
        for targets, values in _walk(root, segments, 0, ()):
            best = targets.best(parameters, request)
            if best is None:
                continue
            labels = {name: decode_label(value) for name, value in zip(best.labels, values, strict=True)}
            return best.operation, labels
        return None


def _objects(root: _Node) -> _Targets | None:
    """The targets of all paths below the root's label, if there is only one greedy label."""
    node = root.label
    if node is None or root.tailed or root.greedy.all or node.literals or node.label or node.tailed:
        return None
    return node.greedy if node.greedy.all else None


def _query(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            found[unquote(name)] = unquote(value)
    return found


def _walk(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Targets, tuple[str, ...]]]:
    left = len(segments) - at
    if node.targets.all and (left == 0 or (left == 1 and not segments[at])):
        yield node.targets, values
    if left == 0:
        return
    segment = segments[at]
    child = node.literals.get(segment)
    if child is None and "%" in segment:
        child = node.literals.get(unquote(segment))
    if child is not None:
        yield from _walk(child, segments, at + 1, values)
    if node.label is not None and segment:
        yield from _walk(node.label, segments, at + 1, (*values, segment))
    for tail, targets in node.tailed:
        if left > len(tail) and segments[-len(tail) :] == tail:
            yield targets, (*values, "/".join(segments[at : -len(tail)]))
    if node.greedy.all:
        whole = "/".join(segments[at:])
        if whole:
            yield node.greedy, (*values, whole)
