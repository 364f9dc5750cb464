"""Mapping templates: `render(template, variables(exchange, body))`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from .jsonpath import find as json_path
from .names import Input, Util
from .nodes import Break, Node, Scope, Stop, TemplateError, write_all
from .parsing import parse

__all__ = ["TemplateError", "json_path", "render", "variables"]


class Source(Protocol):
    """What templates read of a request (dataplane.exchange.Exchange)."""

    variables: dict[str, str]
    parameters: dict[str, str]

    @property
    def multi_headers(self) -> Mapping[str, list[str]]: ...

    @property
    def multi_query(self) -> Mapping[str, list[str]]: ...

    def context(self) -> dict[str, Any]: ...


def variables(exchange: Source, body: bytes, error: dict[str, Any] | None = None) -> dict[str, Any]:
    """$input, $util, $context and $stageVariables of a request or a response with this body."""
    parameters = {
        "path": dict(exchange.parameters),
        "querystring": {name: values[-1] for name, values in exchange.multi_query.items()},
        "header": {name: values[-1] for name, values in exchange.multi_headers.items()},
    }
    context = exchange.context()
    context["requestOverride"] = {"header": {}, "querystring": {}, "path": {}}
    context["responseOverride"] = {"header": {}}
    if error is not None:
        context["error"] = error
    return {
        "input": Input(body.decode("utf-8", "replace"), parameters),
        "util": Util(),
        "context": context,
        "stageVariables": dict(exchange.variables),
    }


def render(template: str, variables: dict[str, Any]) -> str:
    """The text of a template; what it sets stays in `variables`. Raises TemplateError."""
    scope = Scope(variables)
    try:
        write_all(_parsed(template), scope)
    except (Stop, Break):
        pass
    except RecursionError:
        raise TemplateError("template nested too deeply") from None
    return "".join(scope.out)


@lru_cache(maxsize=512)
def _parsed(template: str) -> tuple[Node, ...]:
    return tuple(parse(template))
