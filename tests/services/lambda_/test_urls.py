"""Function URLs, asked by plain HTTP.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

SHOW = """
def handler(event, context):
    return {"statusCode": 201, "headers": {"X-Mine": "1"}, "cookies": ["a=1", "b=2"],
            "body": __import__("json").dumps(event)}
"""


def ask(fn: Any, url: str, path: str = "", **more: Any) -> tuple[int, dict[str, list[str]], bytes]:
    """(status, headers, body): sent to the cloud's port with the URL's host, so that no name is looked up."""
    headers = {"Host": urlsplit(url).netloc, **more.pop("headers", {})}
    request = urllib.request.Request(fn.account.endpoint + "/" + path, headers=headers, **more)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, _headers(answer), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, _headers(error), error.read()


def _headers(answer: Any) -> dict[str, list[str]]:
    return {name.lower(): answer.headers.get_all(name) for name in answer.headers}


def open_url(fn: Any, **more: Any) -> str:
    url: str = fn.client.create_function_url_config(FunctionName="f", AuthType="NONE", **more)["FunctionUrl"]
    fn.client.add_permission(
        FunctionName="f", StatementId="public", Action="lambda:InvokeFunctionUrl", Principal="*",
        FunctionUrlAuthType="NONE",
    )  # fmt: skip
    return url


def test_an_open_url(fn: Any) -> None:
    fn.make(code=SHOW)
    url = open_url(fn)
    status, headers, body = ask(
        fn, url, "a%20b/c?x=1&x=2&y=", data=b'{"k": 1}', method="PUT",
        headers={"Content-Type": "application/json", "Cookie": "c=3; d=4"},
    )  # fmt: skip
    assert (status, headers["x-mine"], headers["set-cookie"]) == (201, ["1"], ["a=1", "b=2"])
    event = json.loads(body)
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/a b/c", "x=1&x=2&y=")
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["cookies"] == ["c=3", "d=4"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    assert event["requestContext"]["http"]["method"] == "PUT"
    assert event["requestContext"]["accountId"] == "anonymous"
    assert event["requestContext"]["domainName"].endswith(".lambda-url.us-east-1.on.aws")


def test_a_binary_body_is_base64(fn: Any) -> None:
    fn.make(code=SHOW)
    event = json.loads(ask(fn, open_url(fn), data=b"\x00\xff", headers={"Content-Type": "image/png"})[2])
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)


def test_plain_results_are_wrapped(fn: Any) -> None:
    fn.make(code="def handler(event, context):\n    return {'a': 1}\n")
    status, headers, body = ask(fn, open_url(fn))
    assert (status, headers["content-type"], json.loads(body)) == (200, ["application/json"], {"a": 1})


def test_an_error_is_502(fn: Any) -> None:
    fn.make(code="def handler(event, context):\n    raise ValueError\n")
    status, _, body = ask(fn, open_url(fn))
    assert (status, json.loads(body)) == (502, {"Message": "Internal Server Error"})


@pytest.mark.parametrize("answer", [
    {"statusCode": 999}, {"statusCode": 100}, {"statusCode": 200, "headers": {"a b": "c"}},
    {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
])  # fmt: skip
def test_an_answer_that_http_cannot_say_is_502(fn: Any, answer: dict[str, Any]) -> None:
    fn.make(code=f"def handler(event, context):\n    return {answer!r}\n")
    status, _, body = ask(fn, open_url(fn))
    assert (status, json.loads(body)) == (502, {"Message": "Internal Server Error"})


def test_without_permission_it_is_forbidden(fn: Any) -> None:
    fn.make()
    url = fn.client.create_function_url_config(FunctionName="f", AuthType="NONE")["FunctionUrl"]
    status, _, body = ask(fn, url)
    assert (status, json.loads(body)) == (403, {"Message": "Forbidden"})


def test_iam_urls_take_signed_requests(fn: Any) -> None:
    fn.make(code="def handler(event, context):\n    return event['requestContext']['authorizer']['iam']['accountId']\n")
    url = fn.client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
    assert ask(fn, url)[0] == 403
    signed = AWSRequest("GET", url, headers={"Host": urlsplit(url).netloc})
    SigV4Auth(Credentials(fn.account.id, "test"), "lambda", "us-east-1").add_auth(signed)
    status, _, body = ask(fn, url, headers=dict(signed.headers.items()))
    assert (status, body.decode()) == (200, fn.account.id)


def test_cors(fn: Any) -> None:
    fn.make()
    url = open_url(fn, Cors={"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 5})
    _, headers, _ = ask(fn, url, headers={"Origin": "https://a.example"})
    assert headers["access-control-allow-origin"] == ["https://a.example"]
    status, headers, _ = ask(fn, url, method="OPTIONS", headers={"Origin": "https://a.example"})
    assert (status, headers["access-control-allow-methods"], headers["access-control-max-age"]) == (200, ["GET"], ["5"])
    assert "access-control-allow-origin" not in ask(fn, url, headers={"Origin": "https://b.example"})[1]


def test_the_configuration(fn: Any) -> None:
    fn.make()
    made = fn.client.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert "Cors" not in made
    with pytest.raises(ClientError) as caught:
        fn.client.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert caught.value.response["Error"]["Code"] == "ResourceConflictException"
    fn.client.update_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    got = fn.client.get_function_url_config(FunctionName="f")
    assert (got["AuthType"], got["FunctionUrl"], got["InvokeMode"]) == ("AWS_IAM", made["FunctionUrl"], "BUFFERED")
    assert len(fn.client.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]) == 1
    fn.client.delete_function_url_config(FunctionName="f")
    with pytest.raises(ClientError) as caught:
        fn.client.get_function_url_config(FunctionName="f")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert ask(fn, made["FunctionUrl"])[0] == 403
