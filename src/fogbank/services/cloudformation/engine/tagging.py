"""A stack's tags travel to its resources, and CloudFormation's own three with them.

User Guide, "Resource tag": a tag of the resource itself wins over one of the stack. The tags
aws:cloudformation:stack-name, …:stack-id and …:logical-id go to the types of `_SYSTEM` only: the services of the others
refuse the prefix aws: from whomever it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

_LIST = """
AWS::ApiGateway::RestApi AWS::ApiGateway::Stage AWS::ApiGateway::ApiKey AWS::ApiGateway::UsagePlan
AWS::CertificateManager::Certificate AWS::CloudFormation::Stack AWS::CloudFront::Distribution AWS::CloudTrail::Trail
AWS::CloudWatch::Alarm AWS::CodeBuild::Project AWS::Cognito::IdentityPool AWS::DynamoDB::Table AWS::EC2::EIP
AWS::EC2::Instance AWS::EC2::InternetGateway AWS::EC2::NatGateway AWS::EC2::NetworkAcl AWS::EC2::RouteTable
AWS::EC2::SecurityGroup AWS::EC2::Subnet AWS::EC2::VPC AWS::EC2::Volume AWS::ECR::Repository AWS::ECS::Cluster
AWS::ECS::Service AWS::ECS::TaskDefinition AWS::ElastiCache::CacheCluster AWS::ElastiCache::ReplicationGroup
AWS::ElasticLoadBalancingV2::LoadBalancer AWS::ElasticLoadBalancingV2::TargetGroup AWS::Events::EventBus AWS::IAM::Role
AWS::IAM::User AWS::KMS::Key AWS::Kinesis::Stream AWS::KinesisFirehose::DeliveryStream AWS::Lambda::Function
AWS::Logs::LogGroup AWS::OpenSearchService::Domain AWS::RDS::DBCluster AWS::RDS::DBInstance
AWS::RDS::DBParameterGroup AWS::RDS::DBSubnetGroup AWS::S3::Bucket AWS::SNS::Topic AWS::SQS::Queue
AWS::SecretsManager::Secret AWS::ServiceDiscovery::Service AWS::StepFunctions::StateMachine
AWS::StepFunctions::Activity
"""
_MAP = """
AWS::ApiGatewayV2::Api AWS::ApiGatewayV2::Stage AWS::ApiGatewayV2::DomainName AWS::ApiGatewayV2::VpcLink
AWS::Batch::ComputeEnvironment AWS::Batch::JobQueue AWS::Glue::Crawler AWS::Glue::Database AWS::Glue::Job
AWS::Glue::Trigger AWS::MSK::Cluster AWS::Pipes::Pipe AWS::SSM::Document AWS::SSM::Parameter
"""
_SYSTEM = frozenset(
    (
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
    )
)
_NAMES = {"AWS::Cognito::UserPool": "UserPoolTags", "AWS::EFS::FileSystem": "FileSystemTags"}
_NAMED_MAPS = frozenset(("AWS::Cognito::UserPool",))


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def with_stack_tags(kind: str, properties: dict[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """The properties with the stack's tags; a tag of the resource itself wins over one of the stack."""
    if not tags:
        return properties
    name = _NAMES.get(kind, "Tags")
    if kind in _words(_MAP) or kind in _NAMED_MAPS:
        own = properties.get(name) or {}
        return {**properties, name: {**tags, **own}} if isinstance(own, dict) else properties
    if kind in _words(_LIST) or kind in _NAMES:
        own = properties.get(name) or []
        if not isinstance(own, list):
            return properties
        have = {item.get("Key") for item in own if isinstance(item, dict)}
        extra = [{"Key": key, "Value": value} for key, value in tags.items() if key not in have]
        return {**properties, name: [*own, *extra]}
    return properties


def with_system_tags(
    kind: str, properties: dict[str, Any], stack_name: str, stack_id: str, logical_id: str
) -> dict[str, Any]:
    """The properties with CloudFormation's own tags, which are given to the service and not kept with the stack."""
    if kind not in _SYSTEM:
        return properties
    tags = {"stack-name": stack_name, "stack-id": stack_id, "logical-id": logical_id}
    return with_stack_tags(kind, properties, {f"aws:cloudformation:{key}": value for key, value in tags.items()})
