"""Access by tags, with the policies of AWS's tutorials, service by service through boto3.

https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_attribute-based-access-control.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import botocore.exceptions
import pytest

TRUST = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": {"Service": "lambda.amazonaws.com"}}})  # fmt: skip
REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def kms_pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


class Way(NamedTuple):
    """How one service makes a thing with tags, uses it, tags it and takes a tag away."""

    service: str
    make: Callable[[Any, str, dict[str, str]], Any]  # (client, name, tags) -> what names it
    use: Callable[[Any, Any], Any]
    tag: Callable[[Any, Any, dict[str, str]], Any]
    untag: Callable[[Any, Any, list[str]], Any]


def _alarm(client: Any, name: str, tags: dict[str, str]) -> str:
    client.put_metric_alarm(AlarmName=name, Namespace="n", MetricName="m", Period=60, EvaluationPeriods=1, Threshold=1,
                            ComparisonOperator="GreaterThanThreshold", Statistic="Sum", Tags=pairs(tags))  # fmt: skip
    return name


def _alarm_arn(client: Any, name: str) -> str:
    found: str = client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
    return found


def _table(client: Any, name: str, tags: dict[str, str]) -> str:
    made = client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}], Tags=pairs(tags))  # fmt: skip
    arn: str = made["TableDescription"]["TableArn"]
    return arn


def _function(client: Any, name: str, tags: dict[str, str]) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "def handler(event, context): return 1\n")
    role = f"arn:aws:iam::{client.account}:role/runs"
    made = client.create_function(FunctionName=name, Role=role, Runtime="python3.11", Handler="a.handler",
                                  Code={"ZipFile": packed.getvalue()}, Tags=tags)  # fmt: skip
    return str(made["FunctionArn"])


def _parameter(client: Any, name: str, tags: dict[str, str]) -> str:
    client.put_parameter(Name=name, Value="v", Type="String", Tags=pairs(tags))
    return name


def _group(client: Any, name: str, tags: dict[str, str]) -> str:
    client.create_log_group(logGroupName=name, **({"tags": tags} if tags else {}))
    return f"arn:aws:logs:us-east-1:{client.account}:log-group:{name}"


def _web(client: Any, name: str, tags: dict[str, str]) -> str:
    made = client.create_api(Name=name, ProtocolType="HTTP", Tags=tags)
    return f"arn:aws:apigateway:us-east-1::/apis/{made['ApiId']}"


def _api(client: Any, name: str, tags: dict[str, str]) -> str:
    return f"arn:aws:apigateway:us-east-1::/restapis/{client.create_rest_api(name=name, tags=tags)['id']}"


def _repository(client: Any, name: str, tags: dict[str, str]) -> str:
    return str(client.create_repository(repositoryName=name, tags=pairs(tags))["repository"]["repositoryArn"])


def _trail_store(client: Any, name: str, tags: dict[str, str]) -> str:
    return str(client.create_event_data_store(Name=name, TagsList=pairs(tags))["EventDataStoreArn"])


WAYS = [
    Way("sqs", lambda c, n, t: c.create_queue(QueueName=n, tags=t)["QueueUrl"],
        lambda c, x: c.get_queue_attributes(QueueUrl=x),
        lambda c, x, t: c.tag_queue(QueueUrl=x, Tags=t), lambda c, x, k: c.untag_queue(QueueUrl=x, TagKeys=k)),
    Way("sns", lambda c, n, t: c.create_topic(Name=n, Tags=pairs(t))["TopicArn"],
        lambda c, x: c.get_topic_attributes(TopicArn=x),
        lambda c, x, t: c.tag_resource(ResourceArn=x, Tags=pairs(t)),
        lambda c, x, k: c.untag_resource(ResourceArn=x, TagKeys=k)),
    Way("kms", lambda c, n, t: c.create_key(Tags=kms_pairs(t))["KeyMetadata"]["KeyId"],
        lambda c, x: c.describe_key(KeyId=x),
        lambda c, x, t: c.tag_resource(KeyId=x, Tags=kms_pairs(t)),
        lambda c, x, k: c.untag_resource(KeyId=x, TagKeys=k)),
    Way("ssm", _parameter, lambda c, x: c.get_parameter(Name=x),
        lambda c, x, t: c.add_tags_to_resource(ResourceType="Parameter", ResourceId=x, Tags=pairs(t)),
        lambda c, x, k: c.remove_tags_from_resource(ResourceType="Parameter", ResourceId=x, TagKeys=k)),
    Way("secretsmanager", lambda c, n, t: c.create_secret(Name=n, Tags=pairs(t))["ARN"],
        lambda c, x: c.describe_secret(SecretId=x),
        lambda c, x, t: c.tag_resource(SecretId=x, Tags=pairs(t)),
        lambda c, x, k: c.untag_resource(SecretId=x, TagKeys=k)),
    Way("logs", _group, lambda c, x: c.describe_log_streams(logGroupName=x.rpartition(":")[2]),
        lambda c, x, t: c.tag_resource(resourceArn=x, tags=t),
        lambda c, x, k: c.untag_resource(resourceArn=x, tagKeys=k)),
    Way("dynamodb", _table, lambda c, x: c.describe_table(TableName=x.rpartition("/")[2]),
        lambda c, x, t: c.tag_resource(ResourceArn=x, Tags=pairs(t)),
        lambda c, x, k: c.untag_resource(ResourceArn=x, TagKeys=k)),
    Way("lambda", _function, lambda c, x: c.get_function_configuration(FunctionName=x),
        lambda c, x, t: c.tag_resource(Resource=x, Tags=t), lambda c, x, k: c.untag_resource(Resource=x, TagKeys=k)),
    Way("cloudwatch", _alarm, lambda c, x: c.set_alarm_state(AlarmName=x, StateValue="OK", StateReason="so"),
        lambda c, x, t: c.tag_resource(ResourceARN=c.arn_of(x), Tags=pairs(t)),
        lambda c, x, k: c.untag_resource(ResourceARN=c.arn_of(x), TagKeys=k)),
    Way("apigatewayv2", _web, lambda c, x: c.get_routes(ApiId=x.rpartition("/")[2]),
        lambda c, x, tags: c.tag_resource(ResourceArn=x, Tags=tags),
        lambda c, x, keys: c.untag_resource(ResourceArn=x, TagKeys=keys)),
    Way("apigateway", _api, lambda c, x: c.get_resources(restApiId=x.rpartition("/")[2]),
        lambda c, x, t: c.tag_resource(resourceArn=x, tags=t),
        lambda c, x, k: c.untag_resource(resourceArn=x, tagKeys=k)),
    Way("cloudtrail", _trail_store, lambda c, x: c.get_event_data_store(EventDataStore=x),
        lambda c, x, t: c.add_tags(ResourceId=x, TagsList=pairs(t)),
        lambda c, x, k: c.remove_tags(ResourceId=x, TagsList=[{"Key": key} for key in k])),
    Way("iam", lambda c, n, t: c.create_role(RoleName=n, AssumeRolePolicyDocument=TRUST,
                                             Tags=pairs(t))["Role"]["RoleName"],
        lambda c, x: c.get_role(RoleName=x),
        lambda c, x, t: c.tag_role(RoleName=x, Tags=pairs(t)), lambda c, x, k: c.untag_role(RoleName=x, TagKeys=k)),
    *(Way(service, _repository, lambda c, x: c.describe_images(repositoryName=x.rpartition("/")[2]),
          lambda c, x, t: c.tag_resource(resourceArn=x, tags=pairs(t)),
          lambda c, x, k: c.untag_resource(resourceArn=x, tagKeys=k)) for service in ("ecr", "ecr-public")),
    Way("elasticache", lambda c, n, t: c.create_cache_parameter_group(
            CacheParameterGroupName=n, CacheParameterGroupFamily="valkey8", Description="d",
            Tags=pairs(t))["CacheParameterGroup"]["ARN"],
        lambda c, x: c.describe_cache_parameters(CacheParameterGroupName=x.rpartition(":")[2]),
        lambda c, x, t: c.add_tags_to_resource(ResourceName=x, Tags=pairs(t)),
        lambda c, x, k: c.remove_tags_from_resource(ResourceName=x, TagKeys=k)),
]  # fmt: skip
EACH = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.service)


def client(aws: Any, account: Any, way: Way) -> Any:
    made = account.client(way.service)
    made.account = aws.id
    if way.service == "cloudwatch":
        made.arn_of = lambda name: _alarm_arn(aws.client("cloudwatch"), name)
    if way.service == "lambda":
        iam = aws.client("iam")
        if not any(role["RoleName"] == "runs" for role in iam.list_roles()["Roles"]):
            iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)
    return made


def refused(call: Callable[[], Any]) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] in REFUSED, caught.value


def name() -> str:
    return f"a-{secrets.token_hex(5)}"


def user(aws: Any, *statements: dict[str, Any]) -> Any:
    given = [{"Resource": "*", **statement} for statement in statements]
    return aws.user(json.dumps({"Version": "2012-10-17", "Statement": given}))


@EACH
def test_makes_only_what_has_an_owner(aws: Any, way: Way) -> None:
    """Deny with Null of aws:RequestTag: nothing is made without the tag."""
    creating = {"Effect": "Allow", "Action": "*", "Condition": {"StringEquals": {"aws:RequestTag/owner": "me"}}}
    passing = {"Effect": "Allow", "Action": "iam:PassRole"}
    for statements in (
        [creating, passing],
        [{"Effect": "Allow", "Action": "*"},
         {"Effect": "Deny", "NotAction": "iam:PassRole", "Condition": {"Null": {"aws:RequestTag/owner": "true"}}}],
    ):  # fmt: skip
        mine = client(aws, user(aws, *statements), way)
        refused(lambda c=mine: way.make(c, name(), {}))
        refused(lambda c=mine: way.make(c, name(), {"colour": "red"}))
        way.make(mine, name(), {"owner": "me", "colour": "red"})


@EACH
def test_uses_only_what_is_of_the_team(aws: Any, way: Way) -> None:
    """Allow with aws:ResourceTag: the tags of what is there decide, and a change of them at once."""
    owner = client(aws, aws, way)
    ours, theirs = way.make(owner, name(), {"team": "blue"}), way.make(owner, name(), {"team": "red"})
    conditions = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    mine = client(aws, user(aws, {"Effect": "Allow", "Action": "*", "Condition": conditions}), way)
    way.use(mine, ours)
    refused(lambda: way.use(mine, theirs))
    way.tag(owner, theirs, {"team": "blue"})
    way.use(mine, theirs)


@EACH
def test_does_not_touch_a_protected_key(aws: Any, way: Way) -> None:
    """Deny with ForAnyValue of aws:TagKeys: neither set nor taken away, whatever else is in the request."""
    owner = client(aws, aws, way)
    thing = way.make(owner, name(), {"team": "blue", "colour": "red"})
    protected = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}
    mine = client(aws, user(aws, {"Effect": "Allow", "Action": "*"},
                            {"Effect": "Deny", "Action": "*", "Condition": protected}), way)  # fmt: skip
    refused(lambda: way.tag(mine, thing, {"colour": "green", "team": "red"}))
    refused(lambda: way.untag(mine, thing, ["colour", "team"]))
    refused(lambda: way.make(mine, name(), {"team": "red"}))
    way.tag(mine, thing, {"colour": "green"})
    way.untag(mine, thing, ["colour"])


@EACH
def test_sets_only_the_keys_that_are_known(aws: Any, way: Way) -> None:
    """Allow with ForAllValues of aws:TagKeys."""
    owner = client(aws, aws, way)
    thing = way.make(owner, name(), {"team": "blue"})
    known = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "colour"]}}
    mine = client(aws, user(aws, {"Effect": "Allow", "Action": "*", "Condition": known}), way)
    way.tag(mine, thing, {"colour": "green", "team": "red"})
    refused(lambda: way.tag(mine, thing, {"colour": "green", "size": "big"}))
    way.untag(mine, thing, ["colour"])
    refused(lambda: way.untag(mine, thing, ["size"]))


def test_buckets_by_their_tags_once_abac_is_enabled(aws: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html"""
    s3, bucket = aws.client("s3"), name()
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs({"team": "blue"})})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    by_tag = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    mine = user(aws, {"Effect": "Allow", "Action": "s3:*", "Condition": by_tag}).client("s3")
    assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"]["Status"] == "Disabled"
    refused(lambda: mine.list_objects_v2(Bucket=bucket))
    s3.put_bucket_abac(Bucket=bucket, AbacStatus={"Status": "Enabled"})
    mine.list_objects_v2(Bucket=bucket)
    mine.get_object(Bucket=bucket, Key="k")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs({"team": "red"})})
    refused(lambda: mine.get_object(Bucket=bucket, Key="k"))


def test_a_stage_by_the_tags_of_its_api(aws: Any) -> None:
    gateway = aws.client("apigateway")
    api = gateway.create_rest_api(name="a", tags={"team": "blue"})["id"]
    by_tag = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    mine = user(aws, {"Effect": "Allow", "Action": "apigateway:*", "Condition": by_tag}).client("apigateway")
    mine.get_stages(restApiId=api)
    other = gateway.create_rest_api(name="b", tags={"team": "red"})["id"]
    refused(lambda: mine.get_stages(restApiId=other))


@pytest.mark.parametrize(
    ("service", "code"),
    [("sns", "TagLimitExceeded"), ("ssm", "TooManyTagsError"), ("logs", "TooManyTagsException"),
     ("sqs", "InvalidParameterValue"), ("lambda", "InvalidParameterValueException")],
)  # fmt: skip
def test_a_thing_has_fifty_tags(aws: Any, service: str, code: str) -> None:
    """The errors are those that the pages of the operations declare; the fifty-first tag is not kept."""
    way = next(way for way in WAYS if way.service == service)
    owner = client(aws, aws, way)
    thing = way.make(owner, name(), {"t0": "v"})
    way.tag(owner, thing, {f"t{number}": "v" for number in range(50)})
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        way.tag(owner, thing, {"one-more": "v"})
    assert caught.value.response["Error"]["Code"] == code
