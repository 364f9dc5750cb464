"""The operations of the IaC generator.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/generate-IaC.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.kinds import Named, named, nobodys
from fogbank.core.operation import operation
from fogbank.store.api import Reader
from fogbank.wire import resource_schemas

from .. import stacks
from ..errors import AlreadyExists, stack_missing
from ..operations.describing import page
from ..records import STACKS
from ..stacks import merge
from .records import GENERATED, SCANS, Generated, Scan
from .running import GENERATE, SCAN


class GeneratedTemplateNotFound(ServiceError):
    code = "GeneratedTemplateNotFound"
    status = 404


class ResourceScanNotFound(ServiceError):
    code = "ResourceScanNotFound"


class ResourceScanInProgress(ServiceError):
    code = "ResourceScanInProgress"


def _size(req: dict[str, Any]) -> int:
    return int(req.get("MaxResults") or 100)


# -- scans -----------------------------------------------------------------------------------------------------------


def _scan(ctx: Context, req: dict[str, Any]) -> Named:
    text = req["ResourceScanId"]
    return named(text, ctx.account) if text.startswith(ctx.arn("cloudformation", "resourceScan/")) else nobodys(text)


def _require_scan(tx: Reader, ctx: Context, id: str) -> Scan:
    found = tx.get(SCANS, (ctx.account, ctx.region, id))
    if found is None:
        raise ResourceScanNotFound(f"Resource scan {id} not found")
    return found


@operation("cloudformation", "StartResourceScan", resource="*")
def start_resource_scan(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Start to list the account's resources of all types that can be listed.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StartResourceScan.html
    """
    with ctx.write() as tx:
        if any(each.status == "IN_PROGRESS" for each in tx.scan(SCANS, (ctx.account, ctx.region))):
            raise ResourceScanInProgress("A resource scan is in progress")
        made = Scan(
            account=ctx.account,
            region=ctx.region,
            id=ctx.arn("cloudformation", f"resourceScan/{ctx.ids.uuid()}"),
            started=ctx.now(),
            filters=list(req.get("ScanFilters") or ()),
        )
        tx.put(SCANS, made)
        ctx.later(tx, SCAN, {"scan": made.id}, name=made.id)
    return {"ResourceScanId": made.id}


def _scan_shape(scan: Scan) -> dict[str, Any]:
    """A `ResourceScanSummary`."""
    shown = {
        "ResourceScanId": scan.id,
        "Status": scan.status,
        "StartTime": scan.started,
        "PercentageCompleted": 0 if scan.status == "IN_PROGRESS" else 100,
    }
    return merge(shown, {"StatusReason": scan.reason, "EndTime": scan.ended})


@operation("cloudformation", "DescribeResourceScan", resource=_scan)
def describe_resource_scan(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeResourceScan.html"""
    with ctx.read() as tx:
        found = _require_scan(tx, ctx, req["ResourceScanId"])
    more = {"ResourceTypes": found.types, "ResourcesScanned": len(found.resources), "ScanFilters": found.filters}
    return merge(_scan_shape(found) | {"ResourcesRead": len(found.resources)}, more)


@operation("cloudformation", "ListResourceScans", resource="*")
def list_resource_scans(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListResourceScans.html"""
    with ctx.read() as tx:
        found = sorted(tx.scan(SCANS, (ctx.account, ctx.region)), key=lambda scan: (-scan.started, scan.id))
    found = [scan for scan in found if _kind_of(scan) == req.get("ScanTypeFilter", _kind_of(scan))]
    shown, token = page(ctx, found, req, lambda scan: scan.id, size=_size(req))
    return {"ResourceScanSummaries": [_scan_shape(scan) | {"ScanType": _kind_of(scan)} for scan in shown], **token}


def _kind_of(scan: Scan) -> str:
    return "PARTIAL" if scan.filters else "FULL"


@operation("cloudformation", "ListResourceScanResources", resource=_scan)
def list_resource_scan_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListResourceScanResources.html"""
    with ctx.read() as tx:
        scan = _require_scan(tx, ctx, req["ResourceScanId"])
    if scan.status == "IN_PROGRESS":
        raise ResourceScanInProgress("The resource scan is in progress")
    prefix, part = req.get("ResourceTypePrefix") or "", req.get("ResourceIdentifier") or ""
    found = [
        each
        for each in scan.resources
        if each["ResourceType"].startswith(prefix)
        and (not part or any(part in str(value) for value in each["ResourceIdentifier"].values()))
    ]
    shown, token = page(ctx, found, req, lambda each: json.dumps(each, sort_keys=True), size=_size(req))
    return {"Resources": shown, **token}


# -- generated templates ---------------------------------------------------------------------------------------------


def _template(ctx: Context, req: dict[str, Any]) -> Named:
    """A generated template, by name or by ARN."""
    text = req["GeneratedTemplateName"]
    if text.startswith("arn:") and not text.startswith(ctx.arn("cloudformation", "generatedTemplate/")):
        return nobodys(text)
    with ctx.read() as tx:
        found = _find(tx, ctx, text)
    return named(found.id if found is not None else ctx.arn("cloudformation", "generatedTemplate/*"), ctx.account)


def _find(tx: Reader, ctx: Context, text: str) -> Generated | None:
    if text.startswith("arn:"):
        return tx.first(GENERATED, "id", (ctx.account, ctx.region, text))
    return tx.get(GENERATED, (ctx.account, ctx.region, text))


def _require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Generated:
    found = _find(tx, ctx, req["GeneratedTemplateName"])
    if found is None:
        raise GeneratedTemplateNotFound(f"Template {req['GeneratedTemplateName']} not found")
    return found


def _details(given: list[dict[str, Any]], taken: set[str]) -> list[dict[str, Any]]:
    """ResourceDetails of ResourceDefinitions; what has no logical id gets one made of its type."""
    found = []
    for each in given:
        if resource_schemas.find(each["ResourceType"]) is None:
            raise ValidationError(f"Resource type {each['ResourceType']} is not supported")
        name = each.get("LogicalResourceId") or _name(each["ResourceType"], taken)
        if name in taken:
            raise ValidationError(f"Duplicate logical resource id {name}")
        taken.add(name)
        found.append(
            {
                "ResourceType": each["ResourceType"],
                "LogicalResourceId": name,
                "ResourceIdentifier": each["ResourceIdentifier"],
                "ResourceStatus": "PENDING",
                "Warnings": [],
            }
        )
    return found


def _name(type_name: str, taken: set[str]) -> str:
    base = re.sub("[^A-Za-z0-9]", "", "".join(type_name.split("::")[1:]))
    number = 0
    while f"{base}{number:05d}" in taken:
        number += 1
    return f"{base}{number:05d}"


@operation("cloudformation", "CreateGeneratedTemplate", resource="*")
def create_generated_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Generate a template from resources, which a job reads, or from a stack and more resources.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateGeneratedTemplate.html
    """
    with ctx.write() as tx:
        if _find(tx, ctx, req["GeneratedTemplateName"]) is not None:
            raise AlreadyExists(f"Template {req['GeneratedTemplateName']} already exists")
        stack_id, details = "", []
        taken: set[str] = set()
        if req.get("StackName"):
            stack = tx.first(STACKS, "name", (ctx.account, ctx.region, req["StackName"]))
            if stack is None:
                raise stack_missing(req["StackName"])
            stack_id = stack.id
            details = _details([_of_stack(record) for record in stacks.present(tx, stack)], taken)
        details += _details(list(req.get("Resources") or ()), taken)
        made = Generated(
            account=ctx.account,
            region=ctx.region,
            id=ctx.arn("cloudformation", f"generatedTemplate/{ctx.ids.uuid()}"),
            name=req["GeneratedTemplateName"],
            created=ctx.now(),
            updated=ctx.now(),
            stack_id=stack_id,
            configuration=req.get("TemplateConfiguration") or {},
            resources=details,
        )
        tx.put(GENERATED, made)
        ctx.later(tx, GENERATE, {"name": made.name}, name=made.id)
    return {"GeneratedTemplateId": made.id}


def _of_stack(record: Any) -> dict[str, Any]:
    schema = resource_schemas.find(record.type)
    path = schema.id[0] if schema is not None and schema.id else "Id"
    return {
        "ResourceType": record.type,
        "LogicalResourceId": record.logical_id,
        "ResourceIdentifier": {path: record.physical_id},
    }


@operation("cloudformation", "UpdateGeneratedTemplate", resource=_template)
def update_generated_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateGeneratedTemplate.html"""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        gone = set(req.get("RemoveResources") or ())
        found.resources = [each for each in found.resources if each["LogicalResourceId"] not in gone]
        taken = {each["LogicalResourceId"] for each in found.resources}
        found.resources += _details(list(req.get("AddResources") or ()), taken)
        found.properties = {
            name: value
            for name, value in found.properties.items()
            if name in taken and not req.get("RefreshAllResources")
        }
        found.configuration = req.get("TemplateConfiguration") or found.configuration
        if req.get("NewGeneratedTemplateName"):
            tx.delete(GENERATED, GENERATED.key(found))
            found.name = req["NewGeneratedTemplateName"]
        found.status, found.updated = "UPDATE_IN_PROGRESS", ctx.now()
        tx.put(GENERATED, found)
        ctx.later(tx, GENERATE, {"name": found.name}, name=found.id)
    return {"GeneratedTemplateId": found.id}


@operation("cloudformation", "DescribeGeneratedTemplate", resource=_template)
def describe_generated_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeGeneratedTemplate.html"""
    with ctx.read() as tx:
        found = _require(tx, ctx, req)
    states = [each["ResourceStatus"] for each in found.resources]
    shown = {
        "GeneratedTemplateId": found.id,
        "GeneratedTemplateName": found.name,
        "Resources": found.resources,
        "Status": found.status,
        "CreationTime": found.created,
        "LastUpdatedTime": found.updated,
        "Progress": {
            "ResourcesSucceeded": states.count("COMPLETE"),
            "ResourcesFailed": states.count("FAILED"),
            "ResourcesProcessing": 0,
            "ResourcesPending": states.count("PENDING"),
        },
        "TemplateConfiguration": {"DeletionPolicy": "RETAIN", "UpdateReplacePolicy": "RETAIN", **found.configuration},
        "TotalWarnings": 0,
    }
    return merge(shown, {"StackId": found.stack_id, "StatusReason": found.reason})


@operation("cloudformation", "ListGeneratedTemplates", resource="*")
def list_generated_templates(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListGeneratedTemplates.html"""
    with ctx.read() as tx:
        found = list(tx.scan(GENERATED, (ctx.account, ctx.region)))
    shown, token = page(ctx, found, req, lambda each: each.id, size=_size(req))
    summaries = [
        {
            "GeneratedTemplateId": each.id,
            "GeneratedTemplateName": each.name,
            "Status": each.status,
            "CreationTime": each.created,
            "LastUpdatedTime": each.updated,
            "NumberOfResources": len(each.resources),
        }
        for each in shown
    ]
    return {"Summaries": summaries, **token}


@operation("cloudformation", "GetGeneratedTemplate", resource=_template)
def get_generated_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return the generated template, in JSON (which is YAML as well) whatever the Format.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetGeneratedTemplate.html
    """
    with ctx.read() as tx:
        found = _require(tx, ctx, req)
    if found.status != "COMPLETE":
        return {"Status": found.status}
    policies = {
        name: found.configuration.get(name, "RETAIN").capitalize() for name in ("UpdateReplacePolicy", "DeletionPolicy")
    }
    kinds = {each["LogicalResourceId"]: each["ResourceType"] for each in found.resources}
    template = {
        "Metadata": {"TemplateId": found.id},
        "Resources": {
            name: {**policies, "Type": kinds[name], "Properties": properties}
            for name, properties in found.properties.items()
            if name in kinds
        },
    }
    return {"Status": "COMPLETE", "TemplateBody": json.dumps(template, indent=2)}


@operation("cloudformation", "DeleteGeneratedTemplate", resource=_template)
def delete_generated_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteGeneratedTemplate.html"""
    with ctx.write() as tx:
        tx.delete(GENERATED, GENERATED.key(_require(tx, ctx, req)))
    return {}
