"""Scaling of tables, indexes and functions: by alarms and on schedule.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

import time
from datetime import UTC, datetime

import pytest

from fogbank.services.application_autoscaling import rules

READ = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/tab",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
}
WRITE = {**READ, "ScalableDimension": "dynamodb:table:WriteCapacityUnits"}
INDEX = {**READ, "ResourceId": "table/tab/index/idx", "ScalableDimension": "dynamodb:index:ReadCapacityUnits"}


def table(account, units=5):
    throughput = {"ReadCapacityUnits": units, "WriteCapacityUnits": units}
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(
        TableName="tab", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}], ProvisionedThroughput=throughput,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("k", "i")],
        GlobalSecondaryIndexes=[{"IndexName": "idx", "Projection": {"ProjectionType": "ALL"},
                                 "KeySchema": [{"AttributeName": "i", "KeyType": "HASH"}],
                                 "ProvisionedThroughput": throughput}])  # fmt: skip
    return dynamodb


def units(dynamodb, kind="Read"):
    return dynamodb.describe_table(TableName="tab")["Table"]["ProvisionedThroughput"][f"{kind}CapacityUnits"]


def until(check, seconds=60):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found


@pytest.fixture
def account(own_cloud):
    return own_cloud.account()


@pytest.fixture
def client(account):
    return account.client("application-autoscaling")


def track(client, target=70.0, where=READ, **more):
    kind = "Read" if "Read" in where["ScalableDimension"] else "Write"
    metric = {"PredefinedMetricType": f"DynamoDB{kind}CapacityUtilization"}
    settings = {"TargetValue": target, "PredefinedMetricSpecification": metric, **more}
    return client.put_scaling_policy(PolicyName="track", PolicyType="TargetTrackingScaling", **where,
                                     TargetTrackingScalingPolicyConfiguration=settings)  # fmt: skip


def test_registering_brings_the_capacity_into_the_range(account, client):
    dynamodb = table(account)
    client.register_scalable_target(**READ, MinCapacity=10, MaxCapacity=100)
    until(lambda: units(dynamodb) == 10)
    assert units(dynamodb, "Write") == 5
    activity = until(lambda: client.describe_scaling_activities(ServiceNamespace="dynamodb")["ScalingActivities"])[0]
    assert activity["Description"] == "Setting read capacity units to 10."
    assert activity["StatusCode"] == "Successful"
    assert activity["Cause"].startswith("minimum capacity was set to 10")
    client.register_scalable_target(**INDEX, MinCapacity=7, MaxCapacity=8)
    index = lambda: dynamodb.describe_table(TableName="tab")["Table"]["GlobalSecondaryIndexes"][0]  # noqa: E731
    until(lambda: index()["ProvisionedThroughput"]["ReadCapacityUnits"] == 7)
    role = account.client("iam").get_role(RoleName="AWSServiceRoleForApplicationAutoScaling_DynamoDBTable")["Role"]
    assert client.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"][0]["RoleARN"] == role["Arn"]


def load(own_cloud, dynamodb, reads, minutes):
    """Read so many units a minute."""
    for _ in range(minutes):
        for _ in range(reads):
            dynamodb.get_item(TableName="tab", Key={"k": {"S": "x"}}, ConsistentRead=True)
        own_cloud.advance(60)


def test_a_busy_table_scales_out_and_an_idle_one_in(own_cloud, account, client):
    dynamodb = table(account, units=1)
    client.register_scalable_target(**READ, MinCapacity=1, MaxCapacity=4)
    made = track(client, target=50.0)
    alarms = [alarm["AlarmName"] for alarm in made["Alarms"]]
    assert [name.startswith("TargetTracking-table/tab-Alarm") for name in alarms] == [True, True]
    cloudwatch = account.client("cloudwatch")
    high = cloudwatch.describe_alarms(AlarmNames=alarms[:1])["MetricAlarms"][0]
    assert (high["Threshold"], high["MetricName"]) == (30.0, "ConsumedReadCapacityUnits")  # half a unit, for a minute
    load(own_cloud, dynamodb, 60, 5)  # one unit a second: two are needed for 50 percent
    until(lambda: units(dynamodb) == 2)
    activity = client.describe_scaling_activities(ServiceNamespace="dynamodb")["ScalingActivities"][0]
    assert activity["Cause"] == f"monitor alarm {alarms[0]} in state ALARM triggered policy track"
    assert cloudwatch.describe_alarms(AlarmNames=alarms[:1])["MetricAlarms"][0]["Threshold"] == 60.0
    load(own_cloud, dynamodb, 3, 20)  # nearly idle
    until(lambda: units(dynamodb) == 1)
    client.delete_scaling_policy(**READ, PolicyName="track")
    assert cloudwatch.describe_alarms(AlarmNames=alarms)["MetricAlarms"] == []


def test_suspended_scaling_and_scale_in_that_is_disabled(own_cloud, account, client):
    dynamodb = table(account, units=2)
    client.register_scalable_target(**READ, MinCapacity=1, MaxCapacity=4,
                                    SuspendedState={"DynamicScalingOutSuspended": True})  # fmt: skip
    track(client, target=50.0, DisableScaleIn=True)
    load(own_cloud, dynamodb, 90, 5)
    assert units(dynamodb) == 2
    load(own_cloud, dynamodb, 2, 20)
    assert units(dynamodb) == 2


def test_scheduled_actions(own_cloud, account, client):
    dynamodb = table(account)
    client.register_scalable_target(**READ, MinCapacity=5, MaxCapacity=10)
    now = own_cloud.app.clock.now()
    soon = datetime.fromtimestamp(now + 3600, UTC).strftime("at(%Y-%m-%dT%H:%M:%S)")
    client.put_scheduled_action(**READ, ScheduledActionName="once", Schedule=soon,
                                ScalableTargetAction={"MinCapacity": 20, "MaxCapacity": 30})  # fmt: skip
    client.put_scheduled_action(**READ, ScheduledActionName="nightly", Timezone="Europe/Berlin",
                                Schedule="cron(0 3 * * ? *)",
                                ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 2})  # fmt: skip
    shown = client.describe_scheduled_actions(ServiceNamespace="dynamodb")["ScheduledActions"]
    assert [each["ScheduledActionName"] for each in shown] == ["nightly", "once"]
    assert shown[0]["Timezone"] == "Europe/Berlin"
    client.put_scheduled_action(**READ, ScheduledActionName="gone", Schedule="rate(1 hour)",
                                ScalableTargetAction={"MaxCapacity": 1})  # fmt: skip
    client.delete_scheduled_action(**READ, ScheduledActionName="gone")
    own_cloud.advance(3700)
    until(lambda: units(dynamodb) == 20)
    target = client.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"][0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (20, 30)
    causes = [
        each["Cause"] for each in client.describe_scaling_activities(ServiceNamespace="dynamodb")["ScalingActivities"]
    ]
    assert causes[0] == "scheduled action once was triggered"
    own_cloud.advance(86400)
    until(lambda: units(dynamodb) == 2)


def test_a_schedule_survives_a_crash(restarted):
    account = restarted.account()
    dynamodb, client = table(account), account.client("application-autoscaling")
    client.register_scalable_target(**WRITE, MinCapacity=5, MaxCapacity=10)
    client.put_scheduled_action(**WRITE, ScheduledActionName="hourly", Schedule="rate(1 hour)",
                                ScalableTargetAction={"MinCapacity": 8, "MaxCapacity": 10})  # fmt: skip
    restarted.restart()
    restarted.advance(3700)
    dynamodb = account.client("dynamodb")
    until(lambda: units(dynamodb, "Write") == 8)


def test_a_function(own_cloud, account, client, function):
    function(account)
    where = {"ServiceNamespace": "lambda", "ResourceId": "function:f:live",
             "ScalableDimension": "lambda:function:ProvisionedConcurrency"}  # fmt: skip
    client.register_scalable_target(**where, MinCapacity=1, MaxCapacity=5)
    lambda_ = account.client("lambda")

    def provisioned():
        found = lambda_.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
        return found["RequestedProvisionedConcurrentExecutions"]

    until(lambda: client.describe_scaling_activities(ServiceNamespace="lambda")["ScalingActivities"])
    assert provisioned() == 1
    metric = {"MetricName": "Use", "Namespace": "Mine", "Statistic": "Average"}
    client.put_scaling_policy(PolicyName="use", PolicyType="TargetTrackingScaling", **where,
                              TargetTrackingScalingPolicyConfiguration={
                                  "TargetValue": 0.5, "CustomizedMetricSpecification": metric,
                                  "ScaleOutCooldown": 600})  # fmt: skip
    cloudwatch = account.client("cloudwatch")
    for _ in range(5):
        cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "Use", "Value": 1.0}])
        own_cloud.advance(60)
    until(lambda: provisioned() == 2)
    for _ in range(5):  # the cooldown: from the capacity before, the same is wanted again
        cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "Use", "Value": 1.0}])
        own_cloud.advance(60)
    assert provisioned() == 2


def test_steps():
    """https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html"""
    settings = {"AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 2, "StepAdjustments": [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 0},
        {"MetricIntervalLowerBound": 10, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 10},
        {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 30},
        {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -10}]}  # fmt: skip
    assert rules.step(settings, 10, 5) == 10
    assert rules.step(settings, 10, 10) == 12  # a tenth is 1, and the least is 2
    assert rules.step(settings, 10, 25) == 13
    assert rules.step(settings, 50, -3) == 45
    exact = {
        "AdjustmentType": "ExactCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 7}],
    }
    assert rules.step(exact, 3, 1) == 7
    assert rules.step(exact, 3, -1) is None
