"""The AWS::LanguageExtensions transform: Fn::ForEach unrolled, and functions allowed in more places.

Fn::Length, Fn::ToJsonString and the default of Fn::FindInMap are evaluated like every other function, so this module
only handles loops and the policies of resources. User Guide, "AWS::LanguageExtensions transform" and "Fn::ForEach".

The guide says that loops do not change quotas: a short template that expands to more than a megabyte is refused like
one that was written that large. A much larger expansion is stopped before its end.
"""

from __future__ import annotations

from typing import Any

from .errors import TemplateError
from .functions import evaluate, text_of
from .parse import MAX_URL_BODY, TOO_LARGE
from .scope import Room, Scope

NAME = "AWS::LanguageExtensions"
LOOP = "Fn::ForEach::"
LOOP_SIZE = 25  # characters of the budget that every loop costs, even an empty one
ROOM = 3 * MAX_URL_BODY  # characters: the budget of an expansion; enough for any template of the allowed size


def expand(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Expand all loops of a document. Raises TemplateError, which names the wrong loop."""
    result = dict(document)
    loops = _Loops(scope, Room(ROOM, TOO_LARGE))
    for section in ("Conditions", "Resources", "Outputs"):
        if isinstance(document.get(section), dict):
            try:
                result[section] = loops.expand(document[section], {}, section)
            except RecursionError:
                raise TemplateError(f"Transform {NAME} failed with: {section} is nested too deeply") from None
    for name, resource in result.get("Resources", {}).items():
        if isinstance(resource, dict):
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                if isinstance(resource.get(policy), dict):
                    resource[policy] = evaluate(resource[policy], scope)
            result["Resources"][name] = resource
    return result


class _Loops:
    """One expansion. `bound` maps the identifiers of the enclosing loops to their current members."""

    def __init__(self, scope: Scope, room: Room) -> None:
        self._scope, self._room = scope, room

    def expand(self, value: Any, bound: dict[str, str], path: str) -> Any:
        self._room.take(1)
        if isinstance(value, str):
            return self._replace(value, bound)
        if isinstance(value, list):
            return [self.expand(item, bound, path) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"} and isinstance(value["Ref"], str) and value["Ref"] in bound:
            return bound[value["Ref"]]
        result: dict[str, Any] = {}
        for key, item in value.items():
            if key.startswith(LOOP):
                for name, made in self._loop(key, item, bound, path).items():
                    if name in result:
                        raise TemplateError(f"Transform {NAME} failed with: Fn::ForEach makes {name} twice in {path}")
                    result[name] = made
            else:
                result[self._replace(key, bound)] = self.expand(item, bound, path)
        return result

    def _loop(self, key: str, loop: Any, bound: dict[str, str], path: str) -> dict[str, Any]:
        if (
            not isinstance(loop, list)
            or len(loop) != 3
            or not isinstance(loop[0], str)
            or not isinstance(loop[2], dict)
            or not loop[2]
        ):
            raise TemplateError(f"Transform {NAME} failed with: {key} layout is incorrect")
        identifier, collection, body = loop
        if identifier in bound or identifier in self._scope.parameters:
            raise TemplateError(f"Transform {NAME} failed with: {key}: the identifier {identifier} is used already")
        items = evaluate(self.expand(collection, bound, path), self._scope, self._room)
        if not isinstance(items, list):
            raise TemplateError(f"Transform {NAME} failed with: {key}: the collection is not a list")
        members: list[str] = []
        for item in items:
            members.extend(text_of(part) for part in (item if isinstance(item, list) else [item]))
        self._room.take(LOOP_SIZE + len(members))
        made: dict[str, Any] = {}
        for member in dict.fromkeys(members):
            made.update(self.expand(body, {**bound, identifier: member}, path))
        return made

    def _replace(self, text: str, bound: dict[str, str]) -> str:
        """Replace `${Name}` by the member, and `&{Name}` by the member without its non-alphanumeric characters."""
        for name, member in bound.items():
            if "{" not in text:
                break
            for mark, put in (("${" + name + "}", member), ("&{" + name + "}", None)):
                count = text.count(mark)
                if count:
                    self._room.take(count * len(member))
                    put = "".join(c for c in member if c.isalnum()) if put is None else put
                    text = text.replace(mark, put)
        self._room.take(len(text))
        return text
