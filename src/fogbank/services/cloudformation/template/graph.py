"""The dependencies between resources, and an order in which they can be created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .errors import TemplateError
from .functions import get_att_parts, if_branch, sub_names, sub_parts
from .scope import Scope


def references(value: Any, scope: Scope | None = None) -> Iterator[tuple[str, str]]:
    """Yield (function, name) of every Ref, Fn::GetAtt and Fn::Sub in a value, including pseudo parameters.

    With a scope, follows only the branches of Fn::If that its conditions select; without one, all branches.
    """
    todo: list[Any] = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(item)
            continue
        if not isinstance(item, dict):
            continue
        if len(item) != 1:
            todo.extend(item.values())
            continue
        ((name, argument),) = item.items()
        if name == "Ref" and isinstance(argument, str):
            yield "Ref", argument
        elif name == "Fn::GetAtt":
            resource, attribute = get_att_parts(argument)
            yield "Fn::GetAtt", resource
            todo.append(attribute)
        elif name == "Fn::Sub":
            text, variables = sub_parts(argument)
            for variable in sub_names(text):
                if variable not in variables:
                    resource, dot, _ = variable.partition(".")
                    yield ("Fn::GetAtt", resource) if dot else ("Ref", variable)
            todo.extend(variables.values())
        elif name == "Fn::If" and scope is not None:
            todo.append(if_branch(argument, scope))
        else:
            todo.append(argument)


def depends_on(resource: Mapping[str, Any]) -> list[str]:
    """The DependsOn attribute as a list."""
    value = resource.get("DependsOn", [])
    return [value] if isinstance(value, str) else list(value)


def needs(resource: Mapping[str, Any], existing: Iterable[str], scope: Scope) -> set[str]:
    """The logical ids among `existing` that must be created before this resource.

    A DependsOn on a resource whose condition is false is ignored, as in AWS.
    """
    existing = frozenset(existing)
    found = set(depends_on(resource)) & existing
    for part in ("Properties", "UpdatePolicy", "CreationPolicy"):
        found |= {name for _, name in references(resource.get(part, {}), scope) if name in existing}
    return found


def order(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """The names in an order in which each follows those it needs. Raises TemplateError for circular dependencies."""
    waiting = {name: {need for need in wants if need in graph} for name, wants in graph.items()}
    users: dict[str, list[str]] = {name: [] for name in graph}
    for name, wants in waiting.items():
        for need in wants:
            users[need].append(name)
    ready = [name for name, wants in waiting.items() if not wants]
    done: list[str] = []
    for name in ready:  # the loop appends to the list
        done.append(name)
        for user in users[name]:
            waiting[user].discard(name)
            if not waiting[user]:
                ready.append(user)
    if len(done) < len(waiting):
        raise TemplateError(f"Circular dependency between resources: [{', '.join(_circle(waiting, set(done)))}]")
    return done


def _circle(waiting: Mapping[str, set[str]], done: set[str]) -> list[str]:
    """The names on a circle (or between two): removes, again and again, names that no other remaining name needs."""
    left = {name: wants - done for name, wants in waiting.items() if name not in done}
    while True:
        needed = set().union(*left.values())
        loose = [name for name in left if name not in needed]
        if not loose:
            return list(left)
        for name in loose:
            del left[name]
