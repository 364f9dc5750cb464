"""HTTP integrations, parameter mapping, and integrations with services.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tests.support import refused

from .conftest import until


def test_a_request_is_passed_on(web, backend):
    web.api()
    web.route("ANY /items/{id}/{rest+}", web.integration(backend.url + "/base/{id}/{rest}"))
    backend.status, backend.headers = 418, {"X-Back": "yes", "Set-Cookie": "a=1"}
    body, headers = b'{"a": 1}', {"Content-Type": "application/json", "X-Mine": "1"}
    answer = web.ask("PUT", "/items/a%20b/c/d?x=1&x=2&y=%C3%A9", body, headers)
    assert (answer.status, answer.headers["x-back"], answer.headers["set-cookie"]) == (418, "yes", "a=1")
    asked = answer.json
    assert (asked["method"], asked["path"], asked["body"]) == ("PUT", "/base/a%20b/c/d?x=1&x=2&y=%C3%A9", '{"a": 1}')
    assert asked["headers"]["x-mine"] == "1"
    assert asked["headers"]["via"] == "HTTP/1.1 AmazonAPIGateway"
    assert f"host={web.id}.execute-api.us-east-1.localhost;proto=http" in asked["headers"]["forwarded"]
    assert "x-forwarded-for" not in asked["headers"]


def test_requests_are_mapped(web, backend):
    web.api(stage="dev")
    web.client.update_stage(ApiId=web.id, StageName="dev", StageVariables={"color": "blue"})
    mappings = {
        "append:header.h1": "$request.header.x-one",
        "overwrite:header.x-two": "$context.routeKey",
        "remove:header.x-three": "''",
        "append:querystring.q1": "$request.querystring.a",
        "overwrite:querystring.b": "$stageVariables.color",
        "remove:querystring.c": "",
        "append:header.deep": "$request.body.items[1].name",
        "append:header.none": "$request.body.nothing",
        "append:header.static": "text",
        "append:header.both": "${request.path.id}-${context.stage}",
        "overwrite:path": "/new/${request.path.id}",
    }
    web.route("POST /items/{id}", web.integration(backend.url + "/old", RequestParameters=mappings))
    body = b'{"items": [{}, {"name": "deep"}]}'
    asked = web.ask("POST", "/dev/items/7?a=1&a=2&b=old&c=3", body, {"X-One": "1", "X-Two": "2", "X-Three": "3"}).json
    assert asked["path"] == "/new/7?a=1&a=2&q1=1%2C2&b=blue"
    headers = asked["headers"]
    assert (headers["h1"], headers["x-two"], headers["deep"]) == ("1", "POST /items/{id}", "deep")
    assert (headers["static"], headers["both"]) == ("text", "7-dev")
    assert not {"x-three", "none"} & headers.keys()


def test_responses_are_mapped_by_status(web, backend):
    """The example of the page on parameter mapping: a 500 becomes a 403."""
    web.api()
    mapped = {
        "500": {"append:header.header1": "$context.requestId", "overwrite:statuscode": "403"},
        "404": {"append:header.error": "$response.body.why", "remove:header.x-secret": "",
                "overwrite:header.x-kept": "$response.header.x-other"},
    }  # fmt: skip
    web.route("GET /", web.integration(backend.url, ResponseParameters=mapped))
    assert web.ask("GET", "/").status == 200
    backend.status = 500
    answer = web.ask("GET", "/")
    assert (answer.status, answer.headers["header1"]) == (403, answer.headers["apigw-requestid"])
    backend.status, backend.body = 404, b'{"why": "gone"}'
    backend.headers = {"X-Secret": "1", "X-Kept": "old", "X-Other": "new"}
    answer = web.ask("GET", "/")
    assert (answer.status, answer.headers["error"], answer.headers["x-kept"]) == (404, "gone", "new")
    assert "x-secret" not in answer.headers


def test_mappings_that_are_refused(web):
    web.api()
    request = {"ApiId": web.id, "IntegrationType": "HTTP_PROXY", "IntegrationMethod": "GET",
               "IntegrationUri": "https://example.com", "PayloadFormatVersion": "1.0"}  # fmt: skip
    for name in ("Authorization", "x-amzn-trace", "Via", "access-control-allow-origin"):
        refusal = refused(web.client.create_integration, **request, RequestParameters={f"append:header.{name}": "x"})
        assert refusal[:2] == ("BadRequestException", f"Operations on header {name} are restricted")
    for key in ("set:header.a", "append:path", "header.a"):
        assert refused(web.client.create_integration, **request, RequestParameters={key: "x"}).code == (
            "BadRequestException"
        )
    for responses in ({"99": {}}, {"200": {"overwrite:path": "x"}}):
        assert refused(web.client.create_integration, **request, ResponseParameters=responses).status == 400


def test_mappings_go_one_by_one(web):
    """An update without a value removes a mapping; the others stay."""
    web.api()
    id = web.integration(
        "https://example.com", RequestParameters={"append:header.a": "1", "append:header.b": "2"},
        ResponseParameters={"200": {"append:header.a": "1"}},
    ).partition("/")[2]  # fmt: skip
    changed = web.client.update_integration(
        ApiId=web.id, IntegrationId=id, RequestParameters={"append:header.a": ""}, ResponseParameters={"200": {}}
    )
    assert changed["RequestParameters"] == {"append:header.b": "2"}
    assert "ResponseParameters" not in changed


def test_a_backend_that_is_not_there(web, free_port):
    web.api()
    web.route("GET /", web.integration(f"http://127.0.0.1:{free_port}"))
    answer = web.ask("GET", "/")
    assert (answer.status, answer.text) == (503, '{"message":"Service Unavailable"}')


def test_messages_to_a_queue(web):
    """SQS-SendMessage, ReceiveMessage and PurgeQueue, with the rights of the integration's role."""
    sqs = web.account.client("sqs")
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    role = web.role({"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": "*"})
    web.api()

    def service(key, subtype, **parameters):
        made = web.client.create_integration(
            ApiId=web.id, IntegrationType="AWS_PROXY", IntegrationSubtype=subtype, PayloadFormatVersion="1.0",
            CredentialsArn=role, RequestParameters={"QueueUrl": queue, **parameters},
        )  # fmt: skip
        web.route(key, f"integrations/{made['IntegrationId']}")

    service("POST /send", "SQS-SendMessage", MessageBody="$request.body.text", DelaySeconds="0",
            MessageAttributes='{"kind": {"DataType": "String", "StringValue": "${request.header.kind}"}}')  # fmt: skip
    service("GET /receive", "SQS-ReceiveMessage", MaxNumberOfMessages="1")
    service("DELETE /", "SQS-PurgeQueue")
    answer = web.ask("POST", "/send", b'{"text": "hello"}', {"Kind": "greeting"})
    assert answer.status == 200
    assert "<SendMessageResponse" in answer.text
    (message,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], VisibilityTimeout=0)["Messages"]
    assert message["Body"] == "hello"
    assert message["MessageAttributes"]["kind"]["StringValue"] == "greeting"
    assert "hello" in web.ask("GET", "/receive").text
    answer = web.ask("DELETE", "/")
    assert (answer.status, "AccessDenied" in answer.text) == (403, True)


def test_a_service_that_is_not_built(web):
    """The integration is taken, and a call says clearly that there is no such service."""
    role = web.role({"Effect": "Allow", "Action": "*", "Resource": "*"})
    web.api()
    made = web.client.create_integration(
        ApiId=web.id, IntegrationType="AWS_PROXY", IntegrationSubtype="AppConfig-GetConfiguration",
        PayloadFormatVersion="1.0", CredentialsArn=role,
        RequestParameters={"Application": "a", "Environment": "e", "Configuration": "c", "ClientId": "i"},
    )  # fmt: skip
    web.route("GET /", f"integrations/{made['IntegrationId']}")
    answer = web.ask("GET", "/")
    assert answer.status in (501, 404)  # 404 once AppConfig is there
    request = {"ApiId": web.id, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "1.0"}
    create = web.client.create_integration
    assert refused(create, **request, IntegrationSubtype="S3-GetObject", CredentialsArn=role).status == 400
    assert refused(create, **request, IntegrationSubtype="SQS-PurgeQueue", CredentialsArn=role).status == 400
    parameters = {"QueueUrl": "q"}
    assert refused(create, **request, IntegrationSubtype="SQS-PurgeQueue", RequestParameters=parameters).status == 400


def test_access_logs(web, backend):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html"""
    logs = web.account.client("logs")
    logs.create_log_group(logGroupName="access")
    arn = f"arn:aws:logs:us-east-1:{web.account.id}:log-group:access"
    form = json.dumps({name: f"$context.{name}" for name in (
        "requestId", "httpMethod", "routeKey", "status", "path", "stage", "integrationStatus", "error.message",
        "identity.sourceIp", "authorizer.claims.sub")})  # fmt: skip
    web.api()
    web.client.update_stage(
        ApiId=web.id, StageName="$default", AccessLogSettings={"DestinationArn": arn, "Format": form}
    )
    web.route("GET /logged", web.integration(backend.url))
    seen = web.ask("GET", "/logged"), web.ask("GET", "/none")

    def lines():
        found = logs.filter_log_events(logGroupName="access")["events"]
        return [json.loads(event["message"]) for event in found] if len(found) == 2 else None

    logged, none = until(lines)
    assert logged == {
        "requestId": seen[0].headers["apigw-requestid"], "httpMethod": "GET", "routeKey": "GET /logged",
        "status": "200", "path": "/logged", "stage": "$default", "integrationStatus": "200", "error.message": "-",
        "identity.sourceIp": "127.0.0.1", "authorizer.claims.sub": "-",
    }  # fmt: skip
    assert (none["status"], none["error.message"], none["routeKey"]) == ("404", "Not Found", "-")
    web.client.delete_access_log_settings(ApiId=web.id, StageName="$default")
    assert "AccessLogSettings" not in web.client.get_stage(ApiId=web.id, StageName="$default")


def test_metrics(web, backend):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"""
    web.api()
    web.route("GET /", web.integration(backend.url))
    web.ask("GET", "/")
    web.ask("GET", "/none")
    watch = web.account.client("cloudwatch")

    def total(name):
        now = datetime.now(UTC)
        found = watch.get_metric_statistics(
            Namespace="AWS/ApiGateway", MetricName=name, Dimensions=[{"Name": "ApiId", "Value": web.id}],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1), Period=3600, Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        return sum(point["Sum"] for point in found)

    until(lambda: total("Count") == 2)
    assert (total("4xx"), total("5xx")) == (1, 0)
