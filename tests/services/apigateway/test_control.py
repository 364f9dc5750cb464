"""The control plane: APIs, resources, methods, integrations, deployments, stages, keys, plans.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError


def replace(path: str, value: str, op: str = "replace") -> list[dict[str, str]]:
    return [{"op": op, "path": path, "value": value}]


def refused(code: str, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] == code
    return str(error.value.response["Error"]["Message"])


@pytest.fixture
def api(gate: Any) -> dict[str, Any]:
    """An API with GET / answered by a mock."""
    made = gate.client.create_rest_api(name="shop")
    place = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gate.client.put_method(**place, authorizationType="NONE")
    gate.client.put_method_response(**place, statusCode="200")
    gate.client.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gate.client.put_integration_response(**place, statusCode="200", responseTemplates={"application/json": "hi"})
    gate.id = made["id"]
    return {**made, "place": place}


# -- APIs ------------------------------------------------------------------------------------------------------------


def test_a_new_api(gate: Any) -> None:
    made = gate.client.create_rest_api(
        name="shop", description="d", binaryMediaTypes=["image/png"], minimumCompressionSize=0, tags={"a": "1"},
        endpointConfiguration={"types": ["REGIONAL"]},
    )  # fmt: skip
    assert len(made["id"]) == 10
    assert (made["apiKeySource"], made["disableExecuteApiEndpoint"]) == ("HEADER", False)
    assert made["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert made["minimumCompressionSize"] == 0
    shown = gate.client.get_rest_api(restApiId=made["id"])
    assert {k: shown[k] for k in made if k != "ResponseMetadata"} == {
        k: made[k] for k in made if k != "ResponseMetadata"
    }
    root = gate.client.get_resources(restApiId=made["id"])["items"]
    assert [(r["id"], r["path"]) for r in root] == [(made["rootResourceId"], "/")]
    assert "parentId" not in root[0]
    names = {model["name"] for model in gate.client.get_models(restApiId=made["id"])["items"]}
    assert names == {"Empty", "Error"}


def test_an_unknown_api(gate: Any) -> None:
    text = refused("NotFoundException", gate.client.get_rest_api, restApiId="nothing000")
    assert text == f"Invalid API identifier specified {gate.account.id}:nothing000"


def test_unset_members_are_absent(gate: Any) -> None:
    """Terraform and Chalice read an empty member as a value."""
    shown = gate.client.get_rest_api(restApiId=gate.client.create_rest_api(name="x")["id"])
    for member in ("description", "minimumCompressionSize", "policy", "binaryMediaTypes", "version", "tags"):
        assert member not in shown


def test_patching_an_api(gate: Any) -> None:
    api = gate.client.create_rest_api(name="x")["id"]
    changed = gate.client.update_rest_api(
        restApiId=api,
        patchOperations=[
            *replace("/name", "y"),
            *replace("/minimumCompressionSize", "100"),
            {"op": "add", "path": "/binaryMediaTypes/image~1png"},
            {"op": "add", "path": "/binaryMediaTypes/image~1gif"},
            {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
            *replace("/endpointConfiguration/types/EDGE", "REGIONAL"),
            *replace("/disableExecuteApiEndpoint", "true"),
        ],
    )
    assert (changed["name"], changed["minimumCompressionSize"]) == ("y", 100)
    assert changed["binaryMediaTypes"] == ["image/gif"]
    assert changed["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert changed["disableExecuteApiEndpoint"] is True
    changed = gate.client.update_rest_api(restApiId=api, patchOperations=replace("/minimumCompressionSize", ""))
    assert "minimumCompressionSize" not in changed
    text = refused(
        "BadRequestException", gate.client.update_rest_api, restApiId=api, patchOperations=replace("/nothing", "1")
    )
    assert text.startswith("Invalid patch path  '/nothing' specified for op 'replace'. Must be one of: [")


def test_the_policy_comes_back_escaped_and_expanded(gate: Any) -> None:
    """What Terraform unquotes: github.com/hashicorp/terraform-provider-aws, flattenAPIPolicy."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/dev/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = gate.client.create_rest_api(name="x", policy=policy)
    text = json.loads(f'"{made["policy"]}"')
    resource = json.loads(text)["Statement"][0]["Resource"]
    assert resource == f"arn:aws:execute-api:us-east-1:{gate.account.id}:{made['id']}/dev/*"


def test_pages_of_apis(gate: Any) -> None:
    ids = {gate.client.create_rest_api(name=f"n{i}")["id"] for i in range(5)}
    pages = list(gate.client.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert {api["id"] for page in pages for api in page["items"]} == ids
    refused("BadRequestException", gate.client.get_rest_apis, position="nonsense")


def test_tags(gate: Any) -> None:
    api = gate.client.create_rest_api(name="x", tags={"a": "1"})["id"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api}"
    gate.client.tag_resource(resourceArn=arn, tags={"b": "2"})
    gate.client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert gate.client.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    refused("NotFoundException", gate.client.get_tags, resourceArn=arn[:-3] + "zzz")


def test_iam_names_the_path_and_the_verb(gate: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/security_iam_service-with-iam.html"""
    api = gate.client.create_rest_api(name="x")["id"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api}"
    statement = {"Effect": "Allow", "Action": "apigateway:GET", "Resource": arn}
    user = gate.account.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("apigateway")
    assert user.get_rest_api(restApiId=api)["id"] == api
    text = refused("AccessDeniedException", user.delete_rest_api, restApiId=api)
    assert f"is not authorized to perform: apigateway:DELETE on resource: {arn}" in text
    refused("AccessDeniedException", user.get_resources, restApiId=api)


# -- resources, methods, integrations --------------------------------------------------------------------------------


def test_resources(gate: Any, api: dict[str, Any]) -> None:
    client, ident, root = gate.client, api["id"], api["rootResourceId"]
    pets = client.create_resource(restApiId=ident, parentId=root, pathPart="pets")
    one = client.create_resource(restApiId=ident, parentId=pets["id"], pathPart="{id}")
    assert (one["path"], one["parentId"], one["pathPart"]) == ("/pets/{id}", pets["id"], "{id}")
    create = client.create_resource
    text = refused("ConflictException", create, restApiId=ident, parentId=root, pathPart="pets")
    assert text == "Another resource with the same parent already has this name: pets"
    refused("BadRequestException", create, restApiId=ident, parentId=pets["id"], pathPart="{other}")
    refused("BadRequestException", create, restApiId=ident, parentId=root, pathPart="a b")
    refused("NotFoundException", create, restApiId=ident, parentId="none", pathPart="x")
    client.update_resource(restApiId=ident, resourceId=pets["id"], patchOperations=replace("/pathPart", "dogs"))
    assert client.get_resource(restApiId=ident, resourceId=one["id"])["path"] == "/dogs/{id}"
    client.delete_resource(restApiId=ident, resourceId=pets["id"])
    assert [r["path"] for r in client.get_resources(restApiId=ident)["items"]] == ["/"]
    refused("BadRequestException", client.delete_resource, restApiId=ident, resourceId=root)


def test_a_method_and_what_hangs_on_it(gate: Any, api: dict[str, Any]) -> None:
    client, place = gate.client, api["place"]
    shown = client.get_method(**place)
    assert (shown["httpMethod"], shown["authorizationType"], shown["apiKeyRequired"]) == ("GET", "NONE", False)
    assert shown["methodResponses"] == {"200": {"statusCode": "200"}}
    integration = shown["methodIntegration"]
    assert (integration["type"], integration["passthroughBehavior"], integration["timeoutInMillis"]) == (
        "MOCK", "WHEN_NO_MATCH", 29000,
    )  # fmt: skip
    assert integration["cacheNamespace"] == place["resourceId"]
    assert integration["integrationResponses"]["200"]["responseTemplates"] == {"application/json": "hi"}
    text = refused("ConflictException", client.put_method, **place, authorizationType="NONE")
    assert text == "Method already exists for this resource"
    refused("NotFoundException", client.get_method, **{**place, "httpMethod": "PUT"})
    refused("BadRequestException", client.put_method, **{**place, "httpMethod": "PUT"}, authorizationType="CUSTOM")
    embedded = client.get_resources(restApiId=api["id"], embed=["methods"])["items"][0]["resourceMethods"]
    assert embedded["GET"]["methodIntegration"]["type"] == "MOCK"


def test_patching_a_method_and_its_integration(gate: Any, api: dict[str, Any]) -> None:
    client, place = gate.client, api["place"]
    method = client.update_method(
        **place,
        patchOperations=[
            *replace("/apiKeyRequired", "true"),
            *replace("/requestParameters/method.request.querystring.q", "true", "add"),
        ],
    )
    assert method["apiKeyRequired"] is True
    assert method["requestParameters"] == {"method.request.querystring.q": True}
    integration = client.update_integration(
        **place,
        patchOperations=[
            *replace("/requestTemplates/text~1xml", "<a/>", "add"),
            *replace("/timeoutInMillis", "1000"),
            *replace("/passthroughBehavior", "NEVER"),
        ],
    )
    assert integration["requestTemplates"]["text/xml"] == "<a/>"
    assert (integration["timeoutInMillis"], integration["passthroughBehavior"]) == (1000, "NEVER")
    removed = client.update_integration(
        **place, patchOperations=[{"op": "remove", "path": "/requestTemplates/text~1xml"}]
    )
    assert "text/xml" not in removed["requestTemplates"]
    refused("BadRequestException", client.update_integration, **place, patchOperations=replace("/timeoutInMillis", "1"))


def test_a_mapped_header_must_be_declared(gate: Any, api: dict[str, Any]) -> None:
    parameters = {"method.response.header.X": "'1'"}
    text = refused(
        "BadRequestException", gate.client.put_integration_response, **api["place"], statusCode="200",
        responseParameters=parameters,
    )  # fmt: skip
    assert "Invalid mapping expression parameter specified: method.response.header.X" in text
    operations = replace("/responseParameters/method.response.header.X", "false", "add")
    gate.client.update_method_response(**api["place"], statusCode="200", patchOperations=operations)
    gate.client.put_integration_response(**api["place"], statusCode="200", responseParameters=parameters)


def test_integrations_are_checked(gate: Any, api: dict[str, Any]) -> None:
    put = gate.client.put_integration
    text = refused("BadRequestException", put, **api["place"], type="AWS_PROXY", uri="arn:aws:lambda:x")
    assert text == "Enumeration value for HttpMethod must be non-empty"
    refused(
        "BadRequestException", put, **api["place"], type="AWS", integrationHttpMethod="POST", uri="arn:aws:lambda:x"
    )
    text = refused("BadRequestException", put, **api["place"], type="HTTP", integrationHttpMethod="GET", uri="ftp://x")
    assert text == "Invalid HTTP endpoint specified for URI"


def test_models_validators_and_authorizers(gate: Any, api: dict[str, Any]) -> None:
    client, ident = gate.client, api["id"]
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}})
    model = client.create_model(restApiId=ident, name="Pet", contentType="application/json", schema=schema)
    assert client.get_model(restApiId=ident, modelName="Pet")["id"] == model["id"]
    refused("ConflictException", client.create_model, restApiId=ident, name="Pet", contentType="a/b", schema=schema)
    refused("BadRequestException", client.create_model, restApiId=ident, name="P2", contentType="a/b", schema="no")
    client.update_method(**api["place"], patchOperations=replace("/requestModels/application~1json", "Pet", "add"))
    refused("ConflictException", client.delete_model, restApiId=ident, modelName="Pet")
    validator = client.create_request_validator(restApiId=ident, name="v", validateRequestBody=True)
    assert (validator["validateRequestBody"], validator["validateRequestParameters"]) == (True, False)
    client.update_method(**api["place"], patchOperations=replace("/requestValidatorId", validator["id"]))
    refused("ConflictException", client.delete_request_validator, restApiId=ident, requestValidatorId=validator["id"])
    uri = (
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:us-east-1:1:function:f/invocations"
    )
    authorizer = client.create_authorizer(
        restApiId=ident, name="a", type="TOKEN", authorizerUri=uri, identitySource="method.request.header.Auth"
    )
    assert (authorizer["authorizerResultTtlInSeconds"], authorizer["authType"]) == (300, "custom")
    changed = client.update_authorizer(
        restApiId=ident, authorizerId=authorizer["id"], patchOperations=replace("/authorizerResultTtlInSeconds", "0")
    )
    assert changed["authorizerResultTtlInSeconds"] == 0
    client.update_method(
        **api["place"],
        patchOperations=[*replace("/authorizationType", "CUSTOM"), *replace("/authorizerId", authorizer["id"])],
    )
    refused("ConflictException", client.delete_authorizer, restApiId=ident, authorizerId=authorizer["id"])


# -- deployments and stages ------------------------------------------------------------------------------------------


def test_deployments_and_stages(gate: Any, api: dict[str, Any]) -> None:
    client, ident = gate.client, api["id"]
    first = client.create_deployment(restApiId=ident, description="one")
    stage = client.create_stage(restApiId=ident, stageName="dev", deploymentId=first["id"], variables={"v": "1"})
    assert (stage["stageName"], stage["cacheClusterStatus"], stage["methodSettings"]) == ("dev", "NOT_AVAILABLE", {})
    assert "accessLogSettings" not in stage
    text = refused("ConflictException", client.create_stage, restApiId=ident, stageName="dev", deploymentId=first["id"])
    assert text == "Stage already exists"
    refused("BadRequestException", client.create_stage, restApiId=ident, stageName="x", deploymentId="none")
    refused("BadRequestException", client.create_stage, restApiId=ident, stageName="a b", deploymentId=first["id"])
    text = refused("BadRequestException", client.delete_deployment, restApiId=ident, deploymentId=first["id"])
    assert text == "Active stages pointing to this deployment must be moved or deleted"
    second = client.create_deployment(restApiId=ident)
    client.update_stage(restApiId=ident, stageName="dev", patchOperations=replace("/deploymentId", second["id"]))
    client.delete_deployment(restApiId=ident, deploymentId=first["id"])
    summary = client.get_deployment(restApiId=ident, deploymentId=second["id"], embed=["apisummary"])["apiSummary"]
    assert summary == {"/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}}
    client.delete_stage(restApiId=ident, stageName="dev")
    refused("NotFoundException", client.get_stage, restApiId=ident, stageName="dev")
    assert gate.ask("GET", "/").status == 403


def test_what_cannot_be_deployed(gate: Any) -> None:
    made = gate.client.create_rest_api(name="x")
    text = refused("BadRequestException", gate.client.create_deployment, restApiId=made["id"])
    assert text == "The REST API doesn't contain any methods"
    place = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gate.client.put_method(**place, authorizationType="NONE")
    text = refused("BadRequestException", gate.client.create_deployment, restApiId=made["id"])
    assert text == "No integration defined for method"


def test_method_settings_of_a_stage(gate: Any, api: dict[str, Any]) -> None:
    gate.deploy()
    update = {"restApiId": api["id"], "stageName": "dev"}
    stage = gate.client.update_stage(
        **update,
        patchOperations=[
            *replace("/*/*/metrics/enabled", "true"),
            *replace("/~1pets~1dogs/GET/throttling/rateLimit", "5"),
            *replace("/a/b/POST/throttling/burstLimit", "7"),
        ],
    )
    assert stage["methodSettings"]["*/*"]["metricsEnabled"] is True
    assert stage["methodSettings"]["pets/dogs/GET"]["throttlingRateLimit"] == 5.0
    assert stage["methodSettings"]["a/b/POST"]["throttlingBurstLimit"] == 7
    stage = gate.client.update_stage(**update, patchOperations=[{"op": "remove", "path": "/*/*"}])
    assert sorted(stage["methodSettings"]) == ["a/b/POST", "pets/dogs/GET"]
    text = refused(
        "BadRequestException",
        gate.client.update_stage,
        **update,
        patchOperations=replace("/*/*/logging/loglevel", "INFO"),
    )
    assert text == "CloudWatch Logs role ARN must be set in account settings to enable logging"


def test_a_canary_is_promoted(gate: Any, api: dict[str, Any]) -> None:
    first = gate.deploy()
    gate.client.update_integration_response(
        **api["place"], statusCode="200", patchOperations=replace("/responseTemplates/application~1json", "canary")
    )
    second = gate.client.create_deployment(
        restApiId=api["id"], stageName="dev", canarySettings={"percentTraffic": 100.0}
    )["id"]
    stage = gate.client.get_stage(restApiId=api["id"], stageName="dev")
    assert (stage["deploymentId"], stage["canarySettings"]["deploymentId"]) == (first, second)
    assert gate.ask("GET", "/").text == "canary"
    stage = gate.client.update_stage(
        restApiId=api["id"], stageName="dev",
        patchOperations=[
            {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
            {"op": "remove", "path": "/canarySettings"},
        ],
    )  # fmt: skip
    assert stage["deploymentId"] == second
    assert "canarySettings" not in stage


def test_invoking_a_method_without_a_stage(gate: Any, api: dict[str, Any]) -> None:
    answer = gate.client.test_invoke_method(**api["place"])
    assert (answer["status"], answer["body"]) == (200, "hi")
    assert "Method completed with status: 200" in answer["log"]


def test_logs(gate: Any, api: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"""
    import time

    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    role = gate.role({"Effect": "Allow", "Action": actions, "Resource": "*"})
    assert gate.client.update_account(patchOperations=replace("/cloudwatchRoleArn", role))["cloudwatchRoleArn"] == role
    logs = gate.account.client("logs")
    logs.create_log_group(logGroupName="access")
    gate.deploy()
    form = '{"id": "$context.requestId", "s": $context.status, "u": "$context.authorizer.x", "p": "$context.path"}'
    gate.client.update_stage(
        restApiId=api["id"], stageName="dev",
        patchOperations=[
            *replace("/accessLogSettings/destinationArn", f"arn:aws:logs:us-east-1:{gate.account.id}:log-group:access"),
            *replace("/accessLogSettings/format", form),
            *replace("/*/*/logging/loglevel", "INFO"),
        ],
    )  # fmt: skip
    answer = gate.ask("GET", "/")
    for _ in range(100):
        events = logs.filter_log_events(logGroupName="access")["events"]
        if events:
            break
        time.sleep(0.02)
    line = json.loads(events[0]["message"])
    assert line == {"id": answer.headers["x-amzn-requestid"], "s": 200, "u": "-", "p": "/dev/"}
    group = f"API-Gateway-Execution-Logs_{api['id']}/dev"
    for _ in range(100):
        try:
            lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
        except ClientError:
            lines = []
        if lines:
            break
        time.sleep(0.02)
    assert any("Method completed with status: 200" in line for line in lines)


# -- documents -------------------------------------------------------------------------------------------------------


def test_an_export_can_be_imported_again(gate: Any, api: dict[str, Any]) -> None:
    gate.deploy()
    for kind in ("swagger", "oas30"):
        for accepts in ("application/json", "application/yaml"):
            exported = gate.client.get_export(
                restApiId=api["id"], stageName="dev", exportType=kind, accepts=accepts,
                parameters={"extensions": "apigateway"},
            )  # fmt: skip
            other = gate.client.import_rest_api(body=exported["body"].read())["id"]
            gate.client.create_deployment(restApiId=other, stageName="x")
            assert gate.ask("GET", "/", stage="x", api=other).text == "hi"


def test_merging_and_overwriting(gate: Any) -> None:
    def document(path: str, title: str) -> str:
        mock = {"x-amazon-apigateway-integration": {"type": "mock"}}
        return json.dumps({"swagger": "2.0", "info": {"title": title}, "paths": {path: {"get": mock}}})

    api = gate.client.import_rest_api(body=document("/a/b", "one"))["id"]
    before = {r["path"]: r["id"] for r in gate.client.get_resources(restApiId=api)["items"]}
    assert sorted(before) == ["/", "/a", "/a/b"]
    merged = gate.client.put_rest_api(restApiId=api, mode="merge", body=document("/c", "two"))
    assert merged["name"] == "two"
    after = {r["path"]: r["id"] for r in gate.client.get_resources(restApiId=api)["items"]}
    assert {path: after[path] for path in before} == before
    assert "/c" in after
    gate.client.put_rest_api(restApiId=api, mode="overwrite", body=document("/c", "three"))
    paths = {r["path"]: r["id"] for r in gate.client.get_resources(restApiId=api)["items"]}
    assert paths == {"/": before["/"], "/c": after["/c"]}


def test_what_is_no_document(gate: Any) -> None:
    for body in (b"[1]", b"a: b", b"{", b"swagger: '2.0\n"):
        refused("BadRequestException", gate.client.import_rest_api, body=body)


def test_base_paths(gate: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-basePath.html"""
    mock = {"x-amazon-apigateway-integration": {"type": "mock"}}
    body = json.dumps({"swagger": "2.0", "info": {"title": "t"}, "basePath": "/a/b/c", "paths": {"/e": {"get": mock}}})
    for mode, path in (("ignore", "/e"), ("prepend", "/a/b/c/e"), ("split", "/b/c/e")):
        api = gate.client.import_rest_api(body=body, parameters={"basepath": mode})["id"]
        assert path in {r["path"] for r in gate.client.get_resources(restApiId=api)["items"]}
