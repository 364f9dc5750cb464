"""The AWS::LanguageExtensions transform: Fn::ForEach unrolled, and functions allowed in more places.

Fn::Length, Fn::ToJsonString and the default of Fn::FindInMap are evaluated like every other function, so only loops
and the policies of resources need work here. User Guide, "AWS::LanguageExtensions transform" and "Fn::ForEach".
"""

from __future__ import annotations

from typing import Any

from .errors import TemplateError
from .functions import evaluate, text_of
from .scope import Scope

NAME = "AWS::LanguageExtensions"
LOOP = "Fn::ForEach::"


def expand(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """The document without loops; TemplateError naming the loop that is wrong."""
    result = dict(document)
    for section in ("Conditions", "Resources", "Outputs"):
        if isinstance(document.get(section), dict):
            result[section] = _expand(document[section], scope, {}, section)
    for name, resource in result.get("Resources", {}).items():
        if isinstance(resource, dict):
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                if isinstance(resource.get(policy), dict):
                    resource[policy] = evaluate(resource[policy], scope)
            result["Resources"][name] = resource
    return result


def _expand(value: Any, scope: Scope, bound: dict[str, str], path: str) -> Any:
    if isinstance(value, str):
        return _replace(value, bound)
    if isinstance(value, list):
        return [_expand(item, scope, bound, path) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and value["Ref"] in bound:
        return bound[value["Ref"]]
    result: dict[str, Any] = {}
    for key, item in value.items():
        if key.startswith(LOOP):
            for name, made in _loop(key, item, scope, bound, path).items():
                if name in result:
                    raise TemplateError(f"Transform {NAME} failed with: Fn::ForEach makes {name} twice in {path}")
                result[name] = made
        else:
            result[_replace(key, bound)] = _expand(item, scope, bound, f"{path}/{key}")
    return result


def _loop(key: str, loop: Any, scope: Scope, bound: dict[str, str], path: str) -> dict[str, Any]:
    if (
        not isinstance(loop, list)
        or len(loop) != 3
        or not isinstance(loop[0], str)
        or not isinstance(loop[2], dict)
        or not loop[2]
    ):
        raise TemplateError(f"Transform {NAME} failed with: {key} layout is incorrect")
    identifier, collection, body = loop
    if identifier in bound or identifier in scope.parameters:
        raise TemplateError(f"Transform {NAME} failed with: {key}: the identifier {identifier} is used already")
    items = evaluate(_expand(collection, scope, bound, path), scope)
    if not isinstance(items, list):
        raise TemplateError(f"Transform {NAME} failed with: {key}: the collection is not a list")
    members: list[str] = []
    for item in items:
        members.extend(text_of(part) for part in (item if isinstance(item, list) else [item]))
    made: dict[str, Any] = {}
    for member in dict.fromkeys(members):
        inner = {**bound, identifier: member}
        for name, item in _expand(body, scope, inner, f"{path}/{key}").items():
            made[name] = item
    return made


def _replace(text: str, bound: dict[str, str]) -> str:
    """`${Name}` is the member; `&{Name}` the member without the characters that logical ids cannot have."""
    for name, member in bound.items():
        if "{" not in text:
            break
        text = text.replace("${" + name + "}", member)
        text = text.replace("&{" + name + "}", "".join(c for c in member if c.isalnum()))
    return text
