"""Validates the properties of all resources against their schemas before the run creates any of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html

Values that depend on other resources are checked later, just before the resource is created.
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
    """The refused resources: logical id → reason."""
    scope = _without_resources(plan.scope)
    found = {name: _refusal(name, declared, scope, find) for name, declared in plan.resources.items()}
    return {name: reason for name, reason in found.items() if reason}


def _refusal(name: str, declared: Mapping[str, Any], scope: Scope, find: registry.Find) -> str:
    kind = find(declared["Type"])
    if kind is None:
        return ""  # `Steps` reports unknown types
    try:
        wanted = properties_of(declared, scope)
    except ServiceError:
        return ""  # an expression that cannot be evaluated fails later, in the resource's step
    return properties.refusal(kind, name, wanted, early=True)


def _without_resources(scope: Scope) -> Scope:
    def ref(name: str) -> Any:
        if name not in scope.resources:
            raise KeyError(name)
        return UNKNOWN

    def attribute(name: str, wanted: str) -> Any:
        return ref(name)

    return msgspec.structs.replace(scope, ref=ref, attribute=attribute, export=lambda _: UNKNOWN)
