"""Lambda proxy integrations.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

ECHO = """
import json
def handler(event, context):
    return {"statusCode": 201, "headers": {"X-One": "1", "Content-Type": "application/json"},
            "multiValueHeaders": {"X-Many": ["a", "b"]}, "body": json.dumps(event)}
"""
SAYS = """
import json, base64
def handler(event, context):
    return json.loads(event["body"])
"""


def proxy(uri: str, **more: Any) -> dict[str, Any]:
    return {"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, **more}}


def test_the_event_and_the_response(gate: Any) -> None:
    uri = gate.function(ECHO)
    gate.import_api({"/pets/{id}/{rest+}": {"x-amazon-apigateway-any-method": proxy(uri)}})
    answer = gate.ask(
        "PUT", "/pets/a%20b/c/d?x=1&x=2&y=%26", b'{"k": 1}', {"Content-Type": "application/json", "X-Test": "v"}
    )
    assert answer.status == 201
    assert (answer.headers["x-one"], answer.headers["x-many"]) == ("1", "a, b")
    assert answer.headers["x-amzn-requestid"] and answer.headers["x-amz-apigw-id"]
    event = answer.json
    assert event["resource"] == "/pets/{id}/{rest+}"
    assert event["path"] == "/pets/a%20b/c/d"  # REST APIs hand the path on as it was sent
    assert event["pathParameters"] == {"id": "a%20b", "rest": "c/d"}
    assert event["queryStringParameters"] == {"x": "2", "y": "&"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": ["&"]}
    assert (event["httpMethod"], event["body"], event["isBase64Encoded"]) == ("PUT", '{"k": 1}', False)
    assert event["headers"]["X-Test"] == "v"
    assert event["multiValueHeaders"]["X-Test"] == ["v"]
    assert event["headers"]["X-Forwarded-Proto"] == "http"
    assert event["stageVariables"] is None
    context = event["requestContext"]
    assert context["resourcePath"] == "/pets/{id}/{rest+}"
    assert context["path"] == "/dev/pets/a%20b/c/d"
    assert (context["stage"], context["apiId"], context["accountId"]) == ("dev", gate.id, gate.account.id)
    assert context["requestId"] == answer.headers["x-amzn-requestid"]
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["apiKey" if "apiKey" in context["identity"] else "caller"] is None


def test_a_request_without_body_or_query_has_nulls(gate: Any) -> None:
    gate.import_api({"/": {"get": proxy(gate.function(ECHO))}})
    event = gate.ask("GET", "/").json
    for member in ("body", "queryStringParameters", "multiValueQueryStringParameters", "pathParameters"):
        assert event[member] is None


def test_by_host_and_by_path(gate: Any) -> None:
    gate.import_api({"/x": {"get": proxy(gate.function(ECHO))}})
    for url, host in (
        ("/dev/x", f"{gate.id}.execute-api.us-east-1.amazonaws.com"),
        ("/dev/x", f"{gate.id}.execute-api.us-east-1.localhost.localstack.cloud:4566"),
        ("/dev/x", f"{gate.id}.execute-api.localhost"),
        (f"/restapis/{gate.id}/dev/_user_request_/x", "localhost"),
    ):
        request = urllib.request.Request(gate.account.endpoint + url, headers={"Host": host})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["path"] == "/x"


def test_what_is_no_proxy_response_is_a_502(gate: Any) -> None:
    gate.import_api({"/": {"post": proxy(gate.function(SAYS))}})
    for said in ('"text"', "null", "[1]", '{"statusCode": "x"}', '{"statusCode": 200, "body": {"a": 1}}',
                 '{"statusCode": 200, "cookies": []}'):  # fmt: skip
        answer = gate.ask("POST", "/", said.encode())
        assert (answer.status, answer.json) == (502, {"message": "Internal server error"}), said
        assert answer.headers["x-amzn-errortype"] == "InternalServerErrorException"
    answer = gate.ask("POST", "/", b'{"statusCode": "204", "headers": {"A": true, "B": 2}}')
    assert (answer.status, answer.headers["a"], answer.headers["b"], answer.text) == (204, "true", "2", "")


def test_a_failing_function_is_a_502(gate: Any) -> None:
    gate.import_api({"/": {"post": proxy(gate.function(SAYS))}})
    answer = gate.ask("POST", "/", b"not json")
    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})


def test_a_function_that_gave_no_permission_is_a_500(gate: Any) -> None:
    gate.import_api({"/": {"get": proxy(gate.function(ECHO, permit=False))}})
    answer = gate.ask("GET", "/")
    assert (answer.status, answer.json) == (500, {"message": "Internal server error"})


def test_a_permission_for_one_path_of_the_api(gate: Any) -> None:
    uri = gate.function(ECHO, permit=False)
    gate.import_api({"/a/{id}": {"get": proxy(uri)}, "/b": {"get": proxy(uri)}})
    gate.account.client("lambda").add_permission(
        FunctionName="f", StatementId="one", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{gate.account.id}:{gate.id}/*/GET/a/*",
    )  # fmt: skip
    assert gate.ask("GET", "/a/1").status == 201
    assert gate.ask("GET", "/b").status == 500


def test_credentials_stand_in_for_the_permission(gate: Any) -> None:
    uri = gate.function(ECHO, permit=False)
    role = gate.role({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"})
    gate.import_api({"/": {"get": proxy(uri, credentials=role)}})
    assert gate.ask("GET", "/").status == 201


def test_binary_bodies(gate: Any) -> None:
    uri = gate.function(
        "import base64\n"
        "def handler(event, context):\n"
        "    return {'statusCode': 200, 'isBase64Encoded': True, 'headers': {'Content-Type': 'image/png',\n"
        "            'X-Encoded': str(event['isBase64Encoded'])}, 'body': event['body']}\n"
    )
    gate.import_api({"/": {"post": proxy(uri)}}, **{"x-amazon-apigateway-binary-media-types": ["image/png"]})
    url = f"{gate.account.endpoint}/_aws/execute-api/{gate.id}/dev/"
    data = bytes(range(256))
    request = urllib.request.Request(url, data, {"Content-Type": "image/png", "Accept": "image/png"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["X-Encoded"] == "True"
        assert answer.read() == data
    text = gate.ask("POST", "/", b"aGk=", {"Content-Type": "text/plain", "Accept": "image/png"})
    assert (text.headers["x-encoded"], text.text) == ("False", "hi")


def test_some_headers_come_back_remapped(gate: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html"""
    gate.import_api({"/": {"post": proxy(gate.function(SAYS))}})
    answer = gate.ask("POST", "/", b'{"statusCode": 401, "headers": {"WWW-Authenticate": "Basic", "Date": "d"}}')
    assert answer.headers["x-amzn-remapped-www-authenticate"] == "Basic"
    assert answer.headers["x-amzn-remapped-date"] == "d"


def test_stage_variables_reach_the_function_and_its_uri(gate: Any) -> None:
    uri = gate.function(ECHO, name="chosen")
    uri = uri.replace(":chosen/", ":${stageVariables.which}/")
    gate.import_api({"/": {"get": proxy(uri)}})
    gate.client.update_stage(
        restApiId=gate.id, stageName="dev",
        patchOperations=[{"op": "replace", "path": "/variables/which", "value": "chosen"}],
    )  # fmt: skip
    assert gate.ask("GET", "/").json["stageVariables"] == {"which": "chosen"}


def test_a_slow_function_is_a_504(gate: Any) -> None:
    uri = gate.function("import time\ndef handler(event, context):\n    time.sleep(3)\n")
    gate.import_api({"/": {"get": proxy(uri, timeoutInMillis=200)}})
    answer = gate.ask("GET", "/")
    assert (answer.status, answer.json) == (504, {"message": "Endpoint request timed out"})
