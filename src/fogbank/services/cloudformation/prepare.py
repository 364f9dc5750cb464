"""Turns a request into a revision: reads the template, resolves parameters, runs macros and checks the result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError

from .engine.environment import Plan, plan
from .engine.lookups import ssm_values
from .errors import InsufficientCapabilities
from .macros import Host
from .records import Revision, Stack
from .sources import template_text
from .template import capabilities, graph, language_extensions, macros, parameters
from .template.conditions import check_rules
from .template.errors import format_error
from .template.parameters import Given, Value
from .template.parse import MAX_URL_BODY, parse, written
from .template.scope import Scope, pseudo_parameters
from .template.structure import Template, check, sections

P = ParamSpec("P")
T = TypeVar("T")
SMALL = 4_000  # characters; a template up to this size is parsed, checked and planned within a few milliseconds


async def beside(size: int, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
    """Run pure `work` on a template of `size` characters: in a thread when the template is large."""
    return await asyncio.to_thread(work, *args, **kw) if size > SMALL else work(*args, **kw)


class Prepared(msgspec.Struct):
    """A future revision (without its number yet), its template and its plan."""

    revision: Revision
    template: Template
    plan: Plan


class Draft(msgspec.Struct):
    """A template whose parameters are resolved and whose macros have not run yet."""

    body: str
    template: Template
    values: dict[str, Value]
    scope: Scope


async def draft(ctx: Context, req: dict[str, Any], stack: Stack, current: Revision | None) -> Draft:
    """Read the template and resolve its parameters. Raises ValidationError."""
    body = await template_text(ctx, req)
    if body is None and req.get("UsePreviousTemplate") and current is not None:
        body = current.body
    if body is None:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    previous: Mapping[str, Value] = current.parameters if current is not None else {}
    template, chosen = await beside(len(body), _choose, body, given(req), previous)
    wanted = parameters.ssm_names(template.parameters, chosen)
    found = await ssm_values(ctx, wanted.values()) if wanted else {}
    values = parameters.finish(template.parameters, chosen, found)
    arns = _notification_arns(req, current)
    scope = Scope(
        parameters=parameters.references(template.parameters, values),
        pseudo=pseudo_parameters(stack.account, stack.region, stack.name, stack.id, arns),
        mappings=template.mappings,
    )
    return Draft(body=body, template=template, values=values, scope=scope)


def _choose(body: str, wanted: list[Given], previous: Mapping[str, Value]) -> tuple[Template, dict[str, Value]]:
    template = sections(parse(body))
    return template, parameters.choose(template.parameters, wanted, previous)


def given(req: Mapping[str, Any]) -> list[Given]:
    return [
        Given(p.get("ParameterKey", ""), p.get("ParameterValue"), bool(p.get("UsePreviousValue")))
        for p in req.get("Parameters") or ()
    ]


def _notification_arns(req: Mapping[str, Any], current: Revision | None) -> list[str]:
    if req.get("NotificationARNs") is not None:
        return list(req["NotificationARNs"])
    return list(current.notification_arns) if current is not None else []


async def finish(
    ctx: Context, req: dict[str, Any], stack: Stack, current: Revision | None, made: Draft, *, direct: bool
) -> Prepared:
    """Run the macros and check the result. `direct`: no change set, so the request must acknowledge macros."""
    expanded = macros.has_macros(made.template.document)
    if direct and expanded:
        _acknowledge(["CAPABILITY_AUTO_EXPAND"], req)
    document = await macros.process(made.template.document, made.scope, Host(ctx))
    size = MAX_URL_BODY if expanded else len(made.body)
    return await beside(size, _work_out, req, stack, current, made, document, expanded=expanded)


def _work_out(
    req: dict[str, Any],
    stack: Stack,
    current: Revision | None,
    made: Draft,
    document: dict[str, Any],
    *,
    expanded: bool,
) -> Prepared:
    template = sections(document)
    processed = written(document, expanded=expanded)
    check(template, extended=language_extensions.NAME in made.template.transforms)
    values = _values(template, made.values)
    tags = {tag["Key"]: tag["Value"] for tag in req["Tags"]} if req.get("Tags") is not None else None
    revision = Revision(
        account=stack.account,
        region=stack.region,
        stack_id=stack.id,
        number=0,
        body=made.body,
        processed=processed,
        parameters=values,
        tags=tags if tags is not None else (dict(current.tags) if current is not None else {}),
        capabilities=list(req.get("Capabilities") or ()),
        notification_arns=_notification_arns(req, current),
        rollback_configuration=req.get("RollbackConfiguration") or {},
    )
    check_tags(revision.tags)
    worked_out = plan(stack, revision, template)
    _check_plan(worked_out)
    check_rules(template.rules, worked_out.scope)
    needed, _ = capabilities.required(worked_out.resources.values())
    _acknowledge(needed, req)
    _check_types(req, worked_out)
    return Prepared(revision=revision, template=template, plan=worked_out)


def _values(template: Template, values: dict[str, Value]) -> dict[str, Value]:
    """The parameter values, with defaults for the parameters that a macro added."""
    added = {name: declared for name, declared in template.parameters.items() if name not in values}
    return {**values, **parameters.choose(added, [], {})}


def _acknowledge(needed: list[str], req: Mapping[str, Any]) -> None:
    missing = capabilities.missing(needed, req.get("Capabilities") or ())
    if missing:
        raise InsufficientCapabilities(f"Requires capabilities : [{', '.join(missing)}]")


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise ValidationError for more than 50 tags, or for a key with AWS's prefix `aws:`."""
    if len(tags) > 50:
        raise ValidationError("Tag count exceeds limit of 50")
    if any(key.lower().startswith("aws:") for key in tags):
        raise ValidationError("aws: prefixed tag key names are not allowed for external use.")


def _check_types(req: Mapping[str, Any], worked_out: Plan) -> None:
    """Raise ValidationError for a resource type that the request's ResourceTypes does not list."""
    allowed = req.get("ResourceTypes")
    if not allowed:
        return
    for declared in worked_out.resources.values():
        kind = declared["Type"]
        if not any(kind == item or (item.endswith("*") and kind.startswith(item[:-1])) for item in allowed):
            raise ValidationError(f"Resource type {kind} is not allowed by parameter ResourceTypes {list(allowed)}")


def _check_plan(worked_out: Plan) -> None:
    """Check the references once conditions are known: none to a missing resource, and no circular dependencies."""
    known = set(worked_out.resources) | set(worked_out.scope.parameters) | {"AWS::NoValue"}
    known |= set(worked_out.scope.pseudo)
    missing = {
        name
        for declared in worked_out.resources.values()
        for _, name in graph.references(declared.get("Properties", {}), worked_out.scope)
        if name not in known
    }
    if missing:
        names = ", ".join(sorted(missing))
        raise format_error(f"Unresolved resource dependencies [{names}] in the Resources block of the template")
    for declared in worked_out.template.outputs.values():
        if "Condition" in declared and not worked_out.scope.condition(declared["Condition"]):
            continue
        missing |= {name for _, name in graph.references(declared, worked_out.scope) if name not in known}
    if missing:
        names = ", ".join(sorted(missing))
        raise format_error(f"Unresolved resource dependencies [{names}] in the Outputs block of the template")
    graph.order(worked_out.graph)


def static_check(template: Template) -> None:
    """The checks of ValidateTemplate, for a template without macros."""
    check(template, extended=False)
    edges = {
        name: {other for _, other in graph.references(declared.get("Properties", {})) if other in template.resources}
        | set(graph.depends_on(declared))
        for name, declared in template.resources.items()
    }
    graph.order(edges)
