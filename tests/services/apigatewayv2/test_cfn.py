"""HTTP and WebSocket APIs of templates: plain ones, SAM's HttpApi, and CDK's WebSocket form.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-httpapi.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

CODE = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Stacks:
    """Stacks of one account."""

    def __init__(self, aws: Any) -> None:
        self.client = aws.client("cloudformation")

    def deploy(self, template: dict[str, Any], **more: Any) -> dict[str, str]:
        """Create or update the stack; its outputs."""
        request = {"StackName": "s", "TemplateBody": json.dumps(template), "Capabilities": CAPABILITIES, **more}
        kind = "CREATE" if not self._exists() else "UPDATE"
        self.client.create_change_set(**request, ChangeSetName=f"c{kind}", ChangeSetType=kind)
        self.client.get_waiter("change_set_create_complete").wait(
            StackName="s", ChangeSetName=f"c{kind}", WaiterConfig={"Delay": 1}
        )
        self.client.execute_change_set(StackName="s", ChangeSetName=f"c{kind}")
        waiter = self.client.get_waiter(f"stack_{kind.lower()}_complete")
        try:
            waiter.wait(StackName="s", WaiterConfig={"Delay": 1})
        except Exception as error:
            events = self.client.describe_stack_events(StackName="s")["StackEvents"]
            raise AssertionError([event.get("ResourceStatusReason") for event in events]) from error
        stack = self.client.describe_stacks(StackName="s")["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def _exists(self) -> bool:
        return any(stack["StackName"] == "s" and stack["StackStatus"] != "DELETE_COMPLETE"
                   for stack in self.client.list_stacks()["StackSummaries"])  # fmt: skip

    def delete(self) -> None:
        self.client.delete_stack(StackName="s")
        self.client.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 1})


@pytest.fixture
def stacks(aws):
    return Stacks(aws)


def plain(backend: str, **route: Any) -> dict[str, Any]:
    return {
        "Resources": {
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
                "Name": "plain", "ProtocolType": "HTTP", "Tags": {"k": "v"}, "Description": "d",
                "CorsConfiguration": {"AllowOrigins": ["*"]}}},
            "Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
                "ApiId": {"Ref": "Api"}, "IntegrationType": "HTTP_PROXY", "IntegrationUri": backend,
                "IntegrationMethod": "ANY", "PayloadFormatVersion": "1.0",
                "RequestParameters": {"append:header.a": "1", "append:header.b": "2"},
                "ResponseParameters": {"200": {"ResponseParameters": [
                    {"Source": "201", "Destination": "overwrite:statuscode"}]}}}},
            "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
                "ApiId": {"Ref": "Api"}, "RouteKey": "GET /x",
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]}, **route}},
            "Deployment": {"Type": "AWS::ApiGatewayV2::Deployment", "DependsOn": "Route",
                           "Properties": {"ApiId": {"Ref": "Api"}}},
            "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
                "ApiId": {"Ref": "Api"}, "StageName": "dev", "DeploymentId": {"Ref": "Deployment"},
                "StageVariables": {"a": "1", "b": "2"}, "DefaultRouteSettings": {"ThrottlingBurstLimit": 100}}},
        },
        "Outputs": {"Id": {"Value": {"Ref": "Api"}}, "Endpoint": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}},
    }  # fmt: skip


def test_a_plain_template(web, stacks, backend):
    outputs = stacks.deploy(plain(backend.url))
    web.id = outputs["Id"]
    assert web.id in outputs["Endpoint"]
    answer = web.ask("GET", "/dev/x")
    assert (answer.status, answer.json["headers"]["a"], answer.json["headers"]["b"]) == (201, "1", "2")
    template = plain(backend.url, OperationName="changed")
    resources = template["Resources"]
    resources["Integration"]["Properties"]["RequestParameters"] = {"append:header.b": "3"}
    del resources["Integration"]["Properties"]["ResponseParameters"]
    del resources["Api"]["Properties"]["CorsConfiguration"]
    del resources["Api"]["Properties"]["Description"]
    resources["Api"]["Properties"]["Tags"] = {"k": "w"}
    resources["Stage"]["Properties"]["StageVariables"] = {"b": "2"}
    resources["Stage"]["Properties"]["AutoDeploy"] = True
    del resources["Stage"]["Properties"]["DeploymentId"]
    stacks.deploy(template)
    api = web.client.get_api(ApiId=web.id)
    assert not {"CorsConfiguration", "Description"} & api.keys()
    assert api["Tags"] == {"k": "w"}
    assert web.client.get_stage(ApiId=web.id, StageName="dev")["StageVariables"] == {"b": "2"}
    answer = web.ask("GET", "/dev/x")
    assert (answer.status, answer.json["headers"]["b"]) == (200, "3")
    assert "a" not in answer.json["headers"]
    stacks.delete()
    assert web.ask("GET", "/dev/x").status == 403


def sam(**properties: Any) -> dict[str, Any]:
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Web": {"Type": "AWS::Serverless::HttpApi", "Properties": {
                "FailOnWarnings": True, "CorsConfiguration": {"AllowOrigins": ["https://a.example"]},
                "Tags": {"team": "fog"}, **properties}},
            "Function": {"Type": "AWS::Serverless::Function", "Properties": {
                "InlineCode": CODE, "Handler": "index.handler", "Runtime": "python3.11",
                "Events": {
                    "Pet": {"Type": "HttpApi", "Properties": {
                        "ApiId": {"Ref": "Web"}, "Path": "/pets/{id}", "Method": "get"}},
                    "All": {"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "Web"}}},
                }}},
        },
        "Outputs": {"Id": {"Value": {"Ref": "Web"}}},
    }  # fmt: skip


def test_sams_http_api(web, stacks):
    web.id = stacks.deploy(sam())["Id"]
    event = web.ask("GET", "/pets/7").json
    assert (event["version"], event["routeKey"], event["pathParameters"]) == ("2.0", "GET /pets/{id}", {"id": "7"})
    assert web.ask("POST", "/else/where").json["routeKey"] == "$default"
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    assert web.ask("OPTIONS", "/pets/7", None, preflight).headers["access-control-allow-origin"] == "https://a.example"
    tags = web.client.get_api(ApiId=web.id)["Tags"]
    assert (tags["team"], tags["httpapi:createdBy"]) == ("fog", "SAM")
    template = sam(StageName="prod", DefaultRouteSettings={"ThrottlingBurstLimit": 50})
    del template["Resources"]["Function"]["Properties"]["Events"]["All"]
    stacks.deploy(template)
    assert web.ask("GET", "/prod/pets/7").json["rawPath"] == "/prod/pets/7"
    assert web.ask("POST", "/prod/else/where").status == 404


def test_sams_auth(web, stacks):
    auth = {
        "DefaultAuthorizer": "Tokens",
        "Authorizers": {
            "Tokens": {"IdentitySource": "$request.header.Authorization", "AuthorizationScopes": ["read"],
                       "JwtConfiguration": {"issuer": "https://example.com", "audience": ["a"]}},
            "Asked": {"AuthorizerPayloadFormatVersion": "2.0", "EnableSimpleResponses": True,
                      "EnableFunctionDefaultPermissions": True,
                      "FunctionArn": {"Fn::GetAtt": ["Judge", "Arn"]}, "Identity": {"Headers": ["Auth"]}},
        },
        "EnableIamAuthorizer": True,
    }  # fmt: skip
    template = sam(Auth=auth)
    judge = "def handler(event, context):\n    return {'isAuthorized': event['headers']['auth'] == 'yes'}\n"
    template["Resources"]["Judge"] = {"Type": "AWS::Serverless::Function", "Properties": {
        "InlineCode": judge, "Handler": "index.handler", "Runtime": "python3.11"}}  # fmt: skip
    events = template["Resources"]["Function"]["Properties"]["Events"]
    events["All"]["Properties"] |= {"Path": "/asked", "Method": "get", "Auth": {"Authorizer": "Asked"}}
    events["Iam"] = {"Type": "HttpApi", "Properties": {
        "ApiId": {"Ref": "Web"}, "Path": "/iam", "Method": "post", "Auth": {"Authorizer": "AWS_IAM"}}}  # fmt: skip
    events["Open"] = {"Type": "HttpApi", "Properties": {
        "ApiId": {"Ref": "Web"}, "Path": "/open", "Method": "any", "Auth": {"Authorizer": "NONE"}}}  # fmt: skip
    web.id = stacks.deploy(template)["Id"]
    routes = {route["RouteKey"]: route for route in web.client.get_routes(ApiId=web.id)["Items"]}
    assert {key: route["AuthorizationType"] for key, route in routes.items()} == {
        "GET /pets/{id}": "JWT", "GET /asked": "CUSTOM", "POST /iam": "AWS_IAM", "ANY /open": "NONE",
    }  # fmt: skip
    assert routes["GET /pets/{id}"]["AuthorizationScopes"] == ["read"]
    assert web.ask("GET", "/pets/1").status == 401
    assert web.ask("GET", "/asked", None, {"Auth": "yes"}).status == 200
    assert web.ask("GET", "/asked", None, {"Auth": "no"}).status == 403
    assert web.ask("POST", "/iam").status == 403
    assert web.ask("PATCH", "/open").status == 200


def test_a_websocket_api(web, stacks):
    """As CDK writes it: routes, integrations, and a stage with AutoDeploy."""
    pytest.importorskip("wsproto", reason="pip install wsproto")
    from .test_websockets import Client

    uri = {"Fn::Join": ["", ["arn:aws:apigateway:", {"Ref": "AWS::Region"}, ":lambda:path/2015-03-31/functions/",
                             web.function(CODE), "/invocations"]]}  # fmt: skip
    template = {
        "Resources": {
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
                "Name": "talk", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}},
            "Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
                "ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "IntegrationUri": uri}},
            "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
                "ApiId": {"Ref": "Api"}, "RouteKey": "say", "AuthorizationType": "NONE",
                "RouteResponseSelectionExpression": "$default",
                "Target": {"Fn::Sub": "integrations/${Integration}"}}},
            "Response": {"Type": "AWS::ApiGatewayV2::RouteResponse", "Properties": {
                "ApiId": {"Ref": "Api"}, "RouteId": {"Ref": "Route"}, "RouteResponseKey": "$default"}},
            "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
                "ApiId": {"Ref": "Api"}, "StageName": "dev", "AutoDeploy": True}},
        },
        "Outputs": {"Id": {"Value": {"Ref": "Api"}}},
    }  # fmt: skip
    web.id = stacks.deploy(template)["Id"]
    client = Client(web)
    client.say({"action": "say"})
    assert client.hear()["requestContext"]["routeKey"] == "say"


def test_sams_websocket_api(web, stacks):
    pytest.importorskip("wsproto", reason="pip install wsproto")
    from .test_websockets import Client

    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Function": {"Type": "AWS::Serverless::Function", "Properties": {
                "InlineCode": CODE, "Handler": "index.handler", "Runtime": "python3.11"}},
            "Talk": {"Type": "AWS::Serverless::WebSocketApi", "Properties": {
                "RouteSelectionExpression": "$request.body.action", "StageName": "dev",
                "Routes": {"$default": {"FunctionArn": {"Fn::GetAtt": ["Function", "Arn"]}}}}},
        },
        "Outputs": {"Id": {"Value": {"Ref": "Talk"}}},
    }  # fmt: skip
    web.id = stacks.deploy(template)["Id"]
    client = Client(web)
    client.say({"action": "x"})  # one way: nothing comes back, and no error does
    (route,) = web.client.get_routes(ApiId=web.id)["Items"]
    assert (route["RouteKey"], route["AuthorizationType"]) == ("$default", "NONE")
    client.close()
