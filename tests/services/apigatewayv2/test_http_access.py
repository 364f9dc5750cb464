"""Who may call an HTTP API: CORS, IAM, tokens, Lambda authorizers, throttles.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
"""

from __future__ import annotations

import base64
import http.server
import json
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.support import refused

UNAUTHORIZED = (401, '{"message":"Unauthorized"}')
FORBIDDEN = (403, '{"message":"Forbidden"}')


# -- CORS --------------------------------------------------------------------------------------------------------------


def test_preflight_requests_are_answered(web, backend):
    """Without a route for them: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""
    cors = {"AllowOrigins": ["https://a.example", "http://*"], "AllowMethods": ["GET", "POST"], "MaxAge": 300,
            "AllowHeaders": ["x-one"], "ExposeHeaders": ["x-two"], "AllowCredentials": True}  # fmt: skip
    web.api(CorsConfiguration=cors)
    web.route("$default", web.integration(backend.url), AuthorizationType="AWS_IAM")
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    answer = web.ask("OPTIONS", "/x", None, asked)
    assert answer.status == 204
    assert {name: value for name, value in answer.headers.items() if name.startswith("access-control")} == {
        "access-control-allow-origin": "https://a.example", "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-two", "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "x-one", "access-control-max-age": "300",
    }  # fmt: skip
    assert web.ask("OPTIONS", "/x", None, {**asked, "Origin": "http://any.example"}).headers[
        "access-control-allow-origin"
    ] == "http://any.example"  # fmt: skip
    other = web.ask("OPTIONS", "/x", None, {**asked, "Origin": "https://b.example"})
    assert other.status == 204
    assert not [name for name in other.headers if name.startswith("access-control")]


def test_cors_headers_of_backends_are_replaced(web, backend):
    web.api(CorsConfiguration={"AllowOrigins": ["*"]})
    web.route("GET /", web.integration(backend.url))
    backend.headers = {"Access-Control-Allow-Origin": "https://else", "Access-Control-Max-Age": "1"}
    answer = web.ask("GET", "/", None, {"Origin": "https://a.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-max-age" not in answer.headers
    assert "access-control-allow-origin" not in web.ask("GET", "/").headers
    web.client.delete_cors_configuration(ApiId=web.id)
    assert "CorsConfiguration" not in web.client.get_api(ApiId=web.id)
    assert web.ask("GET", "/", None, {"Origin": "x"}).headers["access-control-allow-origin"] == "https://else"


# -- IAM ---------------------------------------------------------------------------------------------------------------


def _signed(web: Any, key: Any, path: str, host: str) -> dict[str, str]:
    request = AWSRequest("GET", f"http://{host}{path}")
    SigV4Auth(key, "execute-api", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def test_routes_with_iam(web):
    web.api(stage="dev")
    web.route("GET /pets/{id}", web.integration(web.function()), AuthorizationType="AWS_IAM")
    host = f"{web.id}.execute-api.us-east-1.localhost:{urlsplit(web.account.endpoint).port}"
    resource = f"arn:aws:execute-api:us-east-1:{web.account.id}:{web.id}/dev/GET/pets/1"
    policy = {"Version": "2012-10-17",
              "Statement": {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}}  # fmt: skip
    iam = web.account.client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps(policy))
    made = iam.create_access_key(UserName="u")["AccessKey"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    answer = web.ask("GET", "/dev/pets/1", None, _signed(web, key, "/dev/pets/1", host), host=host)
    assert answer.status == 200, answer
    caller = answer.json["requestContext"]["authorizer"]["iam"]
    assert caller["userArn"] == f"arn:aws:iam::{web.account.id}:user/u"
    assert (caller["accessKey"], caller["accountId"]) == (made["AccessKeyId"], web.account.id)
    denied = web.ask("GET", "/dev/pets/2", None, _signed(web, key, "/dev/pets/2", host), host=host)
    wrong = web.ask("GET", "/dev/pets/1", None, _signed(web, key, "/dev/pets/3", host), host=host)
    for answer in (denied, wrong, web.ask("GET", "/dev/pets/1")):
        assert answer[::2] == FORBIDDEN


# -- tokens ------------------------------------------------------------------------------------------------------------


class Issuer:
    """An OpenID Connect issuer with one RSA key; `fetched` counts what it was asked for."""

    def __init__(self) -> None:
        rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa", reason="pip install cryptography")
        self.key = rsa.generate_private_key(65537, 2048)
        self.fetched: list[str] = []
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetched.append(self.path)
                if self.path == "/pool/.well-known/openid-configuration":
                    found: Any = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/jwks.json"}
                else:
                    found = {"keys": [issuer.jwk()]}
                body = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/pool"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def jwk(self) -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        return {"kty": "RSA", "kid": "k1", "alg": "RS256", "n": _long(numbers.n), "e": _long(numbers.e)}

    def token(self, *, kid: str = "k1", alg: Any = "RS256", **claims: Any) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        usual = {"iss": self.url, "aud": "app", "exp": int(time.time()) + 3600, "sub": "me"}
        given = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        signed = f"{_part({'alg': alg, 'kid': kid})}.{_part(given)}"
        return f"{signed}.{_text(self.key.sign(signed.encode(), PKCS1v15(), hashes.SHA256()))}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _part(value: Any) -> str:
    return _text(json.dumps(value).encode())


def _long(number: int) -> str:
    return _text(number.to_bytes((number.bit_length() + 7) // 8, "big"))


@pytest.fixture
def issuer():
    made = Issuer()
    yield made
    made.close()


def _guarded(web: Any, issuer: Issuer, **route: Any) -> None:
    web.api()
    authorizer = web.client.create_authorizer(
        ApiId=web.id, Name="jwt", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer.url, "Audience": ["app", "other"]},
    )["AuthorizerId"]  # fmt: skip
    web.route("GET /", web.integration(web.function()), AuthorizationType="JWT", AuthorizerId=authorizer, **route)


def _ask(web: Any, token: str) -> Any:
    return web.ask("GET", "/", None, {"Authorization": f"Bearer {token}"})


def test_tokens_are_verified(web, issuer):
    _guarded(web, issuer)
    answer = _ask(web, issuer.token(groups=["a", "b"], admin=True, number=7))
    assert answer.status == 200, answer
    claims = answer.json["requestContext"]["authorizer"]["jwt"]["claims"]
    assert (claims["sub"], claims["groups"], claims["admin"], claims["number"]) == ("me", "[a b]", "true", "7")
    assert answer.json["requestContext"]["authorizer"]["jwt"]["scopes"] is None
    assert web.ask("GET", "/", None, {"Authorization": issuer.token(aud=["x", "other"])}).status == 200
    assert _ask(web, issuer.token(aud=None, client_id="app")).status == 200
    assert issuer.fetched == ["/pool/.well-known/openid-configuration", "/pool/jwks.json"]


def test_tokens_that_are_refused(web, issuer):
    _guarded(web, issuer)
    now = int(time.time())
    good = issuer.token()
    for token, why in (
        (issuer.token(exp=now - 1), "the token has expired"),
        (issuer.token(exp=None), "the token has expired"),
        (issuer.token(aud="else"), "the token does not have a valid audience"),
        (issuer.token(iss="https://else.example"), "issuer"),
        (issuer.token(nbf=now + 600), "not valid yet"),
        (issuer.token(kid="k2"), "key id"),
        (issuer.token(alg="HS256"), "signing method HS256 is invalid"),
        (issuer.token(alg="none"), "signing method none is invalid"),
        (good[:-8] + "AAAAAAAA", "signature"),
        (good.rpartition(".")[0] + ".", "signature"),
        ("a.b.c", "malformed"),
        ("x", "malformed"),
    ):
        answer = _ask(web, token)
        assert answer[::2] == UNAUTHORIZED, token
        assert why in answer.headers["www-authenticate"]
        assert answer.headers["www-authenticate"].startswith('Bearer scope="" error="invalid_token"')
    assert web.ask("GET", "/")[::2] == UNAUTHORIZED


def test_scopes_of_routes(web, issuer):
    _guarded(web, issuer, AuthorizationScopes=["read", "write"])
    answer = _ask(web, issuer.token(scope="read other"))
    assert answer.json["requestContext"]["authorizer"]["jwt"]["scopes"] == ["read", "other"]
    assert _ask(web, issuer.token(scp=["write"])).status == 200
    for token in (issuer.token(), issuer.token(scope="readwrite")):
        answer = _ask(web, token)
        assert answer[::2] == FORBIDDEN
        assert answer.headers["www-authenticate"] == 'Bearer scope="read write" error="insufficient_scope"'


def test_tokens_expire_by_the_clouds_clock(own_web, issuer):
    _guarded(own_web, issuer)
    token = issuer.token()
    assert _ask(own_web, token).status == 200
    own_web.cloud.advance(3601)
    assert _ask(own_web, token)[::2] == UNAUTHORIZED
    assert len(issuer.fetched) == 2
    own_web.cloud.advance(7200)  # "API Gateway can cache the public key for two hours"
    assert _ask(own_web, issuer.token(exp=int(time.time()) + 36000)).status == 200
    assert len(issuer.fetched) == 4


def test_an_issuer_that_does_not_answer(web, issuer):
    _guarded(web, issuer)
    token = issuer.token()
    issuer.close()
    answer = _ask(web, token)
    assert answer[::2] == UNAUTHORIZED
    assert "OIDC discovery endpoint communication error" in answer.headers["www-authenticate"]


def test_an_issuer_of_this_cloud(web, issuer):
    """Its name is AWS's, and its keys are objects of a bucket: https://github.com/aws/amazon-eks-pod-identity-webhook"""
    s3, bucket = web.account.client("s3"), f"issuer-{web.account.id}"
    issuer.url = f"https://{bucket}.s3.us-east-1.amazonaws.com"
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    configuration = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys.json"}
    s3.put_object(Bucket=bucket, Key=".well-known/openid-configuration", Body=json.dumps(configuration))
    s3.put_object(Bucket=bucket, Key="keys.json", Body=json.dumps({"keys": [issuer.jwk()]}))
    _guarded(web, issuer)
    assert _ask(web, issuer.token()).status == 200
    assert not issuer.fetched


def test_what_a_token_says_stays_inside_its_header(web, issuer):
    _guarded(web, issuer)
    for alg in ("x\r\nset-cookie: a=b", ["RS256"], {"a": 1}, 7, "é"):
        answer = _ask(web, issuer.token(alg=alg))
        assert answer[::2] == UNAUTHORIZED
        assert "set-cookie" not in answer.headers


# -- Lambda authorizers ------------------------------------------------------------------------------------------------

SIMPLE = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    assert event["version"] == "2.0" and event["type"] == "REQUEST", event
    token = event["identitySource"][0]
    if token == "broken":
        return {"oops": True}
    return {"isAuthorized": token == "yes", "context": {"calls": calls, "list": [1], "route": event["routeArn"]}}
"""
POLICY = """
def handler(event, context):
    assert event["version"] == "1.0", event
    if event["authorizationToken"] == "raise":
        raise Exception("Unauthorized")
    arn = event["methodArn"].rpartition("/")[0] + "/allowed"
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": arn}
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"flag": True}}
"""


def _uri(arn: str) -> str:
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def _authorized(web: Any, code: str, keys: list[str], version: str = "2.0", **more: Any) -> str:
    web.api(stage="dev")
    authorizer: str = web.client.create_authorizer(
        ApiId=web.id, Name="a", AuthorizerType="REQUEST", AuthorizerUri=_uri(web.function(code, "auth")),
        AuthorizerPayloadFormatVersion=version, IdentitySource=["$request.header.Auth"], **more,
    )["AuthorizerId"]  # fmt: skip
    target = web.integration(web.function())
    for key in keys:
        web.route(key, target, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    return authorizer


def test_simple_responses(web):
    _authorized(web, SIMPLE, ["GET /x"], EnableSimpleResponses=True, AuthorizerResultTtlInSeconds=0)
    answer = web.ask("GET", "/dev/x", None, {"Auth": "yes"})
    found = answer.json["requestContext"]["authorizer"]["lambda"]
    assert found["list"] == [1]
    assert found["route"] == f"arn:aws:execute-api:us-east-1:{web.account.id}:{web.id}/dev/GET/x"
    assert web.ask("GET", "/dev/x", None, {"Auth": "no"})[::2] == FORBIDDEN
    assert web.ask("GET", "/dev/x")[::2] == UNAUTHORIZED
    assert web.ask("GET", "/dev/x", None, {"Auth": "broken"})[::2] == (500, '{"message":"Internal Server Error"}')


def test_policies(web):
    _authorized(web, POLICY, ["GET /allowed", "GET /other"], "1.0")
    answer = web.ask("GET", "/dev/allowed", None, {"Auth": "t"})
    assert answer.json["requestContext"]["authorizer"]["lambda"] == {"flag": True}
    assert web.ask("GET", "/dev/other", None, {"Auth": "u"})[::2] == FORBIDDEN
    assert web.ask("GET", "/dev/other", None, {"Auth": "raise"})[::2] == UNAUTHORIZED


def test_answers_are_cached_for_their_time(own_web):
    """For all routes of the API, by the identity sources; a reset forgets them."""
    web = own_web
    _authorized(web, SIMPLE, ["GET /x", "GET /y"], EnableSimpleResponses=True, AuthorizerResultTtlInSeconds=60)

    def calls(path: str = "/dev/x") -> int:
        found: int = web.ask("GET", path, None, {"Auth": "yes"}).json["requestContext"]["authorizer"]["lambda"]["calls"]
        return found

    assert [calls(), calls(), calls("/dev/y")] == [1, 1, 1]
    web.cloud.advance(61)
    assert [calls(), calls()] == [2, 2]
    web.client.reset_authorizers_cache(ApiId=web.id, StageName="dev")
    assert calls() == 3


def test_authorizers_that_are_refused(web):
    web.api()
    create = web.client.create_authorizer
    jwt = {"ApiId": web.id, "Name": "a", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"]}
    good = {"Issuer": "https://example.com", "Audience": ["a"]}
    for request in (
        jwt,
        {**jwt, "JwtConfiguration": {**good, "Issuer": "example"}},
        {**jwt, "JwtConfiguration": good, "IdentitySource": []},
        {**jwt, "JwtConfiguration": good, "IdentitySource": ["method.request.header.A"]},
        {**jwt, "AuthorizerType": "REQUEST"},
        {**jwt, "AuthorizerType": "REQUEST", "AuthorizerUri": "x"},
    ):  # fmt: skip
        assert refused(create, **request).code == "BadRequestException", request
    create(**jwt, JwtConfiguration=good)
    assert refused(create, **jwt, JwtConfiguration=good).code == "ConflictException"


# -- throttles ---------------------------------------------------------------------------------------------------------


def test_routes_are_throttled(own_web, backend):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html"""
    web = own_web
    web.api()
    web.route("GET /x", web.integration(backend.url))
    web.route("GET /y", web.integration(backend.url))
    web.cloud.clock.set(web.cloud.clock.now(), freeze=True)
    web.client.update_stage(
        ApiId=web.id, StageName="$default",
        DefaultRouteSettings={"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 1.0},
        RouteSettings={"GET /y": {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 1.0}},
    )  # fmt: skip
    assert [web.ask("GET", "/x").status for _ in range(3)] == [200, 200, 429]
    assert [web.ask("GET", "/y").status for _ in range(2)] == [200, 429]
    assert web.ask("GET", "/x").text == '{"message":"Too Many Requests"}'
    web.cloud.advance(1)
    assert web.ask("GET", "/x").status == 200
    web.client.delete_route_settings(ApiId=web.id, StageName="$default", RouteKey="GET /y")
    assert web.client.get_stage(ApiId=web.id, StageName="$default")["RouteSettings"] == {}


def test_a_disabled_endpoint(web, backend):
    web.api(DisableExecuteApiEndpoint=True)
    web.route("GET /", web.integration(backend.url))
    assert web.ask("GET", "/")[::2] == (404, '{"message":"Not Found"}')
