"""HTTP and WebSocket APIs: roles are passed by who may pass them, and act for their own account; connections too.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
"""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from .spellings import spellings, turn

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
GATEWAY = "apigateway.amazonaws.com"
FUNCTION = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"
)


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role_of(account, name):
    trust = {"Effect": "Allow", "Principal": {"Service": GATEWAY}, "Action": "sts:AssumeRole"}
    iam = account.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(ALLOW))
    return made


def refused(call, **request):
    """The error code; any answer of a 2xx fails the test."""
    try:
        call(**request)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert 400 <= status < 500, (request, error)
        return error.response["Error"]["Code"]
    raise AssertionError(f"{call.__name__}({request}) was answered")


@pytest.fixture(scope="module")
def here(cloud):
    owner, other = cloud.account(), cloud.account()
    gate = owner.client("apigatewayv2")
    api = gate.create_api(Name="victim", ProtocolType="HTTP", Target="https://example.com")["ApiId"]
    integration = gate.get_integrations(ApiId=api)["Items"][0]["IntegrationId"]
    authorizer = gate.create_authorizer(
        ApiId=api, Name="a", AuthorizerType="REQUEST", AuthorizerUri=FUNCTION, AuthorizerPayloadFormatVersion="2.0",
        IdentitySource=["$request.header.a"],
    )["AuthorizerId"]  # fmt: skip
    return SimpleNamespace(
        owner=owner, gate=gate, api=api, integration=integration, authorizer=authorizer,
        role=role_of(owner, "Gate"), foreign=role_of(other, "Foreign"),
    )  # fmt: skip


def state(here):
    gate, api = here.gate, here.api
    found = [gate.get_api(ApiId=api), gate.get_routes(ApiId=api), gate.get_integrations(ApiId=api),
             gate.get_authorizers(ApiId=api), gate.get_stages(ApiId=api), gate.get_apis()]  # fmt: skip
    for answer in found:
        del answer["ResponseMetadata"]
    return found


def _calls(here, role):
    """(operation, request) of every way to give API Gateway a role."""
    proxy = {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "1.0"}
    at = {"ApiId": here.api}
    yield "create_integration", {**at, **proxy, "IntegrationUri": FUNCTION, "CredentialsArn": role}
    yield "create_integration", {**at, **proxy, "IntegrationSubtype": "SQS-PurgeQueue", "CredentialsArn": role,
                                 "RequestParameters": {"QueueUrl": "q"}}  # fmt: skip
    yield "update_integration", {**at, "IntegrationId": here.integration, "CredentialsArn": role}
    yield "create_authorizer", {**at, "Name": "new", "AuthorizerType": "REQUEST", "AuthorizerUri": FUNCTION,
                                "AuthorizerPayloadFormatVersion": "2.0", "IdentitySource": ["$request.header.a"],
                                "AuthorizerCredentialsArn": role}  # fmt: skip
    yield "update_authorizer", {**at, "AuthorizerId": here.authorizer, "AuthorizerCredentialsArn": role}
    yield "create_api", {"Name": "n", "ProtocolType": "HTTP", "Target": "arn:aws:lambda:x", "CredentialsArn": role}
    yield "update_api", {**at, "CredentialsArn": role}
    integration = {"type": "aws_proxy", "uri": FUNCTION, "credentials": role, "payloadFormatVersion": "2.0"}
    scheme = {"type": "apiKey", "name": "a", "in": "header", "x-amazon-apigateway-authorizer": {
        "type": "request", "authorizerUri": FUNCTION, "authorizerCredentials": role}}  # fmt: skip
    document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}}
    for more in (
        {"paths": {"/x": {"get": {"x-amazon-apigateway-integration": integration}}}},
        {"paths": {"/x": {"get": {"x-amazon-apigateway-integration": {"$ref": "#/components/i"}}}},
         "components": {"i": integration}},
        {"components": {"securitySchemes": {"s": scheme}}},
    ):  # fmt: skip
        body = json.dumps(document | more)
        yield "import_api", {"Body": body}
        yield "reimport_api", {**at, "Body": body}


def test_a_role_needs_to_be_passed(here):
    before = state(here)
    only = here.owner.user(policy({"Effect": "Allow", "Action": "apigateway:*", "Resource": "*"}))
    but = here.owner.user(policy(ALLOW, {"Effect": "Deny", "Action": "iam:PassRole", "Resource": here.role}))
    for operation, request in _calls(here, here.role):
        for caller in (only, but):
            call = getattr(caller.client("apigatewayv2"), operation)
            assert refused(call, **request) == "AccessDeniedException", (operation, request)
    assert state(here) == before


def test_a_role_by_any_other_arn(here):
    """By its account's root, who may pass everything: only the ARN itself names a role."""
    before = state(here)
    texts = [text for text in spellings(here.role, here.role)
             if not text.startswith(f"arn:aws:iam::{here.owner.id}:role/")]  # fmt: skip
    for start, (operation, request) in enumerate(_calls(here, here.role)):
        for text in turn(texts, start):
            spelled = json.loads(json.dumps(request).replace(json.dumps(here.role)[1:-1], json.dumps(text)[1:-1]))
            if "Body" in request:
                spelled["Body"] = request["Body"].replace(here.role, json.dumps(text)[1:-1])
            refused(getattr(here.gate, operation), **spelled)
    assert state(here) == before


def test_a_role_of_another_account_is_not_taken(here):
    before = state(here)
    for operation, request in _calls(here, here.foreign):
        with pytest.raises(ClientError, match="Cross-account pass role is not allowed"):
            getattr(here.gate, operation)(**request)
    assert state(here) == before
