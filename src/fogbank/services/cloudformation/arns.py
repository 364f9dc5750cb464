"""Authorisation: the resources and condition keys of CloudFormation's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html

Tagging a stack needs no permission of its own: the deploy role of the CDK's bootstrap template creates change sets with
tags, and it has no cloudformation:TagResource. (The reference lists that action without saying when it is checked.)
"""

from __future__ import annotations

from typing import Any, Literal

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.core.operation import Access

from . import change_sets, stacks
from .engine.acting import SERVICE


def named_stack(ctx: Context, req: dict[str, Any]) -> Named:
    return stacks.name(ctx, req.get("StackName") or "")


def any_stack(ctx: Context, req: dict[str, Any]) -> Named | Literal["*"]:
    """The stack that the request names, or "*" when it names none, as API_DescribeStacks says."""
    return named_stack(ctx, req) if req.get("StackName") else "*"


def owning_stack(ctx: Context, req: dict[str, Any]) -> Named | Literal["*"]:
    """DescribeStackResources: the stack by its name, or by a resource that belongs to it."""
    if req.get("PhysicalResourceId") and not req.get("StackName"):
        return stacks.name_owner(ctx, req["PhysicalResourceId"])
    return any_stack(ctx, req)


def change_set(ctx: Context, req: dict[str, Any]) -> Access:
    """Change set operations are authorised on the stack; ChangeSetName is a condition key."""
    stack, name = change_sets.name(ctx, req)
    return Access("", stack, {"cloudformation:ChangeSetName": name})


def template(ctx: Context, req: dict[str, Any]) -> Named | Access | Literal["*"]:
    """GetTemplate reads the template of a change set or of a stack."""
    return change_set(ctx, req) if req.get("ChangeSetName") else any_stack(ctx, req)


def new_stack(ctx: Context, req: dict[str, Any]) -> list[Access]:
    stacks.check_name(req["StackName"])
    return changed_stack(ctx, req)


def changed_stack(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The stack, and iam:PassRole on the role that the request gives to CloudFormation.

    A role that the stack already has needs no iam:PassRole: "CloudFormation uses this role even if the users
    don't have permission to pass it", https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
    """
    conditions: dict[str, str | list[str]] = {}
    if req.get("RoleARN"):
        conditions["cloudformation:RoleArn"] = req["RoleARN"]
    if req.get("TemplateURL"):
        conditions["cloudformation:TemplateUrl"] = req["TemplateURL"]
    if req.get("ResourceTypes"):
        conditions["cloudformation:ResourceTypes"] = list(req["ResourceTypes"])
    if req.get("ChangeSetName"):
        conditions["cloudformation:ChangeSetName"] = req["ChangeSetName"]
    access = [Access("", named_stack(ctx, req), conditions)]
    return [*access, roles.passed(ctx, req["RoleARN"], SERVICE)] if req.get("RoleARN") else access
