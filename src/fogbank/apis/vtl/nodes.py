"""The parts of a parsed template and what they do: expressions evaluate, directives write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..budget import ENTRY, MAX_PAYLOAD, PER_STEP, Budget, OverBudget
from . import methods
from .values import as_text, reckoned, truthy

MAX_LOOP = 1000  # iterations of #foreach, a limit of API Gateway


class TemplateError(Exception):
    """A template that cannot be parsed or evaluated."""


class Stop(Exception):
    pass


class Break(Exception):
    pass


class Scope:
    """The variables of one rendering, its macros, its output, and what it may still cost."""

    def __init__(self, variables: dict[str, Any], budget: Budget) -> None:
        self.variables = variables
        self.budget = budget
        self.macros: dict[str, Macro] = {}
        self.out: list[str] = []
        self.written = 0  # characters in `out`
        self.depth = 0

    def put(self, text: str) -> None:
        """Write text."""
        self.written += len(text)
        if self.written > MAX_PAYLOAD:
            raise TemplateError(f"the output is larger than {MAX_PAYLOAD} bytes")
        if len(text) >= PER_STEP:  # less takes no step of its own; memory is bounded by the line before
            self.budget.steps -= len(text) // PER_STEP
        self.out.append(text)


class Node:
    def write(self, scope: Scope) -> None:
        raise NotImplementedError


class Expression(Node):
    def value(self, scope: Scope) -> Any:
        raise NotImplementedError

    def write(self, scope: Scope) -> None:
        scope.put(as_text(self.value(scope), scope.budget))


class Text(Node):
    def __init__(self, text: str) -> None:
        self.text = text

    def write(self, scope: Scope) -> None:
        scope.put(self.text)


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
        written, scope.written = scope.written, 0
        try:
            write_all(self.nodes, scope)
            scope.budget.made(scope.written)
            return "".join(scope.out)
        finally:
            scope.out, scope.written = outer, written


class ListOf(Expression):
    def __init__(self, entries: list[Expression]) -> None:
        self.entries = entries

    def value(self, scope: Scope) -> list[Any]:
        scope.budget.step(len(self.entries))
        scope.budget.made(ENTRY * (1 + len(self.entries)))
        return [entry.value(scope) for entry in self.entries]


class RangeOf(Expression):
    def __init__(self, first: Expression, last: Expression) -> None:
        self.first, self.last = first, last

    def value(self, scope: Scope) -> list[int] | None:
        first, last = self.first.value(scope), self.last.value(scope)
        if type(first) is not int or type(last) is not int:
            return None
        if abs(last - first) >= MAX_LOOP * 10:
            raise TemplateError("range too long")
        scope.budget.made(ENTRY * (1 + abs(last - first)))
        return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))


class MapOf(Expression):
    def __init__(self, entries: list[tuple[Expression, Expression]]) -> None:
        self.entries = entries

    def value(self, scope: Scope) -> dict[Any, Any]:
        scope.budget.step(len(self.entries))
        scope.budget.made(ENTRY * (1 + len(self.entries)))
        found: dict[Any, Any] = {}
        for key, entry in self.entries:
            methods.store(found, key.value(scope), entry.value(scope), scope.budget)
        return found


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
            scope.budget.steps -= 1  # looked at when the next node is written
            return methods.member(held, step.name)
        if isinstance(step, Index):
            return methods.indexed(held, step.key.value(scope))
        scope.budget.step(2 + len(step.arguments))
        return methods.call(held, step.name, [argument.value(scope) for argument in step.arguments], scope.budget)

    def write(self, scope: Scope) -> None:
        found = self._find(scope)
        if found is not None and found is not UNDEFINED:
            scope.put(as_text(found, scope.budget))
        elif not (self.quiet or (self.name in methods.BUILT_IN and self.name in scope.variables)):
            scope.put(self.source)

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
            methods.store(held, last.name, value, scope.budget)
        elif isinstance(last, Index):
            methods.store(held, last.key.value(scope), value, scope.budget)


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
    def __init__(self, function: Callable[[Any, Any, Budget], Any], left: Expression, right: Expression) -> None:
        self.function, self.left, self.right = function, left, right

    def value(self, scope: Scope) -> Any:
        return reckoned(self.function, self.left.value(scope), self.right.value(scope), scope.budget)


class And(Expression):
    def __init__(self, left: Expression, right: Expression) -> None:
        self.left, self.right = left, right

    def value(self, scope: Scope) -> bool:
        scope.budget.step()
        return truthy(self.left.value(scope)) and truthy(self.right.value(scope))


class Or(Expression):
    def __init__(self, left: Expression, right: Expression) -> None:
        self.left, self.right = left, right

    def value(self, scope: Scope) -> bool:
        scope.budget.step()
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
            scope.budget.step()
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
        for index, item in enumerate(items):
            scope.budget.step(3)
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
    """What a loop goes through, as it is when the loop begins. Raises TemplateError for too much."""
    if not isinstance(value, dict | list):
        return []
    if len(value) > MAX_LOOP:
        raise TemplateError(f"#foreach has more than {MAX_LOOP} iterations")
    return list(value.values()) if isinstance(value, dict) else list(value)


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
            scope.put(self.source)
            return
        if scope.depth > 20:
            raise TemplateError("macros call each other too deeply")
        scope.budget.step(len(macro.parameters) + len(self.arguments))
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
    budget = scope.budget
    for node in nodes:
        budget.steps -= 1  # as budget.step(), which this saves calling
        if budget.steps < 0:
            raise OverBudget("it takes too many steps")
        node.write(scope)
