"""Operations on change sets: computing, showing and executing the changes of a stack."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.cfn import Readable
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction
from fogbank.wire import resource_schemas

from .. import change_sets, early, shapes, stacks
from ..arns import change_set, changed_stack, named_stack
from ..difference import Difference, difference
from ..engine import registry
from ..engine.environment import plan
from ..errors import AlreadyExists, InvalidChangeSetStatus, stack_missing
from ..prepare import Draft, Prepared, draft, finish
from ..records import CHANGE_SETS, STACKS, ChangeSet, Revision, Stack
from . import nested_changes
from .changing import UPDATABLE, begin_update, new_stack, put_revision, refuse_existing, role_of
from .describing import page

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@operation("cloudformation", "CreateChangeSet", resource=changed_stack)
async def create_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Compute what a template would change. A failed macro gives a FAILED change set, and so does an empty difference.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
    """
    kind = req.get("ChangeSetType") or "UPDATE"
    stack, current = await ctx.fetch(_target, ctx, req, kind)
    made = await draft(ctx, req, stack, current)
    record = _new(ctx, req, stack, made, await ctx.fetch(role_of, ctx, req))
    try:
        await _work_out(ctx, req, stack, current, made, record)
    except ServiceError as error:
        if not (error.message.startswith("Transform ") or "transform" in error.message[:40]):
            raise
        _fail(record, error.message)
    if record.import_existing and record.status != "FAILED":
        await _find_existing(ctx, record)
    if record.status != "FAILED" and not req.get("DisableValidation"):
        reason = await early.validate(ctx, record)
        if reason:
            _fail(record, reason)
    if record.include_nested and record.status != "FAILED":
        reason = await nested_changes.descend(ctx, record)
        if reason:
            _fail(record, reason)

    def write(tx: Transaction) -> None:
        latest, _ = _target(tx, ctx, req, kind, stack)
        if tx.get(STACKS, (stack.account, stack.region, latest.id)) is None:
            latest.status = "REVIEW_IN_PROGRESS"
            stacks.set_status(tx, ctx, latest, "REVIEW_IN_PROGRESS", "User Initiated")
        executed = tx.first(CHANGE_SETS, "stack", (record.stack_id, record.name))
        if executed is not None:
            tx.delete(CHANGE_SETS, CHANGE_SETS.key(executed))
        tx.put(CHANGE_SETS, record)

    await ctx.transact(write)
    return {"Id": record.id, "StackId": record.stack_id}


def _new(ctx: Context, req: dict[str, Any], stack: Stack, made: Draft, role_arn: str) -> ChangeSet:
    """The record of a change set whose changes are not worked out yet."""
    return ChangeSet(
        account=ctx.account,
        region=ctx.region,
        id=ctx.arn("cloudformation", f"changeSet/{req['ChangeSetName']}/{ctx.ids.uuid()}"),
        name=req["ChangeSetName"],
        stack_id=stack.id,
        stack_name=stack.name,
        type=req.get("ChangeSetType") or "UPDATE",
        status="CREATE_COMPLETE",
        execution_status="AVAILABLE",
        created=ctx.now(),
        body=made.body,
        processed="",
        description=req.get("Description") or "",
        parameters=made.values,
        capabilities=list(req.get("Capabilities") or ()),
        role_arn=role_arn,
        on_failure=req.get("OnStackFailure") or "",
        include_nested=bool(req.get("IncludeNestedStacks")),
        import_existing=bool(req.get("ImportExistingResources")),
        deployment_mode=req.get("DeploymentMode") or "",
        deployment=req.get("DeploymentConfig") or {},
        imports=_imports(req),
        operation=ctx.ids.uuid(),
        client_token=req.get("ClientToken") or "",
    )


def _target(
    tx: Reader, ctx: Context, req: dict[str, Any], kind: str, fresh: Stack | None = None
) -> tuple[Stack, Revision | None]:
    """The stack of a change set, and its current revision (None for a stack that is yet to be created)."""
    name = req["StackName"]
    stack = stacks.find(tx, ctx, name)
    if stack is not None and stack.status == "DELETE_COMPLETE":
        stack = None
    taken = tx.first(CHANGE_SETS, "stack", (stack.id, req["ChangeSetName"])) if stack is not None else None
    # the AWS CLI puts the time in seconds into the name, and two deployments may fit into one second here: so a new
    # change set replaces an executed one of the same name
    if taken is not None and taken.execution_status != "EXECUTE_COMPLETE":
        raise AlreadyExists(f"ChangeSet {req['ChangeSetName']} already exists")
    if kind == "CREATE" or (kind == "IMPORT" and stack is None):
        if stack is None:
            refuse_existing(tx, ctx, name)
            return fresh or new_stack(ctx, name), None
        if stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
                f"[{req['ChangeSetName']}]."
            )
        return stack, None
    if stack is None:
        raise stack_missing(name)
    if stack.status not in UPDATABLE:
        raise ValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
    return stack, stacks.revision(tx, stack)


def _imports(req: dict[str, Any]) -> list[dict[str, str]]:
    """ResourcesToImport."""
    return [
        {
            "logical_id": item["LogicalResourceId"],
            "type": item["ResourceType"],
            "physical_id": _identifier(item["ResourceType"], item["ResourceIdentifier"]),
        }
        for item in req.get("ResourcesToImport") or ()
    ]


def _identifier(type_name: str, given: dict[str, str]) -> str:
    """The primary identifier: its parts in the schema's order, joined by `|`."""
    schema = resource_schemas.find(type_name)
    parts = [given[path] for path in schema.id if path in given] if schema is not None else []
    return "|".join(parts or given.values())


async def _work_out(
    ctx: Context, req: dict[str, Any], stack: Stack, current: Revision | None, made: Draft, record: ChangeSet
) -> None:
    prepared = await finish(ctx, req, stack, current, made, direct=False)
    revision = prepared.revision
    record.processed, record.parameters = revision.processed, revision.parameters
    record.tags, record.notification_arns = revision.tags, revision.notification_arns
    record.rollback_configuration = revision.rollback_configuration
    imports = {item["logical_id"]: item["physical_id"] for item in record.imports}
    found = await ctx.fetch(difference, ctx, stack, current, prepared, imports)
    found.refuse_other_types()
    _check_imports(record, prepared, found, registry.finder(ctx.app.settings))
    record.changes = found.changes
    if current is not None and found.nothing:
        _fail(record, NO_CHANGES)


async def _find_existing(ctx: Context, record: ChangeSet) -> None:
    """ImportExistingResources: what the template names, and what exists already, is imported and not created.

    AWS finds the same resources by their custom names. Here their type must be one that can be read.
    """
    find = registry.finder(ctx.app.settings)
    for change in record.changes:
        kind = find(change["ResourceType"]) if change["Action"] == "Add" else None
        if kind is None or not isinstance(kind.handler, Readable):
            continue
        properties = msgspec.json.decode(change["AfterContext"])["Properties"]
        names = {key: str(value) for key, value in properties.items() if isinstance(value, str | int)}
        id = _identifier(change["ResourceType"], names) if _is_named(change["ResourceType"], names) else ""
        if id and await kind.handler.read(ctx, id) is not None:
            change |= {"Action": "Import", "PhysicalResourceId": id}
            name = change["LogicalResourceId"]
            record.imports.append({"logical_id": name, "type": change["ResourceType"], "physical_id": id})


def _is_named(type_name: str, names: dict[str, str]) -> bool:
    """Whether a template gives all parts of a resource's primary identifier."""
    schema = resource_schemas.find(type_name)
    return schema is not None and bool(schema.id) and all(path in names for path in schema.id)


def _check_imports(record: ChangeSet, prepared: Prepared, found: Difference, find: registry.Find) -> None:
    if record.type != "IMPORT":
        return
    if not record.imports:
        raise ValidationError("ResourcesToImport must be specified for a change set of type IMPORT")
    for item in record.imports:
        declared = prepared.plan.resources.get(item["logical_id"])
        if declared is None or declared["Type"] != item["type"]:
            raise ValidationError(f"Resources [{item['logical_id']}] is missing from the template or has another type")
        if "DeletionPolicy" not in declared:
            raise ValidationError(
                f"Resources [{item['logical_id']}] to import must have DeletionPolicy attribute specified in the "
                "template."
            )
        if find(item["type"]) is None:
            raise ValidationError(f"ResourceTypes [{item['type']}] are not supported for Import")
    if any(change["Action"] != "Import" for change in found.changes):
        raise ValidationError(
            "As part of the import operation, you cannot modify or add [Outputs] or resources that are not imported"
        )


def _fail(record: ChangeSet, reason: str) -> None:
    record.status, record.execution_status, record.reason = "FAILED", "UNAVAILABLE", reason


@operation("cloudformation", "DescribeChangeSet", resource=change_set)
def describe_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html"""
    with ctx.read() as tx:
        record = change_sets.find(tx, ctx, req)
    shown, token = page(ctx, record.changes, req, lambda change: str(change["LogicalResourceId"]))
    if not req.get("IncludePropertyValues"):
        shown = [_without_values(change) for change in shown]
    changes = [{"Type": "Resource", "ResourceChange": change} for change in shown]
    return {**shapes.change_set(record), "Changes": changes, **token}


def _without_values(change: dict[str, Any]) -> dict[str, Any]:
    """Remove the values of properties, which are only shown with IncludePropertyValues."""
    hidden = ("BeforeValue", "AfterValue", "Path", "AttributeChangeType")
    shown = {key: value for key, value in change.items() if key not in ("BeforeContext", "AfterContext")}
    shown["Details"] = [
        {**detail, "Target": {key: value for key, value in detail["Target"].items() if key not in hidden}}
        for detail in change.get("Details", ())
    ]
    return shown


@operation("cloudformation", "ListChangeSets", resource=named_stack)
def list_change_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListChangeSets.html"""
    with ctx.read() as tx:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
        found = list(tx.scan_index(CHANGE_SETS, "stack", (stack.id,)))
    shown, token = page(ctx, found, req, lambda record: record.id)
    return {"Summaries": [shapes.change_set_summary(record) for record in shown], **token}


@operation("cloudformation", "DeleteChangeSet", resource=change_set)
def delete_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a change set. Its stack stays, even in REVIEW_IN_PROGRESS.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteChangeSet.html
    """
    with ctx.write() as tx:
        try:
            record = change_sets.find(tx, ctx, req)
        except ServiceError as error:
            if error.code == "ChangeSetNotFound":
                return {}  # success, as in AWS
            raise
        if record.execution_status == "EXECUTE_IN_PROGRESS":
            raise InvalidChangeSetStatus(f"ChangeSet [{record.id}] cannot be deleted while it is executing")
        nested_changes.refuse_nested(record, "delete")
        nested_changes.finish(tx, record, executed=False)
        tx.delete(CHANGE_SETS, CHANGE_SETS.key(record))
    return {}


@operation("cloudformation", "ExecuteChangeSet", resource=change_set)
async def execute_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Execute a change set, and delete the stack's other change sets.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
    """

    def write(tx: Transaction) -> str:
        record = change_sets.find(tx, ctx, req)
        if record.execution_status != "AVAILABLE":
            status = record.status if record.status == "FAILED" else record.execution_status
            raise InvalidChangeSetStatus(
                f"ChangeSet [{record.id}] cannot be executed in its current status of [{status}]"
            )
        nested_changes.refuse_nested(record, "execute")
        stack = stacks.get(tx, ctx, record.stack_id)
        nested_changes.finish(tx, record, executed=True)
        _execute(tx, ctx, req, record, stack)
        for other in list(tx.scan_index(CHANGE_SETS, "stack", (stack.id,))):
            if other.id != record.id:
                tx.delete(CHANGE_SETS, CHANGE_SETS.key(other))
        record.execution_status = "EXECUTE_COMPLETE"
        tx.put(CHANGE_SETS, record)
        return stack.id

    await stacks.grace(ctx, await ctx.transact(write))
    return {}


def _execute(tx: Transaction, ctx: Context, req: dict[str, Any], record: ChangeSet, stack: Stack) -> None:
    revision = Revision(
        account=stack.account,
        region=stack.region,
        stack_id=stack.id,
        number=0,
        body=record.body,
        processed=record.processed,
        parameters=record.parameters,
        tags=record.tags,
        capabilities=record.capabilities,
        notification_arns=record.notification_arns,
        rollback_configuration=record.rollback_configuration,
    )
    template = stacks.template_of(revision)
    stack.change_set_id = record.id
    stack.role_arn = record.role_arn or stack.role_arn
    stack.on_failure = record.on_failure or ("DO_NOTHING" if req.get("DisableRollback") else "ROLLBACK")
    stack.retain_except_on_create = bool(req.get("RetainExceptOnCreate"))
    stack.imports = record.imports if record.type == "IMPORT" or record.import_existing else []
    token = req.get("ClientRequestToken", "")
    if stack.status == "REVIEW_IN_PROGRESS":
        stack.description = template.description
        put_revision(tx, stack, revision, 1)
        status = "IMPORT_IN_PROGRESS" if record.type == "IMPORT" else "CREATE_IN_PROGRESS"
        stack.updated = ctx.now()  # as AWS shows it after a change set, and not after CreateStack
        stacks.begin(tx, ctx, stack, status, "User Initiated", token)
        return
    if stack.status not in UPDATABLE:
        raise ValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
    if stack.on_failure == "DELETE":
        stack.on_failure = "ROLLBACK"
    prepared = Prepared(revision=revision, template=template, plan=plan(stack, revision, template))
    status = "IMPORT_IN_PROGRESS" if record.type == "IMPORT" else "UPDATE_IN_PROGRESS"
    begin_update(tx, ctx, stack, prepared, status, token)
