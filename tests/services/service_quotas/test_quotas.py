"""Services, default values and applied values, as `aws service-quotas` and boto3 read them.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from fogbank.core import quotas

CONCURRENCY = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
TABLES = {"ServiceCode": "dynamodb", "QuotaCode": "L-F98FE922"}
ROLES = {"ServiceCode": "iam", "QuotaCode": "L-FE177D64"}


@pytest.fixture
def client(aws):
    return aws.client("service-quotas")


def fails(code, call, **request):
    with pytest.raises(ClientError) as failed:
        call(**request)
    assert failed.value.response["Error"]["Code"] == code
    return failed.value.response["Error"]["Message"]


def test_services_are_listed_by_their_codes_and_paged(client):
    pages = list(client.get_paginator("list_services").paginate(PaginationConfig={"PageSize": 5}))
    assert all(len(page["Services"]) == 5 for page in pages[:-1])
    found = {service["ServiceCode"]: service["ServiceName"] for page in pages for service in page["Services"]}
    assert found["lambda"] == "AWS Lambda"
    assert found["dynamodb"] == "Amazon DynamoDB"
    assert list(found) == sorted(quotas.table())


def test_a_quota_shows_its_default_and_its_applied_value(aws, client):
    found = client.get_service_quota(**CONCURRENCY)["Quota"]
    assert found == {
        "ServiceCode": "lambda",
        "ServiceName": "AWS Lambda",
        "QuotaArn": f"arn:aws:servicequotas:us-east-1:{aws.id}:lambda/L-B99A9384",
        "QuotaCode": "L-B99A9384",
        "QuotaName": "Concurrent executions",
        "Value": 1000.0,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "UsageMetric": {
            "MetricNamespace": "AWS/Lambda",
            "MetricName": "ConcurrentExecutions",
            "MetricDimensions": {},
            "MetricStatisticRecommendation": "Maximum",
        },
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
    assert isinstance(found["Value"], float)  # AWS writes 1000.0
    default = client.get_aws_default_service_quota(**CONCURRENCY)["Quota"]
    assert default["QuotaArn"] == "arn:aws:servicequotas:us-east-1::lambda/L-B99A9384"
    assert "QuotaAppliedAtLevel" not in default


def test_lists_of_a_service_agree_with_its_single_quotas(client):
    applied = client.get_paginator("list_service_quotas").paginate(ServiceCode="kms", PaginationConfig={"PageSize": 3})
    found = [quota for page in applied for quota in page["Quotas"]]
    assert [quota["QuotaCode"] for quota in found] == sorted(quotas.table()["kms"].quotas)
    assert found[0] == client.get_service_quota(ServiceCode="kms", QuotaCode=found[0]["QuotaCode"])["Quota"]
    defaults = client.get_paginator("list_aws_default_service_quotas").paginate(ServiceCode="kms")
    assert [quota["Value"] for page in defaults for quota in page["Quotas"]] == [quota["Value"] for quota in found]
    one = client.list_service_quotas(ServiceCode="kms", QuotaCode="L-340F62FB")["Quotas"]
    assert [quota["QuotaName"] for quota in one] == ["Aliases per CMK"]
    assert not client.list_service_quotas(ServiceCode="kms", QuotaAppliedAtLevel="RESOURCE")["Quotas"]


def test_what_does_not_exist_is_said_in_awss_words(client):
    text = fails("NoSuchResourceException", client.list_service_quotas, ServiceCode="nothing")
    assert text == "The request failed because the specified service nothing does not exist."
    text = fails("NoSuchResourceException", client.get_service_quota, ServiceCode="lambda", QuotaCode="L-00000000")
    assert text == "The request failed because the specified quota L-00000000 does not exist for service lambda."
    fails("InvalidPaginationTokenException", client.list_services, NextToken="bm90IG9uZQ==")
    token = client.list_services(MaxResults=1)["NextToken"]
    fails("InvalidPaginationTokenException", client.list_service_quotas, ServiceCode="kms", NextToken=token)


def test_a_quota_whose_code_is_not_known_is_not_listed(client):
    codes = [quota["QuotaCode"] for quota in client.list_service_quotas(ServiceCode="servicequotas")["Quotas"]]
    assert codes
    assert all(code.startswith("L-") for code in codes)


def test_quotas_of_all_regions_are_seen_in_the_main_region_alone(aws):
    """https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html, "Global quotas"."""
    here, there = aws.client("service-quotas"), aws.client("service-quotas", region="eu-west-1")
    assert here.get_service_quota(**ROLES)["Quota"]["GlobalQuota"] is True
    text = fails("NoSuchResourceException", there.get_service_quota, **ROLES)
    assert text == "The request failed because the specified service iam does not exist."
    assert "iam" not in {service["ServiceCode"] for service in there.list_services()["Services"]}


def test_who_may_not_is_denied(aws):
    nobody = aws.user().client("service-quotas")
    fails("AccessDeniedException", nobody.list_services)
    fails("AccessDeniedException", nobody.request_service_quota_increase, **CONCURRENCY, DesiredValue=2000)
    one = {
        "Effect": "Allow",
        "Action": "servicequotas:RequestServiceQuotaIncrease",
        "Resource": f"arn:aws:servicequotas:us-east-1:{aws.id}:lambda/L-B99A9384",
        "Condition": {"StringEquals": {"servicequotas:service": "lambda"}},
    }
    some = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [one]})).client("service-quotas")
    some.request_service_quota_increase(**CONCURRENCY, DesiredValue=2000)
    fails("AccessDeniedException", some.request_service_quota_increase, **TABLES, DesiredValue=5000)


def test_tags_of_a_quota(aws, client):
    arn = client.get_service_quota(**CONCURRENCY)["Quota"]["QuotaArn"]
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "b"}])
    client.untag_resource(ResourceARN=arn, TagKeys=["stage", "other"])
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    fails("TooManyTagsException", client.tag_resource, ResourceARN=arn, Tags=many)
    for wrong in (arn.replace(aws.id, "123456789012"), arn.replace("us-east-1", "us-east-2"), arn + "0"):
        fails("NoSuchResourceException", client.list_tags_for_resource, ResourceARN=wrong)


def test_the_template_is_kept(aws, client):
    client.associate_service_quota_template()
    status = client.get_association_for_service_quota_template()["ServiceQuotaTemplateAssociationStatus"]
    assert status == "ASSOCIATED"
    wish = {**CONCURRENCY, "AwsRegion": "eu-west-1"}
    made = client.put_service_quota_increase_request_into_template(**wish, DesiredValue=2000)
    shown = made["ServiceQuotaIncreaseRequestInTemplate"]
    assert (shown["QuotaName"], shown["DesiredValue"]) == ("Concurrent executions", 2000.0)
    found = client.get_service_quota_increase_request_from_template(**wish)
    assert found["ServiceQuotaIncreaseRequestInTemplate"] == shown
    listed = client.list_service_quota_increase_requests_in_template(AwsRegion="eu-west-1")
    assert listed["ServiceQuotaIncreaseRequestInTemplateList"] == [shown]
    client.delete_service_quota_increase_request_from_template(**wish)
    fails("NoSuchResourceException", client.get_service_quota_increase_request_from_template, **wish)
    client.disassociate_service_quota_template()
    fails("ServiceQuotaTemplateNotInUseException", client.disassociate_service_quota_template)
    elsewhere = aws.client("service-quotas", region="eu-west-1")
    fails("TemplatesNotAvailableInRegionException", elsewhere.associate_service_quota_template)


def test_a_template_has_ten_entries(client):
    regions = [f"eu-west-{number}" for number in range(10)]
    for region in regions:
        client.put_service_quota_increase_request_into_template(**CONCURRENCY, AwsRegion=region, DesiredValue=2000)
    more = {**CONCURRENCY, "AwsRegion": "us-west-2", "DesiredValue": 2000}
    fails("QuotaExceededException", client.put_service_quota_increase_request_into_template, **more)
    paged = client.get_paginator("list_service_quota_increase_requests_in_template").paginate(
        PaginationConfig={"PageSize": 4}
    )
    found = [wish["AwsRegion"] for page in paged for wish in page["ServiceQuotaIncreaseRequestInTemplateList"]]
    assert found == regions


def test_automatic_management_is_kept(client):
    assert client.get_auto_management_configuration()["OptInStatus"] == "DISABLED"
    client.start_auto_management(OptInLevel="ACCOUNT", OptInType="NotifyOnly", ExclusionList={"lambda": ["L-B99A9384"]})
    client.update_auto_management(OptInType="NotifyAndAdjust")
    found = client.get_auto_management_configuration()
    assert (found["OptInStatus"], found["OptInType"]) == ("ENABLED", "NotifyAndAdjust")
    named = {"QuotaCode": "L-B99A9384", "QuotaName": "Concurrent executions"}
    assert found["ExclusionList"] == {"lambda": [named]}
    client.stop_auto_management()
    assert client.get_auto_management_configuration()["OptInStatus"] == "DISABLED"
    fails("NoSuchResourceException", client.update_auto_management, OptInType="NotifyOnly")
