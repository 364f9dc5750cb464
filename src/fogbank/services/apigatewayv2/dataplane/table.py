"""The compiled routes of a stage of an HTTP API: a tree of path segments.

"If a request matches multiple routes, API Gateway selects the most specific match": a full match for route and method,
then a match with a greedy path variable, then $default. Static segments go before path variables, and a method before
ANY. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html

Segments are compared as they were sent; variables are decoded when a route is found. Whether a slash at the end matters
is not confirmed: it does here.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("greedy", "routes", "static", "variable")

    def __init__(self) -> None:
        self.static: dict[str, _Node[T]] = {}
        self.variable: _Node[T] | None = None
        self.greedy: _Node[T] | None = None
        self.routes: dict[str, tuple[T, tuple[str, ...]]] = {}  # by method: the route, the names of its variables


class RouteTable(Generic[T]):
    """Maps a method and a path to a route: `add` while compiling, `find` for each request."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._exact: dict[tuple[str, str], T] = {}  # routes without variables
        self.default: T | None = None

    def add(self, method: str, path: str, route: T) -> None:
        """Add a route such as GET /pets/{id}/{rest+}."""
        node, names = self._root, list[str]()
        for part in path[1:].split("/"):
            if part.startswith("{") and part.endswith("+}"):
                node.greedy = node.greedy or _Node()
                node = node.greedy
                names.append(part[1:-2])
            elif part.startswith("{") and part.endswith("}"):
                node.variable = node.variable or _Node()
                node = node.variable
                names.append(part[1:-1])
            else:
                node = node.static.setdefault(part, _Node())
        node.routes[method] = route, tuple(names)
        if not names:
            self._exact[method, path] = route

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The route of a request and its path variables, decoded. None where no route matches, not even $default."""
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact, {}
        parts = path[1:].split("/")
        found = _walk(self._root, parts, 0, [], method)
        if found is not None:
            (route, names), values = found
            return route, {name: unquote(value) for name, value in zip(names, values, strict=True)}
        return None if self.default is None else (self.default, {})


def _walk(
    node: _Node[Any], parts: list[str], index: int, values: list[str], method: str
) -> tuple[tuple[Any, tuple[str, ...]], list[str]] | None:
    if index == len(parts):
        found = node.routes.get(method) or node.routes.get("ANY")
        return (found, values) if found is not None else None
    part = parts[index]
    child = node.static.get(part)
    if child is not None:
        below = _walk(child, parts, index + 1, values, method)
        if below is not None:
            return below
    if node.variable is not None and part:
        below = _walk(node.variable, parts, index + 1, [*values, part], method)
        if below is not None:
            return below
    if node.greedy is not None and part:
        found = node.greedy.routes.get(method) or node.greedy.routes.get("ANY")
        if found is not None:
            return found, [*values, "/".join(parts[index:])]
    return None
