"""Users name addresses for the cloud to call. It must not fetch for them what only this machine may see.

https://owasp.org/www-community/attacks/Server_Side_Request_Forgery
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank import testing

FORBIDDEN = (
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "http://2852039166/",
    "http://[fd00:ec2::254]/",
    "http://0.0.0.0:{port}/",
    "http://127.0.0.1:{port}/_fogbank/health",
    "http://localhost:{port}/_fogbank/config",
    "http://sqs.us-east-1.amazonaws.com/_fogbank/health",
    "https://127.0.0.1:{port}/_localstack/health",
)


class Webhook(http.server.BaseHTTPRequestHandler):
    """Sends whoever calls on to a place of the caller's own machine."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307)
        self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.called.release()  # type: ignore[attr-defined]

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[Any]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    server.called = threading.Semaphore(0)  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def integration(account: Any, uri: str) -> str:
    """The id of an API with one method that passes requests on to `uri`."""
    body = {
        "openapi": "3.0.1", "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"get": {"responses": {}, "x-amazon-apigateway-integration": {
            "type": "http_proxy", "httpMethod": "GET", "uri": uri}}}},
    }  # fmt: skip
    gateway = account.client("apigateway")
    api: str = gateway.import_rest_api(body=json.dumps(body))["id"]
    gateway.create_deployment(restApiId=api, stageName="dev")
    return api


def ask(account: Any, api: str) -> tuple[int, bytes]:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{account.endpoint}/_aws/execute-api/{api}/dev/x", timeout=40) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize("uri", FORBIDDEN)
def test_an_integration_reaches_no_such_place(cloud: Any, aws: Any, uri: str) -> None:
    status, body = ask(aws, integration(aws, uri.format(port=cloud.app.port)))
    assert (status, json.loads(body)) == (504, {"message": "Network error communicating with endpoint"})


def test_a_subscription_reaches_no_such_place(cloud: Any, aws: Any, caplog: Any) -> None:
    """What cannot be delivered goes to the dead-letter queue at once: another try would not mend it."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{aws.id}:dead"
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=FORBIDDEN[0], ReturnSubscriptionArn=True,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn}), "RawMessageDelivery": "true"},
    )  # fmt: skip
    assert subscription["SubscriptionArn"]
    confirm(cloud, aws, topic)
    sns.publish(TopicArn=topic, Message="for nobody")
    messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert [message["Body"] for message in messages] == ["for nobody"]
    assert "the setting outbound" in caplog.text


def confirm(cloud: Any, aws: Any, topic: str) -> None:
    """Subscribe as the endpoint would: its token is in the store, since no request brought it there."""
    from fogbank.services.sns.records import SUBSCRIPTIONS

    with cloud.app.store.read() as tx:
        token = next(iter(tx.scan(SUBSCRIPTIONS, (topic,)))).token
    aws.client("sns").confirm_subscription(TopicArn=topic, Token=token)


def test_a_redirect_of_a_webhook_is_not_followed(aws: Any, webhook: Any) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{webhook.server_port}/")
    assert webhook.called.acquire(timeout=20)


def test_outbound_loopback_reaches_this_machine_only(fogbank_options: Any) -> None:
    with testing.cloud(outbound="loopback", **fogbank_options) as cloud:
        account = cloud.account()
        assert ask(account, integration(account, "http://10.0.0.1/"))[0] == 504
        here = integration(account, f"http://127.0.0.1:{cloud.app.port}/")
        assert ask(account, here)[0] != 504  # the cloud itself answered
