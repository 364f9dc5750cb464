"""GetTemplate, GetTemplateSummary, ValidateTemplate."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader
from fogbank.wire import resource_schemas

from .. import change_sets, stacks
from ..arns import any_stack
from ..arns import template as of_template
from ..errors import stack_missing
from ..prepare import beside, static_check
from ..records import ChangeSet
from ..sources import template_text
from ..template import capabilities, macros, parameters
from ..template.parse import parse
from ..template.structure import Template, sections


@operation("cloudformation", "GetTemplate", resource=of_template)
async def get_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return the template as it was sent, or (TemplateStage Processed) as its macros left it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
    """

    def stored(tx: Reader) -> tuple[str, str] | None:
        if req.get("ChangeSetName"):
            change_set: ChangeSet = change_sets.find(tx, ctx, req)
            return change_set.body, change_set.processed
        if not req.get("StackName"):
            raise ValidationError("Either StackName or ChangeSetName must be specified")
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
        if stack.status == "REVIEW_IN_PROGRESS":
            return None
        revision = stacks.revision(tx, stack)
        return revision.body, revision.processed

    found = await ctx.fetch(stored)
    if found is None:
        return {"StagesAvailable": []}  # the CDK takes a missing body for an empty template
    body, processed = found
    shown = body
    if req.get("TemplateStage") == "Processed" and macros.has_macros(await beside(len(body), parse, body)):
        shown = processed
    return {"TemplateBody": shown, "StagesAvailable": ["Original", "Processed"]}


@operation("cloudformation", "ValidateTemplate", resource="*")
async def validate_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Check a template without parameter values.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ValidateTemplate.html
    """
    body, template = await _read(ctx, req)
    if not macros.has_macros(template.document):
        await beside(len(body), static_check, template)
    shown = {
        "Parameters": [_declaration(name, declared) for name, declared in template.parameters.items()],
    }
    return stacks.merge(shown, {"Description": template.description, **_needs(template)})


def _declaration(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    """A `TemplateParameter`."""
    shown: dict[str, Any] = {"ParameterKey": name, "NoEcho": parameters.is_no_echo(declared)}
    if "Default" in declared:
        shown["DefaultValue"] = parameters.text(declared["Default"])
    if "Description" in declared:
        shown["Description"] = declared["Description"]
    return shown


async def _read(ctx: Context, req: dict[str, Any]) -> tuple[str, Template]:
    body = await template_text(ctx, req)
    if body is None:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    return body, await _parsed(body)


async def _parsed(body: str) -> Template:
    return await beside(len(body), lambda: sections(parse(body)))


def _needs(template: Template) -> dict[str, Any]:
    """Capabilities, CapabilitiesReason and DeclaredTransforms."""
    needed, types = capabilities.required(template.resources.values())
    reason = f"The following resource(s) require capabilities: [{', '.join(types)}]" if types else ""
    if macros.has_macros(template.document):
        needed = [*needed, "CAPABILITY_AUTO_EXPAND"]
        named = ", ".join(template.transforms)
        reason = reason or f"The following transform(s) require capabilities: [{named}]"
    return {"Capabilities": needed, "CapabilitiesReason": reason, "DeclaredTransforms": template.transforms}


@operation("cloudformation", "GetTemplateSummary", resource=any_stack)
async def get_template_summary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Summarise what a template (or the template of a stack) declares and needs.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html
    """
    if req.get("StackName"):

        def stored(tx: Reader) -> str:
            stack = stacks.find(tx, ctx, req["StackName"])
            if stack is None:
                raise stack_missing(req["StackName"])
            return stacks.revision(tx, stack).body

        template = await _parsed(await ctx.fetch(stored))
    else:
        _, template = await _read(ctx, req)
    shown: dict[str, Any] = {
        "Parameters": [_summary(name, declared) for name, declared in template.parameters.items()],
        "ResourceTypes": [str(declared.get("Type", "")) for declared in template.resources.values()
                          if isinstance(declared, dict)],
    }  # fmt: skip
    optional = {
        "ResourceIdentifierSummaries": _identifiers(template),
        "Description": template.description,
        "Version": template.document.get("AWSTemplateFormatVersion", ""),
        "Metadata": msgspec.json.encode(template.document["Metadata"]).decode() if "Metadata" in template.document
        else "",
        **_needs(template),
    }  # fmt: skip
    return stacks.merge(shown, optional)


def _identifiers(template: Template) -> list[dict[str, Any]]:
    """The `ResourceIdentifierSummary` of each type: the properties that ResourcesToImport has to give."""
    by_type: dict[str, list[str]] = {}
    for name, declared in template.resources.items():
        if isinstance(declared, dict):
            by_type.setdefault(str(declared.get("Type", "")), []).append(name)
    found = []
    for kind, names in by_type.items():
        schema = resource_schemas.find(kind)
        if schema is not None:
            found.append({"ResourceType": kind, "LogicalResourceIds": names, "ResourceIdentifiers": list(schema.id)})
    return found


def _summary(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    """A `ParameterDeclaration`."""
    shown: dict[str, Any] = {
        "ParameterKey": name,
        "ParameterType": declared["Type"],
        "NoEcho": parameters.is_no_echo(declared),
        "ParameterConstraints": {},
    }
    if "Default" in declared:
        shown["DefaultValue"] = parameters.text(declared["Default"])
    if "Description" in declared:
        shown["Description"] = declared["Description"]
    if "AllowedValues" in declared:
        allowed = [parameters.text(value) for value in declared["AllowedValues"]]
        shown["ParameterConstraints"] = {"AllowedValues": allowed}
    return shown
