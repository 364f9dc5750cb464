"""API keys, usage plans, domain names, the account's settings, gateway responses.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def replace(path: str, value: str, op: str = "replace") -> list[dict[str, str]]:
    return [{"op": op, "path": path, "value": value}]


def refused(code: str, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] == code
    return str(error.value.response["Error"]["Message"])


@pytest.fixture
def api(gate: Any) -> dict[str, Any]:
    """An API with GET / answered by a mock."""
    made = gate.client.create_rest_api(name="shop")
    place = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gate.client.put_method(**place, authorizationType="NONE")
    gate.client.put_method_response(**place, statusCode="200")
    gate.client.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gate.client.put_integration_response(**place, statusCode="200", responseTemplates={"application/json": "hi"})
    gate.id = made["id"]
    return {**made, "place": place}


# -- keys and plans --------------------------------------------------------------------------------------------------


def test_api_keys(gate: Any) -> None:
    client = gate.client
    key = client.create_api_key(name="one", enabled=True, value="v" * 20, customerId="c")
    assert key["value"] == "v" * 20
    refused("ConflictException", client.create_api_key, value="v" * 20)
    refused("BadRequestException", client.create_api_key, value="short")
    assert "value" not in client.get_api_key(apiKey=key["id"])
    assert client.get_api_key(apiKey=key["id"], includeValue=True)["value"] == "v" * 20
    client.create_api_key(name="two")
    assert [k["name"] for k in client.get_api_keys(nameQuery="on")["items"]] == ["one"]
    assert [k["name"] for k in client.get_api_keys(customerId="c")["items"]] == ["one"]
    client.delete_api_key(apiKey=key["id"])
    assert refused("NotFoundException", client.get_api_key, apiKey=key["id"]) == "Invalid API Key identifier specified"


def test_importing_api_keys(gate: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html"""
    plan = gate.client.create_usage_plan(name="p")["id"]
    body = f"Name,key,description,Enabled,usageplanIds\nn,{'k' * 20},d,TRUE,{plan}\nbad,x,,true,\n".encode()
    answer = gate.client.import_api_keys(format="csv", body=body)
    assert len(answer["ids"]) == 1
    assert len(answer["warnings"]) == 1
    assert [k["value"] for k in gate.client.get_usage_plan_keys(usagePlanId=plan)["items"]] == ["k" * 20]


def test_usage_plans(gate: Any, api: dict[str, Any]) -> None:
    gate.deploy()
    client, stage = gate.client, f"{api['id']}:dev"
    plan = client.create_usage_plan(name="p", throttle={"rateLimit": 1.5, "burstLimit": 2})
    changed = client.update_usage_plan(
        usagePlanId=plan["id"],
        patchOperations=[
            *replace("/apiStages", stage, "add"),
            *replace("/quota/limit", "10"),
            *replace("/quota/period", "MONTH"),
            {"op": "remove", "path": "/throttle"},
        ],
    )
    assert changed["apiStages"] == [{"apiId": api["id"], "stage": "dev"}]
    assert changed["quota"] == {"limit": 10, "period": "MONTH", "offset": 0}
    assert "throttle" not in changed
    refused(
        "NotFoundException", client.update_usage_plan, usagePlanId=plan["id"],
        patchOperations=replace("/apiStages", f"{api['id']}:none", "add"),
    )  # fmt: skip
    text = refused("BadRequestException", client.delete_usage_plan, usagePlanId=plan["id"])
    assert "associated with at least one API Stage" in text
    key = client.create_api_key(name="k")["id"]
    client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key, keyType="API_KEY")
    refused("ConflictException", client.create_usage_plan_key, usagePlanId=plan["id"], keyId=key, keyType="API_KEY")
    assert [p["id"] for p in client.get_usage_plans(keyId=key)["items"]] == [plan["id"]]
    client.update_usage_plan(usagePlanId=plan["id"], patchOperations=replace("/apiStages", stage, "remove"))
    client.delete_usage_plan(usagePlanId=plan["id"])


def test_domain_names_are_recorded(gate: Any, api: dict[str, Any]) -> None:
    gate.deploy()
    name = f"{gate.account.id}.example.com"
    made = gate.client.create_domain_name(domainName=name, endpointConfiguration={"types": ["REGIONAL"]})
    assert made["regionalDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    assert made["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-fidelity"] == "recorded"
    gate.client.create_base_path_mapping(domainName=name, restApiId=api["id"], stage="dev")
    mapping = gate.client.get_base_path_mapping(domainName=name, basePath="(none)")
    assert (mapping["restApiId"], mapping["stage"]) == (api["id"], "dev")
    refused("BadRequestException", gate.client.delete_rest_api, restApiId=api["id"])
    gate.client.delete_domain_name(domainName=name)
    gate.client.delete_rest_api(restApiId=api["id"])


def test_the_account(gate: Any) -> None:
    shown = gate.client.get_account()
    assert shown["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}
    assert "cloudwatchRoleArn" not in shown
    refused("BadRequestException", gate.client.update_account, patchOperations=replace("/cloudwatchRoleArn", "x"))


def test_gateway_responses(gate: Any, api: dict[str, Any]) -> None:
    default = gate.client.get_gateway_response(restApiId=api["id"], responseType="THROTTLED")
    assert (default["defaultResponse"], default["statusCode"]) == (True, "429")
    assert len(gate.client.get_gateway_responses(restApiId=api["id"], limit=500)["items"]) == 21
    own = gate.client.put_gateway_response(restApiId=api["id"], responseType="THROTTLED", statusCode="420")
    assert (own["defaultResponse"], own["statusCode"]) == (False, "420")
    gate.client.delete_gateway_response(restApiId=api["id"], responseType="THROTTLED")
    refused("NotFoundException", gate.client.delete_gateway_response, restApiId=api["id"], responseType="THROTTLED")
