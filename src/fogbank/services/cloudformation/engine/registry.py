"""Which service makes a resource type. Services are imported when a template first names one of their types."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core import services
from fogbank.core.cfn import ResourceType

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
    """The handler of a type: the services its middle word names first, then every other one; None if nobody has it."""
    if type_name.startswith("Custom::"):
        type_name = "AWS::CloudFormation::CustomResource"
    parts = type_name.split("::")
    if len(parts) < 3 or parts[0] != "AWS":
        return None
    word = parts[1]
    likely = _SERVICES.get(word, (word.lower(),))
    for name in (*likely, *(name for name in services.built() if name not in likely)):
        service = services.load(name)
        if service is not None and type_name in service.resource_types:
            return service.resource_types[type_name]
    return None
