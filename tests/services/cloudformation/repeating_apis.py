"""AWS::ApiGatewayV2's part of test_repeating: the APIs that its resources need, and the least that each says."""

from __future__ import annotations

from typing import Any

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/6a7b0f3e-1c2d-4e5f-8a9b-0c1d2e3f4a5b"


class Apis:
    """What a world makes when it is asked for."""

    aws: Any

    def _web(self) -> Any:
        """An HTTP API with an integration, a route and a stage."""
        gateway = self.aws.client("apigatewayv2")
        api = gateway.create_api(Name="made", ProtocolType="HTTP")["ApiId"]
        integration = gateway.create_integration(
            ApiId=api, IntegrationType="HTTP_PROXY", IntegrationUri="https://example.com", IntegrationMethod="GET",
            PayloadFormatVersion="1.0",
        )["IntegrationId"]  # fmt: skip
        gateway.create_route(ApiId=api, RouteKey="GET /made", Target=f"integrations/{integration}")
        gateway.create_stage(ApiId=api, StageName="made", AutoDeploy=True)
        return {"id": api, "integration": integration}

    def _quick(self) -> Any:
        request = {"Name": "quick", "ProtocolType": "HTTP", "Target": "https://example.com"}
        return self.aws.client("apigatewayv2").create_api(**request)["ApiId"]

    def _talk(self) -> Any:
        """A WebSocket API with an integration and a route."""
        gateway = self.aws.client("apigatewayv2")
        request = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
        api = gateway.create_api(Name="made", **request)["ApiId"]
        integration = gateway.create_integration(ApiId=api, IntegrationType="MOCK")["IntegrationId"]
        route = gateway.create_route(ApiId=api, RouteKey="made", Target=f"integrations/{integration}")["RouteId"]
        return {"id": api, "integration": integration, "route": route}


APIS: dict[str, Any] = {
    "AWS::ApiGatewayV2::Api": lambda w: {"Name": "web", "ProtocolType": "HTTP", "Tags": {"team": "fog"}},
    "AWS::ApiGatewayV2::ApiGatewayManagedOverrides": lambda w: {
        "ApiId": w.need("quick"), "Stage": {"Description": "d"}, "Integration": {"TimeoutInMillis": 1000}},
    "AWS::ApiGatewayV2::ApiMapping": lambda w: {
        "DomainName": w.need("domain"), "ApiId": w.need("web")["id"], "Stage": "made", "ApiMappingKey": "a/b"},
    "AWS::ApiGatewayV2::Authorizer": lambda w: {
        "ApiId": w.need("web")["id"], "Name": "a", "AuthorizerType": "JWT",
        "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": {"Issuer": "https://example.com", "Audience": ["a"]}},
    "AWS::ApiGatewayV2::Deployment": lambda w: {"ApiId": w.need("web")["id"], "Description": "d"},
    "AWS::ApiGatewayV2::DomainName": lambda w: {
        "DomainName": "v2.example.com", "DomainNameConfigurations": [{"CertificateArn": CERTIFICATE}],
        "Tags": {"team": "fog"}},
    "AWS::ApiGatewayV2::Integration": lambda w: {
        "ApiId": w.need("web")["id"], "IntegrationType": "HTTP_PROXY", "IntegrationUri": "https://example.com/x",
        "IntegrationMethod": "GET", "PayloadFormatVersion": "1.0",
        "RequestParameters": {"overwrite:path": "/y"},
        "ResponseParameters": {
            "200": {"ResponseParameters": [{"Destination": "overwrite:statuscode", "Source": "201"}]}}},
    "AWS::ApiGatewayV2::IntegrationResponse": lambda w: {
        "ApiId": w.need("talk")["id"], "IntegrationId": w.need("talk")["integration"],
        "IntegrationResponseKey": "$default"},
    "AWS::ApiGatewayV2::Model": lambda w: {"ApiId": w.need("talk")["id"], "Name": "M", "Schema": {"type": "object"}},
    "AWS::ApiGatewayV2::Route": lambda w: {
        "ApiId": w.need("web")["id"], "RouteKey": "GET /x", "Target": f"integrations/{w.need('web')['integration']}"},
    "AWS::ApiGatewayV2::RouteResponse": lambda w: {
        "ApiId": w.need("talk")["id"], "RouteId": w.need("talk")["route"], "RouteResponseKey": "$default"},
    "AWS::ApiGatewayV2::RoutingRule": lambda w: {
        "DomainNameArn": f"arn:aws:apigateway:us-east-1::/domainnames/{w.need('domain')}", "Priority": 1,
        "Conditions": [{"MatchBasePaths": {"AnyOf": ["x"]}}],
        "Actions": [{"InvokeApi": {"ApiId": w.need("web")["id"], "Stage": "made"}}]},
    "AWS::ApiGatewayV2::Stage": lambda w: {
        "ApiId": w.need("web")["id"], "StageName": "dev", "AutoDeploy": True, "StageVariables": {"a": "b"},
        "RouteSettings": {"GET /made": {"ThrottlingBurstLimit": "1"}}, "Tags": {"team": "fog"}},
    "AWS::ApiGatewayV2::VpcLink": lambda w: {"Name": "l", "SubnetIds": ["subnet-1"], "Tags": {"team": "fog"}},
}  # fmt: skip
