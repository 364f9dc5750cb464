"""Methods, integrations and their responses: read, and taken away.

https://docs.aws.amazon.com/apigateway/latest/api/API_GetMethodResponse.html
https://docs.aws.amazon.com/apigateway/latest/api/API_GetIntegration.html
https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteMethod.html
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import refused


@pytest.fixture
def place(gate: Any) -> dict[str, Any]:
    """GET / of an API, answered by a mock."""
    made = gate.client.create_rest_api(name="shop")
    gate.id = made["id"]
    place = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gate.client.put_method(**place, authorizationType="NONE")
    gate.client.put_method_response(**place, statusCode="200", responseParameters={"method.response.header.X": True})
    gate.client.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gate.client.put_integration_response(
        **place, statusCode="200", responseParameters={"method.response.header.X": "'y'"},
        responseTemplates={"application/json": "hi"},
    )  # fmt: skip
    return place


def bare(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_responses_are_shown_apart_and_in_their_method(gate: Any, place: dict[str, Any]) -> None:
    one = bare(gate.client.get_method_response(**place, statusCode="200"))
    assert one == {"statusCode": "200", "responseParameters": {"method.response.header.X": True}}
    other = bare(gate.client.get_integration_response(**place, statusCode="200"))
    assert other == {
        "statusCode": "200",
        "responseParameters": {"method.response.header.X": "'y'"},
        "responseTemplates": {"application/json": "hi"},
    }
    integration = bare(gate.client.get_integration(**place))
    assert (integration["type"], integration["integrationResponses"]) == ("MOCK", {"200": other})
    method = gate.client.get_method(**place)
    assert (method["methodResponses"], method["methodIntegration"]) == ({"200": one}, integration)


def test_an_integrations_response_is_deleted(gate: Any, place: dict[str, Any]) -> None:
    gate.client.delete_integration_response(**place, statusCode="200")
    assert "integrationResponses" not in gate.client.get_integration(**place)
    gone = refused(gate.client.get_integration_response, **place, statusCode="200")
    assert gone == ("NotFoundException", "Invalid Response status code specified", 404)
    assert refused(gate.client.delete_integration_response, **place, statusCode="200").code == "NotFoundException"


def test_a_methods_response_is_deleted(gate: Any, place: dict[str, Any]) -> None:
    gate.client.delete_method_response(**place, statusCode="200")
    assert "methodResponses" not in gate.client.get_method(**place)
    gone = refused(gate.client.get_method_response, **place, statusCode="200")
    assert gone == ("NotFoundException", "Invalid Response status code specified", 404)
    assert refused(gate.client.delete_method_response, **place, statusCode="200").code == "NotFoundException"


def test_without_its_integration_a_method_is_not_deployed(gate: Any, place: dict[str, Any]) -> None:
    gate.client.delete_integration(**place)
    assert "methodIntegration" not in gate.client.get_method(**place)
    none = ("NotFoundException", "No integration defined for method", 404)
    for call in (gate.client.get_integration, gate.client.delete_integration):
        assert refused(call, **place)[::2] == none[::2]
    assert refused(gate.client.create_deployment, restApiId=place["restApiId"]).code == "BadRequestException"


@pytest.mark.one_node(reason="other nodes hear of it a moment later")
def test_a_deleted_method_answers_until_the_next_deployment(gate: Any, place: dict[str, Any]) -> None:
    gate.client.put_method(**{**place, "httpMethod": "POST"}, authorizationType="NONE")
    gate.client.put_integration(
        **{**place, "httpMethod": "POST"}, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
    )
    gate.deploy()
    assert (gate.ask("GET", "/").status, gate.ask("GET", "/").text) == (200, "hi")
    gate.client.delete_method(**place)
    assert refused(gate.client.get_method, **place) == (
        "NotFoundException", "Invalid Method identifier specified", 404,
    )  # fmt: skip
    assert refused(gate.client.delete_method, **place).code == "NotFoundException"
    assert gate.ask("GET", "/").status == 200
    gate.deploy()
    assert gate.ask("GET", "/").status == 403
