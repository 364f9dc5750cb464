"""MOCK, HTTP, HTTP_PROXY and AWS integrations, with mapping templates and parameters.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-types.html
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest


def method(kind: str, statuses: tuple[str, ...] = ("200",), **integration: Any) -> dict[str, Any]:
    given = {"type": kind, "responses": {"default": {"statusCode": "200"}}, **integration}
    return {
        "responses": {status: {"description": status} for status in statuses},
        "x-amazon-apigateway-integration": given,
    }


def test_a_mock_chooses_its_response(gate: Any) -> None:
    template = '{"statusCode": #if($input.params("fail") == "yes")500#{else}200#end}'
    gate.import_api(
        {
            "/m": {
                "get": method(
                    "mock",
                    ("200", "500"),
                    requestTemplates={"application/json": template},
                    responses={
                        "default": {
                            "statusCode": "200",
                            "responseTemplates": {"application/json": '{"id": "$context.requestId"}'},
                            "responseParameters": {
                                "method.response.header.X-Stage": "context.stage",
                                "method.response.header.X-Fixed": "'it''s'",
                            },
                        },
                        "5\\d\\d": {"statusCode": "500", "responseTemplates": {"application/json": '{"no": 1}'}},
                    },
                )
            }
        }
    )
    answer = gate.ask("GET", "/m")
    assert (answer.status, answer.json) == (200, {"id": answer.headers["x-amzn-requestid"]})
    assert answer.headers["x-stage"] == "dev"
    answer = gate.ask("GET", "/m?fail=yes")
    assert (answer.status, answer.json) == (500, {"no": 1})


def test_a_mock_without_a_status_is_a_500(gate: Any) -> None:
    gate.import_api({"/m": {"get": method("mock", requestTemplates={"application/json": "{}"})}})
    answer = gate.ask("GET", "/m")
    assert (answer.status, answer.json) == (500, {"message": "Internal server error"})


def test_a_template_may_override_status_and_headers(gate: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html"""
    body = (
        '#set($context.responseOverride.status = 418)#set($context.responseOverride.header.X-Tea = "pot")'
        '{"a": "$util.escapeJavaScript($input.params(\'q\'))"}'
    )
    gate.import_api(
        {
            "/m": {
                "get": method(
                    "mock",
                    requestTemplates={"application/json": '{"statusCode": 200}'},
                    responses={"default": {"statusCode": "200", "responseTemplates": {"application/json": body}}},
                )
            }
        }
    )
    answer = gate.ask("GET", "/m?q=%22x%22")
    assert (answer.status, answer.headers["x-tea"], answer.json) == (418, "pot", {"a": '"x"'})


def test_passthrough_behaviour(gate: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html"""
    templates = {"application/json": '{"statusCode": 200}'}
    gate.import_api(
        {
            f"/{behaviour}": {"post": method("mock", passthroughBehavior=behaviour, requestTemplates=templates)}
            for behaviour in ("never", "when_no_templates", "when_no_match")
        }
    )
    headers = {"Content-Type": "text/xml"}
    for path in ("/never", "/when_no_templates"):
        answer = gate.ask("POST", path, b"<a/>", headers)
        assert (answer.status, answer.json) == (415, {"message": "Unsupported Media Type"})
    assert gate.ask("POST", "/when_no_match", b'{"statusCode": 200}', headers).status == 200
    assert gate.ask("POST", "/never", b"{}", {"Content-Type": "application/json"}).status == 200


class Backend(http.server.BaseHTTPRequestHandler):
    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        said = {"method": self.command, "path": self.path, "body": body, "headers": dict(self.headers)}
        content = json.dumps(said).encode()
        self.send_response(404 if self.path.startswith("/lost") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Backend", "b")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def backend() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_http_proxy_passes_everything(gate: Any, backend: str) -> None:
    gate.import_api(
        {
            "/w/{rest+}": {
                "x-amazon-apigateway-any-method": {
                    "parameters": [{"name": "rest", "in": "path", "required": True}],
                    "x-amazon-apigateway-integration": {
                        "type": "http_proxy", "httpMethod": "ANY", "uri": backend + "/base/{rest}",
                        "requestParameters": {
                            "integration.request.path.rest": "method.request.path.rest",
                            "integration.request.header.X-Added": "'added'",
                        },
                    },
                }
            }
        }
    )  # fmt: skip
    answer = gate.ask("PUT", "/w/a/b?x=1&x=2", b"hello", {"Content-Type": "text/plain", "X-Mine": "m"})
    assert (answer.status, answer.headers["x-backend"]) == (200, "b")
    seen = answer.json
    assert (seen["method"], seen["path"], seen["body"]) == ("PUT", "/base/a/b?x=1&x=2", "hello")
    assert (seen["headers"]["X-Mine"], seen["headers"]["X-Added"]) == ("m", "added")
    assert seen["headers"]["x-amzn-apigateway-api-id"] == gate.id


def test_http_maps_both_ways(gate: Any, backend: str) -> None:
    gate.import_api(
        {
            "/h": {
                "post": method(
                    "http", ("200", "404"), httpMethod="POST", uri=backend + "/{where}",
                    requestParameters={
                        "integration.request.path.where": "method.request.querystring.where",
                        "integration.request.querystring.q": "method.request.body.name",
                    },
                    requestTemplates={"application/json": '{"n": $input.json("$.name")}'},
                    responses={
                        "default": {
                            "statusCode": "200",
                            "responseTemplates": {"application/json": "$input.path('$.path') $input.path('$.body')"},
                            "responseParameters": {
                                "method.response.header.X-B": "integration.response.header.X-Backend"
                            },
                        },
                        "404": {"statusCode": "404", "responseTemplates": {"application/json": "lost"}},
                    },
                )
            }
        }
    )  # fmt: skip
    headers = {"Content-Type": "application/json"}
    answer = gate.ask("POST", "/h?where=there", b'{"name": "a b"}', headers)
    assert (answer.status, answer.headers["x-b"], answer.text) == (200, "b", '/there?q=a%20b {"n": "a b"}')
    answer = gate.ask("POST", "/h?where=lost", b'{"name": "a"}', headers)
    assert (answer.status, answer.text) == (404, "lost")


def test_an_endpoint_that_is_not_there_is_a_504(gate: Any, free_port: int) -> None:
    gate.import_api({"/h": {"get": method("http_proxy", httpMethod="GET", uri=f"http://127.0.0.1:{free_port}/")}})
    answer = gate.ask("GET", "/h")
    assert (answer.status, answer.json) == (504, {"message": "Network error communicating with endpoint"})


def test_a_function_with_a_mapped_payload(gate: Any) -> None:
    code = (
        "def handler(event, context):\n"
        "    if event['n'] == 'bad':\n"
        "        raise ValueError('BadName: ' + event['n'])\n"
        "    return {'hello': event['n']}\n"
    )
    gate.import_api(
        {
            "/l": {
                "get": method(
                    "aws", ("200", "400"), httpMethod="POST", uri=gate.function(code),
                    requestTemplates={"application/json": '{"n": "$input.params(\'n\')"}'},
                    responses={
                        "default": {"statusCode": "200"},
                        "BadName.*": {
                            "statusCode": "400",
                            "responseTemplates": {"application/json": '{"error": $input.json("$.errorMessage")}'},
                        },
                    },
                )
            }
        }
    )  # fmt: skip
    answer = gate.ask("GET", "/l?n=x")
    assert (answer.status, answer.json) == (200, {"hello": "x"})
    answer = gate.ask("GET", "/l?n=bad")
    assert (answer.status, answer.json) == (400, {"error": "BadName: bad"})


def test_sqs_by_path_with_a_form(gate: Any) -> None:
    """https://docs.aws.amazon.com/prescriptive-guidance: API Gateway as an SQS proxy sends Action=SendMessage forms."""
    sqs = gate.account.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    role = gate.role({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"})
    gate.import_api(
        {
            "/q": {
                "post": method(
                    "aws", httpMethod="POST", uri=f"arn:aws:apigateway:us-east-1:sqs:path/{gate.account.id}/q",
                    credentials=role,
                    requestParameters={
                        "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"
                    },
                    requestTemplates={
                        "application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
                    },
                    responses={
                        "default": {
                            "statusCode": "200",
                            "responseTemplates": {
                                "application/json": "$input.path('$.SendMessageResponse.SendMessageResult.MessageId')"
                            },
                        }
                    },
                )
            }
        }
    )  # fmt: skip
    answer = gate.ask("POST", "/q", b'{"x": "1&2"}', {"Content-Type": "application/json"})
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    assert (message["Body"], message["MessageId"]) == ('{"x": "1&2"}', answer.text)


def test_dynamodb_by_action_and_a_role_without_permission(gate: Any) -> None:
    client = gate.account.client("dynamodb")
    client.create_table(
        TableName="items", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    arn = f"arn:aws:dynamodb:us-east-1:{gate.account.id}:table/items"
    role = gate.role({"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": arn})
    gate.import_api(
        {
            "/items": {
                "post": method(
                    "aws", ("200", "400"), httpMethod="POST", credentials=role,
                    uri="arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
                    requestTemplates={
                        "application/json": '{"TableName": "items", "Item": {"id": {"S": $input.json("$.id")}}}'
                    },
                ),
                "get": method(
                    "aws", ("200", "400"), httpMethod="POST", credentials=role,
                    uri="arn:aws:apigateway:us-east-1:dynamodb:action/Scan",
                    requestTemplates={"application/json": '{"TableName": "items"}'},
                    responses={"default": {"statusCode": "200"}, "4\\d\\d": {"statusCode": "400"}},
                ),
            }
        }
    )  # fmt: skip
    assert gate.ask("POST", "/items", b'{"id": "7"}', {"Content-Type": "application/json"}).status == 200
    assert client.scan(TableName="items")["Items"] == [{"id": {"S": "7"}}]
    answer = gate.ask("GET", "/items")
    assert answer.status == 400
    assert answer.json["__type"].endswith("AccessDeniedException")


def test_s3_by_path(gate: Any) -> None:
    s3 = gate.account.client("s3")
    bucket = f"b-{gate.account.id}"
    s3.create_bucket(Bucket=bucket)
    role = gate.role({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    uri = "arn:aws:apigateway:us-east-1:s3:path/" + bucket + "/{key}"
    path = {"integration.request.path.key": "method.request.path.key"}
    responses = {
        "default": {
            "statusCode": "200",
            "responseParameters": {"method.response.header.Content-Type": "integration.response.header.Content-Type"},
        },
        "404": {"statusCode": "404"},
    }
    gate.import_api(
        {
            "/files/{key}": {
                verb: method("aws", ("200", "404"), httpMethod=verb.upper(), uri=uri, credentials=role,
                             requestParameters=path, responses=responses)
                for verb in ("get", "put")
            }
        }
    )  # fmt: skip
    assert gate.ask("PUT", "/files/a.txt", b"hello", {"Content-Type": "text/plain"}).status == 200
    assert s3.get_object(Bucket=bucket, Key="a.txt")["Body"].read() == b"hello"
    answer = gate.ask("GET", "/files/a.txt", headers={"Accept": "text/plain"})
    assert (answer.status, answer.headers["content-type"], answer.text) == (200, "text/plain", "hello")
    assert gate.ask("GET", "/files/none").status == 404


def test_sns_by_action(gate: Any) -> None:
    arn = gate.account.client("sns").create_topic(Name="t")["TopicArn"]
    role = gate.role({"Effect": "Allow", "Action": "sns:Publish", "Resource": arn})
    gate.import_api(
        {
            "/n": {
                "post": method(
                    "aws", httpMethod="POST", uri="arn:aws:apigateway:us-east-1:sns:action/Publish", credentials=role,
                    requestParameters={
                        "integration.request.querystring.TopicArn": f"'{arn}'",
                        "integration.request.querystring.Message": "method.request.body",
                    },
                )
            }
        }
    )  # fmt: skip
    answer = gate.ask("POST", "/n", b"hi")
    assert answer.status == 200
    assert answer.json["PublishResponse"]["PublishResult"]["MessageId"]
