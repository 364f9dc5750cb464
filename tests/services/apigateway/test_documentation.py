"""Documentation parts and versions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-documenting-api.html
https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDocumentationPart.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support import refused


@pytest.fixture
def api(gate: Any) -> dict[str, str]:
    return {"restApiId": gate.client.create_rest_api(name="shop")["id"]}


def test_parts_are_made_found_changed_and_deleted(gate: Any, api: dict[str, str]) -> None:
    client = gate.client
    text = json.dumps({"description": "the API"})
    one = client.create_documentation_part(**api, location={"type": "API"}, properties=text)
    two = client.create_documentation_part(
        **api, location={"type": "METHOD", "path": "/pets", "method": "GET"}, properties=text
    )
    shown = client.get_documentation_part(**api, documentationPartId=one["id"])
    assert (shown["location"], shown["properties"]) == ({"type": "API"}, text)
    for query, found in (({}, {one["id"], two["id"]}), ({"type": "METHOD"}, {two["id"]}), ({"path": "/no"}, set())):
        assert {part["id"] for part in client.get_documentation_parts(**api, **query)["items"]} == found
    patch = [{"op": "replace", "path": "/properties", "value": '{"description": "new"}'}]
    client.update_documentation_part(**api, documentationPartId=two["id"], patchOperations=patch)
    changed = client.get_documentation_part(**api, documentationPartId=two["id"])
    assert changed["properties"] == '{"description": "new"}'
    client.delete_documentation_part(**api, documentationPartId=two["id"])
    assert [part["id"] for part in client.get_documentation_parts(**api)["items"]] == [one["id"]]


def test_a_place_has_one_part(gate: Any, api: dict[str, str]) -> None:
    request = {**api, "location": {"type": "API"}, "properties": "{}"}
    gate.client.create_documentation_part(**request)
    assert refused(gate.client.create_documentation_part, **request)[::2] == ("ConflictException", 409)


def test_versions_are_made_and_deleted(gate: Any, api: dict[str, str]) -> None:
    client = gate.client
    for name in ("1", "2"):
        client.create_documentation_version(**api, documentationVersion=name, description=f"v{name}")
    shown = client.get_documentation_version(**api, documentationVersion="1")
    assert (shown["version"], shown["description"]) == ("1", "v1")
    assert [item["version"] for item in client.get_documentation_versions(**api)["items"]] == ["1", "2"]
    again = refused(client.create_documentation_version, **api, documentationVersion="1")
    assert again[::2] == ("ConflictException", 409)
    client.delete_documentation_version(**api, documentationVersion="1")
    gone = refused(client.get_documentation_version, **api, documentationVersion="1")
    assert gone[::2] == ("NotFoundException", 404)


def test_what_is_nothing(gate: Any, api: dict[str, str]) -> None:
    client, part, version = gate.client, {"documentationPartId": "none"}, {"documentationVersion": "none"}
    for call, request in (
        (client.get_documentation_part, {**api, **part}),
        (client.update_documentation_part, {**api, **part, "patchOperations": []}),
        (client.delete_documentation_part, {**api, **part}),
        (client.get_documentation_version, {**api, **version}),
        (client.delete_documentation_version, {**api, **version}),
        (client.get_documentation_parts, {"restApiId": "none"}),
        (client.get_documentation_versions, {"restApiId": "none"}),
        (client.create_documentation_version, {"restApiId": "none", **version}),
    ):
        assert refused(call, **request)[::2] == ("NotFoundException", 404)
