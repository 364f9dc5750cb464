"""The victim's HTTP API: every part of it, and what leads to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


def make(world: Any, region: str, secret: str) -> None:
    own = world.own
    api = own("apigatewayv2", "CreateApi", Name="web", ProtocolType="HTTP", Description=secret)["ApiId"]
    arn = f"arn:aws:apigateway:{region}::/apis/{api}"
    integration = own("apigatewayv2", "CreateIntegration", ApiId=api, IntegrationType="HTTP_PROXY",
                      IntegrationUri=f"https://{secret}.example.com", IntegrationMethod="GET",
                      PayloadFormatVersion="1.0")["IntegrationId"]  # fmt: skip
    route = own("apigatewayv2", "CreateRoute", ApiId=api, RouteKey=f"GET /{secret}")["RouteId"]
    own("apigatewayv2", "CreateStage", ApiId=api, StageName="dev", AutoDeploy=True, Description=secret)
    deployment = own("apigatewayv2", "CreateDeployment", ApiId=api, Description=secret)["DeploymentId"]
    authorizer = own(
        "apigatewayv2", "CreateAuthorizer", ApiId=api, Name=secret, AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "https://example.com", "Audience": ["a"]},
    )["AuthorizerId"]  # fmt: skip
    link = own("apigatewayv2", "CreateVpcLink", Name=secret, SubnetIds=["subnet-1"])["VpcLinkId"]
    own("apigatewayv2", "CreateDomainName", DomainName="web.example.com",
        DomainNameConfigurations=[{"CertificateArn": secret}])  # fmt: skip
    mapping = own("apigatewayv2", "CreateApiMapping", DomainName="web.example.com", ApiId=api, Stage="dev",
                  ApiMappingKey=secret)["ApiMappingId"]  # fmt: skip
    world.thing("apigatewayv2", arn, ApiId=api, ResourceArn=arn)
    world.arns.append(f"arn:aws:apigateway:{region}::/tags/{quote(arn, safe='')}")
    for member, path, id in (
        ("IntegrationId", "integrations", integration), ("RouteId", "routes", route),
        ("StageName", "stages", "dev"), ("DeploymentId", "deployments", deployment),
        ("AuthorizerId", "authorizers", authorizer),
    ):  # fmt: skip
        world.thing("apigatewayv2", f"{arn}/{path}/{id}", **{member: id})
    world.thing("apigatewayv2", f"arn:aws:apigateway:{region}::/vpclinks/{link}", VpcLinkId=link)
    domain = f"arn:aws:apigateway:{region}::/domainnames/web.example.com"
    world.thing("apigatewayv2", domain, DomainName="web.example.com")
    world.thing("apigatewayv2", f"{domain}/apimappings/{mapping}", ApiMappingId=mapping)
