"""Requests for higher values: what is refused, how they end, and that a granted value holds.

https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

CONCURRENCY = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
TABLES = {"ServiceCode": "dynamodb", "QuotaCode": "L-F98FE922"}  # 10,000 at most


def fails(code, call, **request):
    with pytest.raises(ClientError) as failed:
        call(**request)
    assert failed.value.response["Error"]["Code"] == code
    return failed.value.response["Error"]["Message"]


def test_a_request_is_pending_then_approved_and_the_value_holds(own_cloud):
    account = own_cloud.account()
    client = account.client("service-quotas")
    made = client.request_service_quota_increase(**CONCURRENCY, DesiredValue=1500)["RequestedQuota"]
    assert made["Status"] == "PENDING"
    assert made["DesiredValue"] == 1500.0
    assert json.loads(made["Requester"]) == {"accountId": account.id, "callerArn": f"arn:aws:iam::{account.id}:root"}
    assert client.get_service_quota(**CONCURRENCY)["Quota"]["Value"] == 1000.0
    own_cloud.advance(61)
    done = client.get_requested_service_quota_change(RequestId=made["Id"])["RequestedQuota"]
    assert done["Status"] == "APPROVED"
    assert done["LastUpdated"] > made["Created"]
    assert client.get_service_quota(**CONCURRENCY)["Quota"]["Value"] == 1500.0
    assert client.get_aws_default_service_quota(**CONCURRENCY)["Quota"]["Value"] == 1000.0
    assert account.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1500
    assert own_cloud.account().client("service-quotas").get_service_quota(**CONCURRENCY)["Quota"]["Value"] == 1000.0
    elsewhere = account.client("service-quotas", region="eu-west-1")
    assert elsewhere.get_service_quota(**CONCURRENCY)["Quota"]["Value"] == 1000.0


def test_above_the_documented_maximum_support_decides(own_cloud):
    client = own_cloud.account().client("service-quotas")
    id = client.request_service_quota_increase(**TABLES, DesiredValue=20_000)["RequestedQuota"]["Id"]
    own_cloud.advance(61)
    found = client.get_requested_service_quota_change(RequestId=id)["RequestedQuota"]
    assert found["Status"] == "CASE_OPENED"
    assert found["CaseId"]
    own_cloud.advance(86_401)
    assert client.get_requested_service_quota_change(RequestId=id)["RequestedQuota"]["Status"] == "CASE_CLOSED"
    assert client.get_service_quota(**TABLES)["Quota"]["Value"] == 2500.0
    silent = client.request_service_quota_increase(**TABLES, DesiredValue=20_000, SupportCaseAllowed=False)
    own_cloud.advance(61)
    found = client.get_requested_service_quota_change(RequestId=silent["RequestedQuota"]["Id"])["RequestedQuota"]
    assert found["Status"] == "NOT_APPROVED"
    assert "CaseId" not in found


def test_a_support_case_for_a_pending_request(own_cloud):
    client = own_cloud.account().client("service-quotas")
    id = client.request_service_quota_increase(**TABLES, DesiredValue=3000)["RequestedQuota"]["Id"]
    client.create_support_case(RequestId=id)
    assert client.get_requested_service_quota_change(RequestId=id)["RequestedQuota"]["Status"] == "CASE_OPENED"
    fails("ResourceAlreadyExistsException", client.create_support_case, RequestId=id)
    own_cloud.advance(86_401)
    assert client.get_requested_service_quota_change(RequestId=id)["RequestedQuota"]["Status"] == "APPROVED"
    fails("InvalidResourceStateException", client.create_support_case, RequestId=id)
    fails("NoSuchResourceException", client.create_support_case, RequestId="nothing")


def test_what_is_refused(aws):
    client = aws.client("service-quotas")
    ask = client.request_service_quota_increase
    text = fails("IllegalArgumentException", ask, ServiceCode="iam", QuotaCode="L-7A1621EC", DesiredValue=20)
    assert text == "The request failed because the specified quota is not adjustable."
    for value in (1000, 10):
        text = fails("IllegalArgumentException", ask, **CONCURRENCY, DesiredValue=value)
        assert text == "You must provide a quota value greater than the current quota value"
    ask(**CONCURRENCY, DesiredValue=2000)
    text = fails("ResourceAlreadyExistsException", ask, **CONCURRENCY, DesiredValue=3000)
    assert text == "Only one open service quota increase request is allowed per quota."
    fails("NoSuchResourceException", client.get_requested_service_quota_change, RequestId="nothing")
    fails("IllegalArgumentException", ask, **TABLES, DesiredValue=3000, ContextId="arn:aws:dynamodb:::table/a")


def test_the_history_has_the_latest_first(own_cloud):
    client = own_cloud.account().client("service-quotas")
    ids = []
    for request in (CONCURRENCY, TABLES, {"ServiceCode": "lambda", "QuotaCode": "L-2ACBD22F"}):
        made = client.request_service_quota_increase(**request, DesiredValue=5000)["RequestedQuota"]
        ids.append(made["Id"])
        own_cloud.advance(5)
    pages = client.get_paginator("list_requested_service_quota_change_history").paginate(
        PaginationConfig={"PageSize": 1}
    )
    assert [change["Id"] for page in pages for change in page["RequestedQuotas"]] == ids[::-1]
    history = client.list_requested_service_quota_change_history
    assert [change["Id"] for change in history(ServiceCode="lambda")["RequestedQuotas"]] == [ids[2], ids[0]]
    assert not history(Status="APPROVED")["RequestedQuotas"]
    of_one = client.list_requested_service_quota_change_history_by_quota(**CONCURRENCY)
    assert [change["Id"] for change in of_one["RequestedQuotas"]] == [ids[0]]


def test_twenty_requests_are_active_at_most(aws):
    client = aws.client("service-quotas")
    adjustable = [quota for quota in client.list_service_quotas(ServiceCode="vpc")["Quotas"] if quota["Adjustable"]]
    adjustable += [quota for quota in client.list_service_quotas(ServiceCode="rds")["Quotas"] if quota["Adjustable"]]
    for quota in adjustable[:20]:
        client.request_service_quota_increase(
            ServiceCode=quota["ServiceCode"], QuotaCode=quota["QuotaCode"], DesiredValue=quota["Value"] + 1
        )
    fails("QuotaExceededException", client.request_service_quota_increase, **CONCURRENCY, DesiredValue=2000)


def test_a_granted_value_survives_a_kill(restarted):
    client = restarted.account("111122223333").client("service-quotas")
    client.request_service_quota_increase(**CONCURRENCY, DesiredValue=1500)
    restarted.advance(61)
    restarted.restart()
    client = restarted.account("111122223333").client("service-quotas")
    assert client.get_service_quota(**CONCURRENCY)["Quota"]["Value"] == 1500.0
