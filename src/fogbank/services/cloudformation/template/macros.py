"""Runs a template's macros: first each Fn::Transform inside it, then the Transform section in its order.

AWS processes the innermost Fn::Transform first, then outwards, then the template's own list (User Guide, "Overview of
CloudFormation macros"). This module is pure: its `Host` does the I/O. It fetches included files, calls macro functions
and runs the SAM translator in a thread.
"""

from __future__ import annotations

from typing import Any, Protocol

from . import language_extensions, sam
from .errors import TemplateError, format_error
from .functions import evaluate
from .parse import MAX_URL_BODY, TOO_LARGE, parse_snippet
from .scope import Scope
from .structure import sections, transform_names

INCLUDE = "AWS::Include"
HOSTED_ROTATION = ("AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16")
MAX_RUNS = 500  # of macros for one template; AWS's own bound is not documented


class Host(Protocol):
    """The I/O that macros need."""

    async def include(self, location: str) -> str:
        """Return the text of a file on S3 (s3://bucket/key)."""
        ...

    async def macro(
        self, name: str, fragment: Any, parameters: dict[str, Any], template_parameters: dict[str, Any]
    ) -> Any:
        """Call the macro's function and return the fragment that it made."""
        ...

    async def translate(self, document: dict[str, Any], parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Run the AWS::Serverless transform."""
        ...

    async def expand(self, document: dict[str, Any], scope: Scope) -> dict[str, Any]:
        """Run the AWS::LanguageExtensions transform."""
        ...


class _Counted:
    """A host that limits the number of macros and the size of included text, because a file may include itself."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._runs = self._included = 0
        self.translate, self.expand = host.translate, host.expand

    def _run(self, name: str) -> None:
        self._runs += 1
        if self._runs > MAX_RUNS:
            raise TemplateError(f"Transform {name} failed with: the template runs more than {MAX_RUNS} transforms")

    async def include(self, location: str) -> str:
        self._run(INCLUDE)
        text = await self._host.include(location)
        self._included += len(text)
        if self._included > MAX_URL_BODY:
            raise TemplateError(TOO_LARGE)
        return text

    async def macro(
        self, name: str, fragment: Any, parameters: dict[str, Any], template_parameters: dict[str, Any]
    ) -> Any:
        self._run(name)
        return await self._host.macro(name, fragment, parameters, template_parameters)


def has_macros(document: dict[str, Any]) -> bool:
    """Whether a template has macros or transforms to run."""
    return bool(transform_names(document)) or _contains_transform(document)


def _contains_transform(document: Any) -> bool:
    todo = [document]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if "Fn::Transform" in value:
                return True
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)
    return False


async def process(document: dict[str, Any], scope: Scope, host: Host) -> dict[str, Any]:
    """Run all macros of a document. `scope` has the parameters' values, the pseudo parameters and mappings."""
    if not has_macros(document):
        return document
    try:
        return await _process(document, scope, _Counted(host))
    except RecursionError:  # files that include each other, and deep fragments
        raise TemplateError("Template error: transforms are nested too deeply") from None


async def _process(document: dict[str, Any], scope: Scope, host: Host) -> dict[str, Any]:
    inner = {key: value for key, value in document.items() if key != "Transform"}
    result = await _inner(inner, scope, host)
    assert isinstance(result, dict)
    declared = document.get("Transform", [])
    for item in declared if isinstance(declared, list) else [declared]:
        name, parameters = _named(item, scope)
        result = await _outer(name, parameters, result, scope, host)
        if not isinstance(result, dict):
            raise TemplateError(f"Transform {name} failed with: the result is no template")
    result.pop("Transform", None)
    return result


def _named(item: Any, scope: Scope) -> tuple[str, dict[str, Any]]:
    if isinstance(item, str):
        return item, {}
    if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
        raise format_error("Every Transform must have a Name.")
    return item["Name"], evaluate(item.get("Parameters") or {}, scope)


async def _inner(value: Any, scope: Scope, host: Host) -> Any:
    """Run every Fn::Transform inside a value, the innermost first."""
    if isinstance(value, list):
        return [await _inner(item, scope, host) for item in value]
    if not isinstance(value, dict):
        return value
    done = {key: await _inner(item, scope, host) for key, item in value.items() if key != "Fn::Transform"}
    if "Fn::Transform" not in value:
        return done
    calls = value["Fn::Transform"]
    result: Any = done
    for item in calls if isinstance(calls, list) else [calls]:
        name, parameters = _named(item, scope)
        if name == INCLUDE:
            snippet = await _inner(await _included(parameters, host), scope, host)
            result = {**result, **snippet} if isinstance(snippet, dict) and isinstance(result, dict) else snippet
        else:
            result = await host.macro(name, result, parameters, dict(scope.parameters))
    return result


async def _included(parameters: dict[str, Any], host: Host) -> Any:
    location = parameters.get("Location")
    if not isinstance(location, str):
        raise TemplateError(f"Transform {INCLUDE} failed with: Location parameter is not a string")
    return parse_snippet(await host.include(location))


async def _outer(name: str, parameters: dict[str, Any], document: dict[str, Any], scope: Scope, host: Host) -> Any:
    if name == INCLUDE:
        snippet = await _included(parameters, host)
        if not isinstance(snippet, dict):
            raise TemplateError(f"Transform {INCLUDE} failed with: the included file is no map")
        return await _inner(_merged(document, snippet), scope, host)
    if name == language_extensions.NAME:
        return await host.expand(document, scope)
    if name == sam.NAME:
        sections(document)  # so that structural errors get CloudFormation's text, not the translator's
        return await host.translate(document, {**scope.parameters, **scope.pseudo}, str(scope.pseudo["AWS::Region"]))
    if name in HOSTED_ROTATION:
        return document  # HostedRotationLambda, the one thing that it expands, is refused where it is used
    return await host.macro(name, document, parameters, dict(scope.parameters))


def _merged(document: dict[str, Any], snippet: dict[str, Any]) -> dict[str, Any]:
    """Merge a snippet into a document, section by section."""
    result = dict(document)
    for key, value in snippet.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = {**result[key], **value}
        else:
            result[key] = value
    return result
