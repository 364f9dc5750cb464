"""Targets, policies and scheduled actions as data.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

import json

import pytest
from tests.support import refused

TASKS = {"ServiceNamespace": "ecs", "ResourceId": "service/c/s", "ScalableDimension": "ecs:service:DesiredCount"}
WHERE = "service namespace: ecs, resource ID: service/c/s, scalable dimension: ecs:service:DesiredCount"
STEPS = {"AdjustmentType": "ChangeInCapacity", "Cooldown": 60,
         "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]}  # fmt: skip


@pytest.fixture
def client(aws):
    return aws.client("application-autoscaling")


@pytest.fixture
def target(client):
    return client.register_scalable_target(**TASKS, MinCapacity=1, MaxCapacity=10)["ScalableTargetARN"]


def test_a_target_is_registered_changed_and_deregistered(aws, client, target):
    shown = client.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert shown[0].pop("CreationTime")
    assert shown == [{
        **TASKS, "MinCapacity": 1, "MaxCapacity": 10, "ScalableTargetARN": target,
        "RoleARN": f"arn:aws:iam::{aws.id}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
                   "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "SuspendedState": {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False,
                           "ScheduledScalingSuspended": False}}]  # fmt: skip
    client.register_scalable_target(**TASKS, MaxCapacity=20, SuspendedState={"ScheduledScalingSuspended": True})
    again = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=["service/c/s"])["ScalableTargets"][0]
    assert (again["MinCapacity"], again["MaxCapacity"]) == (
        1,
        20,
    )  # "Any parameters that you don't specify are not changed"
    assert again["SuspendedState"]["ScheduledScalingSuspended"] is True
    client.put_scaling_policy(PolicyName="p", **TASKS, StepScalingPolicyConfiguration=STEPS)
    client.put_scheduled_action(ScheduledActionName="a", **TASKS, Schedule="rate(1 day)",
                                ScalableTargetAction={"MinCapacity": 2})  # fmt: skip
    client.deregister_scalable_target(**TASKS)
    assert client.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert client.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    assert client.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"] == []
    assert refused(client.deregister_scalable_target, **TASKS)[:2] == (
        "ObjectNotFoundException",
        f"No scalable target found for {WHERE}",
    )


def test_what_cannot_be_registered(client):
    register = client.register_scalable_target
    for bad in ({"ScalableDimension": "dynamodb:table:ReadCapacityUnits"}, {"ResourceId": "cluster/c"}):
        assert refused(register, **TASKS | bad, MinCapacity=1, MaxCapacity=2)[:2] == (
            "ValidationException",
            "Unsupported service namespace, resource type or scalable dimension",
        )
    for bounds in ({"MinCapacity": 1}, {"MinCapacity": 3, "MaxCapacity": 2}, {"MinCapacity": -1, "MaxCapacity": 2}):
        assert refused(register, **TASKS, **bounds).code == "ValidationException"
    table = {"ServiceNamespace": "dynamodb", "ResourceId": "table/none",
             "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}  # fmt: skip
    assert refused(register, **table, MinCapacity=1, MaxCapacity=2)[:2] == (
        "ValidationException",
        "DynamoDB table does not exist: table/none",
    )


def test_a_policy(aws, client, target):
    made = client.put_scaling_policy(PolicyName="p", **TASKS, StepScalingPolicyConfiguration=STEPS)
    assert made["PolicyARN"].startswith(f"arn:aws:autoscaling:us-east-1:{aws.id}:scalingPolicy:")
    assert made["PolicyARN"].endswith(":resource/ecs/service/c/s:policyName/p")
    shown = client.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["p"])["ScalingPolicies"][0]
    assert (shown["PolicyType"], shown["StepScalingPolicyConfiguration"]) == ("StepScaling", STEPS)
    assert shown["Alarms"] == []
    again = client.put_scaling_policy(PolicyName="p", **TASKS, StepScalingPolicyConfiguration={**STEPS, "Cooldown": 5})
    assert again["PolicyARN"] == made["PolicyARN"]
    client.delete_scaling_policy(PolicyName="p", **TASKS)
    assert refused(client.delete_scaling_policy, PolicyName="p", **TASKS)[:2] == (
        "ObjectNotFoundException",
        f"No scaling policy found for {WHERE}: p",
    )
    put, other = client.put_scaling_policy, {**TASKS, "ResourceId": "service/c/other"}
    assert refused(put, PolicyName="p", **other, StepScalingPolicyConfiguration=STEPS).code == "ObjectNotFoundException"
    for settings in (
        {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": []},
        {"StepAdjustments": STEPS["StepAdjustments"]},
        {**STEPS, "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 1.0,
                                       "ScalingAdjustment": 1},
                                      {"MetricIntervalLowerBound": 2.0, "ScalingAdjustment": 2}]},
    ):  # fmt: skip
        assert refused(put, PolicyName="q", **TASKS, StepScalingPolicyConfiguration=settings).code == (
            "ValidationException"
        )
    tracking = {"TargetValue": 50.0}
    assert refused(put, PolicyName="q", PolicyType="TargetTrackingScaling", **TASKS,
                   TargetTrackingScalingPolicyConfiguration=tracking).code == "ValidationException"  # fmt: skip


def test_a_scheduled_action(client, target):
    put = client.put_scheduled_action
    for bad in (
        {"Schedule": "cron(0 3 * * * *)"}, {"Schedule": "rate(1 hours)"}, {"Schedule": "at(2001-01-01T00:00:00)"},
        {"Schedule": "rate(1 day)", "Timezone": "Mars/Olympus"},
    ):  # fmt: skip
        said = refused(put, ScheduledActionName="a", **TASKS, **bad, ScalableTargetAction={"MinCapacity": 1})
        assert said.code == "ValidationException", bad
    assert refused(put, ScheduledActionName="a", **TASKS, Schedule="rate(1 day)").code == "ValidationException"
    said = refused(client.delete_scheduled_action, ScheduledActionName="a", **TASKS)
    assert said[:2] == ("ObjectNotFoundException", f"No scheduled action found for {WHERE}: a")
    for n in range(3):
        put(ScheduledActionName=f"a{n}", **TASKS, Schedule="rate(1 day)", ScalableTargetAction={"MinCapacity": 1})
    page = client.describe_scheduled_actions(ServiceNamespace="ecs", MaxResults=2)
    rest = client.describe_scheduled_actions(ServiceNamespace="ecs", MaxResults=2, NextToken=page["NextToken"])
    names = [each["ScheduledActionName"] for each in page["ScheduledActions"] + rest["ScheduledActions"]]
    assert names == ["a0", "a1", "a2"]


def test_tags(client, target):
    client.tag_resource(ResourceARN=target, Tags={"a": "1", "b": "2"})
    client.untag_resource(ResourceARN=target, TagKeys=["a"])
    assert client.list_tags_for_resource(ResourceARN=target)["Tags"] == {"b": "2"}
    assert refused(client.list_tags_for_resource, ResourceARN=target[:-1]).code == "ResourceNotFoundException"


def test_permissions(aws, client):
    statement = {"Effect": "Allow", "Action": "application-autoscaling:*", "Resource": "*",
                 "Condition": {"StringEquals": {"application-autoscaling:service-namespace": "ecs"}}}  # fmt: skip
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("application-autoscaling")
    said = refused(user.register_scalable_target, **TASKS, MinCapacity=1, MaxCapacity=2)
    assert "iam:CreateServiceLinkedRole" in said.message
    client.register_scalable_target(**TASKS, MinCapacity=1, MaxCapacity=2)
    user.register_scalable_target(**TASKS, MinCapacity=1, MaxCapacity=3)
    table = {"ServiceNamespace": "dynamodb", "ResourceId": "table/tab",
             "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}  # fmt: skip
    assert refused(user.register_scalable_target, **table, MinCapacity=1, MaxCapacity=2).code == "AccessDeniedException"


def test_a_template(aws, client):
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {
        "TableName": "tab", "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}  # fmt: skip
    action = {"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 3}}
    scalable = {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
        "ServiceNamespace": "dynamodb", "ResourceId": {"Fn::Sub": "table/${Table}"}, "MinCapacity": 2,
        "MaxCapacity": 5, "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
        "ScheduledActions": [action]}}  # fmt: skip
    policy = {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {
        "PolicyName": "p", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"},
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60, "PredefinedMetricSpecification": {
            "PredefinedMetricType": "DynamoDBReadCapacityUtilization"}}}}  # fmt: skip
    cfn, body = aws.client("cloudformation"), {"Resources": {"Table": table, "Target": scalable, "Policy": policy}}
    cfn.create_stack(StackName="app", TemplateBody=json.dumps(body))
    cfn.get_waiter("stack_create_complete").wait(StackName="app", WaiterConfig={"Delay": 1})
    shown = client.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"][0]
    assert shown["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 60.0
    assert len(shown["Alarms"]) == 2
    scalable["Properties"]["MaxCapacity"], scalable["Properties"]["ScheduledActions"] = 9, []
    cfn.update_stack(StackName="app", TemplateBody=json.dumps(body))
    cfn.get_waiter("stack_update_complete").wait(StackName="app", WaiterConfig={"Delay": 1})
    assert client.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"][0]["MaxCapacity"] == 9
    assert client.describe_scheduled_actions(ServiceNamespace="dynamodb")["ScheduledActions"] == []
    cfn.delete_stack(StackName="app")
    cfn.get_waiter("stack_delete_complete").wait(StackName="app", WaiterConfig={"Delay": 1})
    assert client.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
