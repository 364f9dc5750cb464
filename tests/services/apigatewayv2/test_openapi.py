"""ImportApi, ReimportApi and ExportApi.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
"""

from __future__ import annotations

import json

from tests.support import refused

INTEGRATION = "x-amazon-apigateway-integration"


def document(backend: str, **more):
    proxy = {"type": "HTTP_PROXY", "httpMethod": "ANY", "uri": backend, "payloadFormatVersion": 1.0}
    return {
        "openapi": "3.0.1",
        "info": {"title": "Pets", "version": "1.0", "description": "A pet store"},
        "servers": [{"url": "https://example.com/base/v1"}],
        "tags": [{"name": "team", "x-amazon-apigateway-tag-value": "fog"}],
        "paths": {
            "/pets/{id}": {"get": {"operationId": "one", INTEGRATION: {"$ref": "#/components/x/all"}}},
            "/pets": {"x-amazon-apigateway-any-method": {INTEGRATION: {"$ref": "#/components/x/all"},
                                                         "security": [{"tokens": ["read"]}]}},
            "/$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": True, INTEGRATION: proxy,
                                                             "security": [{"iam": []}]}},
        },
        "components": {
            "x": {"all": {**proxy, "requestParameters": {"append:header.a": "1"},
                          "responseParameters": {"404": {"overwrite:statuscode": "410"}}, "timeoutInMillis": "5000"}},
            "securitySchemes": {
                "tokens": {"type": "openIdConnect",
                           "openIdConnectUrl": "https://issuer.example/.well-known/openid-configuration",
                           "x-amazon-apigateway-authorizer": {
                               "type": "jwt", "identitySource": "$request.header.Authorization",
                               "jwtConfiguration": {"audience": ["a"]}}},
                "iam": {"type": "apiKey", "name": "Authorization", "in": "header",
                        "x-amazon-apigateway-authtype": "awsSigv4"},
            },
        },
        "x-amazon-apigateway-cors": {"allowOrigins": ["*"], "maxAge": 10},
        **more,
    }  # fmt: skip


def test_a_document_is_imported(web, backend):
    made = web.client.import_api(Body=json.dumps(document(backend.url)))
    api = web.id = made["ApiId"]
    assert (made["Name"], made["Version"], made["Description"]) == ("Pets", "1.0", "A pet store")
    assert (made["Tags"], made["CorsConfiguration"]) == ({"team": "fog"}, {"AllowOrigins": ["*"], "MaxAge": 10})
    routes = {route["RouteKey"]: route for route in web.client.get_routes(ApiId=api)["Items"]}
    assert {key: route["AuthorizationType"] for key, route in routes.items()} == {
        "GET /pets/{id}": "NONE", "ANY /pets": "JWT", "$default": "AWS_IAM"}  # fmt: skip
    assert routes["ANY /pets"]["AuthorizationScopes"] == ["read"]
    assert routes["GET /pets/{id}"]["Target"] == routes["ANY /pets"]["Target"]
    (authorizer,) = web.client.get_authorizers(ApiId=api)["Items"]
    assert authorizer["JwtConfiguration"] == {"Audience": ["a"], "Issuer": "https://issuer.example"}
    web.client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    assert web.ask("GET", "/pets/1").json["headers"]["a"] == "1"
    backend.status = 404
    assert web.ask("GET", "/pets/1").status == 410


def test_base_paths(web, backend):
    keys = {}
    for mode in ("ignore", "prepend", "split"):
        api = web.client.import_api(Body=json.dumps(document(backend.url)), Basepath=mode)["ApiId"]
        keys[mode] = {route["RouteKey"] for route in web.client.get_routes(ApiId=api)["Items"]} - {"$default"}
    assert keys == {
        "ignore": {"GET /pets/{id}", "ANY /pets"},
        "prepend": {"GET /base/v1/pets/{id}", "ANY /base/v1/pets"},
        "split": {"GET /v1/pets/{id}", "ANY /v1/pets"},
    }
    assert refused(web.client.import_api, Body="{}", Basepath="x").code == "BadRequestException"


def test_documents_that_are_refused(web):
    call = web.client.import_api
    for body in ("", "no", "[1]", "a: [", json.dumps({"openapi": "3.0.1"}), json.dumps({"swagger": "2.0"}),
                 json.dumps({"openapi": "3.0.1", "info": {"title": "t"}, "paths": {"/x": 1}})):  # fmt: skip
        assert refused(call, Body=body).code == "BadRequestException", body
    mock = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"},
            "paths": {"/x": {"get": {INTEGRATION: {"type": "mock"}}}}}  # fmt: skip
    assert refused(call, Body=json.dumps(mock), FailOnWarnings=True).message.startswith("Warnings found during import")
    assert call(Body=json.dumps(mock))["Warnings"]
    twice = document("https://example.com", security=[{"tokens": []}, {"iam": []}])
    assert "Multiple security requirements" in refused(call, Body=json.dumps(twice)).message


def test_an_api_is_imported_again(web, backend):
    """The definition is replaced; the API's stages serve it, as far as they are deployed automatically."""
    api = web.api()
    web.route("GET /old", web.integration(backend.url))
    web.client.reimport_api(ApiId=api, Body=json.dumps(document(backend.url)))
    assert web.client.get_api(ApiId=api)["Name"] == "Pets"
    assert web.ask("GET", "/pets/1").status == 200
    assert web.ask("GET", "/old").status == 403  # $default asks for a signature
    keys = {route["RouteKey"] for route in web.client.get_routes(ApiId=api)["Items"]}
    assert "GET /old" not in keys


def test_what_was_exported_can_be_imported(web, backend):
    api = web.client.import_api(Body=json.dumps(document(backend.url)))["ApiId"]
    web.client.create_stage(ApiId=api, StageName="dev", AutoDeploy=True)
    body = web.client.export_api(ApiId=api, Specification="OAS30", OutputType="JSON", StageName="dev")["body"].read()
    found = json.loads(body)
    assert found["info"] == {"title": "Pets", "version": "1.0", "description": "A pet store"}
    assert found["servers"][0]["variables"] == {"basePath": {"default": "dev"}}
    assert found["paths"]["/pets"]["x-amazon-apigateway-any-method"]["security"] == [{"tokens": ["read"]}]
    again = web.client.import_api(Body=body.decode())["ApiId"]

    def shape(id):
        routes = web.client.get_routes(ApiId=id)["Items"]
        ids = {"RouteId", "Target", "AuthorizerId"}
        return sorted(json.dumps({k: v for k, v in r.items() if k not in ids}, sort_keys=True) for r in routes)

    assert shape(again) == shape(api)
    plain = web.client.export_api(ApiId=api, Specification="OAS30", OutputType="YAML", IncludeExtensions=False)
    text = plain["body"].read().decode()
    assert "openapi: 3.0.1" in text
    assert INTEGRATION not in text
    for more in ({"Specification": "OAS20"}, {"OutputType": "XML"}):
        request = {"ApiId": api, "Specification": "OAS30", "OutputType": "JSON", **more}
        assert refused(web.client.export_api, **request).status == 400
