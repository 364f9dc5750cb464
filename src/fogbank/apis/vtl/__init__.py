"""Mapping templates: `render(template, variables(exchange, document, budget), budget)`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from ..budget import Budget, OverBudget
from .jsonpath import find
from .names import Document, Input, Util
from .nodes import Break, Node, Scope, Stop, TemplateError, write_all
from .parsing import parse
from .values import as_text

__all__ = ["MAX_TEMPLATE", "Document", "TemplateError", "as_text", "find", "render", "variables"]
MAX_TEMPLATE = 300 * 1024  # bytes, a quota of API Gateway
SHORT = 4 * 1024  # characters of a template that is quickly parsed; many such are remembered


class Source(Protocol):
    """What templates read of a request (dataplane.exchange.Exchange)."""

    variables: dict[str, str]
    parameters: dict[str, str]

    @property
    def multi_headers(self) -> Mapping[str, list[str]]: ...

    @property
    def multi_query(self) -> Mapping[str, list[str]]: ...

    def context(self) -> dict[str, Any]: ...


def variables(exchange: Source, document: Document, budget: Budget) -> dict[str, Any]:
    """$input, $util, $context and $stageVariables of a request or a response with this document as its body."""
    parameters = {
        "path": dict(exchange.parameters),
        "querystring": {name: values[-1] for name, values in exchange.multi_query.items()},
        "header": {name: values[-1] for name, values in exchange.multi_headers.items()},
    }
    context = exchange.context()
    context["requestOverride"] = {"header": {}, "querystring": {}, "path": {}}
    context["responseOverride"] = {"header": {}}
    return {
        "input": Input(document, parameters, budget),
        "util": Util(budget),
        "context": context,
        "stageVariables": dict(exchange.variables),
    }


def render(template: str, variables: dict[str, Any], budget: Budget) -> str:
    """The text of a template; what it sets stays in `variables`. Raises TemplateError, OverBudget."""
    if budget.quick and len(template) > SHORT:
        raise OverBudget("the template is for a worker")
    scope = Scope(variables, budget)
    try:
        write_all(_short(template) if len(template) <= SHORT else _long(template), scope)
    except (Stop, Break):
        pass
    except RecursionError:
        raise TemplateError("template nested too deeply") from None
    return "".join(scope.out)


@lru_cache(maxsize=512)
def _short(template: str) -> tuple[Node, ...]:
    return tuple(parse(template))


@lru_cache(maxsize=8)  # a parsed template takes much more memory than its text
def _long(template: str) -> tuple[Node, ...]:
    if len(template) > MAX_TEMPLATE:
        raise TemplateError(f"template is larger than {MAX_TEMPLATE} bytes")
    return tuple(parse(template))
