"""The resources that CloudFormation's actions name, for authorisation.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access


def stack_arn(ctx: Context, name: str) -> str:
    """A stack by name or id; by name its unique id is unknown, so any (`stack/NAME/*`)."""
    if name.startswith("arn:"):
        return name
    return ctx.arn("cloudformation", f"stack/{name}/*")


def named_stack(ctx: Context, req: dict[str, Any]) -> str:
    return stack_arn(ctx, req["StackName"]) if req.get("StackName") else "*"


def parent_of_change_set(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Change set operations are allowed on the stack; ChangeSetName is a condition key."""
    name = req.get("ChangeSetName", "")
    stack = req.get("StackName") or ""
    if not stack and name.startswith("arn:"):
        return [Access("", ctx.arn("cloudformation", "stack/*/*"), {"cloudformation:ChangeSetName": name})]
    return [Access("", stack_arn(ctx, stack), {"cloudformation:ChangeSetName": name})]


def changed_stack(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The stack, and iam:PassRole on the role that CloudFormation shall use."""
    conditions: dict[str, str | list[str]] = {}
    if req.get("RoleARN"):
        conditions["cloudformation:RoleArn"] = req["RoleARN"]
    if req.get("TemplateURL"):
        conditions["cloudformation:TemplateUrl"] = req["TemplateURL"]
    if req.get("ResourceTypes"):
        conditions["cloudformation:ResourceTypes"] = list(req["ResourceTypes"])
    if req.get("ChangeSetName"):
        conditions["cloudformation:ChangeSetName"] = req["ChangeSetName"]
    access = [Access("", stack_arn(ctx, req.get("StackName", "")), conditions)]
    if req.get("RoleARN"):
        access.append(Access("iam:PassRole", req["RoleARN"], {"iam:PassedToService": "cloudformation.amazonaws.com"}))
    return access
