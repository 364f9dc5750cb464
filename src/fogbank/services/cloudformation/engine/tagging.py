"""Adds a stack's tags, and CloudFormation's own three tags, to the properties of its resources.

User Guide, "Resource tag": a tag of the resource itself wins over one of the stack. AWS's schemas tell which types have
tags, and in which property. Only the types in `_SYSTEM` and those of EC2 get the tags aws:cloudformation:stack-name,
…:stack-id and …:logical-id: the services of other types refuse the prefix aws: from every caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .properties import schema_of

_SYSTEM = frozenset(
    (
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
        "AWS::ApiGateway::UsagePlan",
        "AWS::EC2::DHCPOptions",
        "AWS::EC2::NetworkAcl",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
    )
)


def with_stack_tags(kind: str, properties: dict[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """The properties with the stack's tags; a tag of the resource itself wins over one of the stack."""
    schema = schema_of(kind) if tags else None
    name = schema.tags if schema is not None else ""
    if schema is None or not name or "/" in name:
        return properties
    if isinstance(schema.properties[name], list):
        own = properties.get(name) or []
        if not isinstance(own, list):
            return properties
        have = {item.get("Key") for item in own if isinstance(item, dict)}
        extra = [{"Key": key, "Value": value} for key, value in tags.items() if key not in have]
        return {**properties, name: [*own, *extra]}
    own = properties.get(name) or {}
    return {**properties, name: {**tags, **own}} if isinstance(own, dict) else properties


def with_system_tags(
    kind: str, properties: dict[str, Any], stack_name: str, stack_id: str, logical_id: str
) -> dict[str, Any]:
    """The properties with CloudFormation's own tags, which the service gets but the stack's records do not have."""
    if kind not in _SYSTEM and not kind.startswith("AWS::EC2::"):
        return properties
    tags = {"stack-name": stack_name, "stack-id": stack_id, "logical-id": logical_id}
    return with_stack_tags(kind, properties, {f"aws:cloudformation:{key}": value for key, value in tags.items()})
