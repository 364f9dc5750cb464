"""The AWS services that VPC endpoints can lead to, in each region.

https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import NamedTuple

from fogbank.core.context import Context

from .link_records import EndpointService

GATEWAY, INTERFACE = "Gateway", "Interface"
# the last part of a service's name: what is before the region in its private DNS name, if that differs
_NAMES = {
    "access-analyzer": "", "acm": "", "acm-pca": "", "airflow.api": "api.airflow", "airflow.env": "env.airflow",
    "amplify": "", "appconfig": "", "appconfigdata": "", "application-autoscaling": "", "appmesh": "",
    "apprunner": "", "appsync-api": "*.appsync-api", "athena": "", "autoscaling": "", "autoscaling-plans": "",
    "backup": "", "batch": "", "bedrock": "", "bedrock-agent": "", "bedrock-agent-runtime": "",
    "bedrock-runtime": "", "cloudformation": "", "cloudhsmv2": "", "cloudtrail": "", "codeartifact.api":
    "codeartifact", "codeartifact.repositories": "*.d.codeartifact", "codebuild": "", "codecommit": "",
    "codedeploy": "", "codepipeline": "", "cognito-idp": "", "comprehend": "", "config": "", "databrew": "",
    "datasync": "", "dms": "", "dynamodb": "", "ebs": "", "ec2": "", "ec2messages": "", "ecr.api": "api.ecr",
    "ecr.dkr": "*.dkr.ecr", "ecs": "", "ecs-agent": "ecs-a", "ecs-telemetry": "ecs-t", "eks": "", "eks-auth": "",
    "elasticache": "", "elasticbeanstalk": "", "elasticfilesystem": "", "elasticloadbalancing": "",
    "elasticmapreduce": "", "email-smtp": "", "emr-containers": "", "emr-serverless": "", "events": "",
    "execute-api": "*.execute-api", "firehose": "", "fis": "", "fsx": "", "git-codecommit": "", "glue": "",
    "guardduty-data": "", "imagebuilder": "", "inspector2": "", "iot.data": "data-ats.iot", "kafka": "",
    "kinesis-firehose": "firehose", "kinesis-streams": "kinesis", "kms": "", "lakeformation": "", "lambda": "",
    "logs": "", "macie2": "", "memory-db": "", "monitoring": "", "mq": "", "notebook": "*.notebook", "polly": "",
    "rds": "", "rds-data": "", "redshift": "", "redshift-data": "", "rekognition": "", "s3": "*.s3",
    "sagemaker.api": "api.sagemaker", "sagemaker.runtime": "runtime.sagemaker", "scheduler": "",
    "secretsmanager": "", "securityhub": "", "servicecatalog": "", "servicediscovery": "", "sms": "", "sns": "",
    "sqs": "", "ssm": "", "ssmmessages": "", "states": "", "storagegateway": "", "sts": "", "sync-states": "",
    "synthetics": "", "textract": "", "transcribe": "", "transfer": "", "translate": "", "workspaces": "",
    "xray": "",
}  # fmt: skip
_GATEWAYS = ("dynamodb", "s3")
_WITHOUT_POLICY = ("email-smtp", "ec2messages", "ssmmessages", "storagegateway", "transfer", "sms")


class AwsService(NamedTuple):
    """One service. `private` are its names in DNS that an interface endpoint takes over."""

    name: str
    type: str
    private: tuple[str, ...]
    policy: bool

    @property
    def id(self) -> str:
        return f"vpce-svc-0{hashlib.sha256(f'{self.name} {self.type}'.encode()).hexdigest()[:16]}"

    @property
    def word(self) -> str:
        """What stands for it in the names of its endpoints: `secretsmanager`, `api.ecr`."""
        return self.private[0].partition(".amazonaws.")[0].rpartition(".")[0] if self.private else self.name


@cache
def of_region(region: str) -> tuple[AwsService, ...]:
    """The services of a region, by name."""
    found = []
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    start = "cn.com.amazonaws" if region.startswith("cn-") else "com.amazonaws"
    for word, host in _NAMES.items():
        name = f"{start}.{region}.{word}"
        if word in _GATEWAYS:
            found.append(AwsService(name, GATEWAY, (), True))
        private = f"{host or word}.{region}.{suffix}"
        found.append(AwsService(name, INTERFACE, (private,), word not in _WITHOUT_POLICY))
    return tuple(sorted(found))


def find(region: str, name: str) -> list[AwsService]:
    """The services of a name: S3 and DynamoDB have endpoints of both types."""
    return [service for service in of_region(region) if service.name == name]


def may_use(ctx: Context, offered: EndpointService) -> bool:
    """Whether the account is among the principals that may use a customer's service."""
    own = f"arn:{ctx.partition}:iam::{ctx.account}:"
    return offered.account == ctx.account or any(
        principal in ("*", ctx.account) or principal.startswith(own) for principal in offered.principals
    )
