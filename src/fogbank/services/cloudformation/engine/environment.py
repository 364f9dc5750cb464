"""Builds the scope in which a stack's template is evaluated, from the stack's records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.store.api import Reader

from ..records import EXPORTS, Revision, Stack, StackResource
from ..template import parameters
from ..template.conditions import evaluate_conditions
from ..template.functions import NO_VALUE, evaluate, text_of
from ..template.graph import needs
from ..template.scope import Scope, pseudo_parameters
from ..template.structure import Template


class Plan(msgspec.Struct):
    """A revision, evaluated as far as possible before any resource exists.

    `resources`: the declarations whose condition is true. `graph`: logical id → the logical ids that it depends on.
    """

    template: Template
    scope: Scope
    resources: dict[str, dict[str, Any]]
    graph: dict[str, set[str]]


def base_scope(
    stack: Stack, template: Template, values: Mapping[str, parameters.Value], notification_arns: list[str]
) -> Scope:
    """A scope with parameters, pseudo parameters, mappings and conditions, but without resources."""
    scope = Scope(
        parameters=parameters.references(template.parameters, values),
        pseudo=pseudo_parameters(stack.account, stack.region, stack.name, stack.id, notification_arns),
        mappings=template.mappings,
    )
    scope.conditions = evaluate_conditions(template.conditions, scope)
    return scope


def plan(stack: Stack, revision: Revision, template: Template) -> Plan:
    """The resources of a revision, and the graph that orders their creation."""
    scope = base_scope(stack, template, revision.parameters, revision.notification_arns)
    wanted = {
        name: declared
        for name, declared in template.resources.items()
        if "Condition" not in declared or scope.conditions[declared["Condition"]]
    }
    scope.resources = frozenset(wanted)
    graph = {name: needs(declared, wanted, scope) for name, declared in wanted.items()}
    return Plan(template=template, scope=scope, resources=wanted, graph=graph)


def with_resources(scope: Scope, records: Mapping[str, StackResource], export: Callable[[str], str | None]) -> Scope:
    """The scope extended with the resources that exist so far."""

    def ref(name: str) -> Any:
        record = records.get(name)
        if record is None or not record.physical_id or name not in scope.resources:
            raise KeyError(name)
        return record.physical_id

    def attribute(name: str, wanted: str) -> Any:
        if name not in scope.resources:
            raise KeyError(name)
        return find_attribute(records[name].attributes, wanted)

    return msgspec.structs.replace(scope, ref=ref, attribute=attribute, export=export)


def find_attribute(attributes: Mapping[str, Any], wanted: str) -> Any:
    """Find an attribute by name. A dotted name may be a path into a structure. Raises KeyError."""
    if wanted in attributes:
        return attributes[wanted]
    found: Any = attributes
    for part in wanted.split("."):
        if not isinstance(found, Mapping) or part not in found:
            raise KeyError(wanted)
        found = found[part]
    return found


def exports_of(ctx: Context, stack: Stack, tx: Reader) -> Callable[[str], str | None]:
    """Return a function that reads an export of another stack inside this transaction."""

    def read(name: str) -> str | None:
        found = tx.get(EXPORTS, (ctx.account, ctx.region, name))
        return None if found is None or found.stack_id == stack.id else found.value

    return read


def properties_of(declared: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A resource's evaluated properties, with dynamic references left unresolved."""
    value = evaluate(declared.get("Properties", {}), scope)
    return value if isinstance(value, dict) else {}


def outputs_of(plan: Plan, scope: Scope) -> list[dict[str, str]]:
    """The outputs whose condition is true, as {"key", "value", "description", "export"}."""
    outputs = []
    for name, declared in plan.template.outputs.items():
        if "Condition" in declared and not scope.condition(declared["Condition"]):
            continue
        value = evaluate(declared["Value"], scope)
        if value is NO_VALUE:
            continue
        output = {"key": name, "value": _output_text(value)}
        if "Description" in declared:
            output["description"] = text_of(evaluate(declared["Description"], scope))
        if "Export" in declared:
            output["export"] = text_of(evaluate(declared["Export"]["Name"], scope))
        outputs.append(output)
    return outputs


def _output_text(value: Any) -> str:
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return ",".join(text_of(item) for item in value)
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return text_of(value)
