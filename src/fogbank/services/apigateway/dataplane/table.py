"""A stage's routes as a compiled table: path segments lead through a tree, the most exact one first.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
A static segment wins over {name}, and that over {name+}. Segments and parameters stay percent-encoded, as REST APIs
hand them on. A resource without methods is no destination.
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
        self.names: tuple[str, ...] = ()  # of the parameters on the way here


class RouteTable(Generic[T]):
    """`add` while compiling, `find` for each request."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, path: str, methods: dict[str, T]) -> None:
        """Methods (ANY too) of a resource path such as /pets/{id}/{rest+}."""
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
        """The method of a request path and its path parameters; None where there is none."""
        parts = bare(path).split("/") if bare(path) else []
        found = _walk(self._root, parts, 0, [])
        if found is None:
            return None
        node, values = found
        target = node.methods.get(method) or node.methods.get("ANY")
        return None if target is None else (target, dict(zip(node.names, values, strict=True)))


def bare(path: str) -> str:
    """A request's path as resources are matched by it, and as policies see it: without slashes around it."""
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
