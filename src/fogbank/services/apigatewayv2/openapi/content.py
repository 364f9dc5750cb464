"""What an import will write, worked out of a document before a transaction begins.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html

This runs on a thread: a large document takes seconds. `info` gathers what is valid and has no effect, `warnings` what
is invalid and passed over; their texts are not AWS's.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.apis.budget import OverBudget
from fogbank.apis.document import MALFORMED, Document, entries, members
from fogbank.apis.errors import BadRequest

from ..rules import DEFAULT

LIBRARY = "x-amazon-apigateway-"
INTEGRATION, AUTHORIZER = LIBRARY + "integration", LIBRARY + "authorizer"
CORS_MEMBERS = {
    "allowCredentials": "AllowCredentials", "allowHeaders": "AllowHeaders", "allowMethods": "AllowMethods",
    "allowOrigins": "AllowOrigins", "exposeHeaders": "ExposeHeaders", "maxAge": "MaxAge",
}  # fmt: skip
INTEGRATION_MEMBERS = {
    "connectionId": "ConnectionId", "connectionType": "ConnectionType", "credentials": "CredentialsArn",
    "description": "Description", "httpMethod": "IntegrationMethod", "payloadFormatVersion": "PayloadFormatVersion",
    "timeoutInMillis": "TimeoutInMillis", "uri": "IntegrationUri", "integrationSubtype": "IntegrationSubtype",
    "subtype": "IntegrationSubtype",
}  # fmt: skip
AUTHORIZER_MEMBERS = {
    "authorizerCredentials": "AuthorizerCredentialsArn", "authorizerUri": "AuthorizerUri",
    "authorizerPayloadFormatVersion": "AuthorizerPayloadFormatVersion",
    "authorizerResultTtlInSeconds": "AuthorizerResultTtlInSeconds", "enableSimpleResponses": "EnableSimpleResponses",
}  # fmt: skip
IAM = "AWS_IAM"
MOST_ROUTES = 3_000


class Described(msgspec.Struct):
    """One route, its integration, and (name of its authorizer, scopes); the name is AWS_IAM for IAM."""

    key: str
    shape: dict[str, Any]
    integration: dict[str, Any] | None
    security: tuple[str, list[str]] | None


class Content(msgspec.Struct):
    """Everything that an import writes, but for identifiers."""

    settings: dict[str, Any]
    tags: dict[str, str]
    base_path: str
    authorizers: dict[str, dict[str, Any]]
    routes: list[Described]
    warnings: list[str]
    info: list[str]

    @property
    def roles(self) -> list[Any]:
        """What integrations and authorizers name as roles."""
        found = [authorizer.get("AuthorizerCredentialsArn") for authorizer in self.authorizers.values()]
        found += [(route.integration or {}).get("CredentialsArn") for route in self.routes]
        return [role for role in found if role]


def read(body: bytes) -> Content:
    """The content of a document. Raises BadRequest."""
    document = Document.read(body)
    if document.version != 3:
        raise BadRequest("Only OpenAPI 3.x.x are currently supported")
    reader = _Reader(document)
    try:
        return Content(
            settings=reader.settings(),
            tags=reader.tags(),
            base_path=document.base_path.rstrip("/"),
            authorizers=reader.authorizers(),
            routes=reader.routes(),
            warnings=reader.warnings,
            info=reader.info,
        )
    except OverBudget as error:
        raise BadRequest(f"{MALFORMED}{error}") from None


def prefix_of(base: str, mode: str) -> str:
    """What `basepath=ignore|prepend|split` puts in front of each path.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-basePath.html
    """
    if mode == "prepend":
        return base
    rest = base.lstrip("/").partition("/")[2] if mode == "split" else ""
    return f"/{rest}" if rest else ""


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._schemes: dict[str, str] = {}  # name of a security scheme → kind of authorization
        self.warnings: list[str] = []
        self.info: list[str] = []

    def settings(self) -> dict[str, Any]:
        raw = self._document.raw
        info = members(raw.get("info"), "info")
        if not info.get("title"):
            raise BadRequest(f"{MALFORMED}info.title is missing")
        found: dict[str, Any] = {"Name": str(info["title"])}
        for member in ("description", "version"):
            if info.get(member) is not None:
                found[member.capitalize()] = str(info[member])
        cors = members(raw.get(LIBRARY + "cors"), LIBRARY + "cors")
        if cors:
            found["CorsConfiguration"] = {
                new: cors[old] for old, new in CORS_MEMBERS.items() if cors.get(old) is not None
            }
        configuration = members(raw.get(LIBRARY + "endpoint-configuration"), "configuration")
        for server in entries(raw.get("servers"), "servers"):
            if isinstance(server, dict):
                configuration |= members(server.get(LIBRARY + "endpoint-configuration"), "configuration")
        if "disableExecuteApiEndpoint" in configuration:
            found["DisableExecuteApiEndpoint"] = bool(configuration["disableExecuteApiEndpoint"])
        return found

    def tags(self) -> dict[str, str]:
        """Tags with a value: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-openapi-extensions-x-amazon-apigateway-tag-value.html"""
        found = {}
        for entry in entries(self._document.raw.get("tags"), "tags"):
            tag = members(entry, "tag")
            if LIBRARY + "tag-value" in tag:
                found[str(tag.get("name"))] = str(tag[LIBRARY + "tag-value"])
        return found

    # -- security ----------------------------------------------------------------------------------------------------

    def authorizers(self) -> dict[str, dict[str, Any]]:
        found = {}
        for name, scheme in self._document.security_schemes.items():
            if str(scheme.get(LIBRARY + "authtype", "")).lower() == "awssigv4":
                self._schemes[name] = IAM
                continue
            given = members(scheme.get(AUTHORIZER), AUTHORIZER)
            kind = str(given.get("type", "")).upper()
            if kind not in ("JWT", "REQUEST"):
                self.warnings.append(f"The security scheme {name} has no authorizer of type jwt or request")
                continue
            self._schemes[name] = "JWT" if kind == "JWT" else "CUSTOM"
            found[name] = self._authorizer(name, kind, given, scheme)
        return found

    @staticmethod
    def _authorizer(name: str, kind: str, given: dict[str, Any], scheme: dict[str, Any]) -> dict[str, Any]:
        sources = given.get("identitySource") or ""
        listed = entries(sources, "identitySource") if isinstance(sources, list) else str(sources).split(",")
        shape: dict[str, Any] = {
            "Name": name,
            "AuthorizerType": kind,
            "IdentitySource": [str(source).strip() for source in listed if str(source).strip()],
        }
        if kind == "JWT":
            configuration = members(given.get("jwtConfiguration"), "jwtConfiguration")
            issuer = configuration.get("issuer")
            discovery = str(scheme.get("openIdConnectUrl") or "")
            if not issuer and discovery:
                issuer = discovery.removesuffix("/.well-known/openid-configuration")
            audience = [str(entry) for entry in entries(configuration.get("audience"), "audience")]
            shape["JwtConfiguration"] = {"Audience": audience} | ({"Issuer": str(issuer)} if issuer else {})
            shape["IdentitySource"] = shape["IdentitySource"] or ["$request.header.Authorization"]
            return shape
        shape |= {new: given[old] for old, new in AUTHORIZER_MEMBERS.items() if given.get(old) is not None}
        if "AuthorizerResultTtlInSeconds" in shape:
            shape["AuthorizerResultTtlInSeconds"] = _number(shape["AuthorizerResultTtlInSeconds"])
        return shape

    def _security(self, described: dict[str, Any], key: str) -> tuple[str, list[str]] | None:
        declared = described.get("security")
        if declared is None:
            declared = self._document.raw.get("security")
        found: list[tuple[str, list[str]]] = []
        for requirement in entries(declared, "security"):
            for name, scopes in members(requirement, "security").items():
                if name in self._schemes:
                    known = IAM if self._schemes[name] == IAM else name
                    found.append((known, [str(scope) for scope in entries(scopes, "scopes")]))
        auth = members(described.get(LIBRARY + "auth"), LIBRARY + "auth")
        if not found and str(auth.get("type", "")).upper() == IAM:
            return IAM, []
        if len(found) > 1:
            raise BadRequest(f"Multiple security requirements are not supported: {key}")
        return found[0] if found else None

    # -- routes ------------------------------------------------------------------------------------------------------

    def routes(self) -> list[Described]:
        found = []
        for path, item in members(self._document.raw.get("paths"), "paths").items():
            if not path.startswith("/"):
                continue
            for verb, described in self._document.methods(self._document.object(item, path)):
                key = DEFAULT if path == f"/{DEFAULT}" else f"{verb} {path}"
                found.append(self._route(key, described))
                if len(found) > MOST_ROUTES:
                    raise BadRequest(f"{MALFORMED}it has more than {MOST_ROUTES} routes")
        return found

    def _route(self, key: str, described: dict[str, Any]) -> Described:
        shape: dict[str, Any] = {}
        if described.get("operationId"):
            shape["OperationName"] = str(described["operationId"])
        if described.get("requestBody") or described.get("parameters"):
            self.info.append(f"Request validation is not supported for HTTP APIs: {key}")
        return Described(key, shape, self._integration(described, key), self._security(described, key))

    def _integration(self, described: dict[str, Any], key: str) -> dict[str, Any] | None:
        if described.get(INTEGRATION) is None:
            self.warnings.append(f"The operation {key} has no integration")
            return None
        given = self._document.object(described[INTEGRATION], INTEGRATION)
        kind = str(given.get("type", "")).upper()
        if kind not in ("AWS_PROXY", "HTTP_PROXY"):
            self.warnings.append(f"Unsupported integration type {kind} of {key}: only proxy integrations are")
            return None
        shape: dict[str, Any] = {"IntegrationType": kind}
        for old, new in INTEGRATION_MEMBERS.items():
            if given.get(old) is not None:
                shape[new] = given[old]
        for name in ("PayloadFormatVersion", "IntegrationUri", "CredentialsArn"):
            if name in shape:
                shape[name] = str(shape[name])
        if "TimeoutInMillis" in shape:
            shape["TimeoutInMillis"] = _number(shape["TimeoutInMillis"])
        if isinstance(given.get("payloadFormatVersion"), int | float):
            shape["PayloadFormatVersion"] = f"{float(given['payloadFormatVersion']):.1f}"
        shape.setdefault("PayloadFormatVersion", "1.0" if kind == "HTTP_PROXY" else "2.0")
        parameters = members(given.get("requestParameters"), "requestParameters")
        if parameters:
            shape["RequestParameters"] = {name: str(value) for name, value in parameters.items()}
        responses = members(given.get("responseParameters"), "responseParameters")
        if responses:
            shape["ResponseParameters"] = {
                str(status): {name: str(value) for name, value in members(mapped, "responseParameters").items()}
                for status, mapped in responses.items()
            }
        tls = members(given.get("tlsConfig"), "tlsConfig")
        if tls.get("serverNameToVerify"):
            shape["TlsConfig"] = {"ServerNameToVerify": str(tls["serverNameToVerify"])}
        return shape


def _cors(given: dict[str, Any]) -> dict[str, Any]:
    """A CorsConfiguration. A list may be a text with commas."""
    found: dict[str, Any] = {}
    for old, new in CORS_MEMBERS.items():
        value = given.get(old)
        if value is None:
            continue
        if new == "MaxAge":
            found[new] = _number(value)
        elif new == "AllowCredentials":
            found[new] = str(value).lower() == "true"
        else:
            listed = value.split(",") if isinstance(value, str) else entries(value, old)
            found[new] = [str(entry).strip() for entry in listed]
    return found


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise BadRequest(f"Invalid number {value}") from None
