"""Finds the handler of a resource type. Imports a service when a template first names one of its types.

Imports nothing for a type that AWS's schemas do not have, or whose service Fogbank does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec

from fogbank.core import services
from fogbank.core.cfn import ResourceType
from fogbank.core.settings import Settings
from fogbank.wire import resource_schemas

from ..recorded.handler import recorded

Find = Callable[[str], ResourceType | None]

# WORD of AWS::WORD::Type → services, where WORD in lower case is not the service's name
_SERVICES = {
    "ApplicationAutoScaling": ("application-autoscaling",),
    "AmazonMQ": ("mq",),
    "ApiGatewayManagedOverrides": ("apigatewayv2",),
    "AutoScaling": ("autoscaling",),
    "Bedrock": ("bedrock", "bedrock-agent"),
    "CDK": ("cloudformation",),
    "CertificateManager": ("acm",),
    "Cognito": ("cognito-idp", "cognito-identity"),
    "DocDB": ("docdb",),
    "EKS": ("eks",),
    "ElasticLoadBalancing": ("elb",),
    "ElasticLoadBalancingV2": ("elbv2",),
    "Elasticsearch": ("es", "opensearch"),
    "EMR": ("emr",),
    "IoT": ("iot",),
    "KinesisAnalyticsV2": ("kinesisanalyticsv2",),
    "KinesisFirehose": ("firehose",),
    "MSK": ("kafka",),
    "OpenSearchService": ("opensearch",),
    "OpenSearchServerless": ("opensearchserverless",),
    "Pipes": ("pipes",),
    "ResourceGroups": ("resource-groups",),
    "ServiceDiscovery": ("servicediscovery",),
    "StepFunctions": ("stepfunctions",),
    "WAF": ("waf",),
    "WAFRegional": ("waf-regional",),
}


def find(type_name: str) -> ResourceType | None:
    """The ResourceType of a type's name, or None if no service implements it."""
    if type_name.startswith("Custom::"):
        type_name = "AWS::CloudFormation::CustomResource"
    if resource_schemas.find(type_name) is None:
        return None
    word = type_name.split("::")[1]
    for name in _SERVICES.get(word, (word.lower(),)):
        service = services.load(name)
        if service is not None and type_name in service.resource_types:
            return service.resource_types[type_name]
    return None


def finder(settings: Settings) -> Find:
    """How this cloud finds resource types: by default it records those that it does not have."""
    return find if settings.cfn_unknown == "fail" else find_or_record


@cache
def find_or_record(type_name: str) -> ResourceType | None:
    """As `find`, but a type or property that is not built is recorded. None if AWS publishes no such type."""
    kind = find(type_name)
    if kind is None:
        return recorded(type_name)
    return msgspec.structs.replace(kind, unbuilt=(), recorded=kind.unbuilt) if kind.unbuilt else kind


def immutable(kind: ResourceType) -> tuple[str, ...]:
    """The paths whose change requires a replacement: from the handler if it lists them, else from AWS's schema."""
    if kind.immutable is not None:
        return kind.immutable
    schema = resource_schemas.find(kind.type_name)
    return schema.create_only if schema is not None else ()
