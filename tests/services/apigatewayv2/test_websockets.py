"""WebSocket APIs: connections, routes, answers, @connections, timeouts.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
"""

from __future__ import annotations

import json
import shutil
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support import refused

from .conftest import until

wsproto = pytest.importorskip("wsproto", reason="pip install wsproto")
events = pytest.importorskip("wsproto.events")

TELL = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"


class Client:
    """A WebSocket client. `accepted` is the answer to its handshake."""

    def __init__(self, web: Any, path: str = "/dev", headers: list[tuple[str, str]] | None = None, *, host: str = "",
        **more: Any,
    ) -> None:  # fmt: skip
        place = urlsplit(web.account.endpoint)
        self.raw = socket.create_connection(("127.0.0.1", place.port), timeout=30)
        self.wire = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._events: list[Any] = []
        given = [(name.encode(), value.encode()) for name, value in headers or []]
        host = host or f"{web.id}.execute-api.us-east-1.localhost:{place.port}"
        self.raw.sendall(self.wire.send(events.Request(host=host, target=path, extra_headers=given, **more)))
        self.accepted = self.next()

    @property
    def refusal(self) -> tuple[int, str]:
        """(status, body) of a handshake that was refused."""
        assert isinstance(self.accepted, events.RejectConnection)
        body = b""
        while not isinstance(event := self.next(), events.RejectData) or not event.body_finished:
            body += event.data
        return self.accepted.status_code, (body + event.data).decode()

    def say(self, message: Any) -> None:
        data = message if isinstance(message, str | bytes) else json.dumps(message)
        made = events.TextMessage(data) if isinstance(data, str) else events.BytesMessage(data)
        self.raw.sendall(self.wire.send(made))

    def next(self) -> Any:
        while not self._events:
            data = self.raw.recv(65536)
            self.wire.receive_data(data or None)
            self._events += self.wire.events()
        return self._events.pop(0)

    def hear(self) -> Any:
        """The next message, as JSON where it is."""
        text = ""
        while True:
            event = self.next()
            assert isinstance(event, events.TextMessage), event
            text += event.data
            if event.message_finished:
                return json.loads(text) if text.startswith(("{", "[")) else text

    def close(self, code: int = 1000) -> None:
        self.raw.sendall(self.wire.send(events.CloseConnection(code)))
        self.next()
        self.raw.close()


class Talk:
    """A WebSocket API: `talk.route(key, function)`, `talk.deploy()`, `talk.connect()`."""

    def __init__(self, web: Any) -> None:
        self.web, self.client = web, web.client
        made = self.client.create_api(
            Name="talk", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
        )
        web.id = self.id = made["ApiId"]

    def route(self, key: str, uri: str = "", *, answers: bool = False, **integration: Any) -> str:
        kind = {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri} if uri else {"IntegrationType": "MOCK"}
        made = self.client.create_integration(ApiId=self.id, **{**kind, **integration})["IntegrationId"]
        more = {"RouteResponseSelectionExpression": "$default"} if answers else {}
        route: str = self.client.create_route(
            ApiId=self.id, RouteKey=key, Target=f"integrations/{made}", **more
        )["RouteId"]  # fmt: skip
        if answers:
            self.client.create_route_response(ApiId=self.id, RouteId=route, RouteResponseKey="$default")
        return route

    def deploy(self, stage: str = "dev") -> None:
        self.client.create_stage(ApiId=self.id, StageName=stage, AutoDeploy=True)

    def management(self) -> Any:
        place = urlsplit(self.web.account.endpoint)
        return self.web.account.client(
            "apigatewaymanagementapi", endpoint_url=f"http://127.0.0.1:{place.port}/_aws/execute-api/{self.id}/dev"
        )


@pytest.fixture
def talk(web):
    return Talk(web)


def test_messages_take_their_routes(web, talk):
    function = web.function(TELL)
    for key in ("join", "$default"):
        talk.route(key, function, answers=True)
    talk.deploy()
    client = Client(web)
    client.say({"action": "join", "room": 1})
    event = client.hear()
    context = event["requestContext"]
    assert event["body"] == '{"action": "join", "room": 1}'
    assert event["isBase64Encoded"] is False
    assert (context["routeKey"], context["eventType"], context["stage"]) == ("join", "MESSAGE", "dev")
    assert (context["apiId"], context["messageDirection"]) == (talk.id, "IN")
    assert context["connectionId"].endswith("=")
    for other in ({"action": "other"}, {"x": 1}, "no JSON", [1]):
        client.say(other)
        assert client.hear()["requestContext"]["routeKey"] == "$default"
    client.say(b"\x00\xff")
    event = client.hear()
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)
    client.close()


def test_without_a_route_response_nothing_comes_back(web, talk):
    function = web.function(TELL)
    talk.route("quiet", function)
    talk.route("loud", function, answers=True)
    talk.deploy()
    client = Client(web)
    client.say({"action": "quiet"})
    client.say({"action": "loud"})
    assert client.hear()["requestContext"]["routeKey"] == "loud"


def test_a_message_that_no_route_takes(web, talk):
    talk.route("$connect")
    talk.deploy()
    client = Client(web)
    client.say({"action": "x"})
    answer = client.hear()
    assert answer.keys() == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Forbidden"


def test_a_function_that_fails(web, talk):
    talk.route("x", web.function("def handler(event, context):\n    raise ValueError('no')\n"))
    talk.deploy()
    client = Client(web)
    client.say({"action": "x"})
    answer = client.hear()
    assert answer["message"] == "Internal server error"
    assert any("ValueError" in hop["message"] for hop in web.cloud.why(answer["requestId"]))


CONNECT = """
def handler(event, context):
    status = int(event.get("queryStringParameters", {}).get("status", "200"))
    return {"statusCode": status, "headers": {"Sec-WebSocket-Protocol": "chat"}}
"""


def test_connect_decides(web, talk):
    talk.route("$connect", web.function(CONNECT))
    talk.deploy()
    accepted = Client(web, "/dev?status=200", subprotocols=["chat", "other"]).accepted
    assert (type(accepted), accepted.subprotocol) == (events.AcceptConnection, "chat")
    assert Client(web, "/dev?status=403").refusal == (403, '{"message": "Forbidden"}')
    assert Client(web, "/dev?status=401").refusal == (401, '{"message": "Unauthorized"}')
    assert Client(web, "/dev?status=x").refusal[0] == 502
    assert Client(web, "/none").refusal[0] == 403


def test_the_life_of_a_connection(web, talk):
    """The events of $connect and $disconnect, kept in a table by a function."""
    table = web.account.client("dynamodb")
    table.create_table(
        TableName="seen", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
    )  # fmt: skip
    code = (
        "import boto3, json\ntable = boto3.resource('dynamodb').Table('seen')\n"
        "def handler(event, context):\n"
        "    table.put_item(Item={'k': event['requestContext']['eventType'], 'event': json.dumps(event)})\n"
        "    return {'statusCode': 200}\n"
    )
    function = web.function(code)
    allow = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": allow})
    web.account.client("iam").put_role_policy(RoleName="role-f", PolicyName="p", PolicyDocument=policy)
    talk.route("$connect", function)
    talk.route("$disconnect", function)
    talk.deploy()
    client = Client(web, "/dev?a=1&a=2", [("X-One", "1")])
    client.close(4001)

    def seen(kind: str) -> dict[str, Any]:
        item = until(lambda: table.get_item(TableName="seen", Key={"k": {"S": kind}}).get("Item"))
        found: dict[str, Any] = json.loads(item["event"]["S"])
        return found

    connected, ended = seen("CONNECT"), seen("DISCONNECT")
    assert connected["headers"]["X-One"] == "1"
    assert connected["queryStringParameters"] == {"a": "2"}
    assert connected["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert connected["requestContext"]["routeKey"] == "$connect"
    assert ended["requestContext"]["connectionId"] == connected["requestContext"]["connectionId"]
    assert ended["requestContext"]["disconnectStatusCode"] == 4001
    assert "body" not in ended


def test_connections_are_posted_to(web, talk):
    talk.route("$default", web.function(TELL), answers=True)
    talk.deploy()
    client, management = Client(web), talk.management()
    client.say("who am I")
    id = client.hear()["requestContext"]["connectionId"]
    management.post_to_connection(ConnectionId=id, Data=b'{"news": 1}')
    assert client.hear() == {"news": 1}
    shown = management.get_connection(ConnectionId=id)
    assert shown["Identity"]["SourceIp"] == "127.0.0.1"
    assert shown["ConnectedAt"] <= shown["LastActiveAt"]
    plain = web.account.client("apigatewaymanagementapi")  # without an API in its address: the id is enough
    plain.post_to_connection(ConnectionId=id, Data="é".encode())
    assert client.hear() == "é"
    assert refused(management.post_to_connection, ConnectionId=id, Data=bytes(128 * 1024 + 1)).status == 413
    management.delete_connection(ConnectionId=id)
    assert client.next().code == 1000
    for call in (management.get_connection, management.delete_connection, plain.get_connection):
        assert refused(call, ConnectionId=id)[::2] == ("GoneException", 410)
    assert refused(management.post_to_connection, ConnectionId=id, Data=b"x").code == "GoneException"


def test_who_may_post_to_connections(web, talk):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html"""
    talk.route("$default", web.function(TELL), answers=True)
    talk.deploy()
    client = Client(web)
    client.say("x")
    id = client.hear()["requestContext"]["connectionId"]
    resource = f"arn:aws:execute-api:us-east-1:{web.account.id}:{talk.id}/dev/POST/@connections/*"
    allow = {"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": allow})
    place = talk.management().meta.endpoint_url
    user = web.account.user(policy).client("apigatewaymanagementapi", endpoint_url=place)
    user.post_to_connection(ConnectionId=id, Data=b"allowed")
    assert client.hear() == "allowed"
    assert refused(user.get_connection, ConnectionId=id).status == 403
    nobody = web.account.user().client("apigatewaymanagementapi", endpoint_url=place)
    assert refused(nobody.post_to_connection, ConnectionId=id, Data=b"x").status == 403
    other = web.cloud.account().client("apigatewaymanagementapi", endpoint_url=place)
    assert refused(other.post_to_connection, ConnectionId=id, Data=b"x").status == 403
    answer = web.ask("POST", f"/dev/@connections/{id}", b"x")
    assert (answer.status, answer.json["message"]) == (403, "Missing Authentication Token")


def test_idle_and_old_connections_end(own_web):
    """10 minutes without a message, two hours in all:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
    """
    talk = Talk(own_web)
    talk.route("ping", RequestTemplates={"$default": '{"statusCode": 200}'}, answers=True)
    talk.deploy()
    idle, busy = Client(own_web), Client(own_web)
    for _ in range(13):
        own_web.cloud.advance(540)
        busy.say({"action": "ping"})
        assert busy.hear() == ""
    assert (idle.next().code, type(busy.accepted)) == (1001, events.AcceptConnection)
    own_web.cloud.advance(540)
    assert busy.next().code == 1001


AUTHORIZER = """
def handler(event, context):
    assert event["type"] == "REQUEST", event
    effect = "Allow" if event["headers"]["auth"] == "let me in" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"number": 7, "flag": True}}
"""


def test_an_authorizer_of_connect(web, talk):
    talk.route("$default", web.function(TELL), answers=True)
    route = talk.route("$connect")
    uri = (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{web.function(AUTHORIZER, 'auth')}/invocations"
    )
    authorizer = web.client.create_authorizer(
        ApiId=talk.id, Name="a", AuthorizerType="REQUEST", AuthorizerUri=uri,
        IdentitySource=["route.request.header.auth"],
    )["AuthorizerId"]  # fmt: skip
    web.client.update_route(ApiId=talk.id, RouteId=route, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    talk.deploy()
    assert Client(web).refusal[0] == 401
    assert Client(web, headers=[("auth", "no")]).refusal[0] == 403
    client = Client(web, headers=[("auth", "let me in")])
    client.say("x")
    assert client.hear()["requestContext"]["authorizer"] == {"principalId": "me", "number": "7", "flag": "true"}


def test_templates_map_requests_and_responses(web, talk, backend):
    backend.body = b'{"items": [1, 2]}'
    made = web.client.create_integration(
        ApiId=talk.id, IntegrationType="HTTP", IntegrationUri=backend.url + "/x", IntegrationMethod="POST",
        RequestParameters={"integration.request.header.conn": "context.connectionId",
                           "integration.request.querystring.q": "route.request.body.q"},
        RequestTemplates={"$default": '{"from": $input.json(\'$.text\'), "route": "$context.routeKey"}'},
    )  # fmt: skip
    id = made["IntegrationId"]
    assert made["IntegrationResponseSelectionExpression"] == "${integration.response.statuscode}"
    for key, text in (("/2\\d\\d/", "all of $input.path('$.items').size()"), ("$default", "it said $input.body")):
        web.client.create_integration_response(
            ApiId=talk.id, IntegrationId=id, IntegrationResponseKey=key, ResponseTemplates={"$default": text}
        )
    route = web.client.create_route(ApiId=talk.id, RouteKey="$default", Target=f"integrations/{id}",
                                    RouteResponseSelectionExpression="$default")["RouteId"]  # fmt: skip
    web.client.create_route_response(ApiId=talk.id, RouteId=route, RouteResponseKey="$default")
    talk.deploy()
    client = Client(web)
    client.say({"text": "hi", "q": "1"})
    assert client.hear() == "all of 2"
    asked = backend.asked[0]
    assert json.loads(asked["body"]) == {"from": "hi", "route": "$default"}
    assert asked["path"] == "/x?q=1"
    assert asked["headers"]["conn"].endswith("=")
    backend.status, backend.body = 400, b"bad"
    client.say({"text": "hi"})
    assert client.hear() == "it said bad"


def test_messages_to_a_service(web, talk):
    """An AWS integration: SQS's SendMessage, as the integration's role."""
    queue = web.account.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    role = web.role({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"})
    talk.route(
        "$default", IntegrationType="AWS", IntegrationMethod="POST", CredentialsArn=role,
        IntegrationUri=f"arn:aws:apigateway:us-east-1:sqs:path/{web.account.id}/inbox",
        RequestParameters={"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        RequestTemplates={"$default": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"}, answers=True,
    )  # fmt: skip
    talk.deploy()
    client = Client(web)
    client.say("a & b")
    assert "SendMessageResponse" in json.dumps(client.hear())
    (message,) = web.account.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "a & b"


CALL_BACK = """
def handler(event, context):
    import boto3
    where = event["requestContext"]
    url = f"https://{where['domainName']}/{where['stage']}"
    client = boto3.client("apigatewaymanagementapi", endpoint_url=url)
    client.post_to_connection(ConnectionId=where["connectionId"], Data=b"called back")
    return {"statusCode": 200}
"""
POST = """
const https = require("https");
exports.handler = async (event) => {
  const { domainName, stage, connectionId } = event.requestContext;
  const path = `/${stage}/@connections/${encodeURIComponent(connectionId)}`;
  const status = await new Promise((resolve) => {
    const answered = (answer) => resolve(answer.statusCode);
    const request = https.request({ hostname: domainName, path, method: "POST" }, answered);
    request.end("x");
  });
  return { statusCode: 200, body: `answered ${status}` };
};
"""


def test_functions_call_back(web, talk):
    """As AWS's own examples do it, with the domain name and the stage of the event."""
    talk.route("$default", web.function(CALL_BACK))
    allow = {"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": allow})
    web.account.client("iam").put_role_policy(RoleName="role-f", PolicyName="p", PolicyDocument=policy)
    talk.deploy()
    client = Client(web)
    client.say("x")
    assert client.hear() == "called back"


def test_functions_of_node_reach_their_api(web, talk):
    """The call is led to this cloud, where it is refused: it has no signature."""
    if shutil.which("node") is None:
        pytest.skip("apt-get install nodejs")
    talk.route("$default", web.function(POST, runtime="nodejs20.x"), answers=True)
    talk.deploy()
    client = Client(web)
    client.say("x")
    assert client.hear() == "answered 403"


def test_the_path_form(web, talk):
    talk.route("$default", web.function(TELL), answers=True)
    talk.deploy()
    client = Client(web, f"/_aws/execute-api/{talk.id}/dev", host="localhost")
    client.say("x")
    assert client.hear()["requestContext"]["stage"] == "dev"


def test_a_message_of_many_values_takes_its_route(web, talk):
    """However long it takes to read it: up to 128 KB."""
    for key in ("many", "$default"):
        talk.route(key, web.function(TELL) if key == "many" else "", answers=key == "many")
    talk.deploy()
    client = Client(web)
    client.say({"values": [1] * 40_000, "action": "many"})
    assert client.hear()["requestContext"]["routeKey"] == "many"
    client.say("x" * (128 * 1024 + 1))
    assert client.next().code == 1009
