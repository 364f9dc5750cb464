"""The operations on stack sets. Permissions are self-managed: there are no organizations for AWS to manage them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/what-is-cfnstacksets.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import roles
from fogbank.core import arns, regions
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import Access, operation
from fogbank.store.api import Transaction

from ..engine.acting import SERVICE
from ..operations.describing import page
from ..prepare import beside, check_tags
from ..sources import template_text
from ..template.parse import parse
from ..template.structure import sections
from . import shapes
from .errors import (
    InvalidOperation,
    NameAlreadyExists,
    OperationIdAlreadyExists,
    OperationInProgress,
    StackInstanceNotFound,
    StackSetNotEmpty,
)
from .find import SET, instance_of, instances_of, operation_of
from .records import INSTANCES, OPERATIONS, SETS, Instance, Result, SetOperation, StackSet
from .running import RUN

_NO_ORGANIZATION = "You must enable organizations access to operate a service managed stack set"


def _changed(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The stack set, and iam:PassRole on its administration role."""
    return [Access("", SET.name(ctx, req["StackSetName"]), {}), *_passed(ctx, req)]


def _created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """CreateStackSet has no resource, https://docs.aws.amazon.com/service-authorization/latest/reference/."""
    SET.key(ctx, req["StackSetName"])
    return [Access("", "*", {}), *_passed(ctx, req)]


def _passed(ctx: Context, req: dict[str, Any]) -> list[Access]:
    role = req.get("AdministrationRoleARN")
    return [roles.passed(ctx, role, SERVICE)] if role else []


def _self_managed(req: dict[str, Any]) -> None:
    if req.get("PermissionModel") == "SERVICE_MANAGED" or req.get("AutoDeployment"):
        raise ValidationError(_NO_ORGANIZATION)
    if (req.get("DeploymentTargets") or {}).get("OrganizationalUnitIds"):
        raise ValidationError(_NO_ORGANIZATION)


async def _template(ctx: Context, req: dict[str, Any]) -> str | None:
    body = await template_text(ctx, req)
    if body is not None:
        await beside(len(body), lambda: sections(parse(body)))
    return body


@operation("cloudformation", "CreateStackSet", resource=_created)
async def create_stack_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a stack set; CreateStackInstances makes its stacks.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html
    """
    _self_managed(req)
    body = await _template(ctx, req)
    if body is None:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    made = StackSet(
        account=ctx.account,
        region=ctx.region,
        name=req["StackSetName"].partition(":")[0],
        id=f"{req['StackSetName'].partition(':')[0]}:{ctx.ids.uuid()}",
        body=body,
        created=ctx.now(),
        **_settings(req),
    )

    def write(tx: Transaction) -> None:
        if tx.get(SETS, SETS.key(made)) is not None:
            raise NameAlreadyExists(f"StackSet {made.name} already exists")
        tx.put(SETS, made)

    await ctx.transact(write)
    return {"StackSetId": made.id}


def _settings(req: dict[str, Any]) -> dict[str, Any]:
    """The members of a request that become members of the record, where they are given."""
    found: dict[str, Any] = {}
    for member, field in (
        ("Description", "description"),
        ("Parameters", "parameters"),
        ("Capabilities", "capabilities"),
        ("AdministrationRoleARN", "administration_role"),
        ("ExecutionRoleName", "execution_role"),
    ):
        if req.get(member) is not None:
            found[field] = req[member]
    if req.get("Tags") is not None:
        found["tags"] = {tag["Key"]: tag["Value"] for tag in req["Tags"]}
        check_tags(found["tags"])
    if req.get("ManagedExecution") is not None:
        found["managed_execution"] = bool(req["ManagedExecution"].get("Active"))
    return found


@operation("cloudformation", "DescribeStackSet", resource=SET.of("StackSetName"))
def describe_stack_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackSet.html"""
    with ctx.read() as tx:
        found = SET.require(tx, ctx, req["StackSetName"])
        where = sorted({instance.target_region for instance in instances_of(tx, found)})
    return {"StackSet": shapes.stack_set(ctx, found, where)}


@operation("cloudformation", "ListStackSets", resource="*")
def list_stack_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackSets.html"""
    with ctx.read() as tx:
        found = list(tx.scan(SETS, (ctx.account, ctx.region))) if req.get("Status") != "DELETED" else []
    shown, token = page(ctx, found, req, lambda each: each.name, size=_size(req))
    return {"Summaries": [shapes.summary(each) for each in shown], **token}


def _filters(req: dict[str, Any]) -> dict[str, str]:
    """The values of a request's Filters by name; what lacks either filters nothing."""
    given = req.get("Filters") or ()
    return {each["Name"]: each["Values"] for each in given if each.get("Name") and each.get("Values")}


def _size(req: dict[str, Any]) -> int:
    return int(req.get("MaxResults") or 100)


@operation("cloudformation", "DeleteStackSet", resource=SET.of("StackSetName"))
def delete_stack_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a stack set that has no instances.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStackSet.html
    """
    with ctx.write() as tx:
        found = SET.find(tx, ctx, req["StackSetName"])
        if found is None:
            return {}
        _refuse_busy(tx, found)
        if instances_of(tx, found):
            raise StackSetNotEmpty
        for each in list(tx.scan(OPERATIONS, (found.account, found.region, found.name))):
            tx.delete(OPERATIONS, OPERATIONS.key(each))
        tx.delete(SETS, SETS.key(found))
    return {}


# -- operations that make, change and delete stacks ------------------------------------------------------------------


def _refuse_busy(tx: Transaction, stack_set: StackSet) -> None:
    for each in tx.scan(OPERATIONS, (stack_set.account, stack_set.region, stack_set.name)):
        if each.status in ("RUNNING", "STOPPING"):
            raise OperationInProgress(f"Another Operation on StackSet {stack_set.id} is in progress: {each.id}")


def _begin(
    tx: Transaction,
    ctx: Context,
    req: dict[str, Any],
    stack_set: StackSet,
    action: str,
    targets: list[tuple[str, str]],
    *,
    retain: bool = False,
) -> str:
    """Store an operation on instances and enqueue its job. Returns its id."""
    _refuse_busy(tx, stack_set)
    id = req.get("OperationId") or ctx.ids.uuid()
    made = SetOperation(
        account=ctx.account,
        region=ctx.region,
        set_name=stack_set.name,
        id=id,
        action=action,
        created=ctx.now(),
        preferences=req.get("OperationPreferences") or {},
        retain=retain,
        results=[Result(target=account, region=region) for account, region in targets],
    )
    if tx.get(OPERATIONS, OPERATIONS.key(made)) is not None:
        raise OperationIdAlreadyExists(f"Operation {id} already exists")
    tx.put(OPERATIONS, made)
    ctx.later(tx, RUN, {"set": stack_set.name, "operation": id}, name=f"{stack_set.id}/{id}")
    return id


def _targets(ctx: Context, req: dict[str, Any]) -> list[tuple[str, str]]:
    """The accounts and regions of a request. Raises ValidationError."""
    _self_managed(req)
    accounts = req.get("Accounts") or (req.get("DeploymentTargets") or {}).get("Accounts") or []
    if not accounts:
        raise ValidationError("Either Accounts or DeploymentTargets must be specified")
    for account in accounts:
        if not arns.ACCOUNT.fullmatch(account):
            raise ValidationError(f"Account {account} is not valid")
    for region in req["Regions"]:
        if not regions.zones(region) or arns.partition_of(region) != ctx.partition:
            raise InvalidOperation(f"Region {region} is not supported")
    return [(account, region) for region in req["Regions"] for account in accounts]


@operation("cloudformation", "CreateStackInstances", resource=SET.of("StackSetName"))
def create_stack_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create stacks in accounts and regions; those that exist are brought up to date.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackInstances.html
    """
    targets = _targets(ctx, req)
    with ctx.write() as tx:
        found = SET.require(tx, ctx, req["StackSetName"])
        id = _begin(tx, ctx, req, found, "CREATE", targets)
        for account, region in targets:
            where = (found.account, found.region, found.name, account, region)
            instance = tx.get(INSTANCES, where) or Instance(
                account=found.account, region=found.region, set_name=found.name, target=account, target_region=region
            )
            instance.status, instance.detailed, instance.operation = "OUTDATED", "PENDING", id
            if req.get("ParameterOverrides") is not None:
                instance.overrides = list(req["ParameterOverrides"])
            tx.put(INSTANCES, instance)
    return {"OperationId": id}


@operation("cloudformation", "UpdateStackInstances", resource=SET.of("StackSetName"))
def update_stack_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the parameters that instances override, and update their stacks.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackInstances.html
    """
    targets = _targets(ctx, req)
    with ctx.write() as tx:
        found = SET.require(tx, ctx, req["StackSetName"])
        for account, region in targets:
            instance = instance_of(tx, found, account, region)
            kept = {each["ParameterKey"]: each for each in instance.overrides}
            given = req.get("ParameterOverrides") or ()
            instance.overrides = [kept.get(p["ParameterKey"], p) if p.get("UsePreviousValue") else p for p in given]
            tx.put(INSTANCES, instance)
        id = _begin(tx, ctx, req, found, "UPDATE", targets)
    return {"OperationId": id}


@operation("cloudformation", "DeleteStackInstances", resource=SET.of("StackSetName"))
def delete_stack_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete stacks of a set, or (RetainStacks) only take them out of the set.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStackInstances.html
    """
    targets = _targets(ctx, req)
    with ctx.write() as tx:
        found = SET.require(tx, ctx, req["StackSetName"])
        known = {(each.target, each.target_region) for each in instances_of(tx, found)}
        there = [target for target in targets if target in known]
        id = _begin(tx, ctx, req, found, "DELETE", there, retain=bool(req["RetainStacks"]))
    return {"OperationId": id}


@operation("cloudformation", "UpdateStackSet", resource=_changed)
async def update_stack_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a stack set, and update the stacks in all accounts and regions, or in those of the request.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackSet.html
    """
    _self_managed(req)
    body = await _template(ctx, req)
    if body is None and not req.get("UsePreviousTemplate"):
        raise ValidationError("Either Template URL or Template Body must be specified.")
    wanted = set(_targets(ctx, req)) if req.get("Accounts") and req.get("Regions") else None

    def write(tx: Transaction) -> str:
        found = SET.require(tx, ctx, req["StackSetName"])
        known = instances_of(tx, found)
        every = [(each.target, each.target_region) for each in known]
        if wanted is not None and not wanted <= set(every):
            missing = sorted(wanted - set(every))
            raise StackInstanceNotFound(f"Stack instances not found: {missing}")
        targets = [target for target in every if wanted is None or target in wanted]
        id = _begin(tx, ctx, req, found, "UPDATE", targets)
        changes = _settings(req)
        if req.get("Parameters") is not None:
            kept = {each["ParameterKey"]: each for each in found.parameters}
            changes["parameters"] = [
                kept.get(p["ParameterKey"], p) if p.get("UsePreviousValue") else p for p in req["Parameters"]
            ]
        for field, value in changes.items():
            setattr(found, field, value)
        found.body = body or found.body
        tx.put(SETS, found)
        for each in known:
            each.status = "OUTDATED"
            tx.put(INSTANCES, each)
        return id

    return {"OperationId": await ctx.transact(write)}


@operation("cloudformation", "DetectStackSetDrift", resource=SET.of("StackSetName"))
def detect_stack_set_drift(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Detect the drift of each stack of a set.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackSetDrift.html
    """
    with ctx.write() as tx:
        found = SET.require(tx, ctx, req["StackSetName"])
        targets = [(each.target, each.target_region) for each in instances_of(tx, found)]
        id = _begin(tx, ctx, req, found, "DETECT_DRIFT", targets)
    return {"OperationId": id}


@operation("cloudformation", "StopStackSetOperation", resource=SET.of("StackSetName"))
def stop_stack_set_operation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stop an operation: what has begun in an account ends, nothing else begins.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StopStackSetOperation.html
    """
    with ctx.write() as tx:
        found = operation_of(tx, SET.require(tx, ctx, req["StackSetName"]), req["OperationId"])
        if found.status != "RUNNING":
            raise InvalidOperation(f"Operation {found.id} is in status {found.status} and cannot be stopped")
        found.status = "STOPPING"
        tx.put(OPERATIONS, found)
    return {}


# -- descriptions ----------------------------------------------------------------------------------------------------


@operation("cloudformation", "DescribeStackInstance", resource=SET.of("StackSetName"))
def describe_stack_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackInstance.html"""
    with ctx.read() as tx:
        stack_set = SET.require(tx, ctx, req["StackSetName"])
        found = instance_of(tx, stack_set, req["StackInstanceAccount"], req["StackInstanceRegion"])
    return {"StackInstance": shapes.instance(found, stack_set.id, whole=True)}


@operation("cloudformation", "ListStackInstances", resource=SET.of("StackSetName"))
def list_stack_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackInstances.html"""
    filters = _filters(req)
    with ctx.read() as tx:
        stack_set = SET.require(tx, ctx, req["StackSetName"])
        found = [
            each
            for each in instances_of(tx, stack_set)
            if each.target == req.get("StackInstanceAccount", each.target)
            and each.target_region == req.get("StackInstanceRegion", each.target_region)
            and each.detailed in filters.get("DETAILED_STATUS", each.detailed)
            and each.operation in filters.get("LAST_OPERATION_ID", each.operation)
            and each.drift in filters.get("DRIFT_STATUS", each.drift)
        ]
    shown, token = page(ctx, found, req, lambda each: f"{each.target} {each.target_region}", size=_size(req))
    return {"Summaries": [shapes.instance(each, stack_set.id, whole=False) for each in shown], **token}


@operation("cloudformation", "DescribeStackSetOperation", resource=SET.of("StackSetName"))
def describe_stack_set_operation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackSetOperation.html"""
    with ctx.read() as tx:
        stack_set = SET.require(tx, ctx, req["StackSetName"])
        found = operation_of(tx, stack_set, req["OperationId"])
    shown = shapes.operation(ctx, found, stack_set)
    if found.action == "DETECT_DRIFT" and stack_set.drift:
        shown["StackSetDriftDetectionDetails"] = stack_set.drift
    return {"StackSetOperation": shown}


@operation("cloudformation", "ListStackSetOperations", resource=SET.of("StackSetName"))
def list_stack_set_operations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackSetOperations.html"""
    with ctx.read() as tx:
        stack_set = SET.require(tx, ctx, req["StackSetName"])
        found = list(tx.scan(OPERATIONS, (stack_set.account, stack_set.region, stack_set.name)))
    found.sort(key=lambda each: (-each.created, each.id))
    shown, token = page(ctx, found, req, lambda each: each.id, size=_size(req))
    return {"Summaries": [shapes.operation_summary(each) for each in shown], **token}


@operation("cloudformation", "ListStackSetOperationResults", resource=SET.of("StackSetName"))
def list_stack_set_operation_results(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackSetOperationResults.html"""
    filters = _filters(req)
    with ctx.read() as tx:
        found = operation_of(tx, SET.require(tx, ctx, req["StackSetName"]), req["OperationId"])
    wanted = filters.get("OPERATION_RESULT_STATUS", "")
    results = [each for each in found.results if not wanted or each.status in wanted]
    shown, token = page(ctx, results, req, lambda each: f"{each.target} {each.region}", size=_size(req))
    return {"Summaries": [shapes.result(each) for each in shown], **token}


@operation("cloudformation", "DescribeOrganizationsAccess", resource="*")
def describe_organizations_access(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Fogbank has no organizations, so access to them is never enabled.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeOrganizationsAccess.html
    """
    return {"Status": "DISABLED"}
