"""A deployed API as an OpenAPI document.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html
"""

from __future__ import annotations

import json
import re
from typing import Any

_PLACES = {"querystring": "query", "header": "header", "path": "path"}
_MODEL_URL = re.compile(r"https://apigateway\.amazonaws\.com/restapis/[^/\"]+/models/")
_INTEGRATION = (
    "type", "uri", "httpMethod", "credentials", "connectionType", "connectionId", "requestParameters",
    "requestTemplates", "passthroughBehavior", "contentHandling", "timeoutInMillis", "cacheNamespace",
    "cacheKeyParameters", "tlsConfig",
)  # fmt: skip


class Exporter:
    """Writes a snapshot's content as `swagger` (2.0) or `oas30`, with the extensions that were asked for."""

    def __init__(self, content: dict[str, Any], version: str, extensions: set[str]) -> None:
        self._content = content
        self._oas30 = version == "oas30"
        self._extensions = extensions

    def document(self, *, host: str, stage: str, created: str) -> dict[str, Any]:
        api = self._content["api"]
        info = {"title": api["name"], "version": api.get("version") or created}
        if api.get("description"):
            info["description"] = api["description"]
        found: dict[str, Any]
        if self._oas30:
            server = {"url": f"https://{host}/{{basePath}}", "variables": {"basePath": {"default": stage}}}
            found = {"openapi": "3.0.1", "info": info, "servers": [server]}
        else:
            found = {"swagger": "2.0", "info": info, "host": host, "basePath": f"/{stage}", "schemes": ["https"]}
        found["paths"] = {
            resource["path"]: self._item(resource) for resource in self._content["resources"] if resource["methods"]
        }
        schemas = {name: self._schema(shape) for name, shape in self._content["models"].items()}
        schemes = self._schemes()
        if self._oas30:
            found["components"] = {k: v for k, v in (("schemas", schemas), ("securitySchemes", schemes)) if v}
        else:
            found |= {k: v for k, v in (("definitions", schemas), ("securityDefinitions", schemes)) if v}
        if self._integrations and api.get("binaryMediaTypes"):
            found["x-amazon-apigateway-binary-media-types"] = api["binaryMediaTypes"]
        if self._integrations and self._content["responses"]:
            found["x-amazon-apigateway-gateway-responses"] = {
                kind: {k: v for k, v in shape.items() if k in ("statusCode", "responseParameters", "responseTemplates")}
                for kind, shape in self._content["responses"].items()
            }
        if self._integrations and self._content["validators"]:
            found["x-amazon-apigateway-request-validators"] = {
                shape["name"]: {k: shape[k] for k in ("validateRequestParameters", "validateRequestBody")}
                for shape in self._content["validators"].values()
            }
        return found

    @property
    def _integrations(self) -> bool:
        return bool({"integrations", "apigateway"} & self._extensions)

    @property
    def _authorizers(self) -> bool:
        return bool({"authorizers", "apigateway"} & self._extensions)

    def _schema(self, shape: dict[str, Any]) -> Any:
        prefix = "#/components/schemas/" if self._oas30 else "#/definitions/"
        return json.loads(_MODEL_URL.sub(prefix, shape.get("schema") or "{}"))

    def _reference(self, model: str) -> dict[str, str]:
        return {"$ref": f"#/{'components/schemas' if self._oas30 else 'definitions'}/{model}"}

    def _schemes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        methods = [m for r in self._content["resources"] for m in r["methods"].values()]
        if any(m.get("apiKeyRequired") for m in methods):
            found["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
        if any(m["authorizationType"] == "AWS_IAM" for m in methods):
            found["sigv4"] = {"type": "apiKey", "name": "Authorization", "in": "header",
                              "x-amazon-apigateway-authtype": "awsSigv4"}  # fmt: skip
        for shape in self._content["authorizers"].values():
            source = shape.get("identitySource") or ""
            header = source.rpartition("method.request.header.")[2].partition(",")[0] or "Authorization"
            scheme: dict[str, Any] = {"type": "apiKey", "name": header, "in": "header"}
            scheme["x-amazon-apigateway-authtype"] = shape.get("authType") or "custom"
            if self._authorizers:
                scheme["x-amazon-apigateway-authorizer"] = {
                    **{k: v for k, v in shape.items() if k not in ("id", "name", "authType")},
                    "type": shape["type"].lower(),
                }
            found[shape["name"]] = scheme
        return found

    # -- one path ----------------------------------------------------------------------------------------------------

    def _item(self, resource: dict[str, Any]) -> dict[str, Any]:
        return {
            "x-amazon-apigateway-any-method" if verb == "ANY" else verb.lower(): self._operation(method)
            for verb, method in sorted(resource["methods"].items())
        }

    def _operation(self, method: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if method.get("operationName"):
            found["operationId"] = method["operationName"]
        models = method.get("requestModels") or {}
        parameters = [
            self._parameter(name, required)
            for name, required in sorted((method.get("requestParameters") or {}).items())
        ]
        if models and self._oas30:
            content = {kind: {"schema": self._reference(model)} for kind, model in models.items()}
            found["requestBody"] = {"content": content, "required": True}
        elif models:
            found["consumes"] = list(models)
            model = next(iter(models.values()))
            parameters.append({"in": "body", "name": model, "required": True, "schema": self._reference(model)})
        if parameters:
            found["parameters"] = parameters
        found["responses"] = {
            status: self._response(status, shape) for status, shape in (method.get("methodResponses") or {}).items()
        }
        security = self._security(method)
        if security:
            found["security"] = security
        validator = self._content["validators"].get(method.get("requestValidatorId"))
        if validator and self._integrations:
            found["x-amazon-apigateway-request-validator"] = validator["name"]
        integration = method.get("methodIntegration")
        if integration and self._integrations:
            found["x-amazon-apigateway-integration"] = self._integration(integration)
        return found

    def _parameter(self, name: str, required: bool) -> dict[str, Any]:
        _, _, place, rest = name.split(".", 3)
        shape: dict[str, Any] = {"name": rest, "in": _PLACES[place], "required": required or place == "path"}
        return {**shape, "schema": {"type": "string"}} if self._oas30 else {**shape, "type": "string"}

    def _response(self, status: str, shape: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"description": f"{status} response"}
        text: dict[str, Any] = {"schema": {"type": "string"}} if self._oas30 else {"type": "string"}
        headers = {name.rpartition(".")[2]: text for name in shape.get("responseParameters") or {}}
        if headers:
            found["headers"] = headers
        models = shape.get("responseModels") or {}
        if models and self._oas30:
            found["content"] = {kind: {"schema": self._reference(model)} for kind, model in models.items()}
        elif models:
            found["schema"] = self._reference(next(iter(models.values())))
        return found

    def _security(self, method: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        if method["authorizationType"] == "AWS_IAM":
            found.append({"sigv4": []})
        authorizer = self._content["authorizers"].get(method.get("authorizerId"))
        if authorizer:
            found.append({authorizer["name"]: method.get("authorizationScopes") or []})
        if method.get("apiKeyRequired"):
            found.append({"api_key": []})
        return found

    @staticmethod
    def _integration(given: dict[str, Any]) -> dict[str, Any]:
        found = {name: given[name] for name in _INTEGRATION if given.get(name)}
        found["type"] = given["type"].lower()
        if "passthroughBehavior" in found:
            found["passthroughBehavior"] = found["passthroughBehavior"].lower()
        responses = given.get("integrationResponses") or {}
        if responses:
            found["responses"] = {
                shape.get("selectionPattern") or "default": {k: v for k, v in shape.items() if k != "selectionPattern"}
                for shape in responses.values()
            }
        return found
