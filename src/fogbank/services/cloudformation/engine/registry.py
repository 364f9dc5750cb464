"""Which service makes a resource type. A service is imported when a template first names one of its types.

Nothing is imported for a type that AWS's schemas do not know, or whose service is not built.
"""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core import services
from fogbank.core.cfn import ResourceType
from fogbank.wire import resource_schemas

Find = Callable[[str], ResourceType | None]

# the middle word of AWS::WORD::Type where it is not the service's own name
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
    "ServiceDiscovery": ("servicediscovery",),
    "StepFunctions": ("stepfunctions",),
    "WAF": ("waf",),
    "WAFRegional": ("waf-regional",),
}


def find(type_name: str) -> ResourceType | None:
    """The handler of a type; None if nobody has it."""
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


def immutable(kind: ResourceType) -> tuple[str, ...]:
    """The properties of which a change replaces the resource: what the handler says, or else AWS's schema.

    Paths below a property are left out: no type that is built has one.
    """
    if kind.immutable is not None:
        return kind.immutable
    schema = resource_schemas.find(kind.type_name)
    return tuple(name for name in schema.create_only if "/" not in name) if schema is not None else ()
