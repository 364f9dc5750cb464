"""The CloudFormation types of API Gateway.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ApiGateway.html
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

TEMPLATE = """
Parameters: {Text: {Type: String, Default: one}}
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop, EndpointConfiguration: {Types: [REGIONAL]}}}
  Pets:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: pets}
  Pet:
    Type: AWS::ApiGateway::Model
    Properties:
      RestApiId: !Ref Api
      ContentType: application/json
      Name: Pet
      Schema: {type: object, required: [name]}
  Validator: {Type: AWS::ApiGateway::RequestValidator, Properties: {RestApiId: !Ref Api, ValidateRequestBody: true}}
  Denied:
    Type: AWS::ApiGateway::GatewayResponse
    Properties: {RestApiId: !Ref Api, ResponseType: MISSING_AUTHENTICATION_TOKEN, StatusCode: "404"}
  Post:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Pets
      HttpMethod: POST
      AuthorizationType: NONE
      ApiKeyRequired: true
      RequestValidatorId: !Ref Validator
      RequestModels: {application/json: !Ref Pet}
      MethodResponses: [{StatusCode: 200, ResponseParameters: {method.response.header.X: true}}]
      Integration:
        Type: MOCK
        RequestTemplates: {application/json: '{"statusCode": 200}'}
        IntegrationResponses:
          - StatusCode: 200
            ResponseParameters: {method.response.header.X: "'x'"}
            ResponseTemplates: {application/json: !Ref Text}
  DeploymentOne: {Type: AWS::ApiGateway::Deployment, DependsOn: Post, Properties: {RestApiId: !Ref Api}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref DeploymentOne
      StageName: dev
      Variables: {v: 1}
      MethodSettings: [{ResourcePath: /pets, HttpMethod: POST, ThrottlingRateLimit: 100, ThrottlingBurstLimit: 100}]
      Tags: [{Key: a, Value: b}]
  Key: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: true, Value: abcdefghijklmnopqrstuvwxyz}}
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}], Quota: {Limit: 100, Period: DAY}}
  PlanKey:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}
Outputs:
  Api: {Value: !Ref Api}
"""


class Stack:
    def __init__(self, account: Any) -> None:
        self.client = account.client("cloudformation")

    def settle(self) -> dict[str, Any]:
        for _ in range(600):
            stack: dict[str, Any] = self.client.describe_stacks(StackName="s")["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                break
            time.sleep(0.02)
        reasons = [
            (event["LogicalResourceId"], event.get("ResourceStatusReason"))
            for event in self.client.describe_stack_events(StackName="s")["StackEvents"]
            if "FAILED" in event["ResourceStatus"]
        ]
        assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), reasons
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs") or ()}

    def create(self, template: str, **more: Any) -> dict[str, Any]:
        self.client.create_stack(StackName="s", TemplateBody=template, **more)
        return self.settle()

    def update(self, template: str, **more: Any) -> dict[str, Any]:
        self.client.update_stack(StackName="s", TemplateBody=template, **more)
        return self.settle()

    def delete(self) -> None:
        ident = self.client.describe_stacks(StackName="s")["Stacks"][0]["StackId"]
        self.client.delete_stack(StackName="s")
        for _ in range(600):
            status = self.client.describe_stacks(StackName=ident)["Stacks"][0]["StackStatus"]
            if not status.endswith("IN_PROGRESS"):
                break
            time.sleep(0.02)
        assert status == "DELETE_COMPLETE"


@pytest.fixture
def stack(gate: Any) -> Stack:
    return Stack(gate.account)


def test_an_api_of_many_resources(gate: Any, stack: Stack) -> None:
    gate.id = stack.create(TEMPLATE)["Api"]
    headers = {"Content-Type": "application/json", "x-api-key": "abcdefghijklmnopqrstuvwxyz"}
    answer = gate.ask("POST", "/pets", b'{"name": "x"}', headers)
    assert (answer.status, answer.headers["x"], answer.text) == (200, "x", "one")
    assert gate.ask("POST", "/pets", b"{}", headers).json == {"message": "Invalid request body"}
    assert gate.ask("POST", "/pets", b'{"name": "x"}', {"Content-Type": "application/json"}).status == 403
    assert gate.ask("GET", "/none").status == 404
    shown = gate.client.get_stage(restApiId=gate.id, stageName="dev")
    assert shown["variables"] == {"v": "1"}
    assert shown["tags"]["a"] == "b"
    assert shown["methodSettings"]["pets/POST"]["throttlingRateLimit"] == 100.0
    # a changed method shows when a new deployment is made, as on AWS
    parameters = [{"ParameterKey": "Text", "ParameterValue": "two"}]
    stack.update(TEMPLATE, Parameters=parameters)
    assert gate.ask("POST", "/pets", b'{"name": "x"}', headers).text == "one"
    stack.update(TEMPLATE.replace("DeploymentOne", "DeploymentTwo"), Parameters=parameters)
    assert gate.ask("POST", "/pets", b'{"name": "x"}', headers).text == "two"
    stack.delete()
    assert gate.client.get_rest_apis()["items"] == []
    assert gate.client.get_usage_plans()["items"] == []
    assert gate.client.get_api_keys()["items"] == []


def test_a_body_in_s3_and_in_the_template(gate: Any, stack: Stack) -> None:
    def document(text: str) -> dict[str, Any]:
        integration = {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": text}}},
        }
        paths = {"/a": {"get": {"x-amazon-apigateway-integration": integration}}}
        return {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths}

    s3, bucket = gate.account.client("s3"), f"b-{gate.account.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="api.json", Body=json.dumps(document("from s3")))

    def template(name: str, **properties: Any) -> str:
        deployment = {"RestApiId": {"Ref": "Api"}, "StageName": "dev"}
        return json.dumps(
            {
                "Resources": {
                    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": properties},
                    name: {"Type": "AWS::ApiGateway::Deployment", "Properties": deployment},
                },
                "Outputs": {"Api": {"Value": {"Ref": "Api"}}},
            }
        )

    gate.id = stack.create(template("D1", BodyS3Location={"Bucket": bucket, "Key": "api.json"}))["Api"]
    assert gate.ask("GET", "/a").text == "from s3"
    assert gate.client.get_rest_api(restApiId=gate.id)["name"] == "t"
    assert stack.update(template("D2", Body=document("inline")))["Api"] == gate.id
    assert gate.ask("GET", "/a").text == "inline"


def test_a_sam_api(gate: Any, stack: Stack) -> None:
    code = "def handler(event, context):\n    return {'statusCode': 200, 'body': event['pathParameters']['id']}\n"
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Function": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Runtime": "python3.11", "Handler": "index.handler", "InlineCode": code,
                    "Events": {"Get": {"Type": "Api", "Properties": {"Path": "/x/{id}", "Method": "get"}}},
                },
            }
        },
        "Outputs": {"Api": {"Value": {"Ref": "ServerlessRestApi"}}},
    }  # fmt: skip
    capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    gate.id = stack.create(json.dumps(template), Capabilities=capabilities)["Api"]
    assert gate.ask("GET", "/x/7", stage="Prod").text == "7"
    stack.delete()
    assert gate.ask("GET", "/x/7", stage="Prod").status == 403
