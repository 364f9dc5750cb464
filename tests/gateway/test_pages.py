"""What web pages may do: those of this machine call as on AWS, those of strangers do not drive the cloud."""

import http.client
import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LOCAL, STRANGER = "http://localhost:3000", "https://evil.example"


def ask(cloud, method, path, headers, body=b"", host="localhost"):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.app.port, timeout=10)
    connection.request(method, path, body, {"Host": f"{host}:{cloud.app.port}", **headers})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response, text


def signed(cloud, account):
    request = AWSRequest(
        "POST",
        f"http://localhost:{cloud.app.port}/",
        data=b"{}",
        headers={"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"},
    )
    SigV4Auth(Credentials(account, "test"), "dynamodb", "us-east-1").add_auth(request)
    return dict(request.headers)


@pytest.mark.parametrize(("origin", "status"), [(LOCAL, 200), (STRANGER, 403)])
def test_preflight(cloud, origin, status):
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-amz-target"}
    response, _ = ask(cloud, "OPTIONS", "/", {"Origin": origin, **wanted})
    assert response.status == status
    assert response.getheader("access-control-allow-origin") == (origin if status == 200 else None)


def test_a_local_page_calls(cloud, aws):
    response, _ = ask(
        cloud, "POST", "/", {**signed(cloud, aws.id), "Origin": LOCAL, "Sec-Fetch-Site": "cross-site"}, b"{}"
    )
    assert response.status == 200
    assert response.getheader("access-control-allow-origin") == LOCAL


def test_a_strangers_page_cannot_use_the_well_known_keys(cloud, aws):
    headers = {**signed(cloud, aws.id), "Origin": STRANGER, "Sec-Fetch-Site": "cross-site"}
    response, text = ask(cloud, "POST", "/", headers, b"{}")
    assert response.status in (400, 403)
    assert b"web page" in text


@pytest.mark.parametrize(
    ("headers", "host", "status"),
    [
        ({}, "localhost", 200),
        ({"X-Fogbank-Control": ""}, "localhost", 403),
        ({"Origin": STRANGER}, "localhost", 403),
        ({}, "evil.example", 421),
        ({"Sec-Fetch-Site": "cross-site"}, "localhost", 403),
    ],
)
def test_control(cloud, headers, host, status):
    headers = {"X-Fogbank-Control": cloud.token, **headers}
    response, _ = ask(cloud, "POST", "/_fogbank/clock", headers, json.dumps({"advance": 0}).encode(), host)
    assert response.status == status


def test_health_answers_the_peers_path_too(cloud):
    response, text = ask(cloud, "GET", "/_localstack/health", {})
    assert response.status == 200
    assert json.loads(text)["services"]["s3"] == "available"


def test_what_is_not_an_operation(cloud):
    response, text = ask(cloud, "DELETE", "/", {})
    assert response.status in (403, 405)
    assert b"<Error>" in text
    unknown = {"X-Amz-Target": "DynamoDB_20120810.Nope", "Content-Type": "application/x-amz-json-1.0"}
    response, text = ask(cloud, "POST", "/", unknown, b"{}")
    assert b"Exception" in text
