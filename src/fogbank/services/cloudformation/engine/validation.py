"""The look through a whole template before anything of it is made: the properties of every resource against its schema.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html

What only shows when other resources exist is looked at when the resource's turn has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.core.errors import ServiceError

from ..template.scope import UNKNOWN, Scope
from . import properties, registry
from .environment import Plan, properties_of


def invalid(plan: Plan, find: registry.Find) -> dict[str, str]:
    """Why resources are refused, by logical id."""
    scope = _without_resources(plan.scope)
    found = {name: _refusal(name, declared, scope, find) for name, declared in plan.resources.items()}
    return {name: reason for name, reason in found.items() if reason}


def _refusal(name: str, declared: Mapping[str, Any], scope: Scope, find: registry.Find) -> str:
    kind = find(declared["Type"])
    if kind is None:
        return ""  # `Steps` says what it cannot make
    try:
        wanted = properties_of(declared, scope)
    except ServiceError:
        return ""  # an expression that cannot be worked out fails where it is needed
    return properties.refusal(kind, name, wanted, early=True)


def _without_resources(scope: Scope) -> Scope:
    def ref(name: str) -> Any:
        if name not in scope.resources:
            raise KeyError(name)
        return UNKNOWN

    def attribute(name: str, wanted: str) -> Any:
        return ref(name)

    return msgspec.structs.replace(scope, ref=ref, attribute=attribute, export=lambda _: UNKNOWN)
