"""Routes of HTTP APIs, and what functions get and return in both payload formats.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import json

import pytest

RESULT = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"
JSON = {"Content-Type": "application/json"}


def test_quick_create_serves_a_function(web):
    made = web.client.create_api(Name="quick", ProtocolType="HTTP", Target=web.function())
    web.id = made["ApiId"]
    body, headers = b'{"x": 1}', {**JSON, "Cookie": "c=1; d=2", "X-Two": "1"}
    answer = web.ask("POST", "/any/pa%20th?a=1&a=2&b=", body, headers)
    assert answer.status == 200, answer
    event = answer.json
    context = event.pop("requestContext")
    held = event.pop("headers")
    assert event == {
        "version": "2.0", "routeKey": "$default", "rawPath": "/any/pa th", "rawQueryString": "a=1&a=2&b=",
        "cookies": ["c=1", "d=2"], "queryStringParameters": {"a": "1,2", "b": ""}, "body": '{"x": 1}',
        "isBase64Encoded": False,
    }  # fmt: skip
    assert held["x-two"] == "1"
    assert held["content-type"] == "application/json"
    assert held["x-forwarded-proto"] == "http"
    assert held["x-amzn-trace-id"].startswith("Root=1-")
    assert "cookie" not in held
    assert context.pop("timeEpoch") > 0
    assert context.pop("time").endswith(" +0000")
    assert context.pop("http") == {
        "method": "POST", "path": "/any/pa th", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "",
    }  # fmt: skip
    assert context == {
        "accountId": web.account.id, "apiId": web.id, "domainName": f"{web.id}.execute-api.us-east-1.localhost",
        "domainPrefix": web.id, "requestId": answer.headers["apigw-requestid"], "routeKey": "$default",
        "stage": "$default",
    }  # fmt: skip
    assert len(context["requestId"]) == 16
    assert context["requestId"].endswith("=")


def test_what_quick_create_makes_is_managed(web):
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html (target, routeKey, credentialsArn)"""
    arn = f"arn:aws:lambda:us-east-1:{web.account.id}:function:f"
    api = web.client.create_api(Name="quick", ProtocolType="HTTP", Target=arn, RouteKey="GET /x")["ApiId"]
    (route,) = web.client.get_routes(ApiId=api)["Items"]
    (integration,) = web.client.get_integrations(ApiId=api)["Items"]
    (stage,) = web.client.get_stages(ApiId=api)["Items"]
    assert (route["ApiGatewayManaged"], route["RouteKey"]) == (True, "GET /x")
    assert route["Target"] == f"integrations/{integration['IntegrationId']}"
    assert integration["ApiGatewayManaged"]
    assert {name: integration[name] for name in ("IntegrationType", "IntegrationUri", "PayloadFormatVersion")} == {
        "IntegrationType": "AWS_PROXY", "IntegrationUri": arn, "PayloadFormatVersion": "2.0",
    }  # fmt: skip
    assert (stage["StageName"], stage["AutoDeploy"], stage["ApiGatewayManaged"]) == ("$default", True, True)
    web.client.update_api(ApiId=api, Target="https://example.com", RouteKey="GET /y")
    (route,) = web.client.get_routes(ApiId=api)["Items"]
    (integration,) = web.client.get_integrations(ApiId=api)["Items"]
    assert route["RouteKey"] == "GET /y"
    assert (integration["IntegrationType"], integration["IntegrationUri"]) == ("HTTP_PROXY", "https://example.com")


def test_the_most_specific_route_is_selected(web, backend):
    """The example of https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html"""
    web.api()
    keys = ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"]
    for number, key in enumerate(keys):
        mapped = {"overwrite:header.route": str(number)}
        web.route(key, web.integration(backend.url, RequestParameters=mapped))

    def chosen(method, path):
        return keys[int(web.ask(method, path).json["headers"]["route"])]

    assert chosen("GET", "/pets/dog/1") == "GET /pets/dog/1"
    assert chosen("GET", "/pets/dog/2") == "GET /pets/dog/{id}"
    assert chosen("GET", "/pets/cat/1") == "GET /pets/{proxy+}"
    assert chosen("POST", "/test/5") == "ANY /{proxy+}"
    assert chosen("POST", "/pets/dog/1") == "ANY /{proxy+}"
    assert chosen("GET", "/") == "$default"


def test_a_request_that_no_route_matches(web, backend):
    web.api()
    web.route("GET /pets", web.integration(backend.url))
    for method, path in (("GET", "/cats"), ("POST", "/pets"), ("GET", "/pets/1")):
        answer = web.ask(method, path)
        assert (answer.status, answer.text) == (404, '{"message":"Not Found"}')
        assert answer.headers["content-type"] == "application/json"
    assert web.ask("GET", "/x", api="0000000000").status == 403


def test_a_named_stage(web):
    web.api(stage="dev")
    function = web.function()
    web.route("GET /pets/{id}/{rest+}", web.integration(function))
    web.client.update_stage(ApiId=web.id, StageName="dev", StageVariables={"color": "blue"})
    event = web.ask("GET", "/dev/pets/a%2Fb/c/d").json
    assert event["rawPath"] == "/dev/pets/a/b/c/d"
    assert event["requestContext"]["http"]["path"] == "/dev/pets/a/b/c/d"
    assert event["requestContext"]["stage"] == "dev"
    assert event["pathParameters"] == {"id": "a/b", "rest": "c/d"}
    assert event["stageVariables"] == {"color": "blue"}
    assert web.ask("GET", "/pets/1/c").status == 404
    assert web.ask("GET", f"/_aws/execute-api/{web.id}/dev/pets/1/c", host="localhost").status == 200


def test_a_change_is_served_after_a_deployment(web, backend):
    """A stage without AutoDeploy serves what was deployed to it."""
    web.id = web.client.create_api(Name="web", ProtocolType="HTTP")["ApiId"]
    web.client.create_stage(ApiId=web.id, StageName="dev")
    route = web.route("GET /a", web.integration(backend.url))
    assert web.ask("GET", "/dev/a").status == 404
    web.client.create_deployment(ApiId=web.id, StageName="dev")
    assert web.ask("GET", "/dev/a").status == 200
    web.client.update_route(ApiId=web.id, RouteId=route, RouteKey="GET /b")
    assert web.ask("GET", "/dev/a").status == 200
    made = web.client.create_deployment(ApiId=web.id, Description="second")
    web.client.update_stage(ApiId=web.id, StageName="dev", DeploymentId=made["DeploymentId"])
    assert web.ask("GET", "/dev/a").status == 404
    assert web.ask("GET", "/dev/b").status == 200


def test_format_1(web):
    web.api()
    web.route("GET /pets/{id}", web.integration(web.function(), "1.0"))
    web.route("POST /echo", web.integration(web.function(RESULT, "result"), "1.0"))
    answer = web.ask("GET", "/pets/7")
    assert (answer.status, answer.text) == (500, '{"message":"Internal Server Error"}')  # the event is no response
    result = {"statusCode": "201", "headers": {"X-A": "1"}, "multiValueHeaders": {"X-B": ["1", "2"]}, "body": "hi"}
    answer = web.ask("POST", "/echo", json.dumps(result).encode(), JSON)
    assert (answer.status, answer.text) == (201, "hi")
    assert (answer.headers["x-a"], answer.headers["x-b"]) == ("1", "1, 2")


def test_the_event_of_format_1(web):
    web.api(stage="dev")
    code = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
    web.route("GET /pets/{id}", web.integration(web.function(code), "1.0"))
    event = web.ask("GET", "/dev/pets/7?a=1&a=2", None, {"X-One": "1"}).json
    context = event.pop("requestContext")
    assert event.pop("headers")["x-one"] == "1"
    assert event.pop("multiValueHeaders")["x-one"] == ["1"]
    assert event == {
        "version": "1.0", "resource": "/pets/{id}", "path": "/dev/pets/7", "httpMethod": "GET",
        "queryStringParameters": {"a": "2"}, "multiValueQueryStringParameters": {"a": ["1", "2"]},
        "pathParameters": {"id": "7"}, "stageVariables": None, "body": None, "isBase64Encoded": False,
    }  # fmt: skip
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert (context["resourcePath"], context["stage"], context["httpMethod"]) == ("/pets/{id}", "dev", "GET")
    assert context["path"] == "/dev/pets/7"


@pytest.mark.parametrize(
    ("result", "status", "body", "kind"),
    [
        ('"Hello"', 200, "Hello", "application/json"),
        ('{"message": "Hello"}', 200, '{"message": "Hello"}', "application/json"),
        ("[1]", 200, "[1]", "application/json"),
        ('{"statusCode": 404, "headers": {"content-type": "text/html"}, "body": "no"}', 404, "no", "text/html"),
        ('{"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}', 200, "hi", "text/plain; charset=utf-8"),
        ('{"statusCode": "x"}', 500, '{"message":"Internal Server Error"}', "application/json"),
        ('{"statusCode": 200, "body": {}}', 500, '{"message":"Internal Server Error"}', "application/json"),
        ('{"statusCode": 200, "headers": {"a": "b\\nc"}}', 500, '{"message":"Internal Server Error"}', None),
    ],
)
def test_results_of_format_2(results, result, status, body, kind):
    answer = results.ask("POST", "/", result.encode(), JSON)
    assert (answer.status, json.loads(answer.text) if body[:1] in "[{" else answer.text) == (
        status, json.loads(body) if body[:1] in "[{" else body)  # fmt: skip
    assert answer.headers["content-type"] == (kind or "application/json")


@pytest.fixture(scope="module")
def results(cloud):
    from .conftest import Web

    web = Web(cloud, cloud.account())
    web.api()
    web.route("POST /", web.integration(web.function(RESULT)))
    return web


def test_cookies_of_format_2(results):
    body = b'{"statusCode": 204, "cookies": ["a=1; Path=/", "b=2"]}'
    answer = results.ask("POST", "/", body, JSON)
    assert answer.headers["set-cookie"] == "a=1; Path=/, b=2"


def test_bodies_that_are_no_text_are_base64(web):
    """Form data too: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    web.api()
    web.route("POST /", web.integration(web.function()))
    event = web.ask("POST", "/", b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}).json
    assert (event["body"], event["isBase64Encoded"]) == ("YT0x", True)


def test_a_function_that_fails(web):
    web.api()
    web.route("GET /", web.integration(web.function("def handler(event, context):\n    raise ValueError('no')\n")))
    answer = web.ask("GET", "/")
    assert (answer.status, answer.text) == (500, '{"message":"Internal Server Error"}')
    (hop, *_) = web.cloud.why(answer.headers["apigw-requestid"])
    assert "ValueError" in hop["message"]


def test_the_permission_names_the_route(web):
    """The ARN is API/STAGE/METHOD/ROUTE, with the variables as the route has them; API/STAGE/$default for $default."""
    web.api()
    for number, (key, path, source) in enumerate([
        ("GET /pets/{id}", "/pets/1", "*/$default/GET/pets/{id}"),
        ("ANY /any", "/any", "*/*/*/any"),
        ("$default", "/x", "*/*/$default"),
    ]):  # fmt: skip
        web.route(key, web.integration(web.function(name=f"f{number}", source=source)))
        assert web.ask("GET", path).status == 200, key
    web.route("GET /denied", web.integration(web.function(name="denied", source="*/*/GET/other")))
    answer = web.ask("GET", "/denied")
    assert (answer.status, answer.text) == (500, '{"message":"Internal Server Error"}')


def test_a_payload_that_is_too_large(web, backend):
    """10 MB: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
    web.api()
    web.route("POST /", web.integration(backend.url))
    answer = web.ask("POST", "/", bytes(10 * 1024 * 1024 + 1), {"Content-Type": "text/plain"})
    assert (answer.status, answer.text) == (413, '{"message":"Request Entity Too Large"}')
