"""Which events selectors want.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html
"""

import json

import pytest

from fogbank.audit.records import Entry
from fogbank.core.trace import Hop
from fogbank.services.cloudtrail.records import Trail
from fogbank.services.cloudtrail.selectors import services, wants

HOP = Hop("id", 0.0, "s3", "PutObject", "1", "us-east-1", "")


def entry(name="PutObject", *, source="s3.amazonaws.com", data=True, reads=False, arns=("arn:aws:s3:::b/k",), **event):
    kinds = {"s3": "AWS::S3::Object", "lambda": "AWS::Lambda::Function", "dynamodb": "AWS::DynamoDB::Table"}
    resources = [(kinds.get(arn.split(":")[2], ""), arn) for arn in arns]
    return Entry(account="1", region="us-east-1", at_us=0, id="e", hop=HOP, event=json.dumps(event), source=source,
                 name=name, read_only=reads, data=data, resources=resources)  # fmt: skip


def trail(**settings):
    return Trail(account="1", region="us-east-1", name="t", bucket="b", **settings)


def basic(kind, *values, **more):
    return trail(selectors=[{"DataResources": [{"Type": kind, "Values": list(values)}], **more}])


MANAGEMENT = entry("CreateUser", source="iam.amazonaws.com", data=False, arns=())
DECRYPT = entry("Decrypt", source="kms.amazonaws.com", data=False, reads=True, arns=())
INVOKE = entry("Invoke", source="lambda.amazonaws.com", arns=("arn:aws:lambda:us-east-1:1:function:f:live",))
LISTING = entry("ListObjects", arns=("arn:aws:s3:::b",), reads=True)


@pytest.mark.parametrize(
    ("of", "event", "wanted"),
    [
        (trail(), MANAGEMENT, True),
        (trail(), entry(), False),
        (trail(selectors=[{"IncludeManagementEvents": False}]), MANAGEMENT, False),
        (trail(selectors=[{"ReadWriteType": "ReadOnly"}]), MANAGEMENT, False),
        (trail(selectors=[{"ReadWriteType": "ReadOnly"}]), DECRYPT, True),
        (trail(selectors=[{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]), DECRYPT, False),
        (basic("AWS::S3::Object", "arn:aws:s3"), entry(), True),
        (basic("AWS::S3::Object", "arn:aws:s3:::"), entry(), True),
        (basic("AWS::S3::Object", "arn:aws:s3:::b/"), entry(), True),
        (basic("AWS::S3::Object", "arn:aws:s3:::b/"), LISTING, True),
        (basic("AWS::S3::Object", "arn:aws:s3:::b/other"), entry(), False),
        (basic("AWS::S3::Object", "arn:aws:s3:::bb/"), entry(), False),
        (basic("AWS::S3::Object", "arn:aws:s3:::b/", ReadWriteType="ReadOnly"), entry(), False),
        (basic("AWS::Lambda::Function", "arn:aws:lambda"), INVOKE, True),
        (basic("AWS::Lambda::Function", "arn:aws:lambda:us-east-1:1:function:f"), INVOKE, True),
        (basic("AWS::Lambda::Function", "arn:aws:lambda:us-east-1:1:function:fu"), INVOKE, False),
        (basic("AWS::Lambda::Function", "arn:aws:lambda"), entry(), False),
    ],
)
def test_event_selectors(of, event, wanted):
    assert wants(of, event) is wanted


def advanced(*fields):
    selectors = [{"Field": field, operator: list(values)} for field, operator, *values in fields]
    return trail(advanced=[{"FieldSelectors": selectors}])


DATA = ("eventCategory", "Equals", "Data")
OBJECT = ("resources.type", "Equals", "AWS::S3::Object")


@pytest.mark.parametrize(
    ("of", "event", "wanted"),
    [
        (advanced(("eventCategory", "Equals", "Management")), MANAGEMENT, True),
        (advanced(("eventCategory", "Equals", "Management")), entry(), False),
        (advanced(("eventCategory", "Equals", "Management"), ("readOnly", "Equals", "true")), MANAGEMENT, False),
        (advanced(("eventSource", "NotEquals", "kms.amazonaws.com")), DECRYPT, False),
        (advanced(("eventSource", "NotEquals", "kms.amazonaws.com")), MANAGEMENT, True),
        (advanced(DATA, OBJECT), entry(), True),
        (advanced(DATA, OBJECT), INVOKE, False),
        (advanced(DATA, OBJECT, ("eventName", "StartsWith", "Get", "Put")), entry(), True),
        (advanced(DATA, OBJECT, ("eventName", "EndsWith", "Acl")), entry(), False),
        (advanced(DATA, OBJECT, ("eventName", "NotStartsWith", "Put")), entry(), False),
        (advanced(DATA, OBJECT, ("eventName", "NotEndsWith", "Acl")), entry(), True),
        (advanced(DATA, OBJECT, ("resources.ARN", "StartsWith", "arn:aws:s3:::b/")), entry(), True),
        (advanced(DATA, OBJECT, ("resources.ARN", "NotStartsWith", "arn:aws:s3:::b/")), entry(), False),
        (advanced(DATA, OBJECT, ("resources.ARN", "Equals", "arn:aws:s3:::b/k")), entry(), True),
        (advanced(("userIdentity.arn", "Equals", "me")), entry(userIdentity={"arn": "me"}), True),
        (advanced(("userIdentity.arn", "NotEquals", "me")), entry(userIdentity={"arn": "me"}), False),
        (advanced(("eventType", "Equals", "AwsApiCall")), entry(eventType="AwsApiCall"), True),
    ],
)
def test_advanced_event_selectors(of, event, wanted):
    assert wants(of, event) is wanted


def test_only_the_services_that_may_be_wanted_are_asked_for():
    assert services(trail()) == []
    assert services(basic("AWS::S3::Object", "arn:aws:s3")) == ["s3"]
    assert services(advanced(DATA, ("resources.type", "Equals", "AWS::SQS::Queue"))) == ["sqs"]
