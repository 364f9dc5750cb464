"""The parts of a parsed template and what they do: expressions evaluate, directives write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import methods
from .values import as_text, truthy

MAX_LOOP = 1000  # iterations of #foreach, a limit of API Gateway


class TemplateError(Exception):
    """A template that cannot be parsed or evaluated."""


class Stop(Exception):
    pass


class Break(Exception):
    pass


class Scope:
    """The variables of one rendering, its macros, and its output."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.macros: dict[str, Macro] = {}
        self.out: list[str] = []
        self.depth = 0


class Node:
    def write(self, scope: Scope) -> None:
        raise NotImplementedError


class Expression(Node):
    def value(self, scope: Scope) -> Any:
        raise NotImplementedError

    def write(self, scope: Scope) -> None:
        scope.out.append(as_text(self.value(scope)))


class Text(Node):
    def __init__(self, text: str) -> None:
        self.text = text

    def write(self, scope: Scope) -> None:
        scope.out.append(self.text)


class Literal(Expression):
    def __init__(self, value: Any) -> None:
        self._value = value

    def value(self, scope: Scope) -> Any:
        return self._value


class Interpolated(Expression):
    """A double-quoted string: a template of its own."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    def value(self, scope: Scope) -> str:
        outer, scope.out = scope.out, []
        try:
            write_all(self.nodes, scope)
            return "".join(scope.out)
        finally:
            scope.out = outer


class ListOf(Expression):
    def __init__(self, entries: list[Expression]) -> None:
        self.entries = entries

    def value(self, scope: Scope) -> list[Any]:
        return [entry.value(scope) for entry in self.entries]


class RangeOf(Expression):
    def __init__(self, first: Expression, last: Expression) -> None:
        self.first, self.last = first, last

    def value(self, scope: Scope) -> list[int]:
        first, last = int(self.first.value(scope)), int(self.last.value(scope))
        if abs(last - first) >= MAX_LOOP * 10:
            raise TemplateError("range too long")
        return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))


class MapOf(Expression):
    def __init__(self, entries: list[tuple[Expression, Expression]]) -> None:
        self.entries = entries

    def value(self, scope: Scope) -> dict[Any, Any]:
        return {key.value(scope): entry.value(scope) for key, entry in self.entries}


class Property:
    def __init__(self, name: str) -> None:
        self.name = name


class Call:
    def __init__(self, name: str, arguments: list[Expression]) -> None:
        self.name, self.arguments = name, arguments


class Index:
    def __init__(self, key: Expression) -> None:
        self.key = key


UNDEFINED = object()


class Reference(Expression):
    """$name.property.method(arguments)[index]; `source` is written where it has no value, unless `quiet`."""

    def __init__(self, name: str, steps: list[Property | Call | Index], source: str, *, quiet: bool) -> None:
        self.name, self.steps, self.source, self.quiet = name, steps, source, quiet

    def value(self, scope: Scope) -> Any:
        found = self._find(scope)
        return None if found is UNDEFINED else found

    def _find(self, scope: Scope) -> Any:
        found = scope.variables.get(self.name, UNDEFINED)
        for step in self.steps:
            if found is None or found is UNDEFINED:
                return UNDEFINED
            found = self._step(found, step, scope)
        return found

    @staticmethod
    def _step(held: Any, step: Property | Call | Index, scope: Scope) -> Any:
        if isinstance(step, Property):
            return methods.member(held, step.name)
        if isinstance(step, Index):
            return methods.indexed(held, step.key.value(scope))
        return methods.call(held, step.name, [argument.value(scope) for argument in step.arguments])

    def write(self, scope: Scope) -> None:
        found = self._find(scope)
        if found is not None and found is not UNDEFINED:
            scope.out.append(as_text(found))
        elif not (self.quiet or (self.name in methods.BUILT_IN and self.name in scope.variables)):
            scope.out.append(self.source)

    def assign(self, scope: Scope, value: Any) -> None:
        """#set: of a variable, of a member, of an index."""
        if not self.steps:
            scope.variables[self.name] = value
            return
        held = scope.variables.get(self.name)
        for step in self.steps[:-1]:
            following = self._step(held, step, scope)
            if following is None and isinstance(held, dict) and isinstance(step, Property):
                following = held[step.name] = {}
            held = following
        last = self.steps[-1]
        if isinstance(last, Property) and isinstance(held, dict):
            held[last.name] = value
        elif isinstance(last, Index):
            methods.store(held, last.key.value(scope), value)


class Not(Expression):
    def __init__(self, operand: Expression) -> None:
        self.operand = operand

    def value(self, scope: Scope) -> bool:
        return not truthy(self.operand.value(scope))


class Negative(Expression):
    def __init__(self, operand: Expression) -> None:
        self.operand = operand

    def value(self, scope: Scope) -> Any:
        held = self.operand.value(scope)
        return -held if isinstance(held, int | float) else None


class Binary(Expression):
    def __init__(self, function: Callable[[Any, Any], Any], left: Expression, right: Expression) -> None:
        self.function, self.left, self.right = function, left, right

    def value(self, scope: Scope) -> Any:
        return self.function(self.left.value(scope), self.right.value(scope))


class And(Expression):
    def __init__(self, left: Expression, right: Expression) -> None:
        self.left, self.right = left, right

    def value(self, scope: Scope) -> bool:
        return truthy(self.left.value(scope)) and truthy(self.right.value(scope))


class Or(Expression):
    def __init__(self, left: Expression, right: Expression) -> None:
        self.left, self.right = left, right

    def value(self, scope: Scope) -> bool:
        return truthy(self.left.value(scope)) or truthy(self.right.value(scope))


class SetTo(Node):
    def __init__(self, target: Reference, expression: Expression) -> None:
        self.target, self.expression = target, expression

    def write(self, scope: Scope) -> None:
        self.target.assign(scope, self.expression.value(scope))


class If(Node):
    def __init__(self, branches: list[tuple[Expression | None, list[Node]]]) -> None:
        self.branches = branches

    def write(self, scope: Scope) -> None:
        for condition, nodes in self.branches:
            if condition is None or truthy(condition.value(scope)):
                write_all(nodes, scope)
                return


class ForEach(Node):
    def __init__(self, name: str, over: Expression, nodes: list[Node]) -> None:
        self.name, self.over, self.nodes = name, over, nodes

    def write(self, scope: Scope) -> None:
        items = _items(self.over.value(scope))
        kept = {name: scope.variables.get(name, UNDEFINED) for name in (self.name, "foreach", "velocityCount")}
        total = len(items)
        if total > MAX_LOOP:
            raise TemplateError(f"#foreach has more than {MAX_LOOP} iterations")
        for index, item in enumerate(items):
            scope.variables[self.name] = item
            scope.variables["velocityCount"] = index + 1
            scope.variables["foreach"] = {
                "index": index, "count": index + 1, "hasNext": index + 1 < total, "first": index == 0,
                "last": index + 1 == total, "parent": None if kept["foreach"] is UNDEFINED else kept["foreach"],
            }  # fmt: skip
            try:
                write_all(self.nodes, scope)
            except Break:
                break
        for name, held in kept.items():
            if held is UNDEFINED:
                scope.variables.pop(name, None)
            else:
                scope.variables[name] = held


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    return []


class Macro(Node):
    """#macro(name $a $b): its definition."""

    def __init__(self, name: str, parameters: list[str], nodes: list[Node]) -> None:
        self.name, self.parameters, self.nodes = name, parameters, nodes

    def write(self, scope: Scope) -> None:
        scope.macros[self.name] = self


class MacroCall(Node):
    def __init__(self, name: str, arguments: list[Expression], source: str) -> None:
        self.name, self.arguments, self.source = name, arguments, source

    def write(self, scope: Scope) -> None:
        macro = scope.macros.get(self.name)
        if macro is None:
            scope.out.append(self.source)
            return
        if scope.depth > 20:
            raise TemplateError("macros call each other too deeply")
        kept = {name: scope.variables.get(name, UNDEFINED) for name in macro.parameters}
        for index, name in enumerate(macro.parameters):
            given = self.arguments[index].value(scope) if index < len(self.arguments) else None
            scope.variables[name] = given
        scope.depth += 1
        try:
            write_all(macro.nodes, scope)
        finally:
            scope.depth -= 1
            for name, held in kept.items():
                if held is UNDEFINED:
                    scope.variables.pop(name, None)
                else:
                    scope.variables[name] = held


class Raise(Node):
    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def write(self, scope: Scope) -> None:
        raise self.error


def write_all(nodes: Iterable[Node], scope: Scope) -> None:
    for node in nodes:
        node.write(scope)
