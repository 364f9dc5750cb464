"""API Gateway: roles are passed by who may pass them, and act for their own account; names mean one thing.

iam:PassRole stands beside the operations that take a role; UpdateRestApiPolicy, SetWebACL, AddCertificateToDomain are
controls of their own: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
"""

import json
import urllib.error
import urllib.request
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from fogbank import testing

from .spellings import spellings, turn

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
GATEWAY = "apigateway.amazonaws.com"
QUEUES = "arn:aws:apigateway:us-east-1:sqs:action/ListQueues"
FUNCTION = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"
)


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(*resources, action="*"):
    return {"Effect": "Deny", "Action": action, "Resource": list(resources)}


def role_of(account, name, path="/"):
    trust = {"Effect": "Allow", "Principal": {"Service": GATEWAY}, "Action": "sts:AssumeRole"}
    iam = account.client("iam")
    made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(ALLOW))
    return made


def refused(call, **request):
    """The error code; any answer of a 2xx fails the test."""
    try:
        call(**request)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert 400 <= status < 500 or status == 501, (request, error)  # 501: what is not built
        return error.response["Error"]["Code"]
    raise AssertionError(f"{call.__name__}({request}) was answered")


@pytest.fixture(scope="module")
def here(cloud):
    """An API with a method, an authorizer and a stage; a key, a plan, a domain; roles; and another account."""
    owner, other = cloud.account(), cloud.account()
    gate = owner.client("apigateway")
    made = gate.create_rest_api(name="victim", tags={"kept": "v"})
    api, root = made["id"], made["rootResourceId"]
    at = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gate.put_method(**at, authorizationType="NONE")
    gate.put_method_response(**at, statusCode="200")
    gate.put_integration(**at, type="MOCK")
    gate.put_integration_response(**at, statusCode="200")
    authorizer = gate.create_authorizer(
        restApiId=api, name="a", type="TOKEN", authorizerUri=FUNCTION, identitySource="method.request.header.x"
    )["id"]
    deployment = gate.create_deployment(restApiId=api, stageName="dev")["id"]
    names = {
        **at, "statusCode": "200", "authorizerId": authorizer, "deploymentId": deployment, "stageName": "dev",
        "modelName": "Empty", "responseType": "DEFAULT_4XX", "exportType": "oas30",
        "requestValidatorId": gate.create_request_validator(restApiId=api, name="v")["id"],
        "usagePlanId": gate.create_usage_plan(name="plan")["id"],
        "apiKey": gate.create_api_key(name="key", enabled=True)["id"],
        "domainName": gate.create_domain_name(domainName="my.example.com")["domainName"],
        "vpcLinkId": gate.create_vpc_link(name="link", targetArns=["arn:aws:x"])["id"],
        "basePath": "(none)", "location": {"type": "API"},
    }  # fmt: skip
    names["keyId"] = names["apiKey"]
    gate.create_usage_plan_key(usagePlanId=names["usagePlanId"], keyId=names["keyId"], keyType="API_KEY")
    gate.create_base_path_mapping(domainName="my.example.com", restApiId=api)
    return SimpleNamespace(
        owner=owner, other=other, gate=gate, api=api, names=names, at=at, authorizer=authorizer,
        role=role_of(owner, "Gate"), pathed=role_of(owner, "Pathed", "/a/"), foreign=role_of(other, "Foreign"),
    )  # fmt: skip


def state(here):
    gate, api = here.gate, here.api
    found = [
        gate.get_rest_api(restApiId=api), gate.get_resources(restApiId=api, embed=["methods"]),
        gate.get_authorizers(restApiId=api), gate.get_stages(restApiId=api), gate.get_models(restApiId=api),
        gate.get_request_validators(restApiId=api), gate.get_deployments(restApiId=api), gate.get_account(),
        gate.get_gateway_responses(restApiId=api, limit=500), gate.get_domain_names(), gate.get_usage_plans(),
        gate.get_base_path_mappings(domainName="my.example.com"), gate.get_api_keys(), gate.get_vpc_links(),
        gate.get_usage_plan_keys(usagePlanId=here.names["usagePlanId"]), gate.get_rest_apis(limit=500),
    ]  # fmt: skip
    for answer in found:
        del answer["ResponseMetadata"]
    return found


# -- roles -------------------------------------------------------------------------------------------------------------


def document(**integration):
    return {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/x": {"get": integration}}}


def _integration(role):
    return {"type": "aws", "uri": QUEUES, "httpMethod": "POST", "credentials": role}


def _documents(role):
    """Each place of a document that names a role."""
    key = "x-amazon-apigateway-integration"
    yield document(**{key: _integration(role)})
    yield document() | {"paths": {"/x": {"x-amazon-apigateway-any-method": {key: _integration(role)}}}}
    shared = {"x-amazon-apigateway-integrations": {"one": _integration(role)}}
    yield document(**{key: {"$ref": "#/components/x-amazon-apigateway-integrations/one"}}) | {"components": shared}
    scheme = {"type": "apiKey", "name": "x", "in": "header", "x-amazon-apigateway-authtype": "custom",
              "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": FUNCTION,
                                                 "authorizerCredentials": role}}  # fmt: skip
    yield document() | {"components": {"securitySchemes": {"s": scheme}}}


def _patch(path, role, op="replace"):
    return [{"op": op, "path": path, "value": role}]


def _calls(here, role):
    """(operation, request) of every way to give API Gateway a role."""
    yield (
        "put_integration",
        {**here.at, "type": "AWS", "integrationHttpMethod": "POST", "uri": QUEUES, "credentials": role},
    )
    for op in ("replace", "add"):
        yield "update_integration", {**here.at, "patchOperations": _patch("/credentials", role, op)}
        yield "update_account", {"patchOperations": _patch("/cloudwatchRoleArn", role, op)}
    mixed = [{"op": "replace", "path": "/timeoutInMillis", "value": "1000"}, *_patch("/credentials", role)]
    yield "update_integration", {**here.at, "patchOperations": mixed}
    yield "create_authorizer", {
        "restApiId": here.api, "name": "new", "type": "TOKEN", "authorizerUri": FUNCTION,
        "identitySource": "method.request.header.x", "authorizerCredentials": role,
    }  # fmt: skip
    patch = _patch("/authorizerCredentials", role)
    yield "update_authorizer", {"restApiId": here.api, "authorizerId": here.authorizer, "patchOperations": patch}
    for described in _documents(role):
        body = json.dumps(described)
        yield "import_rest_api", {"body": body}
        yield "put_rest_api", {"restApiId": here.api, "mode": "merge", "body": body}
        yield "put_rest_api", {"restApiId": here.api, "mode": "overwrite", "body": body}


def test_a_role_needs_to_be_passed(here):
    """By who may do everything in API Gateway, and nothing with this role."""
    before = state(here)
    only = here.owner.user(policy({"Effect": "Allow", "Action": "apigateway:*", "Resource": "*"})).client("apigateway")
    but = here.owner.user(policy(ALLOW, deny(here.role, here.pathed, action="iam:PassRole"))).client("apigateway")
    for role in (here.role, here.pathed):
        for operation, request in _calls(here, role):
            for caller in (only, but):
                assert refused(getattr(caller, operation), **request) == "AccessDeniedException", (operation, request)
    with pytest.raises(ClientError, match=r"not authorized to perform: iam:PassRole on resource: .*:role/Gate"):
        only.put_integration(**here.at, type="AWS", integrationHttpMethod="POST", uri=QUEUES, credentials=here.role)
    assert state(here) == before


def test_a_role_by_any_other_arn(here):
    """By its account's root, who may pass everything: only the ARN itself names a role."""
    before = state(here)
    user = here.owner.user(policy(ALLOW, deny(here.role, action="iam:PassRole"))).client("apigateway")
    texts = list(spellings(here.role, here.role))
    for start, (operation, request) in enumerate(_calls(here, here.role)):
        for text in turn(texts, start):
            spelled = json.loads(json.dumps(request).replace(json.dumps(here.role)[1:-1], json.dumps(text)[1:-1]))
            if "body" in request:
                spelled["body"] = request["body"].replace(here.role, json.dumps(text)[1:-1])
            for caller in (user, here.gate):
                if not text.startswith(f"arn:aws:iam::{here.owner.id}:role/"):  # that is the ARN of another role
                    refused(getattr(caller, operation), **spelled)
    assert state(here) == before


def test_a_role_of_another_account_is_not_taken(here):
    before = state(here)
    for operation, request in _calls(here, here.foreign):
        with pytest.raises(ClientError) as caught:
            getattr(here.gate, operation)(**request)
        assert caught.value.response["Error"]["Message"] == "Cross-account pass role is not allowed."
    assert state(here) == before


def test_a_role_of_another_account_is_not_assumed():
    """Not even where nobody asks for permissions, though the role trusts API Gateway."""
    with testing.cloud(iam="off") as cloud:
        owner, other = cloud.account(), cloud.account()
        other.client("sqs").create_queue(QueueName="secret")
        foreign = role_of(other, "Foreign")
        gate = owner.client("apigateway")
        api = gate.create_rest_api(name="a")
        at = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
        gate.put_method(**at, authorizationType="NONE")
        gate.put_method_response(**at, statusCode="200")
        gate.put_integration(
            **at, type="AWS", integrationHttpMethod="POST", uri=QUEUES, credentials=foreign,
            requestTemplates={"application/json": "{}"},
        )  # fmt: skip
        gate.put_integration_response(**at, statusCode="200")
        gate.create_deployment(restApiId=api["id"], stageName="dev")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{owner.endpoint}/_aws/execute-api/{api['id']}/dev/", timeout=30)
        assert caught.value.code == 500
        assert b"secret" not in caught.value.read()


def test_who_may_pass_a_role_passes_it(here):
    """iam:PassedToService says to whom; the caller's own credentials are no role."""
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": here.role,
               "Condition": {"StringEquals": {"iam:PassedToService": GATEWAY}}}  # fmt: skip
    user = here.owner.user(policy({"Effect": "Allow", "Action": "apigateway:*", "Resource": "*"}, passing))
    gate = user.client("apigateway")
    api = gate.create_rest_api(name="mine")
    at = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gate.put_method(**at, authorizationType="AWS_IAM")
    for credentials in (here.role, "arn:aws:iam::*:user/*"):
        made = gate.put_integration(**at, type="AWS", integrationHttpMethod="POST", uri=QUEUES, credentials=credentials)
        assert made["credentials"] == credentials
    gate.update_integration(**at, patchOperations=[{"op": "remove", "path": "/credentials"}])
    gate.put_rest_api(restApiId=api["id"], body=json.dumps(next(_documents(here.role))))
    gate.delete_rest_api(restApiId=api["id"])


def test_a_copy_of_an_api_is_read_and_takes_its_roles(here):
    gate = here.gate
    source = gate.import_rest_api(body=json.dumps(next(_documents(here.role))))["id"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{source}"
    for statement in (deny(arn, action="apigateway:GET"), deny(here.role, action="iam:PassRole")):
        user = here.owner.user(policy(ALLOW, statement)).client("apigateway")
        assert refused(user.create_rest_api, name="copy", cloneFrom=source) == "AccessDeniedException"
    assert (
        refused(here.other.client("apigateway").create_rest_api, name="copy", cloneFrom=source) == "NotFoundException"
    )
    gate.delete_rest_api(restApiId=gate.create_rest_api(name="copy", cloneFrom=source)["id"])
    gate.delete_rest_api(restApiId=source)


# -- names -------------------------------------------------------------------------------------------------------------

# what a request names first → the path of what it names
FIRST = {
    "restApiId": "/restapis/", "usagePlanId": "/usageplans/", "apiKey": "/apikeys/", "domainName": "/domainnames/",
    "vpcLinkId": "/vpclinks/",
}  # fmt: skip


def _operations(client):
    """(method, shape) of each operation whose path begins with something that is named."""
    model = client.meta.service_model
    for method, operation in client.meta.method_to_api_mapping.items():
        shape = model.operation_model(operation).input_shape
        uri = model.operation_model(operation).http["requestUri"]
        if shape is not None and any(uri.startswith(path) and uri != path[:-1] for path in FIRST.values()):
            yield method, shape


def _filled(names, shape):
    """The required members of a request, named things as they are called and anything else of its type."""
    plain = {"list": [], "map": {}, "structure": {}, "boolean": False, "integer": 1, "blob": b"{}"}
    found = {}
    for member in shape.required_members:
        described = shape.members[member]
        any_value = described.enum[0] if getattr(described, "enum", None) else plain.get(described.type_name, "x")
        found[member] = names.get(member, any_value)
    return found


def test_what_is_named_by_any_other_identifier(here):
    """Every operation: whoever is denied the thing itself is answered nothing under another spelling of its name."""
    before, prefix = state(here), "arn:aws:apigateway:us-east-1::"
    things = [f"{prefix}{path}{here.names[first]}" for first, path in FIRST.items()]
    user = here.owner.user(policy(ALLOW, deny(*things, *(f"{thing}/*" for thing in things)))).client("apigateway")
    other, count = here.other.client("apigateway"), 0
    for number, (method, shape) in enumerate(_operations(here.gate)):
        request = _filled(here.names, shape)
        first = next((first for first in FIRST if first in request), None)
        if first is None:
            continue
        count += 1
        name = here.names[first]
        assert refused(getattr(user, method), **request) in ("AccessDeniedException", "NotImplemented"), method
        for text in turn(spellings(prefix + FIRST[first] + name, name), number, 20):
            for caller in (user, other):
                refused(getattr(caller, method), **{**request, first: text})
        refused(getattr(other, method), **request)
    assert count > 70
    assert state(here) == before


def test_tags_by_any_other_arn(here):
    before = state(here)
    names, prefix = here.names, "arn:aws:apigateway:us-east-1::"
    arns = [f"{prefix}{path}{names[first]}" for first, path in FIRST.items()]
    arns.append(f"{prefix}/restapis/{here.api}/stages/dev")
    user = here.owner.user(policy(ALLOW, deny(*(f"{prefix}/tags/{quote(arn, safe='')}" for arn in arns))))
    for start, arn in enumerate(arns):
        for caller in (user.client("apigateway"), here.other.client("apigateway")):
            for text in (arn, *turn(spellings(arn, arn), start)):
                refused(caller.get_tags, resourceArn=text)
                refused(caller.tag_resource, resourceArn=text, tags={"a": "b"})
                refused(caller.untag_resource, resourceArn=text, tagKeys=["kept"])
    assert state(here) == before


def test_tags_on_what_is_made_need_the_permission_to_put_them(here):
    """apigateway:PUT on /tags/…/restapis/*: https://github.com/mattclay/aws-terminator/pull/284"""
    tags = "arn:aws:apigateway:us-east-1::/tags/*"
    user = here.owner.user(policy(ALLOW, deny(tags, action="apigateway:PUT"))).client("apigateway")
    with pytest.raises(ClientError) as caught:
        user.create_rest_api(name="new", tags={"a": "b"})
    text = f"apigateway:PUT on resource: {tags[:-1]}arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F*"
    assert text in caught.value.response["Error"]["Message"]
    assert refused(user.create_api_key, name="new", tags={"a": "b"}) == "AccessDeniedException"
    user.delete_api_key(apiKey=user.create_api_key(name="new")["id"])


def test_a_domain_name_has_no_upper_case(here):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigateway-domainname.html"""
    assert refused(here.gate.create_domain_name, domainName="Other.example.com") == "BadRequestException"
    assert refused(here.gate.get_domain_name, domainName="MY.example.com") == "NotFoundException"


# -- controls of their own ---------------------------------------------------------------------------------------------


def test_a_policy_needs_its_own_permission(here):
    before = state(here)
    user = here.owner.user(policy(ALLOW, deny("*", action="apigateway:UpdateRestApiPolicy"))).client("apigateway")
    text = policy({"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"})
    body = json.dumps({**document(), "x-amazon-apigateway-policy": json.loads(text)})
    patch = [{"op": "replace", "path": "/policy", "value": text}]
    for call, request in (
        (user.create_rest_api, {"name": "new", "policy": text}),
        (user.update_rest_api, {"restApiId": here.api, "patchOperations": patch}),
        (user.import_rest_api, {"body": body}),
        (user.put_rest_api, {"restApiId": here.api, "body": body}),
    ):
        assert refused(call, **request) == "AccessDeniedException"
    guarded = here.gate.create_rest_api(name="guarded", policy=text)["id"]
    call = user.put_rest_api
    assert refused(call, restApiId=guarded, mode="overwrite", body=json.dumps(document())) == "AccessDeniedException"
    assert refused(user.create_rest_api, name="new", cloneFrom=guarded) == "AccessDeniedException"
    here.gate.delete_rest_api(restApiId=guarded)
    assert state(here) == before


def test_firewalls_and_certificates_need_their_own_permissions(here):
    only = {"Effect": "Allow", "Resource": "*",
            "Action": ["apigateway:GET", "apigateway:POST", "apigateway:PATCH", "apigateway:DELETE"]}  # fmt: skip
    user = here.owner.user(policy(only)).client("apigateway")
    patch = [{"op": "replace", "path": "/webAclArn", "value": "arn:aws:wafv2:x"}]
    assert (
        refused(user.update_stage, restApiId=here.api, stageName="dev", patchOperations=patch)
        == "AccessDeniedException"
    )
    mutual = {"truststoreUri": "s3://b/k"}
    call = user.create_domain_name
    assert refused(call, domainName="mtls.example.com", mutualTlsAuthentication=mutual) == "AccessDeniedException"
    patch = [{"op": "replace", "path": "/mutualTlsAuthentication/truststoreUri", "value": "s3://b/k"}]
    call = user.update_domain_name
    assert refused(call, domainName="my.example.com", patchOperations=patch) == "AccessDeniedException"
    here.gate.create_domain_name(domainName="mtls.example.com", mutualTlsAuthentication=mutual)
    assert refused(user.delete_domain_name, domainName="mtls.example.com") == "AccessDeniedException"
    here.gate.delete_domain_name(domainName="mtls.example.com")
