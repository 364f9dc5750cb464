"""Rotation by a function: at once, on schedule, over failures and crashes.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""

import io
import json
import time
import zipfile
from datetime import UTC, datetime

import pytest
from tests.support import refused

DAY = 86400
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
# in the manner of AWS's rotation templates: checks, and four steps that can be repeated
FUNCTION = """
import boto3, json

def handler(event, context):
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    client = boto3.client("secretsmanager")
    about = client.describe_secret(SecretId=arn)
    if not about["RotationEnabled"]:
        raise ValueError("rotation is not enabled")
    versions = about["VersionIdsToStages"]
    if token not in versions:
        raise ValueError("no such version")
    if "AWSCURRENT" in versions[token]:
        return
    if "AWSPENDING" not in versions[token]:
        raise ValueError("not pending")
    if step == "createSecret":
        now = json.loads(client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"])
        if now.get("fail"):
            raise ValueError("told to fail")
        try:
            client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
        except client.exceptions.ResourceNotFoundException:
            now["password"] = client.get_random_password(ExcludeCharacters="/@")["RandomPassword"]
            now["steps"] = now.get("steps", 0) + 1
            client.put_secret_value(SecretId=arn, ClientRequestToken=token, SecretString=json.dumps(now),
                                    VersionStages=["AWSPENDING"], RotationToken=event["RotationToken"])
    elif step == "testSecret":
        client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    elif step == "finishSecret":
        current = next(version for version, stages in versions.items() if "AWSCURRENT" in stages)
        client.update_secret_version_stage(SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token,
                                           RemoveFromVersionId=current)
"""


def rotator(account, *, permit=True):
    """A rotation function that Secrets Manager may invoke; returns its ARN."""
    iam, client = account.client("iam"), account.client("lambda")
    role = iam.create_role(RoleName="rotator", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="rotator", PolicyName="p", PolicyDocument=json.dumps(allow))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", FUNCTION)
    made = client.create_function(FunctionName="rotator", Role=role, Runtime="python3.11", Handler="app.handler",
                                  Code={"ZipFile": packed.getvalue()}, Timeout=60)  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName="rotator", WaiterConfig={"Delay": 1})
    if permit:
        client.add_permission(FunctionName="rotator", StatementId="s", Action="lambda:InvokeFunction",
                              Principal="secretsmanager.amazonaws.com", SourceAccount=account.id)  # fmt: skip
    return made["FunctionArn"]


def until(check, seconds=90):
    """What `check` returns, as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


def value(client, **which):
    return json.loads(client.get_secret_value(SecretId="db", **which)["SecretString"])


def rotated(client, steps):
    until(lambda: value(client).get("steps") == steps and client.describe_secret(SecretId="db").get("LastRotatedDate"))
    return client.describe_secret(SecretId="db")


@pytest.fixture
def account(own_cloud):
    return own_cloud.account()


@pytest.fixture
def client(account):
    made = account.client("secretsmanager")
    made.create_secret(Name="db", SecretString='{"password": "first"}')
    return made


def test_a_rotation_at_once(account, client):
    function = rotator(account)
    first = client.get_secret_value(SecretId="db")["VersionId"]
    made = client.rotate_secret(SecretId="db", RotationLambdaARN=function, RotationRules={"AutomaticallyAfterDays": 30})
    about = rotated(client, 1)
    assert about["VersionIdsToStages"][first] == ["AWSPREVIOUS"]
    assert set(about["VersionIdsToStages"][made["VersionId"]]) == {"AWSCURRENT", "AWSPENDING"}
    assert (about["RotationEnabled"], about["RotationLambdaARN"]) == (True, function)
    assert about["RotationRules"] == {"AutomaticallyAfterDays": 30}
    following = about["NextRotationDate"].timestamp()
    assert following % DAY == DAY - 1  # the window lasts to the end of a day
    assert following // DAY - about["LastRotatedDate"].timestamp() // DAY == 30
    assert value(client)["password"] not in ("first", None)
    assert value(client, VersionStage="AWSPREVIOUS")["password"] == "first"
    client.rotate_secret(SecretId="db")  # "with the values already stored in the secret"
    rotated(client, 2)


def test_the_service_and_the_caller_need_a_permission(account, client):
    function = rotator(account, permit=False)
    said = refused(client.rotate_secret, SecretId="db", RotationLambdaARN=function)
    assert said[:2] == (
        "AccessDeniedException",
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to "
        "the principal secretsmanager.amazonaws.com.",
    )
    only = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}]}
    caller = account.user(json.dumps(only)).client("secretsmanager")
    assert refused(caller.rotate_secret, SecretId="db", RotationLambdaARN=function).code == "AccessDeniedException"
    assert "RotationEnabled" not in client.describe_secret(SecretId="db")
    assert refused(client.rotate_secret, SecretId="db")[:2] == (
        "InvalidRequestException",
        "No Lambda rotation function ARN is associated with this secret.",
    )


def test_rules_are_checked(account, client):
    function = rotator(account)
    for rules in (
        {"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"},
        {"Duration": "3h"},
        {"ScheduleExpression": "rate(3 hours)"},
        {"ScheduleExpression": "rate(10 minutes)"},
        {"ScheduleExpression": "rate(2000 days)"},
        {"ScheduleExpression": "cron(5 8 * * ? *)"},
        {"ScheduleExpression": "cron(0 8 * * ? 2027)"},
        {"ScheduleExpression": "cron(0 8 * * * *)"},
        {"ScheduleExpression": "cron(0 0/2 * * ? *)"},
        {"ScheduleExpression": "cron(0 22 * * ? *)", "Duration": "3h"},
        {"ScheduleExpression": "rate(4 hours)", "Duration": "5h"},
    ):
        said = refused(client.rotate_secret, SecretId="db", RotationLambdaARN=function, RotationRules=rules)
        assert said.code == "InvalidParameterException", rules


def test_a_schedule_waits_for_its_window(own_cloud, account, client):
    function = rotator(account)
    rules = {"ScheduleExpression": "cron(0 8 1 * ? *)", "Duration": "2h"}
    client.rotate_secret(SecretId="db", RotationLambdaARN=function, RotationRules=rules, RotateImmediately=False)
    about = client.describe_secret(SecretId="db")
    window = about["NextRotationDate"].astimezone(UTC)
    assert (window.day, window.hour, window.minute) == (1, 9, 59)
    until(lambda: len(client.describe_secret(SecretId="db")["VersionIdsToStages"]) == 1)  # testSecret has ended
    assert "LastRotatedDate" not in client.describe_secret(SecretId="db")
    opens = window.timestamp() - 2 * 3600 + 1
    own_cloud.advance(opens - own_cloud.app.clock.now() - 60)
    assert "steps" not in value(client)
    own_cloud.advance(120)
    about = rotated(client, 1)
    following = about["NextRotationDate"].astimezone(UTC)
    assert (following.day, following.month) == (1, window.month % 12 + 1)
    own_cloud.advance(32 * DAY)
    rotated(client, 2)


def test_a_value_that_is_put_counts_as_a_rotation_by_days(own_cloud, account, client):
    """ "Manually updating the secret value … is considered a valid rotation": API_RotationRulesType."""
    rules = {"AutomaticallyAfterDays": 10}
    client.rotate_secret(SecretId="db", RotationLambdaARN=rotator(account), RotationRules=rules)
    before = rotated(client, 1)["NextRotationDate"]
    own_cloud.advance(5 * DAY)
    client.put_secret_value(SecretId="db", SecretString='{"password": "by hand", "steps": 1}')
    after = client.describe_secret(SecretId="db")["NextRotationDate"]
    assert after.timestamp() - before.timestamp() == 5 * DAY


def test_a_rotation_that_fails_stays_pending_and_is_taken_up_again(own_cloud, account, client):
    client.put_secret_value(SecretId="db", SecretString='{"fail": true}')
    good = client.list_secret_version_ids(SecretId="db")["Versions"]
    made = client.rotate_secret(SecretId="db", RotationLambdaARN=rotator(account))
    own_cloud.advance(600)
    assert client.describe_secret(SecretId="db")["VersionIdsToStages"][made["VersionId"]] == ["AWSPENDING"]
    said = refused(client.rotate_secret, SecretId="db")
    assert said[:2] == (
        "InvalidRequestException",
        "A previous rotation isn’t complete. That rotation will be reattempted.",
    )
    current = next(each["VersionId"] for each in good if "AWSPREVIOUS" in each["VersionStages"])
    now = next(each["VersionId"] for each in good if "AWSCURRENT" in each["VersionStages"])
    client.update_secret_version_stage(SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=current,
                                       RemoveFromVersionId=now)  # fmt: skip
    refused(client.rotate_secret, SecretId="db")
    own_cloud.advance(600)
    assert rotated(client, 1)["VersionIdsToStages"][made["VersionId"]]


def test_a_rotation_is_cancelled(own_cloud, account, client):
    client.put_secret_value(SecretId="db", SecretString='{"fail": true}')
    made = client.rotate_secret(SecretId="db", RotationLambdaARN=rotator(account),
                                RotationRules={"ScheduleExpression": "rate(1 day)"})  # fmt: skip
    gone = client.cancel_rotate_secret(SecretId="db")
    assert gone["VersionId"] == made["VersionId"]
    about = client.describe_secret(SecretId="db")
    assert about["RotationEnabled"] is False
    assert "NextRotationDate" not in about
    own_cloud.advance(3 * DAY)
    assert value(client) == {"fail": True}


def test_a_schedule_survives_a_crash(restarted):
    account = restarted.account()
    client = account.client("secretsmanager")
    client.create_secret(Name="db", SecretString='{"password": "first"}')
    rules = {"ScheduleExpression": "rate(4 hours)"}
    client.rotate_secret(SecretId="db", RotationLambdaARN=rotator(account), RotationRules=rules)
    before = rotated(client, 1)["NextRotationDate"]
    restarted.restart()
    client = account.client("secretsmanager")
    assert client.describe_secret(SecretId="db")["NextRotationDate"] == before
    restarted.advance(max(before.timestamp() - datetime.now(UTC).timestamp(), 0))
    rotated(client, 2)
