"""Who may call a stage, and how often.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

MOCK = {
    "responses": {"200": {"description": "ok"}},
    "x-amazon-apigateway-integration": {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {
            "default": {"statusCode": "200", "responseTemplates": {"application/json": "$context.authorizer.who"}}
        },
    },
}
SIGV4 = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
KEY = {"type": "apiKey", "name": "x-api-key", "in": "header"}


def signed(gate: Any, account: Any, method: str, path: str, region: str = "us-east-1") -> dict[str, str]:
    url = f"{gate.account.endpoint}/_aws/execute-api/{gate.id}/dev{path}"
    request = AWSRequest(method=method, url=url)
    keys = account.keys
    credentials = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token"))
    SigV4Auth(credentials, "execute-api", region).add_auth(request)
    return dict(request.headers)


def allow(action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# -- what is not there -----------------------------------------------------------------------------------------------


def test_unknown_apis_stages_and_paths(gate: Any) -> None:
    gate.import_api({"/a": {"get": MOCK}})
    for path, stage, api, said in (
        ("/b", "dev", "", "Missing Authentication Token"),
        ("/a", "none", "", "Forbidden"),
        ("/a", "dev", "nosuchapi0", "Forbidden"),
    ):
        answer = gate.ask("GET", path, stage=stage, api=api)
        assert (answer.status, answer.json) == (403, {"message": said})
    answer = gate.ask("POST", "/a")
    assert (answer.status, answer.json) == (403, {"message": "Missing Authentication Token"})
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_static_paths_win_over_parameters_and_those_over_greedy_ones(gate: Any) -> None:
    def says(text: str) -> dict[str, Any]:
        integration = {
            **MOCK["x-amazon-apigateway-integration"],
            "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": text}}},
        }
        return {"get": {**MOCK, "x-amazon-apigateway-integration": integration}}

    gate.import_api({"/a/b": says("static"), "/a/{x}": says("$input.params('x')"), "/{all+}": says("greedy")})
    for path, said in (("/a/b", "static"), ("/a/c", "c"), ("/a/c/d", "greedy"), ("/z", "greedy"), ("/a/b/", "static")):
        assert gate.ask("GET", path).text == said, path
    assert gate.ask("GET", "/").status == 403


# -- IAM -------------------------------------------------------------------------------------------------------------


def iam_api(gate: Any, **more: Any) -> str:
    paths = {"/a": {"get": {**MOCK, "security": [{"sigv4": []}]}}}
    gate.import_api(paths, components={"securitySchemes": {"sigv4": SIGV4}}, **more)
    return f"arn:aws:execute-api:us-east-1:{gate.account.id}:{gate.id}"


def test_iam_authorization(gate: Any) -> None:
    arn = iam_api(gate)
    answer = gate.ask("GET", "/a")
    assert (answer.status, answer.json) == (403, {"message": "Missing Authentication Token"})
    assert gate.ask("GET", "/a", headers=signed(gate, gate.account, "GET", "/a")).status == 200
    may = gate.account.user(allow("execute-api:Invoke", f"{arn}/dev/GET/a"))
    assert gate.ask("GET", "/a", headers=signed(gate, may, "GET", "/a")).status == 200
    may_not = gate.account.user(allow("execute-api:Invoke", f"{arn}/dev/POST/a"), name="other")
    answer = gate.ask("GET", "/a", headers=signed(gate, may_not, "GET", "/a"))
    masked = f"********{gate.account.id[-4:]}"
    assert answer.status == 403
    assert answer.json["Message"] == (
        f"User: arn:aws:iam::{gate.account.id}:user/other is not authorized to perform: execute-api:Invoke on "
        f"resource: arn:aws:execute-api:us-east-1:{masked}:{gate.id}/dev/GET/a"
    )
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"


def test_a_bad_signature(gate: Any) -> None:
    iam_api(gate)
    headers = signed(gate, gate.account, "GET", "/b")
    answer = gate.ask("GET", "/a", headers=headers)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    assert answer.json["message"].startswith("The request signature we calculated does not match")


def test_another_account_needs_both_policies(gate: Any) -> None:
    other = gate.cloud.account()
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": other.id}, "Action": "execute-api:Invoke",
             "Resource": "execute-api:/dev/GET/a"}
        ],
    }  # fmt: skip
    iam_api(gate)
    assert gate.ask("GET", "/a", headers=signed(gate, other, "GET", "/a")).status == 403
    iam_api(gate, **{"x-amazon-apigateway-policy": policy})
    assert gate.ask("GET", "/a", headers=signed(gate, other, "GET", "/a")).status == 200
    nobody = other.user()
    assert gate.ask("GET", "/a", headers=signed(gate, nobody, "GET", "/a")).status == 403


def test_a_resource_policy_on_open_methods(gate: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html"""

    def policy(effect: str, address: str) -> dict[str, Any]:
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
        other = {**everybody, "Effect": effect, "Condition": {"IpAddress": {"aws:SourceIp": address}}}
        return {"Version": "2012-10-17", "Statement": [everybody, other] if effect == "Deny" else [other]}

    for effect, address, status in (
        ("Deny", "127.0.0.1", 403), ("Deny", "10.0.0.0/8", 200), ("Allow", "127.0.0.0/8", 200),
        ("Allow", "10.0.0.0/8", 403),
    ):  # fmt: skip
        gate.import_api({"/a": {"get": MOCK}}, **{"x-amazon-apigateway-policy": policy(effect, address)})
        answer = gate.ask("GET", "/a")
        assert answer.status == status, (effect, address)
        if status == 403:
            assert answer.json["Message"].startswith(
                "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:"
            )
            assert answer.json["Message"].endswith("with an explicit deny") == (effect == "Deny")


# -- Lambda authorizers ----------------------------------------------------------------------------------------------

AUTHORIZER = """
import time
def handler(event, context):
    token = event.get("authorizationToken") or event["headers"]["X-Token"]
    if token == "unauthorized":
        raise Exception("Unauthorized")
    if token == "broken":
        return {"nothing": 1}
    effect = "Deny" if token == "deny" else "Allow"
    arn = event["methodArn"]
    resource = arn.rsplit("/", 1)[0] + "/a" if token == "only-a" else arn.split("/")[0] + "/*"
    if token == "none":
        resource = []
    return {"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}]},
        "context": {"who": f"{token}-{time.time_ns()}", "n": 1, "b": True}}
"""


def authorized(gate: Any, kind: str = "token", **more: Any) -> None:
    uri = gate.function(AUTHORIZER)
    authorizer = {"type": kind, "authorizerUri": uri, **more}
    scheme = {
        "type": "apiKey", "name": "X-Token", "in": "header", "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": authorizer,
    }  # fmt: skip
    paths = {path: {"get": {**MOCK, "security": [{"a": []}]}} for path in ("/a", "/b")}
    gate.import_api(paths, components={"securitySchemes": {"a": scheme}})


@pytest.mark.one_node(reason="each node remembers what authorizers said")
def test_token_authorizer(gate: Any) -> None:
    authorized(gate)
    first = gate.ask("GET", "/a", headers={"X-Token": "yes"})
    assert first.status == 200
    assert first.text.startswith("yes-")
    assert gate.ask("GET", "/a", headers={"X-Token": "yes"}).text == first.text  # remembered for 300 s
    assert gate.ask("GET", "/b", headers={"X-Token": "yes"}).text == first.text  # for every method
    answer = gate.ask("GET", "/a")
    assert (answer.status, answer.json) == (401, {"message": "Unauthorized"})
    assert answer.headers["x-amzn-errortype"] == "UnauthorizedException"
    assert gate.ask("GET", "/a", headers={"X-Token": "unauthorized"}).status == 401
    answer = gate.ask("GET", "/a", headers={"X-Token": "deny"})
    assert answer.status == 403
    assert answer.json["Message"].startswith("User is not authorized to access this resource with an explicit deny")
    assert gate.ask("GET", "/a", headers={"X-Token": "only-a"}).status == 200
    answer = gate.ask("GET", "/b", headers={"X-Token": "only-a"})
    assert (answer.status, answer.json) == (403, {"Message": "User is not authorized to access this resource"})
    # no resource at all is how Chalice says that a caller may call nothing: refused, not an error
    answer = gate.ask("GET", "/a", headers={"X-Token": "none"})
    assert (answer.status, answer.json) == (403, {"Message": "User is not authorized to access this resource"})
    answer = gate.ask("GET", "/a", headers={"X-Token": "broken"})
    assert (answer.status, answer.json) == (500, {"message": None})
    assert answer.headers["x-amzn-errortype"] == "AuthorizerConfigurationException"


def test_the_token_must_fit_its_expression(gate: Any) -> None:
    authorized(gate, identityValidationExpression="ye.")
    assert gate.ask("GET", "/a", headers={"X-Token": "yes"}).status == 200
    assert gate.ask("GET", "/a", headers={"X-Token": "yesno"}).status == 401


def test_request_authorizer_without_caching(gate: Any) -> None:
    authorized(gate, "request", identitySource="method.request.header.X-Token", authorizerResultTtlInSeconds=0)
    first, second = (gate.ask("GET", "/a", headers={"X-Token": "yes"}).text for _ in range(2))
    assert first != second
    assert gate.ask("GET", "/a").status == 401


def test_an_authorizers_answer_expires(own_gate: Any) -> None:
    authorized(own_gate, authorizerResultTtlInSeconds=60)
    first = own_gate.ask("GET", "/a", headers={"X-Token": "yes"}).text
    own_gate.cloud.advance(30)
    assert own_gate.ask("GET", "/a", headers={"X-Token": "yes"}).text == first
    own_gate.cloud.advance(31)
    assert own_gate.ask("GET", "/a", headers={"X-Token": "yes"}).text != first


# -- keys, plans, throttles ------------------------------------------------------------------------------------------


def planned(gate: Any, **plan: Any) -> dict[str, str]:
    """An API that asks for a key, a plan for it, and a header with a key of the plan."""
    paths = {"/a": {"get": {**MOCK, "security": [{"k": []}]}}, "/open": {"get": MOCK}}
    gate.import_api(paths, components={"securitySchemes": {"k": KEY}})
    key = gate.client.create_api_key(name="k", enabled=True)
    made = gate.client.create_usage_plan(name="p", apiStages=[{"apiId": gate.id, "stage": "dev"}], **plan)
    gate.client.create_usage_plan_key(usagePlanId=made["id"], keyId=key["id"], keyType="API_KEY")
    gate.plan, gate.key = made["id"], key["id"]
    return {"x-api-key": key["value"]}


def test_a_key_is_required(gate: Any) -> None:
    header = planned(gate)
    for headers in ({}, {"x-api-key": "x" * 40}):
        answer = gate.ask("GET", "/a", headers=headers)
        assert (answer.status, answer.json) == (403, {"message": "Forbidden"})
        assert answer.headers["x-amzn-errortype"] == "ForbiddenException"
    assert gate.ask("GET", "/a", headers=header).status == 200
    assert gate.ask("GET", "/open").status == 200
    gate.client.update_api_key(
        apiKey=gate.key, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}]
    )
    assert gate.ask("GET", "/a", headers=header).status == 403


def test_a_key_outside_every_plan_of_the_stage(gate: Any) -> None:
    header = planned(gate)
    gate.client.delete_usage_plan_key(usagePlanId=gate.plan, keyId=gate.key)
    assert gate.ask("GET", "/a", headers=header).status == 403


def test_a_plan_throttles(own_gate: Any) -> None:
    header = planned(own_gate, throttle={"rateLimit": 1.0, "burstLimit": 2})
    freeze(own_gate)
    assert [own_gate.ask("GET", "/a", headers=header).status for _ in range(3)] == [200, 200, 429]
    answer = own_gate.ask("GET", "/a", headers=header)
    assert (answer.json, answer.headers["x-amzn-errortype"]) == (
        {"message": "Too Many Requests"}, "TooManyRequestsException",
    )  # fmt: skip
    freeze(own_gate, 1.0)
    assert [own_gate.ask("GET", "/a", headers=header).status for _ in range(2)] == [200, 429]


def freeze(gate: Any, later: float = 0.0) -> None:
    """Let time stand still, `later` seconds from now."""
    clock = gate.cloud.clock
    clock.set(clock.now().timestamp() + later, freeze=True)


def test_a_plan_throttles_one_method(own_gate: Any) -> None:
    header = planned(own_gate)
    own_gate.client.update_usage_plan(
        usagePlanId=own_gate.plan,
        patchOperations=[
            {"op": "replace", "path": f"/apiStages/{own_gate.id}:dev/throttle/~1a/GET/rateLimit", "value": "1"},
            {"op": "replace", "path": f"/apiStages/{own_gate.id}:dev/throttle/~1a/GET/burstLimit", "value": "1"},
        ],
    )
    plan = own_gate.client.get_usage_plan(usagePlanId=own_gate.plan)
    assert plan["apiStages"][0]["throttle"] == {"/a/GET": {"rateLimit": 1.0, "burstLimit": 1}}
    freeze(own_gate)
    assert [own_gate.ask("GET", "/a", headers=header).status for _ in range(2)] == [200, 429]


def test_a_quota_runs_out_and_comes_back(own_gate: Any) -> None:
    header = planned(own_gate, quota={"limit": 2, "period": "DAY"})
    assert [own_gate.ask("GET", "/a", headers=header).status for _ in range(2)] == [200, 200]
    answer = own_gate.ask("GET", "/a", headers=header)
    assert (answer.status, answer.json) == (429, {"message": "Limit Exceeded"})
    assert answer.headers["x-amzn-errortype"] == "LimitExceededException"
    operations = [{"op": "replace", "path": "/remaining", "value": "1"}]
    own_gate.client.update_usage(usagePlanId=own_gate.plan, keyId=own_gate.key, patchOperations=operations)
    assert [own_gate.ask("GET", "/a", headers=header).status for _ in range(2)] == [200, 429]
    own_gate.cloud.advance(86400)
    assert own_gate.ask("GET", "/a", headers=header).status == 200


def test_usage_is_counted_by_day(gate: Any) -> None:
    header = planned(gate, quota={"limit": 10, "period": "WEEK"})
    for _ in range(3):
        gate.ask("GET", "/a", headers=header)
    import datetime

    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    usage = gate.client.get_usage(usagePlanId=gate.plan, startDate=today, endDate=today)
    assert usage["items"] == {gate.key: [[3, 7]]}


def test_a_stages_method_settings_throttle(own_gate: Any) -> None:
    own_gate.import_api({"/a": {"get": MOCK}, "/b": {"get": MOCK}})
    own_gate.client.update_stage(
        restApiId=own_gate.id, stageName="dev",
        patchOperations=[
            {"op": "replace", "path": "/~1a/GET/throttling/rateLimit", "value": "1"},
            {"op": "replace", "path": "/~1a/GET/throttling/burstLimit", "value": "1"},
        ],
    )  # fmt: skip
    freeze(own_gate)
    assert [own_gate.ask("GET", "/a").status for _ in range(2)] == [200, 429]
    assert [own_gate.ask("GET", "/b").status for _ in range(2)] == [200, 200]


# -- validation, gateway responses -----------------------------------------------------------------------------------


def validated(gate: Any, **more: Any) -> None:
    schema = {
        "type": "object", "required": ["name"],
        "properties": {"name": {"type": "string"}, "tag": {"$ref": "#/components/schemas/Tag"}},
    }  # fmt: skip
    operation = {
        **MOCK,
        "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
    }
    gate.import_api(
        {"/a": {"post": operation}},
        components={"schemas": {"Pet": schema, "Tag": {"type": "string", "maxLength": 3}}},
        **{
            "x-amazon-apigateway-request-validators": {
                "all": {"validateRequestBody": True, "validateRequestParameters": True}
            },
            "x-amazon-apigateway-request-validator": "all",
            **more,
        },
    )


def test_request_validation(gate: Any) -> None:
    validated(gate)
    headers = {"Content-Type": "application/json"}
    answer = gate.ask("POST", "/a", b'{"name": "x"}', headers)
    assert (answer.status, answer.json) == (400, {"message": "Missing required request parameters: [q]"})
    for body in (b"{}", b"no json", b"", b'{"name": "x", "tag": "long"}'):
        answer = gate.ask("POST", "/a?q=1", body, headers)
        assert (answer.status, answer.json) == (400, {"message": "Invalid request body"}), body
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"
    assert gate.ask("POST", "/a?q=1", b'{"name": "x", "tag": "abc"}', headers).status == 200


def test_gateway_responses_of_the_api(gate: Any) -> None:
    responses = {
        "BAD_REQUEST_BODY": {
            "statusCode": 422,
            "responseParameters": {"gatewayresponse.header.X-Why": "'body'"},
            "responseTemplates": {
                "application/json": '{"m": $context.error.messageString, "t": "$context.error.responseType"}'
            },
        },
        "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}},
    }
    validated(gate, **{"x-amazon-apigateway-gateway-responses": responses})
    answer = gate.ask("POST", "/a?q=1", b"{}", {"Content-Type": "application/json"})
    assert (answer.status, answer.headers["x-why"]) == (422, "body")
    assert answer.json == {"m": "Invalid request body", "t": "BAD_REQUEST_BODY"}
    answer = gate.ask("GET", "/none")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (403, "*")
    assert answer.json == {"message": "Missing Authentication Token"}


def test_a_body_beyond_ten_megabytes(gate: Any) -> None:
    gate.import_api({"/a": {"post": MOCK}})
    answer = gate.ask("POST", "/a", bytes(10 * 1024 * 1024 + 1))
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")


# -- deployments -----------------------------------------------------------------------------------------------------


def test_a_stage_shows_what_was_deployed_and_a_new_deployment_at_once(gate: Any) -> None:
    gate.import_api({"/a": {"get": MOCK}})
    document = {"openapi": "3.0.1", "info": {"title": "t"}, "paths": {"/b": {"get": MOCK}}}
    gate.client.put_rest_api(restApiId=gate.id, mode="overwrite", body=json.dumps(document))
    assert (gate.ask("GET", "/a").status, gate.ask("GET", "/b").status) == (200, 403)
    gate.deploy()
    assert (gate.ask("GET", "/a").status, gate.ask("GET", "/b").status) == (403, 200)


def test_a_stage_survives_kill_9(restarted: Any) -> None:
    account = restarted.account("123456789012")
    client = account.client("apigateway")
    document = {"openapi": "3.0.1", "info": {"title": "t"}, "paths": {"/a": {"get": MOCK}}}
    api = client.import_rest_api(body=json.dumps(document))["id"]
    client.create_deployment(restApiId=api, stageName="dev")
    restarted.restart()
    with urllib.request.urlopen(f"{restarted.endpoint}/_aws/execute-api/{api}/dev/a") as answer:
        assert answer.status == 200
    assert client.get_rest_api(restApiId=api)["name"] == "t"
