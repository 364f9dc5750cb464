"""One operation of an OpenAPI document as a Method with its Integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
"""

from __future__ import annotations

import json
from typing import Any

from ..errors import BadRequest
from .document import Document

INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTH_TYPE = "x-amazon-apigateway-authtype"
_PLACES = {"query": "querystring", "header": "header", "path": "path"}


def authorizer_of(name: str, scheme: dict[str, Any]) -> dict[str, Any] | None:
    """The Authorizer a security scheme stands for; type API_KEY or AWS_IAM where it needs none."""
    auth_type = scheme.get(AUTH_TYPE)
    given = scheme.get(AUTHORIZER)
    if not given:
        if auth_type and auth_type.lower() == "awssigv4":
            return {"type": "AWS_IAM"}
        if scheme.get("type") == "apiKey" and str(scheme.get("name", "")).lower() == "x-api-key":
            return {"type": "API_KEY"}
        return None
    kind = str(given.get("type", "")).upper()
    found: dict[str, Any] = {"name": name, "type": kind}
    if auth_type:
        found["authType"] = auth_type
    for member in ("authorizerUri", "authorizerCredentials", "identityValidationExpression", "identitySource"):
        if given.get(member):
            found[member] = given[member]
    if given.get("providerARNs"):
        found["providerARNs"] = given["providerARNs"]
    if kind == "TOKEN" and "identitySource" not in found:
        found["identitySource"] = f"method.request.header.{scheme.get('name', 'Authorization')}"
    if kind == "COGNITO_USER_POOLS":
        found.setdefault("identitySource", f"method.request.header.{scheme.get('name', 'Authorization')}")
    found["authorizerResultTtlInSeconds"] = int(given.get("authorizerResultTtlInSeconds", 300))
    return found


class Operation:
    """Reads one operation. `inline` gathers the schemas that stand in it: name -> JSON text."""

    def __init__(self, document: Document, item: dict[str, Any], described: dict[str, Any]) -> None:
        self._document = document
        self._described = described
        self._parameters = [
            document.resolve(p) for p in (*(item.get("parameters") or ()), *(described.get("parameters") or ()))
        ]
        self.inline: dict[str, str] = {}

    def method(self, verb: str) -> dict[str, Any]:
        """The Method structure, its security apart."""
        described = self._described
        method: dict[str, Any] = {"httpMethod": verb, "authorizationType": "NONE", "apiKeyRequired": False}
        if described.get("operationId"):
            method["operationName"] = described["operationId"]
        parameters = {
            f"method.request.{_PLACES[p['in']]}.{p['name']}": bool(p.get("required"))
            for p in self._parameters
            if p.get("in") in _PLACES
        }
        if parameters:
            method["requestParameters"] = parameters
        models = self._request_models()
        if models:
            method["requestModels"] = models
        responses = {
            str(code): self._response(str(code), self._document.resolve(given))
            for code, given in (described.get("responses") or {}).items()
            if str(code).isdecimal()
        }
        if responses:
            method["methodResponses"] = responses
        return method

    def security(self, authorizers: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """authorizationType, authorizerId, authorizationScopes, apiKeyRequired."""
        found: dict[str, Any] = {}
        declared = self._described.get("security")
        if declared is None:
            declared = self._document.raw.get("security")
        auth = self._described.get("x-amazon-apigateway-auth") or {}
        if auth.get("type"):
            found["authorizationType"] = str(auth["type"]).upper()
        for requirement in declared or ():
            for name, scopes in requirement.items():
                authorizer = authorizers.get(name)
                if authorizer is None:
                    continue
                if authorizer["type"] == "API_KEY":
                    found["apiKeyRequired"] = True
                elif authorizer["type"] == "AWS_IAM":
                    found["authorizationType"] = "AWS_IAM"
                else:
                    cognito = authorizer["type"] == "COGNITO_USER_POOLS"
                    found["authorizationType"] = "COGNITO_USER_POOLS" if cognito else "CUSTOM"
                    found["authorizerId"] = authorizer["id"]
                    if scopes:
                        found["authorizationScopes"] = list(scopes)
        return found

    def integration(self) -> dict[str, Any] | None:
        """The Integration structure, or None where the operation has none."""
        given = self._described.get(INTEGRATION)
        if given is None:
            return None
        given = self._document.resolve(given)
        kind = str(given.get("type", "")).upper()
        if kind not in ("HTTP", "AWS", "MOCK", "HTTP_PROXY", "AWS_PROXY"):
            raise BadRequest(f"Invalid integration type {given.get('type')!r}")
        found: dict[str, Any] = {
            "type": kind,
            "passthroughBehavior": str(given.get("passthroughBehavior", "when_no_match")).upper(),
            "timeoutInMillis": int(given.get("timeoutInMillis", 29000)),
            "cacheKeyParameters": list(given.get("cacheKeyParameters") or []),
        }
        for member in ("uri", "httpMethod", "credentials", "connectionId", "connectionType", "cacheNamespace",
                       "contentHandling", "tlsConfig", "responseTransferMode"):  # fmt: skip
            if given.get(member):
                found[member] = given[member]
        if given.get("responseTransferMode"):
            found["responseTransferMode"] = str(given["responseTransferMode"]).upper()
        for member in ("requestParameters", "requestTemplates"):
            if given.get(member):
                found[member] = {k: _template(v) for k, v in given[member].items()}
        responses: dict[str, Any] = {}
        for pattern, response in (given.get("responses") or {}).items():
            response = self._document.resolve(response) or {}
            status = str(response.get("statusCode", "200"))
            shape: dict[str, Any] = {"statusCode": status}
            if pattern != "default":
                shape["selectionPattern"] = pattern
            for member in ("responseParameters", "responseTemplates"):
                if response.get(member):
                    shape[member] = {k: _template(v) for k, v in response[member].items()}
            if response.get("contentHandling"):
                shape["contentHandling"] = response["contentHandling"]
            responses[status] = shape
        if responses:
            found["integrationResponses"] = responses
        return found

    # -- bodies ------------------------------------------------------------------------------------------------------

    def _request_models(self) -> dict[str, str]:
        if self._document.version == 3:
            body = self._document.resolve(self._described.get("requestBody") or {})
            return self._content_models(body.get("content") or {}, "Request")
        for parameter in self._parameters:
            if parameter.get("in") == "body" and parameter.get("schema"):
                kinds = self._described.get("consumes") or self._document.raw.get("consumes") or ["application/json"]
                model = self._model(parameter["schema"], "Request")
                return dict.fromkeys(kinds, model) if model else {}
        return {}

    def _response(self, code: str, given: dict[str, Any]) -> dict[str, Any]:
        shape: dict[str, Any] = {"statusCode": code}
        headers = given.get("headers") or {}
        if headers:
            shape["responseParameters"] = {f"method.response.header.{name}": False for name in headers}
        if self._document.version == 3:
            models = self._content_models(given.get("content") or {}, f"Response{code}")
        else:
            kinds = self._described.get("produces") or self._document.raw.get("produces") or ["application/json"]
            model = self._model(given["schema"], f"Response{code}") if given.get("schema") else None
            models = dict.fromkeys(kinds, model) if model else {}
        if models:
            shape["responseModels"] = models
        return shape

    def _content_models(self, content: dict[str, Any], role: str) -> dict[str, str]:
        found = {}
        for kind, given in content.items():
            model = self._model(given["schema"], role) if given.get("schema") else None
            if model:
                found[kind] = model
        return found

    def _model(self, schema: dict[str, Any], role: str) -> str | None:
        """The model a schema names; an inline one becomes a model of its own."""
        prefix = self._document.schema_prefix
        reference = schema.get("$ref", "")
        if isinstance(reference, str) and reference.startswith(prefix):
            return reference[len(prefix) :]
        text = json.dumps(schema)
        seed = f"{self._described.get('operationId', '')}{role}{text}"
        import zlib

        name = f"MODEL{zlib.crc32(seed.encode()):08x}"
        self.inline[name] = text
        return name


def _template(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
