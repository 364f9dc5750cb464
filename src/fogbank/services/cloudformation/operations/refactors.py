"""Stack refactoring: moves resources between stacks, or gives them other logical ids, and touches none of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-refactoring.html

A resource moves to where the new templates declare it: by its mapping, or (AUTO) by the same logical id and type. Its
properties and identity must not change; AWS demands the same.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.operation import Access, operation
from fogbank.store.api import Reader, Record, Table, Transaction

from .. import events, stacks
from ..prepare import beside
from ..records import RESOURCES, REVISIONS, STACKS, Revision, Stack, StackResource
from ..sources import template_text
from ..template.parse import parse
from ..template.structure import Template, check, sections
from .changing import UPDATABLE, new_stack
from .describing import page


class StackRefactorNotFound(ServiceError):
    code = "StackRefactorNotFoundException"
    status = 404


class Refactor(Record):
    """A stack refactor. `actions`: StackRefactorAction structures. `templates`: by stack name."""

    account: str
    region: str
    id: str
    created: float
    description: str = ""
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution: str = "AVAILABLE"
    execution_reason: str = ""
    stack_ids: list[str] = []
    templates: dict[str, str] = {}
    actions: list[dict[str, Any]] = []
    creates: list[str] = []  # names of stacks that the execution creates


REFACTORS = Table("cloudformation/refactor", Refactor, key=lambda r: (r.account, r.region, r.id))
Place = tuple[str, str]  # a stack's name, and a logical id


def _of_definitions(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Each stack that the request names."""
    return [Access("", stacks.name(ctx, each.get("StackName") or ""), {}) for each in req["StackDefinitions"]]


@operation("cloudformation", "CreateStackRefactor", resource=_of_definitions)
async def create_stack_refactor(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Work out what would move; nothing does until ExecuteStackRefactor.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackRefactor.html
    """
    templates: dict[str, tuple[str, Template]] = {}
    for each in req["StackDefinitions"]:
        body = await template_text(ctx, each)
        if body is None or not each.get("StackName"):
            raise ValidationError("Each stack definition must have a StackName, and TemplateBody or TemplateURL")
        templates[each["StackName"]] = body, await beside(len(body), _parsed, body)

    def write(tx: Transaction) -> str:
        made = Refactor(
            account=ctx.account,
            region=ctx.region,
            id=ctx.ids.uuid(),
            created=ctx.now(),
            description=req.get("Description") or "",
            templates={name: body for name, (body, _) in templates.items()},
        )
        plans = {name: template for name, (_, template) in templates.items()}
        try:
            _work_out(tx, ctx, req, made, plans)
        except ValidationError as error:
            made.status, made.reason, made.execution = "CREATE_FAILED", error.message, "UNAVAILABLE"
        tx.put(REFACTORS, made)
        return made.id

    return {"StackRefactorId": await ctx.transact(write)}


def _parsed(body: str) -> Template:
    template = sections(parse(body))
    check(template)
    return template


def _work_out(tx: Reader, ctx: Context, req: dict[str, Any], made: Refactor, templates: dict[str, Template]) -> None:
    """Fill in the actions of a refactor. Raises ValidationError where something would be made, deleted or changed."""
    there: dict[Place, StackResource] = {}
    for name in templates:
        stack = stacks.find(tx, ctx, name)
        if stack is None or stack.status == "DELETE_COMPLETE":
            if not req.get("EnableStackCreation"):
                raise ValidationError(f"Stack {name} does not exist. Set EnableStackCreation to create it")
            made.creates.append(name)
            made.actions.append({"Action": "CREATE", "Entity": "STACK", "Description": f"Stack {name} created.",
                                 "TagResources": [], "UntagResources": []})  # fmt: skip
            continue
        if stack.status not in UPDATABLE:
            raise ValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be refactored.")
        made.stack_ids.append(stack.id)
        there |= {(name, record.logical_id): record for record in stacks.present(tx, stack)}
    mapped = _mappings(req)
    targets = {(name, id) for name, template in templates.items() for id in template.resources}
    moves = {source: mapped.get(source) or _unmapped(source, there, targets, templates) for source in there}
    if set(moves.values()) != targets or len(set(moves.values())) != len(moves):
        raise ValidationError("Stack Refactor cannot create or delete resources: each must be in one of the templates")
    for source, target in moves.items():
        declared = templates[target[0]].resources[target[1]]
        if declared["Type"] != there[source].type:
            raise ValidationError(f"Stack Refactor cannot change the type of resource {source[1]}")
        if source != target:
            made.actions.append(_move(there[source], source, target, manual=source in mapped))


def _mappings(req: dict[str, Any]) -> dict[Place, Place]:
    def place(location: dict[str, str]) -> Place:
        return location["StackName"], location["LogicalResourceId"]

    return {place(each["Source"]): place(each["Destination"]) for each in req.get("ResourceMappings") or ()}


def _unmapped(
    source: Place, there: dict[Place, StackResource], targets: set[Place], templates: dict[str, Template]
) -> Place:
    """Where a resource without a mapping goes: it stays, or moves to the one stack that has its logical id now."""
    if source in targets:
        return source
    _, id = source
    found = [
        (name, id)
        for name, template in templates.items()
        if (name, id) not in there and template.resources.get(id, {}).get("Type") == there[source].type
    ]
    if len(found) != 1:
        raise ValidationError(f"Stack Refactor cannot delete resources: [{id}] of stack {source[0]}")
    return found[0]


def _move(record: StackResource, source: Place, target: Place, *, manual: bool) -> dict[str, Any]:
    return {
        "Action": "MOVE",
        "Entity": "RESOURCE",
        "PhysicalResourceId": record.physical_id,
        "Description": f"Resource {source[1]} moved from stack {source[0]} to {target[1]} of stack {target[0]}.",
        "Detection": "MANUAL" if manual else "AUTO",
        "TagResources": [],
        "UntagResources": [],
        "ResourceMapping": {
            "Source": {"StackName": source[0], "LogicalResourceId": source[1]},
            "Destination": {"StackName": target[0], "LogicalResourceId": target[1]},
        },
    }


def _require(tx: Reader, ctx: Context, id: str) -> Refactor:
    found = tx.get(REFACTORS, (ctx.account, ctx.region, id))
    if found is None:
        raise ValidationError(f"Stack refactor {id} does not exist")
    return found


@operation("cloudformation", "DescribeStackRefactor", resource="*")
def describe_stack_refactor(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackRefactor.html"""
    with ctx.read() as tx:
        found = tx.get(REFACTORS, (ctx.account, ctx.region, req["StackRefactorId"]))
    if found is None:
        raise StackRefactorNotFound(f"Stack refactor {req['StackRefactorId']} does not exist")
    return _shape(found) | {"StackIds": found.stack_ids}


def _shape(record: Refactor) -> dict[str, Any]:
    """A `StackRefactorSummary`."""
    shown = {"StackRefactorId": record.id, "ExecutionStatus": record.execution, "Status": record.status}
    optional = {
        "Description": record.description,
        "StatusReason": record.reason,
        "ExecutionStatusReason": record.execution_reason,
    }
    return stacks.merge(shown, optional)


@operation("cloudformation", "ListStackRefactors", resource="*")
def list_stack_refactors(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackRefactors.html"""
    wanted = set(req.get("ExecutionStatusFilter") or ())
    with ctx.read() as tx:
        found = [r for r in tx.scan(REFACTORS, (ctx.account, ctx.region)) if not wanted or r.execution in wanted]
    found.sort(key=lambda each: (-each.created, each.id))
    shown, token = page(ctx, found, req, lambda each: each.id, size=int(req.get("MaxResults") or 100))
    return {"StackRefactorSummaries": [_shape(each) for each in shown], **token}


@operation("cloudformation", "ListStackRefactorActions", resource="*")
def list_stack_refactor_actions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackRefactorActions.html"""
    with ctx.read() as tx:
        found = _require(tx, ctx, req["StackRefactorId"]).actions
    size = int(req.get("MaxResults") or 100)
    shown, token = page(ctx, found, req, lambda each: json.dumps(each, sort_keys=True), size=size)
    return {"StackRefactorActions": shown, **token}


def _of_refactor(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Each stack of the refactor, which the execution changes."""
    with ctx.read() as tx:
        found = tx.get(REFACTORS, (ctx.account, ctx.region, req["StackRefactorId"]))
    named = [stacks.name(ctx, name) for name in found.templates] if found is not None else []
    return [Access("", each, {}) for each in named] or [Access("", "*", {})]


@operation("cloudformation", "ExecuteStackRefactor", resource=_of_refactor)
def execute_stack_refactor(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Move the records of the resources, in one transaction. The resources themselves do not change.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteStackRefactor.html
    """
    with ctx.write() as tx:
        found = _require(tx, ctx, req["StackRefactorId"])
        if found.execution != "AVAILABLE":
            raise ValidationError(f"Stack refactor {found.id} cannot be executed: its status is {found.execution}")
        chosen = {name: _stack(tx, ctx, name, found) for name in found.templates}
        moving = []
        for action in found.actions:
            if action["Action"] == "MOVE":
                mapping = action["ResourceMapping"]
                source, target = mapping["Source"], mapping["Destination"]
                owner = chosen[source["StackName"]]
                where = (ctx.account, ctx.region, owner.id, source["LogicalResourceId"])
                record = tx.get(RESOURCES, where)
                if record is None:
                    raise ValidationError(f"Resource {source['LogicalResourceId']} does not exist any more")
                tx.delete(RESOURCES, where)
                moving.append((record, target))
        for record, target in moving:
            owner = chosen[target["StackName"]]
            record.stack_id, record.logical_id = owner.id, target["LogicalResourceId"]
            record.status, record.reason, record.updated = "IMPORT_COMPLETE", "Moved by a stack refactor", ctx.now()
            tx.put(RESOURCES, record)
            events.of_resource(tx, ctx, owner, record)
        for name, stack in chosen.items():
            _settle(tx, ctx, stack, found.templates[name], created=name in found.creates)
        found.execution = "EXECUTE_COMPLETE"
        found.stack_ids = [stack.id for stack in chosen.values()]
        tx.put(REFACTORS, found)
    return {}


def _stack(tx: Transaction, ctx: Context, name: str, refactor: Refactor) -> Stack:
    if name in refactor.creates:
        stack = new_stack(ctx, name)
        stack.revision = 0
        return stack
    found = stacks.find(tx, ctx, name)
    if found is None or found.status not in UPDATABLE:
        raise ValidationError(f"Stack {name} cannot be refactored any more")
    return found


def _settle(tx: Transaction, ctx: Context, stack: Stack, body: str, *, created: bool) -> None:
    """Make the new template a stack's current revision, with what depends on it in its resources' records."""
    template = sections(parse(body))
    kept = tx.get(REVISIONS, (stack.account, stack.region, stack.id, stack.revision)) if not created else None
    fresh = Revision(account=stack.account, region=stack.region, stack_id=stack.id, number=0, body="", processed="")
    revision = kept or fresh
    stack.revision += 1
    revision.number, revision.body = stack.revision, body
    revision.processed = msgspec.json.encode(template.document).decode()
    tx.put(REVISIONS, revision)
    known = set(template.resources)
    for record in stacks.resources(tx, stack):
        record.needs = [name for name in record.needs if name in known]
        tx.put(RESOURCES, record)
    stack.updated = None if created else ctx.now()
    stacks.set_status(tx, ctx, stack, "CREATE_COMPLETE" if created else "UPDATE_COMPLETE", "Stack refactor")
    tx.put(STACKS, stack)
