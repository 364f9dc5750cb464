"""Tags over all services.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
"""

import io
import json
import uuid
import zipfile

import pytest
from tests.support import refused

from fogbank.core import services
from fogbank.services.resourcegroupstaggingapi import calls

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip


@pytest.fixture
def client(aws):
    return aws.client("resourcegroupstaggingapi")


def found(client, **request):
    pages = client.get_paginator("get_resources").paginate(**request)
    return {
        each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for page in pages
        for each in page["ResourceTagMappingList"]
    }


def _function(aws):
    role = aws.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "def handler(event, context): return 1\n")
    return aws.client("lambda").create_function(FunctionName="f", Role=role, Runtime="python3.11", Handler="a.handler",
                                                Code={"ZipFile": packed.getvalue()})["FunctionArn"]  # fmt: skip


def _table(aws):
    made = aws.client("dynamodb").create_table(
        TableName="tab", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])  # fmt: skip
    return made["TableDescription"]["TableArn"]


def _bucket(aws):
    name = f"b-{uuid.uuid4()}"
    aws.client("s3").create_bucket(Bucket=name)
    return f"arn:aws:s3:::{name}"


def _queue(aws):
    aws.client("sqs").create_queue(QueueName="q")
    return f"arn:aws:sqs:us-east-1:{aws.id}:q"


def _parameter(aws):
    aws.client("ssm").put_parameter(Name="/a/b", Value="v", Type="String")
    return f"arn:aws:ssm:us-east-1:{aws.id}:parameter/a/b"


def _group(aws):
    aws.client("logs").create_log_group(logGroupName="/g")
    return f"arn:aws:logs:us-east-1:{aws.id}:log-group:/g"


def _alarm(aws):
    aws.client("cloudwatch").put_metric_alarm(AlarmName="a", Namespace="n", MetricName="m", Period=60, Threshold=1,
        EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", Statistic="Sum")  # fmt: skip
    return f"arn:aws:cloudwatch:us-east-1:{aws.id}:alarm:a"


def _api(aws):
    return f"arn:aws:apigateway:us-east-1::/restapis/{aws.client('apigateway').create_rest_api(name='a')['id']}"


def _vpc(aws):
    id = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return f"arn:aws:ec2:us-east-1:{aws.id}:vpc/{id}"


def _target(aws):
    return aws.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs", ResourceId="service/c/s", ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1, MaxCapacity=2)["ScalableTargetARN"]  # fmt: skip


MAKERS = {
    "acm": lambda aws: aws.client("acm").request_certificate(DomainName="a.example.com")["CertificateArn"],
    "apigatewayv2": lambda aws: "arn:aws:apigateway:us-east-1::/apis/" + aws.client("apigatewayv2").create_api(
        Name="a", ProtocolType="HTTP")["ApiId"],
    "ecr": lambda aws: aws.client("ecr").create_repository(repositoryName="repo")["repository"]["repositoryArn"],
    "application-autoscaling": _target,
    "apigateway": _api,
    "cloudtrail": lambda aws: aws.client("cloudtrail").create_event_data_store(Name="lake")["EventDataStoreArn"],
    "cloudwatch": _alarm,
    "dynamodb": _table,
    "ec2": _vpc,
    "elasticache": lambda aws: aws.client("elasticache").create_cache_parameter_group(
        CacheParameterGroupName="p", CacheParameterGroupFamily="redis7", Description="d")["CacheParameterGroup"]["ARN"],
    "kms": lambda aws: aws.client("kms").create_key()["KeyMetadata"]["Arn"],
    "lambda": _function,
    "logs": _group,
    "resource-groups": lambda aws: aws.client("resource-groups").create_group(
        Name="g", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(
            {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": []})})["Group"]["GroupArn"],
    "s3": _bucket,
    "secretsmanager": lambda aws: aws.client("secretsmanager").create_secret(Name="s", SecretString="x")["ARN"],
    "sns": lambda aws: aws.client("sns").create_topic(Name="t")["TopicArn"],
    "sqs": _queue,
    "ssm": _parameter,
}  # fmt: skip
# their tags are not in the list: see docs/differences
WITHOUT = {"iam", "service-quotas", "cloudformation"}
WITHIN = {"ecr-public": "ecr", "s3control": "s3"}  # APIs whose resources are listed with another API of their folder


def test_every_service_that_tags_is_in_the_list():
    """By its Kinds, or by what it declares; and it tags by an operation that the Tagging API finds."""
    for name in set(services.built()) - WITHOUT - {"resourcegroupstaggingapi"}:
        service = services.load(WITHIN.get(name, name))
        if not any(operation in service.operations for operation in calls.TAG):
            continue
        declared = service.taggable
        assert any("tags" in kind.table.record.__struct_fields__ for kind in service.kinds) or (
            declared is not None and declared.each is not None
        ), f"{name} tags, and its resources are not in the list: see core/taggable.py"


@pytest.mark.parametrize("service", [name for name in MAKERS if name in services.built()])
def test_a_resource_of_each_service(aws, client, service):
    arn = MAKERS[service](aws)
    assert arn not in found(client)
    done = client.tag_resources(ResourceARNList=[arn], Tags={"team": "red", "stage": "test"})
    assert done["FailedResourcesMap"] == {}
    assert found(client)[arn] == {"team": "red", "stage": "test"}
    client.tag_resources(ResourceARNList=[arn], Tags={"team": "blue"})
    done = client.untag_resources(ResourceARNList=[arn], TagKeys=["stage"])
    assert done["FailedResourcesMap"] == {}
    assert found(client)[arn] == {"team": "blue"}
    client.untag_resources(ResourceARNList=[arn], TagKeys=["team"])
    assert arn not in found(client)


def test_filters(aws, client):
    sqs, sns = aws.client("sqs"), aws.client("sns")
    for name, team in (("a", "red"), ("b", "blue")):
        sqs.create_queue(QueueName=name, tags={"team": team, "n": name})
    topic = sns.create_topic(Name="t", Tags=[{"Key": "team", "Value": "red"}])["TopicArn"]
    a, b = (f"arn:aws:sqs:us-east-1:{aws.id}:{name}" for name in "ab")

    def named(**request):
        return set(found(client, **request))

    assert named() == {a, b, topic}
    assert named(TagFilters=[{"Key": "team", "Values": ["red"]}]) == {a, topic}
    assert named(TagFilters=[{"Key": "team", "Values": ["red", "blue"]}, {"Key": "n"}]) == {a, b}
    assert named(TagFilters=[{"Key": "none"}]) == set()
    assert named(ResourceTypeFilters=["sqs"]) == {a, b}
    assert named(ResourceTypeFilters=["sns", "ec2:instance"]) == {topic}
    assert {each["ResourceARN"] for each in client.get_resources(ResourceARNList=[a, "arn:aws:sqs:::x"])[
        "ResourceTagMappingList"]} == {a}  # fmt: skip
    assert client.get_tag_keys()["TagKeys"] == ["n", "team"]
    assert client.get_tag_values(Key="team")["TagValues"] == ["blue", "red"]
    elsewhere = aws.client("resourcegroupstaggingapi", "eu-west-1")
    assert found(elsewhere) == {}


def test_pages(aws, client):
    for n in range(3):
        aws.client("sqs").create_queue(QueueName=f"q{n}", tags={f"t{each}": "" for each in range(40)})
    first = client.get_resources(ResourcesPerPage=2)
    second = client.get_resources(ResourcesPerPage=2, PaginationToken=first["PaginationToken"])
    assert [len(each["ResourceTagMappingList"]) for each in (first, second)] == [2, 1]
    assert second["PaginationToken"] == ""
    assert len(client.get_resources(TagsPerPage=100)["ResourceTagMappingList"]) == 2
    assert refused(client.get_resources, TagsPerPage=150).code == "InvalidParameterException"
    assert refused(client.get_resources, PaginationToken="x").code == "PaginationTokenExpiredException"
    assert refused(client.get_resources, TagsPerPage=100, ResourcesPerPage=1).code == "InvalidParameterException"


def test_what_fails_is_told_for_each(aws, client):
    good = _queue(aws)
    bad = f"arn:aws:sqs:us-east-1:{aws.id}:none"
    failed = client.tag_resources(ResourceARNList=[good, bad, "nonsense-arn"], Tags={"a": "b"})["FailedResourcesMap"]
    assert set(failed) == {bad, "nonsense-arn"}
    assert failed[bad]["ErrorCode"] == "InvalidParameterException"
    assert found(client) == {good: {"a": "b"}}
    only = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "tag:*", "Resource": "*"}]}
    user = aws.user(json.dumps(only)).client("resourcegroupstaggingapi")
    failed = user.tag_resources(ResourceARNList=[good], Tags={"a": "c"})["FailedResourcesMap"]
    assert failed[good]["ErrorCode"].startswith("AccessDenied")
    assert found(client) == {good: {"a": "b"}}
    nobody = aws.user(json.dumps({**only, "Statement": [{**only["Statement"][0], "Action": "s3:*"}]}))
    assert refused(nobody.client("resourcegroupstaggingapi").get_resources).code == "AccessDeniedException"
    assert (
        refused(client.tag_resources, ResourceARNList=[good], Tags={"aws:x": "1"}).code == "InvalidParameterException"
    )


def test_without_an_organization_there_is_no_compliance(client):
    for call in (client.get_compliance_summary, client.describe_report_creation):
        assert refused(call).code == "ConstraintViolationException"
    assert refused(client.start_report_creation, S3Bucket="bucket").code == "ConstraintViolationException"
