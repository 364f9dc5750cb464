"""The compiled routes of a stage: a tree of path segments.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
A static segment takes precedence over {name}, and that over {name+}. Segments and parameters stay percent-encoded, as
REST APIs pass them on. A resource without methods never matches.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("greedy", "methods", "names", "parameter", "static")

    def __init__(self) -> None:
        self.static: dict[str, _Node[T]] = {}
        self.parameter: _Node[T] | None = None
        self.greedy: _Node[T] | None = None
        self.methods: dict[str, T] = {}
        self.names: tuple[str, ...] = ()  # names of the parameters in the path to this node


class RouteTable(Generic[T]):
    """Maps a method and a path to a route: `add` while compiling, `find` for each request."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, path: str, methods: dict[str, T]) -> None:
        """Add the methods (also ANY) of a resource path such as /pets/{id}/{rest+}."""
        node = self._root
        names: list[str] = []
        for part in path.strip("/").split("/") if path != "/" else ():
            if part.startswith("{") and part.endswith("+}"):
                node.greedy = node.greedy or _Node()
                node = node.greedy
                names.append(part[1:-2])
            elif part.startswith("{") and part.endswith("}"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
                names.append(part[1:-1])
            else:
                node = node.static.setdefault(part, _Node())
        node.methods = methods
        node.names = tuple(names)

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The route of a request, and its path parameters; None when there is none."""
        parts = bare(path).split("/") if bare(path) else []
        found = _walk(self._root, parts, 0, [])
        if found is None:
            return None
        node, values = found
        target = node.methods.get(method) or node.methods.get("ANY")
        return None if target is None else (target, dict(zip(node.names, values, strict=True)))


def bare(path: str) -> str:
    """A request's path without slashes at both ends, as routes and policies match it."""
    return path.strip("/")


def _walk(node: _Node[Any], parts: list[str], index: int, values: list[str]) -> tuple[_Node[Any], list[str]] | None:
    if index == len(parts):
        return (node, values) if node.methods else None
    part = parts[index]
    child = node.static.get(part)
    if child is not None:
        found = _walk(child, parts, index + 1, values)
        if found is not None:
            return found
    if node.parameter is not None and part:
        found = _walk(node.parameter, parts, index + 1, [*values, part])
        if found is not None:
            return found
    if node.greedy is not None and node.greedy.methods:
        return node.greedy, [*values, "/".join(parts[index:])]
    return None
