"""Custom domain names, which both versions of the API see, their mappings and routing rules.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-custom-domain-names.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-mappings.html
"""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

import pytest
from tests.support import refused

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/6a7b0f3e-1c2d-4e5f-8a9b-0c1d2e3f4a5b"


@pytest.fixture
def domain(web):
    name = f"d{uuid.uuid4().hex[:8]}.example.com"
    configuration = {"CertificateArn": CERTIFICATE, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
    web.client.create_domain_name(
        DomainName=name, DomainNameConfigurations=[configuration], Tags={"k": "v"},
        MutualTlsAuthentication={"TruststoreUri": "s3://bucket/key"},
    )  # fmt: skip
    return name


def test_domain_names(web, domain):
    client = web.client
    found = client.get_domain_name(DomainName=domain)
    (configuration,) = found["DomainNameConfigurations"]
    assert configuration["CertificateArn"] == CERTIFICATE
    assert (configuration["EndpointType"], configuration["DomainNameStatus"]) == ("REGIONAL", "AVAILABLE")
    assert configuration["ApiGatewayDomainName"].startswith("d-")
    assert (found["ApiMappingSelectionExpression"], found["Tags"]) == ("$request.basepath", {"k": "v"})
    assert found["MutualTlsAuthentication"] == {"TruststoreUri": "s3://bucket/key"}
    assert found["DomainNameArn"] == f"arn:aws:apigateway:us-east-1::/domainnames/{domain}"
    seen = web.account.client("apigateway").get_domain_name(domainName=domain)
    assert seen["regionalDomainName"] == configuration["ApiGatewayDomainName"]
    assert [each["DomainName"] for each in client.get_domain_names()["Items"]] == [domain]
    changed = client.update_domain_name(DomainName=domain, MutualTlsAuthentication={"TruststoreUri": ""})
    assert "MutualTlsAuthentication" not in changed
    create = client.create_domain_name
    given = [{"CertificateArn": CERTIFICATE}]
    assert refused(create, DomainName=domain, DomainNameConfigurations=given).code == "BadRequestException"
    assert refused(create, DomainName="X.example.com", DomainNameConfigurations=given).status == 400
    assert refused(create, DomainName="x.example.com").code == "BadRequestException"
    client.tag_resource(ResourceArn=found["DomainNameArn"], Tags={"a": "b"})
    client.untag_resource(ResourceArn=found["DomainNameArn"], TagKeys=["k"])
    assert web.account.client("apigateway").get_tags(resourceArn=found["DomainNameArn"])["tags"] == {"a": "b"}
    client.delete_domain_name(DomainName=domain)
    assert refused(client.get_domain_name, DomainName=domain).code == "NotFoundException"


def test_the_longest_mapping_answers(web, domain, backend):
    """By the domain's regional name: levels of paths, and stages of HTTP and REST APIs."""
    client = web.client
    rest = web.account.client("apigateway")
    api = web.api(stage="dev", DisableExecuteApiEndpoint=True)
    function = web.function()
    web.route("ANY /{proxy+}", web.integration(function))
    web.route("GET /one", web.integration(function, "1.0"))
    made = rest.create_rest_api(name="rest")
    at = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    rest.put_method(**at, authorizationType="NONE")
    rest.put_method_response(**at, statusCode="200")
    rest.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    rest.put_integration_response(**at, statusCode="200", responseTemplates={"application/json": "from REST"})
    rest.create_deployment(restApiId=made["id"], stageName="prod")
    mapping = client.create_api_mapping(DomainName=domain, ApiId=api, Stage="dev", ApiMappingKey="orders/v1")
    client.create_api_mapping(DomainName=domain, ApiId=made["id"], Stage="prod", ApiMappingKey="orders")
    target = client.get_domain_name(DomainName=domain)["DomainNameConfigurations"][0]["ApiGatewayDomainName"]
    port = urlsplit(web.account.endpoint).port
    host = f"{target.partition('.')[0]}.execute-api.us-east-1.localhost:{port}"
    event = web.ask("GET", "/orders/v1/items/7", host=host).json
    assert (event["rawPath"], event["requestContext"]["stage"]) == ("/items/7", "dev")
    assert event["requestContext"]["domainName"] == domain
    assert web.ask("GET", "/orders", host=host).text == "from REST"
    assert web.ask("GET", "/else", host=host).status == 403
    assert web.ask("GET", "/dev/items/7").status == 404  # the API's own address is disabled
    client.update_api_mapping(DomainName=domain, ApiMappingId=mapping["ApiMappingId"], ApiId=api, ApiMappingKey="")
    assert web.ask("GET", "/else", host=host).status == 200
    assert refused(client.delete_api, ApiId=api).code == "BadRequestException"
    assert refused(client.delete_stage, ApiId=api, StageName="dev").code == "BadRequestException"


def test_api_mappings(web, domain):
    client = web.client
    api = web.api()
    request = {"DomainName": domain, "ApiId": api, "Stage": "$default"}
    made = client.create_api_mapping(**request, ApiMappingKey="a/b")
    place = {"DomainName": domain, "ApiMappingId": made["ApiMappingId"]}
    found = client.get_api_mapping(**place)
    assert {name: found[name] for name in ("ApiId", "ApiMappingKey", "Stage")} == {
        "ApiId": api, "ApiMappingKey": "a/b", "Stage": "$default"}  # fmt: skip
    assert len(client.get_api_mappings(DomainName=domain)["Items"]) == 1
    assert refused(client.create_api_mapping, **request, ApiMappingKey="a/b").code == "ConflictException"
    assert refused(client.create_api_mapping, **request, ApiMappingKey="/a").code == "BadRequestException"
    assert refused(client.create_api_mapping, **request | {"Stage": "none"}).code == "NotFoundException"
    assert refused(client.create_api_mapping, **request | {"ApiId": "none"}).code == "NotFoundException"
    client.delete_api_mapping(**place)
    assert refused(client.get_api_mapping, **place).code == "NotFoundException"


def test_routing_rules(web, domain):
    client = web.client
    rule = {
        "DomainName": domain, "Priority": 50, "Conditions": [{"MatchBasePaths": {"AnyOf": ["x"]}}],
        "Actions": [{"InvokeApi": {"ApiId": web.api(), "Stage": "$default"}}],
    }  # fmt: skip
    made = client.create_routing_rule(**rule)
    place = {"DomainName": domain, "RoutingRuleId": made["RoutingRuleId"]}
    assert client.get_routing_rule(**place)["Priority"] == 50
    assert client.put_routing_rule(**rule | place | {"Priority": 10})["Priority"] == 10
    second = client.create_routing_rule(**rule)["RoutingRuleId"]
    listed = client.list_routing_rules(DomainName=domain)["RoutingRules"]
    assert [each["RoutingRuleId"] for each in listed] == [made["RoutingRuleId"], second]
    assert refused(client.create_routing_rule, **rule).code == "ConflictException"
    client.delete_routing_rule(**place)
    assert refused(client.get_routing_rule, **place).code == "NotFoundException"
