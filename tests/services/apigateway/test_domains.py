"""Domain names, base path mappings and VPC links.

https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateDomainName.html
https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateBasePathMapping.html
https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateVpcLink.html
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import refused


def replace(path: str, value: str) -> list[dict[str, str]]:
    return [{"op": "replace", "path": path, "value": value}]


@pytest.fixture
def domain(gate: Any) -> str:
    name = f"{gate.account.id}.example.com"
    gate.client.create_domain_name(domainName=name, endpointConfiguration={"types": ["REGIONAL"]})
    return name


@pytest.fixture
def stages(gate: Any) -> str:
    """An API with the stages dev and prod."""
    mock = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    made: str = gate.import_api({"/": {"get": {"responses": {}, "x-amazon-apigateway-integration": mock}}})
    gate.deploy("prod")
    return made


def test_domain_names_are_listed_and_changed(gate: Any, domain: str) -> None:
    client = gate.client
    assert [item["domainName"] for item in client.get_domain_names()["items"]] == [domain]
    before = client.get_domain_name(domainName=domain)
    assert (before["securityPolicy"], before["domainNameStatus"]) == ("TLS_1_2", "AVAILABLE")
    client.update_domain_name(domainName=domain, patchOperations=replace("/securityPolicy", "TLS_1_0"))
    after = client.get_domain_name(domainName=domain)
    assert (after["securityPolicy"], after["regionalDomainName"]) == ("TLS_1_0", before["regionalDomainName"])
    assert refused(client.update_domain_name, domainName=domain, patchOperations=replace("/no", "x")).status == 400
    none = {"domainName": "none.example.com"}
    said = ("NotFoundException", "Invalid domain name identifier specified", 404)
    assert refused(client.get_domain_name, **none) == said
    assert refused(client.update_domain_name, **none, patchOperations=[]) == said


def test_a_mapping_is_moved_and_deleted(gate: Any, domain: str, stages: str) -> None:
    client = gate.client
    client.create_base_path_mapping(domainName=domain, basePath="a", restApiId=stages, stage="dev")
    client.create_base_path_mapping(domainName=domain, basePath="b", restApiId=stages, stage="dev")
    where = {"domainName": domain, "basePath": "a"}
    patch = replace("/basePath", "c") + replace("/stage", "prod")
    moved = client.update_base_path_mapping(**where, patchOperations=patch)
    assert (moved["basePath"], moved["restApiId"], moved["stage"]) == ("c", stages, "prod")
    shown = client.get_base_path_mappings(domainName=domain)["items"]
    assert [(item["basePath"], item["stage"]) for item in shown] == [("b", "dev"), ("c", "prod")]
    gone = ("NotFoundException", "Invalid base path mapping identifier specified", 404)
    assert refused(client.get_base_path_mapping, **where) == gone
    assert refused(client.update_base_path_mapping, **where, patchOperations=[]) == gone
    client.delete_base_path_mapping(domainName=domain, basePath="c")
    assert refused(client.delete_base_path_mapping, domainName=domain, basePath="c") == gone


def test_a_mapping_does_not_push_another_away(gate: Any, domain: str, stages: str) -> None:
    client = gate.client
    for base, stage in (("a", "dev"), ("b", "prod")):
        client.create_base_path_mapping(domainName=domain, basePath=base, restApiId=stages, stage=stage)
    where = {"domainName": domain, "basePath": "a"}
    taken = ("ConflictException", "Base path already exists for this domain name", 409)
    assert refused(client.update_base_path_mapping, **where, patchOperations=replace("/basePath", "b")) == taken
    create = {"domainName": domain, "restApiId": stages}
    assert refused(client.create_base_path_mapping, **create, basePath="b") == taken
    none = refused(client.update_base_path_mapping, **where, patchOperations=replace("/stage", "none"))
    assert none[::2] == ("NotFoundException", 404)
    none = refused(client.update_base_path_mapping, **where, patchOperations=replace("/restapiId", "none"))
    assert none[::2] == ("NotFoundException", 404)
    shown = client.get_base_path_mappings(domainName=domain)["items"]
    assert [(item["basePath"], item["stage"]) for item in shown] == [("a", "dev"), ("b", "prod")]
    assert refused(client.get_base_path_mappings, domainName="none.example.com")[::2] == ("NotFoundException", 404)


def test_a_vpc_link_is_renamed_and_deleted(gate: Any) -> None:
    client = gate.client
    balancer = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/n/1"
    made = client.create_vpc_link(name="one", targetArns=[balancer])
    assert (made["status"], made["targetArns"]) == ("PENDING", [balancer])
    where = {"vpcLinkId": made["id"]}
    client.update_vpc_link(**where, patchOperations=replace("/name", "two") + replace("/description", "d"))
    shown = client.get_vpc_link(**where)
    assert (shown["name"], shown["description"], shown["status"]) == ("two", "d", "AVAILABLE")
    assert [item["id"] for item in client.get_vpc_links()["items"]] == [made["id"]]
    assert refused(client.update_vpc_link, **where, patchOperations=replace("/targetArns", "x")).status == 400
    client.delete_vpc_link(**where)
    assert client.get_vpc_links()["items"] == []
    for call, more in (
        (client.get_vpc_link, {}), (client.delete_vpc_link, {}), (client.update_vpc_link, {"patchOperations": []}),
    ):  # fmt: skip
        assert refused(call, **where, **more) == ("NotFoundException", "Invalid Vpc Link identifier specified", 404)
