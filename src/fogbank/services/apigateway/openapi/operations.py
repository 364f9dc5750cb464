"""One operation of an OpenAPI document as a Method with its Integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from fogbank.apis.document import Document, entries, members
from fogbank.apis.errors import BadRequest

INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTH_TYPE = "x-amazon-apigateway-authtype"
STATUS = re.compile(r"[1-5]\d\d")
_PLACES = {"query": "querystring", "header": "header", "path": "path"}


def authorizer_of(name: str, scheme: dict[str, Any]) -> dict[str, Any] | None:
    """The Authorizer a security scheme stands for; type API_KEY or AWS_IAM where it needs none."""
    auth_type = scheme.get(AUTH_TYPE)
    given = members(scheme.get(AUTHORIZER), AUTHORIZER)
    if not given:
        if auth_type and str(auth_type).lower() == "awssigv4":
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
    found["authorizerResultTtlInSeconds"] = _number(given.get("authorizerResultTtlInSeconds", 300))
    return found


class Operation:
    """Reads one operation. `inline` gathers the schemas that stand in it: name -> JSON text."""

    def __init__(self, document: Document, item: dict[str, Any], described: dict[str, Any]) -> None:
        self._document = document
        self._described = described
        given = (*entries(item.get("parameters"), "parameters"), *entries(described.get("parameters"), "parameters"))
        self._parameters = [document.object(parameter, "parameter") for parameter in given]
        self.inline: dict[str, str] = {}

    def method(self, verb: str) -> dict[str, Any]:
        """The Method structure, its security apart."""
        described = self._described
        method: dict[str, Any] = {"httpMethod": verb, "authorizationType": "NONE", "apiKeyRequired": False}
        if described.get("operationId"):
            method["operationName"] = described["operationId"]
        parameters = {
            f"method.request.{_PLACES[p['in']]}.{p.get('name')}": bool(p.get("required"))
            for p in self._parameters
            if p.get("in") in tuple(_PLACES)
        }
        if parameters:
            method["requestParameters"] = parameters
        models = self._request_models()
        if models:
            method["requestModels"] = models
        responses = {
            str(code): self._response(str(code), self._document.object(given, "response"))
            for code, given in members(described.get("responses"), "responses").items()
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
        auth = members(self._described.get("x-amazon-apigateway-auth"), "x-amazon-apigateway-auth")
        if auth.get("type"):
            found["authorizationType"] = str(auth["type"]).upper()
        for requirement in entries(declared, "security"):
            for name, scopes in members(requirement, "security").items():
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
                        found["authorizationScopes"] = entries(scopes, "scopes")
        return found

    def integration(self) -> dict[str, Any] | None:
        """The Integration structure, or None where the operation has none."""
        if self._described.get(INTEGRATION) is None:
            return None
        given = self._document.object(self._described[INTEGRATION], INTEGRATION)
        kind = str(given.get("type", "")).upper()
        if kind not in ("HTTP", "AWS", "MOCK", "HTTP_PROXY", "AWS_PROXY"):
            raise BadRequest(f"Invalid integration type {given.get('type')!r}")
        found: dict[str, Any] = {
            "type": kind,
            "passthroughBehavior": str(given.get("passthroughBehavior", "when_no_match")).upper(),
            "timeoutInMillis": _number(given.get("timeoutInMillis", 29000)),
            "cacheKeyParameters": entries(given.get("cacheKeyParameters"), "cacheKeyParameters"),
        }
        for member in ("uri", "httpMethod", "credentials", "connectionId", "connectionType", "cacheNamespace",
                       "contentHandling", "tlsConfig", "responseTransferMode"):  # fmt: skip
            if given.get(member):
                found[member] = given[member]
        if given.get("responseTransferMode"):
            found["responseTransferMode"] = str(given["responseTransferMode"]).upper()
        for member in ("requestParameters", "requestTemplates"):
            if given.get(member):
                found[member] = {k: _template(v) for k, v in members(given[member], member).items()}
        responses: dict[str, Any] = {}
        for pattern, referred in members(given.get("responses"), "responses").items():
            response = self._document.object(referred, "response")
            status = str(response.get("statusCode", "200"))
            if not STATUS.fullmatch(status):
                raise BadRequest(f"Invalid status code {status}")
            shape: dict[str, Any] = {"statusCode": status}
            if pattern != "default":
                shape["selectionPattern"] = pattern
            for member in ("responseParameters", "responseTemplates"):
                if response.get(member):
                    shape[member] = {k: _template(v) for k, v in members(response[member], member).items()}
            if response.get("contentHandling"):
                shape["contentHandling"] = response["contentHandling"]
            responses[status] = shape
        if responses:
            found["integrationResponses"] = responses
        return found

    # -- bodies ------------------------------------------------------------------------------------------------------

    def _request_models(self) -> dict[str, str]:
        if self._document.version == 3:
            body = self._document.object(self._described.get("requestBody"), "requestBody")
            return self._content_models(members(body.get("content"), "content"), "Request")
        for parameter in self._parameters:
            if parameter.get("in") == "body" and parameter.get("schema"):
                model = self._model(members(parameter["schema"], "schema"), "Request")
                return dict.fromkeys(self._kinds("consumes"), model) if model else {}
        return {}

    def _response(self, code: str, given: dict[str, Any]) -> dict[str, Any]:
        shape: dict[str, Any] = {"statusCode": code}
        headers = members(given.get("headers"), "headers")
        if headers:
            shape["responseParameters"] = {f"method.response.header.{name}": False for name in headers}
        if self._document.version == 3:
            models = self._content_models(members(given.get("content"), "content"), f"Response{code}")
        else:
            schema = members(given.get("schema"), "schema")
            model = self._model(schema, f"Response{code}") if schema else None
            models = dict.fromkeys(self._kinds("produces"), model) if model else {}
        if models:
            shape["responseModels"] = models
        return shape

    def _kinds(self, member: str) -> list[str]:
        """The media types an operation of version 2 takes or gives."""
        kinds = entries(self._described.get(member) or self._document.raw.get(member), member)
        return [str(kind) for kind in kinds] or ["application/json"]

    def _content_models(self, content: dict[str, Any], role: str) -> dict[str, str]:
        found = {}
        for kind, given in content.items():
            schema = members(members(given, "content").get("schema"), "schema")
            model = self._model(schema, role) if schema else None
            if model:
                found[kind] = model
        return found

    def _model(self, schema: dict[str, Any], role: str) -> str | None:
        """The model a schema names; an inline one becomes a model of its own."""
        prefix = self._document.schema_prefix
        reference = schema.get("$ref", "")
        if isinstance(reference, str) and reference.startswith(prefix):
            return reference[len(prefix) :]
        text = self._document.text_of(schema)
        seed = f"{self._described.get('operationId', '')}{role}{text}"
        import zlib

        name = f"MODEL{zlib.crc32(seed.encode()):08x}"
        self.inline[name] = text
        return name


def _number(value: Any) -> int:
    """A whole number of the document. Raises BadRequest for anything else."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise BadRequest(f"Invalid number {value}") from None


def _template(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
