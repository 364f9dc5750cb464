"""The control plane of HTTP and WebSocket APIs: what is made comes back with every member, is changed and goes.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html
"""

from __future__ import annotations

import json

import pytest
from tests.support import refused


def shown(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_apis(web):
    client = web.client
    made = shown(client.create_api(Name="a", ProtocolType="HTTP", Description="d", Version="1", Tags={"k": "v"}))
    id = made["ApiId"]
    assert made == shown(client.get_api(ApiId=id))
    assert made.pop("CreatedDate").year >= 2024
    assert made.pop("ApiEndpoint").startswith(f"http://{id}.execute-api.us-east-1.")
    assert made == {
        "ApiId": id, "Name": "a", "ProtocolType": "HTTP", "Description": "d", "Version": "1", "Tags": {"k": "v"},
        "ApiKeySelectionExpression": "$request.header.x-api-key", "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4", "RouteSelectionExpression": "$request.method $request.path",
    }  # fmt: skip
    changed = client.update_api(ApiId=id, Description="", Name="b", CorsConfiguration={"AllowOrigins": ["*"]})
    assert "Description" not in changed
    assert (changed["Name"], changed["CorsConfiguration"]) == ("b", {"AllowOrigins": ["*"]})
    client.delete_api(ApiId=id)
    assert refused(client.get_api, ApiId=id) == (
        "NotFoundException", f"Invalid API identifier specified {web.account.id}:{id}", 404)  # fmt: skip


def test_websocket_apis(web):
    client = web.client
    made = client.create_api(Name="a", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    assert made["ApiEndpoint"].startswith(f"ws://{made['ApiId']}.execute-api.us-east-1.")
    assert refused(client.create_api, Name="a", ProtocolType="WEBSOCKET").code == "BadRequestException"
    cors = {"CorsConfiguration": {"AllowOrigins": ["*"]}, "RouteSelectionExpression": "x"}
    assert refused(client.create_api, Name="a", ProtocolType="WEBSOCKET", **cors).code == "BadRequestException"
    cors = {"AllowOrigins": ["*"], "AllowCredentials": True}
    assert refused(client.create_api, Name="a", ProtocolType="HTTP", CorsConfiguration=cors).status == 400


def test_lists_come_in_pages(web):
    client = web.client
    made = sorted(client.create_api(Name=f"a{n}", ProtocolType="HTTP")["ApiId"] for n in range(5))
    pages = list(client.get_paginator("get_apis").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Items"]) for page in pages] == [2, 2, 1]
    assert [api["ApiId"] for page in pages for api in page["Items"]] == made
    for text in ("0", "501", "x"):
        assert refused(client.get_apis, MaxResults=text).code == "BadRequestException"
    assert refused(client.get_apis, NextToken="x").code == "BadRequestException"


def test_routes(web):
    client = web.client
    api = web.api()
    target = web.integration("https://example.com")
    route = web.route("GET /pets/{id}", target, OperationName="op")
    found = shown(client.get_route(ApiId=api, RouteId=route))
    assert found == {
        "RouteId": route, "RouteKey": "GET /pets/{id}", "Target": target, "OperationName": "op",
        "ApiKeyRequired": False, "AuthorizationType": "NONE",
    }  # fmt: skip
    assert client.get_routes(ApiId=api)["Items"] == [found]
    create = client.create_route
    assert refused(create, ApiId=api, RouteKey="GET /pets/{id}") == (
        "ConflictException", "Route with key GET /pets/{id} already exists for this API", 409)  # fmt: skip
    for key in ("GET", "FETCH /x", "GET x", "GET /{a+}/b", "get /x", "GET /a b", ""):
        refusal = refused(create, ApiId=api, RouteKey=key)
        assert (refusal.code, "route key is not formatted properly" in refusal.message) == ("BadRequestException", True)
    assert refused(create, ApiId=api, RouteKey="GET /y", Target="integrations/none").code == "NotFoundException"
    assert refused(create, ApiId=api, RouteKey="GET /y", Target="none").code == "BadRequestException"
    assert refused(create, ApiId=api, RouteKey="GET /y", AuthorizationType="JWT").code == "BadRequestException"
    changed = client.update_route(ApiId=api, RouteId=route, RouteKey="ANY /x", OperationName="")
    assert (changed["RouteKey"], "OperationName" in changed) == ("ANY /x", False)
    client.delete_route(ApiId=api, RouteId=route)
    assert refused(client.get_route, ApiId=api, RouteId=route).code == "NotFoundException"


def test_integrations(web):
    client = web.client
    api = web.api()
    arn = f"arn:aws:lambda:us-east-1:{web.account.id}:function:f"
    id = web.integration(arn, Description="d").partition("/")[2]
    found = shown(client.get_integration(ApiId=api, IntegrationId=id))
    assert found == {
        "IntegrationId": id, "IntegrationType": "AWS_PROXY", "IntegrationUri": arn, "PayloadFormatVersion": "2.0",
        "ConnectionType": "INTERNET", "TimeoutInMillis": 30000, "IntegrationMethod": "POST", "Description": "d",
    }  # fmt: skip
    assert client.get_integrations(ApiId=api)["Items"] == [found]
    changed = client.update_integration(ApiId=api, IntegrationId=id, TimeoutInMillis=1000, Description="")
    assert (changed["TimeoutInMillis"], "Description" in changed) == (1000, False)
    create = client.create_integration
    lambda_ = {"ApiId": api, "IntegrationType": "AWS_PROXY", "IntegrationUri": arn}
    assert refused(create, **lambda_) == (
        "BadRequestException", "PayloadFormatVersion is a required parameter for integration", 400)  # fmt: skip
    for more in ({"PayloadFormatVersion": "3.0"}, {"PayloadFormatVersion": "2.0", "IntegrationType": "MOCK"},
                 {"PayloadFormatVersion": "2.0", "ConnectionType": "VPC_LINK"}):  # fmt: skip
        assert refused(create, **lambda_ | more).code == "BadRequestException"
    web.route("GET /", f"integrations/{id}")
    assert refused(client.delete_integration, ApiId=api, IntegrationId=id).code == "ConflictException"
    client.delete_route(ApiId=api, RouteId=client.get_routes(ApiId=api)["Items"][0]["RouteId"])
    client.delete_integration(ApiId=api, IntegrationId=id)
    assert refused(client.get_integration, ApiId=api, IntegrationId=id).code == "NotFoundException"


def test_authorizers(web):
    client = web.client
    api = web.api()
    configuration = {"Audience": ["a"], "Issuer": "https://example.com"}
    made = shown(client.create_authorizer(
        ApiId=api, Name="jwt", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration=configuration,
    ))  # fmt: skip
    id = made["AuthorizerId"]
    assert made == {"AuthorizerId": id, "Name": "jwt", "AuthorizerType": "JWT", "JwtConfiguration": configuration,
                    "IdentitySource": ["$request.header.Authorization"]}  # fmt: skip
    assert shown(client.get_authorizer(ApiId=api, AuthorizerId=id)) == made
    assert client.get_authorizers(ApiId=api)["Items"] == [made]
    changed = client.update_authorizer(ApiId=api, AuthorizerId=id, Name="other")
    assert changed["Name"] == "other"
    request = client.create_authorizer(
        ApiId=api, Name="r", AuthorizerType="REQUEST", AuthorizerUri="arn:aws:x", AuthorizerPayloadFormatVersion="2.0",
        IdentitySource=["$request.header.A"],
    )  # fmt: skip
    assert (request["AuthorizerResultTtlInSeconds"], request["EnableSimpleResponses"]) == (300, False)
    route = client.create_route(ApiId=api, RouteKey="GET /", AuthorizationType="JWT", AuthorizerId=id)["RouteId"]
    assert refused(client.delete_authorizer, ApiId=api, AuthorizerId=id).code == "ConflictException"
    client.update_route(ApiId=api, RouteId=route, AuthorizationType="NONE")
    assert "AuthorizerId" not in client.get_route(ApiId=api, RouteId=route)
    client.delete_authorizer(ApiId=api, AuthorizerId=id)
    assert refused(client.get_authorizer, ApiId=api, AuthorizerId=id).code == "NotFoundException"


def test_stages_and_deployments(web):
    client = web.client
    api = client.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    assert refused(client.create_deployment, ApiId=api) == (
        "BadRequestException", "At least one route is required before deploying the Api.", 400)  # fmt: skip
    stage = client.create_stage(ApiId=api, StageName="auto", AutoDeploy=True)
    assert stage["LastDeploymentStatusMessage"] == (
        "Deployment attempt failed: Unable to deploy API because no routes exist in this API"
    )
    client.create_route(ApiId=api, RouteKey="GET /")
    stage = client.get_stage(ApiId=api, StageName="auto")
    deployment = stage["DeploymentId"]
    assert stage["LastDeploymentStatusMessage"] == f"Successfully deployed stage with deployment ID '{deployment}'"
    found = client.get_deployment(ApiId=api, DeploymentId=deployment)
    assert (found["AutoDeployed"], found["DeploymentStatus"]) == (True, "DEPLOYED")
    made = shown(client.create_stage(ApiId=api, StageName="dev", Tags={"k": "v"}, StageVariables={"a": "b"}))
    assert made.pop("CreatedDate") <= made.pop("LastUpdatedDate")
    assert made == {
        "StageName": "dev", "Tags": {"k": "v"}, "StageVariables": {"a": "b"}, "RouteSettings": {},
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
    }  # fmt: skip
    own = client.create_deployment(ApiId=api, StageName="dev", Description="mine")["DeploymentId"]
    assert client.get_stage(ApiId=api, StageName="dev")["DeploymentId"] == own
    assert client.update_deployment(ApiId=api, DeploymentId=own, Description="new")["Description"] == "new"
    assert {each["DeploymentId"] for each in client.get_deployments(ApiId=api)["Items"]} == {own, deployment}
    changed = client.update_stage(ApiId=api, StageName="dev", StageVariables={"a": "", "c": "d"}, Description="x")
    assert (changed["StageVariables"], changed["Description"]) == ({"c": "d"}, "x")
    assert [each["StageName"] for each in client.get_stages(ApiId=api)["Items"]] == ["auto", "dev"]
    assert refused(client.delete_deployment, ApiId=api, DeploymentId=own).code == "BadRequestException"
    assert refused(client.create_deployment, ApiId=api, StageName="auto").code == "BadRequestException"
    assert refused(client.create_stage, ApiId=api, StageName="dev").code == "ConflictException"
    assert refused(client.create_stage, ApiId=api, StageName="a b").code == "BadRequestException"
    client.delete_stage(ApiId=api, StageName="dev")
    client.delete_deployment(ApiId=api, DeploymentId=own)
    assert refused(client.get_stage, ApiId=api, StageName="dev").code == "NotFoundException"
    assert refused(client.get_deployment, ApiId=api, DeploymentId=own).code == "NotFoundException"


@pytest.fixture
def talk(web):
    made = web.client.create_api(Name="t", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    web.id = made["ApiId"]
    return web.client


def test_models(web, talk):
    schema = json.dumps({"type": "object", "properties": {"a": {}, "b": {}}})
    made = shown(talk.create_model(ApiId=web.id, Name="M", Schema=schema, Description="d"))
    id = made["ModelId"]
    assert made == {"ModelId": id, "Name": "M", "Schema": schema, "Description": "d", "ContentType": "application/json"}
    assert shown(talk.get_model(ApiId=web.id, ModelId=id)) == made
    assert talk.get_models(ApiId=web.id)["Items"] == [made]
    assert "$input.json('$.a')" in talk.get_model_template(ApiId=web.id, ModelId=id)["Value"]
    assert talk.update_model(ApiId=web.id, ModelId=id, Name="N")["Name"] == "N"
    assert refused(talk.create_model, ApiId=web.id, Name="N", Schema="{}").code == "ConflictException"
    assert refused(talk.create_model, ApiId=web.id, Name="O", Schema="no").code == "BadRequestException"
    talk.delete_model(ApiId=web.id, ModelId=id)
    assert refused(talk.get_model, ApiId=web.id, ModelId=id).code == "NotFoundException"


def test_responses(web, talk):
    integration = shown(talk.create_integration(ApiId=web.id, IntegrationType="MOCK"))
    id = integration["IntegrationId"]
    assert integration == {
        "IntegrationId": id, "IntegrationType": "MOCK", "ConnectionType": "INTERNET", "TimeoutInMillis": 29000,
        "PassthroughBehavior": "WHEN_NO_MATCH", "PayloadFormatVersion": "1.0", "RequestTemplates": {},
        "IntegrationResponseSelectionExpression": "${integration.response.statuscode}",
    }  # fmt: skip
    place = {"ApiId": web.id, "IntegrationId": id}
    made = shown(talk.create_integration_response(**place, IntegrationResponseKey="/200/",
                                                  ResponseTemplates={"$default": "x", "y": "z"}))  # fmt: skip
    place["IntegrationResponseId"] = made["IntegrationResponseId"]
    assert shown(talk.get_integration_response(**place)) == made
    assert talk.get_integration_responses(ApiId=web.id, IntegrationId=id)["Items"] == [made]
    changed = talk.update_integration_response(**place, ResponseTemplates={"$default": "x"})
    assert changed["ResponseTemplates"] == {"$default": "x"}
    talk.delete_integration_response(**place)
    assert refused(talk.get_integration_response, **place).code == "NotFoundException"
    route = talk.create_route(
        ApiId=web.id, RouteKey="r", Target=f"integrations/{id}", RouteResponseSelectionExpression="$default",
        RequestParameters={"route.request.querystring.a": {"Required": True}},
    )["RouteId"]  # fmt: skip
    talk.delete_route_request_parameter(ApiId=web.id, RouteId=route, RequestParameterKey="route.request.querystring.a")
    assert not talk.get_route(ApiId=web.id, RouteId=route).get("RequestParameters")
    at = {"ApiId": web.id, "RouteId": route}
    assert refused(talk.create_route_response, **at, RouteResponseKey="other").code == "BadRequestException"
    made = shown(talk.create_route_response(**at, RouteResponseKey="$default"))
    at["RouteResponseId"] = made["RouteResponseId"]
    assert shown(talk.get_route_response(**at)) == made
    assert talk.get_route_responses(ApiId=web.id, RouteId=route)["Items"] == [made]
    changed = talk.update_route_response(**at, ModelSelectionExpression="$default")
    assert changed["ModelSelectionExpression"] == "$default"
    talk.delete_route_response(**at)
    assert refused(talk.get_route_response, **at).code == "NotFoundException"


def test_only_connect_is_authorized(web, talk):
    create = talk.create_route
    assert refused(create, ApiId=web.id, RouteKey="x", AuthorizationType="AWS_IAM") == (
        "BadRequestException", "Currently, authorization is restricted to the $connect route only", 400)  # fmt: skip
    assert create(ApiId=web.id, RouteKey="$connect", AuthorizationType="AWS_IAM")["AuthorizationType"] == "AWS_IAM"


def test_vpc_links(web):
    client = web.client
    made = shown(client.create_vpc_link(Name="l", SubnetIds=["subnet-1"], SecurityGroupIds=["sg-1"], Tags={"k": "v"}))
    id = made["VpcLinkId"]
    assert (made["VpcLinkStatus"], made["VpcLinkVersion"], made["Tags"]) == ("AVAILABLE", "V2", {"k": "v"})
    assert shown(client.get_vpc_link(VpcLinkId=id)) == made
    assert client.get_vpc_links()["Items"] == [made]
    assert client.update_vpc_link(VpcLinkId=id, Name="m")["Name"] == "m"
    client.delete_vpc_link(VpcLinkId=id)
    assert refused(client.get_vpc_link, VpcLinkId=id).code == "NotFoundException"


def test_tags(web):
    client = web.client
    api = web.api(Tags={"a": "1"})
    for path in (f"/apis/{api}", f"/apis/{api}/stages/$default"):
        arn = f"arn:aws:apigateway:us-east-1::{path}"
        client.tag_resource(ResourceArn=arn, Tags={"b": "2", "c": "3"})
        client.untag_resource(ResourceArn=arn, TagKeys=["c", "a"])
        assert client.get_tags(ResourceArn=arn)["Tags"] == {"b": "2"}
    assert client.get_api(ApiId=api)["Tags"] == {"b": "2"}
    assert refused(client.get_tags, ResourceArn="arn:aws:apigateway:us-east-1::/apis/none").code == "NotFoundException"
    assert refused(client.get_tags, ResourceArn="x").code == "BadRequestException"


def test_who_may_do_what(web):
    """The action is the HTTP verb, the resource the path; a role is passed by who may pass it."""
    api = web.api()
    arn = "arn:aws:apigateway:us-east-1::"
    allow = [{"Effect": "Allow", "Action": ["apigateway:GET", "apigateway:POST"], "Resource": f"{arn}/apis/{api}*"}]
    user = web.account.user(json.dumps({"Version": "2012-10-17", "Statement": allow})).client("apigatewayv2")
    assert user.get_api(ApiId=api)["ApiId"] == api
    assert user.create_route(ApiId=api, RouteKey="GET /")["RouteKey"] == "GET /"
    for call, request in (
        (user.get_apis, {}), (user.delete_api, {"ApiId": api}), (user.update_api, {"ApiId": api, "Name": "x"}),
        (user.create_api, {"Name": "x", "ProtocolType": "HTTP"}),
        (user.create_integration, {"ApiId": api, "IntegrationType": "HTTP_PROXY", "IntegrationUri": "https://e.com",
                                   "IntegrationMethod": "GET", "PayloadFormatVersion": "1.0",
                                   "CredentialsArn": web.role()}),
        (user.update_stage, {"ApiId": api, "StageName": "$default", "AccessLogSettings": {"DestinationArn": "x"}}),
    ):  # fmt: skip
        assert refused(call, **request).code == "AccessDeniedException", request


def test_apis_survive_kill(restarted):
    aws = restarted.account()
    client = aws.client("apigatewayv2")
    api = client.create_api(Name="kept", ProtocolType="HTTP", Target="https://example.com")["ApiId"]
    before = [client.get_routes(ApiId=api)["Items"], client.get_stages(ApiId=api)["Items"]]
    restarted.restart()
    assert [client.get_routes(ApiId=api)["Items"], client.get_stages(ApiId=api)["Items"]] == before
