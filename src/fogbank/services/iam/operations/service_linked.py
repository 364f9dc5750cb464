"""Roles that AWS services make for themselves.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.auth import records
from fogbank.auth.credentials import unique_id
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, quotas, shapes
from ..errors import InvalidInput, NoSuchEntity
from ..kinds import ROLE

# the part of the name after AWSServiceRoleFor, where it is not the service's own name in capitals
_NAMES = {
    "autoscaling": "AutoScaling",
    "ecs": "ECS",
    "appstream.application-autoscaling": "ApplicationAutoScaling_AppStreamFleet",
    "cassandra.application-autoscaling": "ApplicationAutoScaling_CassandraTable",
    "comprehend.application-autoscaling": "ApplicationAutoScaling_ComprehendEndpoint",
    "custom-resource.application-autoscaling": "ApplicationAutoScaling_CustomResource",
    "dynamodb.application-autoscaling": "ApplicationAutoScaling_DynamoDBTable",
    "ec2.application-autoscaling": "ApplicationAutoScaling_EC2SpotFleetRequest",
    "ecs.application-autoscaling": "ApplicationAutoScaling_ECSService",
    "elasticache.application-autoscaling": "ApplicationAutoScaling_ElastiCacheRG",
    "kafka.application-autoscaling": "ApplicationAutoScaling_KafkaCluster",
    "lambda.application-autoscaling": "ApplicationAutoScaling_LambdaConcurrency",
    "neptune.application-autoscaling": "ApplicationAutoScaling_NeptuneCluster",
    "rds.application-autoscaling": "ApplicationAutoScaling_RDSCluster",
    "sagemaker.application-autoscaling": "ApplicationAutoScaling_SageMakerEndpoint",
    "workspaces.application-autoscaling": "ApplicationAutoScaling_WorkSpacesPool",
    "eks": "AmazonEKS",
    "eks-nodegroup": "AmazonEKSNodegroup",
    "eks-fargate": "AmazonEKSForFargate",
    "elasticache": "ElastiCache",
    "elasticbeanstalk": "ElasticBeanstalk",
    "elasticloadbalancing": "ElasticLoadBalancing",
    "es": "AmazonElasticsearchService",
    "guardduty": "AmazonGuardDuty",
    "kafka": "Kafka",
    "lex": "LexBots",
    "opensearchservice": "AmazonOpenSearchService",
    "ops.apigateway": "APIGateway",
    "organizations": "Organizations",
    "rds": "RDS",
    "redshift": "Redshift",
    "replication.dynamodb": "DynamoDBReplication",
    "spot": "EC2Spot",
    "ssm": "AmazonSSM",
    "support": "Support",
    "trustedadvisor": "TrustedAdvisor",
}


# the permissions policies that are attached, https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_POLICIES = {
    "dynamodb.application-autoscaling": "AWSApplicationAutoscalingDynamoDBTablePolicy",
    "lambda.application-autoscaling": "AWSApplicationAutoscalingLambdaConcurrencyPolicy",
}


@operation("iam", "CreateServiceLinkedRole", resource=arns.service_linked)
def create_service_linked_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make the role of a service, with its policy where a service here assumes the role. Others need none."""
    service = req["AWSServiceName"]
    prefix = service.removesuffix(".amazonaws.com")
    if prefix == service or not prefix:
        raise InvalidInput(f"Service role name {service} is not valid.")
    suffix = f"_{req['CustomSuffix']}" if req.get("CustomSuffix") else ""
    name = f"AWSServiceRoleFor{_NAMES.get(prefix, prefix.title().replace('-', '').replace('.', ''))}{suffix}"
    statement = {"Action": ["sts:AssumeRole"], "Principal": {"Service": [service]}, "Effect": "Allow"}
    with ctx.write() as tx:
        if tx.get(records.ROLES, (ctx.account, name.lower())):
            raise InvalidInput(
                f"Service role name {name} has been taken in this account, please try a different suffix."
            )
        quotas.hold_one_more(tx, ctx, "RolesPerAccount", records.ROLES)
        role = records.Role(
            account=ctx.account,
            name=name,
            path=f"/aws-service-role/{service}/",
            id=unique_id(ctx.ids, "AROA"),
            created=int(ctx.now()),
            trust=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            description=req.get("Description") or "",
            service=service,
            attached=[managed] if (managed := _policy(ctx, prefix)) else [],
        )
        tx.put(records.ROLES, role)
        records.changed(tx)
    shape = shapes.role(ctx, role)
    del shape["RoleLastUsed"]
    return {"Role": shape}


def _policy(ctx: Context, prefix: str) -> str:
    name = _POLICIES.get(prefix)
    return f"arn:{ctx.partition}:iam::aws:policy/aws-service-role/{name}" if name else ""


@operation("iam", "DeleteServiceLinkedRole", resource=arns.role)
def delete_service_linked_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a service's role. Here it is done at once; the task id answers for a job that has ended."""
    with ctx.write() as tx:
        role = ROLE.require(tx, ctx, req["RoleName"])
        if not role.service:
            raise NoSuchEntity(f"The role with name {role.name} cannot be found.")
        tx.delete(records.ROLES, role.key)
        records.changed(tx)
    task = f"task/aws-service-role/{role.service}/{role.name}/{ctx.ids.uuid()}"
    return {"DeletionTaskId": task}


@operation("iam", "GetServiceLinkedRoleDeletionStatus", resource=arns.deleted_role)
def get_service_linked_role_deletion_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """SUCCEEDED for a role that is gone."""
    name = req["DeletionTaskId"].split("/")[-2:][0]
    with ctx.read() as tx:
        if not req["DeletionTaskId"].startswith("task/") or ROLE.find(tx, ctx.account, name):
            raise NoSuchEntity(f"The deletion task {req['DeletionTaskId']} cannot be found.")
    return {"Status": "SUCCEEDED"}
