"""Secrets, resource groups, scalable targets and certificates of the victim."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import World


def make(world: World, secret: str) -> None:
    """Make one of each."""
    for each in (_secretsmanager, _resource_groups, _application_autoscaling, _acm):
        each(world, secret)


def _secretsmanager(world: World, secret: str) -> None:
    arn = world.own(
        "secretsmanager",
        "CreateSecret",
        Name="deep/Safe",
        SecretString=secret,
        Description=secret,
        Tags=[{"Key": "k", "Value": secret}],
    )["ARN"]
    world.thing("secretsmanager", arn, SecretId="deep/Safe", Name="deep/Safe", SecretIdList="deep/Safe")
    world.texts["secretsmanager", "SecretId"] += [arn.rpartition("-")[0]]


def _resource_groups(world: World, secret: str) -> None:
    query = {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "k", "Values": [secret]}]}
    group = world.own(
        "resource-groups",
        "CreateGroup",
        Name="Gang",
        Description=secret,
        Tags={"k": secret},
        ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)},
    )["Group"]
    world.thing(
        "resource-groups", group["GroupArn"], Group="Gang", GroupName="Gang", Name="Gang", Arn=group["GroupArn"]
    )


def _application_autoscaling(world: World, secret: str) -> None:
    world.own(
        "dynamodb",
        "CreateTable",
        TableName="Scaled",
        KeySchema=[{"AttributeName": "x", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "x", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    world.own(
        "application-autoscaling",
        "RegisterScalableTarget",
        ServiceNamespace="ecs",
        MinCapacity=1,
        ResourceId="service/deep/Work",
        ScalableDimension="ecs:service:DesiredCount",
        MaxCapacity=2,
        Tags={"k": secret},
    )
    target = world.own("application-autoscaling", "DescribeScalableTargets", ServiceNamespace="ecs")
    arn = target["ScalableTargets"][0]["ScalableTargetARN"]
    world.thing("application-autoscaling", arn, ResourceARN=arn)
    for member, text in {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/deep/Work",
        "ScalableDimension": "ecs:service:DesiredCount",
    }.items():
        world.texts["application-autoscaling", member] = [text]


def _acm(world: World, secret: str) -> None:
    arn = world.own("acm", "RequestCertificate", DomainName="deep.example.com", Tags=[{"Key": "k", "Value": secret}])[
        "CertificateArn"
    ]
    world.thing("acm", arn, CertificateArn=arn)
