"""Models, validators, authorizers, deployments, stages, gateway responses and the keys of plans: read and changed.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support import refused

TOKENS = """
import time
def handler(event, context):
    if event["authorizationToken"] == "broken":
        raise RuntimeError
    effect = "Allow" if event["authorizationToken"] == "yes" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"asked": str(time.time_ns())},
    }
"""


def replace(path: str, value: str) -> list[dict[str, str]]:
    return [{"op": "replace", "path": path, "value": value}]


@pytest.fixture
def api(gate: Any) -> str:
    """An API with GET / that a mock answers with what the authorizer said."""
    made = gate.client.create_rest_api(name="shop")
    gate.place = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gate.client.put_method(**gate.place, authorizationType="NONE")
    gate.client.put_method_response(**gate.place, statusCode="200")
    gate.client.put_integration(**gate.place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gate.client.put_integration_response(
        **gate.place, statusCode="200", responseTemplates={"application/json": "$context.authorizer.asked"}
    )
    gate.id = made["id"]
    return str(made["id"])


def authorizer(gate: Any, api: str, **more: Any) -> Any:
    return gate.client.create_authorizer(
        restApiId=api, name="a", type="TOKEN", authorizerUri=gate.function(TOKENS),
        identitySource="method.request.header.Token", **more,
    )  # fmt: skip


def test_a_models_schema_is_changed_and_templated(gate: Any, api: str) -> None:
    client, where = gate.client, {"restApiId": api, "modelName": "Pet"}
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
    client.create_model(restApiId=api, name="Pet", contentType="application/json", schema='{"type": "object"}')
    changed = client.update_model(**where, patchOperations=replace("/schema", json.dumps(schema)))
    assert json.loads(changed["schema"]) == schema
    assert json.loads(client.get_model(**where)["schema"]) == schema
    assert refused(client.update_model, **where, patchOperations=replace("/schema", "no")).code == "BadRequestException"
    assert refused(client.update_model, **where, patchOperations=replace("/name", "x")).code == "BadRequestException"
    template = client.get_model_template(**where)["value"]
    assert template.startswith("#set($inputRoot = $input.path('$'))\n{")
    assert '"name"' in template and '"age"' in template
    none = {"restApiId": api, "modelName": "None"}
    assert refused(client.get_model_template, **none)[::2] == ("NotFoundException", 404)
    assert refused(client.update_model, **none, patchOperations=[])[::2] == ("NotFoundException", 404)


def test_validators_are_listed_and_changed(gate: Any, api: str) -> None:
    client = gate.client
    made = client.create_request_validator(restApiId=api, name="v", validateRequestBody=True)
    where = {"restApiId": api, "requestValidatorId": made["id"]}
    patch = replace("/validateRequestBody", "false") + replace("/name", "w")
    client.update_request_validator(**where, patchOperations=patch)
    shown = client.get_request_validator(**where)
    assert (shown["name"], shown["validateRequestBody"], shown["validateRequestParameters"]) == ("w", False, False)
    assert [item["id"] for item in client.get_request_validators(restApiId=api)["items"]] == [made["id"]]
    assert refused(client.update_request_validator, **where, patchOperations=replace("/id", "x")).status == 400
    gone = refused(client.get_request_validator, restApiId=api, requestValidatorId="none")
    assert gone[::2] == ("NotFoundException", 404)
    assert refused(client.get_request_validators, restApiId="none")[::2] == ("NotFoundException", 404)


def test_an_authorizer_is_shown_and_tried_out(gate: Any, api: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeAuthorizer.html"""
    client = gate.client
    made = authorizer(gate, api)
    where = {"restApiId": api, "authorizerId": made["id"]}
    shown = client.get_authorizer(**where)
    assert (shown["name"], shown["type"], shown["authorizerUri"]) == ("a", "TOKEN", made["authorizerUri"])
    assert [item["id"] for item in client.get_authorizers(restApiId=api)["items"]] == [made["id"]]
    for token, effect in (("yes", "Allow"), ("no", "Deny")):
        tried = client.test_invoke_authorizer(**where, headers={"Token": token})
        assert (tried["clientStatus"], tried["principalId"]) == (0, "me")
        assert json.loads(tried["policy"])["Statement"][0]["Effect"] == effect
    assert client.test_invoke_authorizer(**where, headers={"Token": "broken"})["clientStatus"] == 500
    assert client.test_invoke_authorizer(**where)["clientStatus"] == 401
    none = {"restApiId": api, "authorizerId": "none"}
    for call in (client.get_authorizer, client.test_invoke_authorizer):
        assert refused(call, **none) == ("NotFoundException", "Invalid Authorizer identifier specified", 404)


@pytest.mark.one_node(reason="each node remembers what authorizers said")
def test_what_authorizers_said_is_flushed(gate: Any, api: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageAuthorizersCache.html"""
    made = authorizer(gate, api, authorizerResultTtlInSeconds=300)
    patch = replace("/authorizationType", "CUSTOM") + replace("/authorizerId", made["id"])
    gate.client.update_method(**gate.place, patchOperations=patch)
    gate.deploy()
    first, again = (gate.ask("GET", "/", headers={"Token": "yes"}) for _ in range(2))
    assert first.status == 200
    assert first.text == again.text != ""
    gate.client.flush_stage_authorizers_cache(restApiId=api, stageName="dev")
    assert gate.ask("GET", "/", headers={"Token": "yes"}).text not in ("", first.text)
    gate.client.flush_stage_cache(restApiId=api, stageName="dev")
    for call in (gate.client.flush_stage_cache, gate.client.flush_stage_authorizers_cache):
        assert refused(call, restApiId=api, stageName="none") == (
            "NotFoundException", "Invalid stage identifier specified", 404,
        )  # fmt: skip


def test_deployments_and_stages_are_listed(gate: Any, api: str) -> None:
    client = gate.client
    one, two = gate.deploy("dev", description="first"), gate.deploy("prod")
    client.create_stage(restApiId=api, stageName="old", deploymentId=one)
    listed = client.get_deployments(restApiId=api)["items"]
    assert {item["id"]: item.get("description") for item in listed} == {one: "first", two: None}
    changed = client.update_deployment(restApiId=api, deploymentId=one, patchOperations=replace("/description", "new"))
    assert changed["description"] == "new"
    assert client.get_deployment(restApiId=api, deploymentId=one)["description"] == "new"
    patch = replace("/createdDate", "1")
    assert refused(client.update_deployment, restApiId=api, deploymentId=one, patchOperations=patch).status == 400
    assert refused(client.update_deployment, restApiId=api, deploymentId="none", patchOperations=[]).status == 404
    names = {stage["stageName"] for stage in client.get_stages(restApiId=api)["item"]}
    assert names == {"dev", "prod", "old"}
    of_one = client.get_stages(restApiId=api, deploymentId=one)["item"]
    assert {stage["stageName"] for stage in of_one} == {"dev", "old"}
    for call in (client.get_deployments, client.get_stages):
        assert refused(call, restApiId="none")[::2] == ("NotFoundException", 404)


def test_a_gateway_response_is_changed(gate: Any, api: str) -> None:
    gate.deploy()
    where = {"restApiId": api, "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    changed = gate.client.update_gateway_response(**where, patchOperations=[
        *replace("/statusCode", "404"),
        {"op": "add", "path": "/responseParameters/gatewayresponse.header.X-Said", "value": "'no'"},
    ])  # fmt: skip
    assert (changed["statusCode"], changed["defaultResponse"]) == ("404", False)
    assert gate.client.get_gateway_response(**where)["responseParameters"] == {"gatewayresponse.header.X-Said": "'no'"}
    gate.deploy()
    answer = gate.ask("GET", "/none")
    assert (answer.status, answer.headers["x-said"]) == (404, "no")
    assert refused(gate.client.update_gateway_response, **where, patchOperations=replace("/x", "y")).status == 400
    none = {**where, "restApiId": "none"}
    assert refused(gate.client.update_gateway_response, **none, patchOperations=[]).status == 404


def test_a_key_of_a_plan_is_shown(gate: Any) -> None:
    client = gate.client
    plan = client.create_usage_plan(name="p")["id"]
    key = client.create_api_key(name="k", value="v" * 20)["id"]
    assert refused(client.get_usage_plan_key, usagePlanId=plan, keyId=key)[::2] == ("NotFoundException", 404)
    client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    shown = client.get_usage_plan_key(usagePlanId=plan, keyId=key)
    assert (shown["id"], shown["name"], shown["type"]) == (key, "k", "API_KEY")
    assert refused(client.get_usage_plan_key, usagePlanId="none", keyId=key)[::2] == ("NotFoundException", 404)
