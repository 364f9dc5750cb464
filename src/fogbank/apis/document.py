"""An OpenAPI 2.0 or 3.0 document, read: the two versions behind one face.

API Gateway's extensions:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from . import jsontext
from .budget import Budget, OverBudget
from .errors import BadRequest

VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
ANY = "x-amazon-apigateway-any-method"
MAX_DOCUMENT = 6 * 1024 * 1024  # bytes: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MAX_EXPANDED = 16 * 1024 * 1024  # bytes of methods and models
MAX_DEPTH = 100  # lists and maps in each other; AWS names no limit
MAX_REFERENCES = 100  # that lead from one to the next
_VARIABLE = re.compile(r"\{([^{}]+)\}")
MALFORMED = "Unable to parse API definition because of a malformed body: "


class Document:
    """`version` is 2 or 3; `raw` the document. `warnings` gathers what an import passes over."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.warnings: list[str] = []
        self.budget = Budget()  # of what the document describes, references written out
        self.budget.size = MAX_EXPANDED
        if str(raw.get("swagger", "")).startswith("2"):
            self.version = 2
        elif str(raw.get("openapi", "")).startswith("3"):
            self.version = 3
        else:
            raise BadRequest(MALFORMED + "unknown version")

    @classmethod
    def read(cls, body: bytes) -> Document:
        """JSON or YAML. Raises BadRequest when it is neither. It takes a while: not for the event loop."""
        try:
            raw = jsontext.decode(body, Budget())
        except jsontext.NotJson:
            raw = _yaml(body)
        except OverBudget as error:
            raise BadRequest(f"{MALFORMED}{error}") from None
        if not isinstance(raw, dict):
            raise BadRequest("Invalid OpenAPI input.")
        return cls(_plain(raw, 0))

    # -- settings ----------------------------------------------------------------------------------------------------

    def settings(self, parameters: dict[str, str]) -> dict[str, Any]:
        """The RestApi members the document gives, with what the import's parameters say."""
        raw = self.raw
        info = members(raw.get("info"), "info")
        found: dict[str, Any] = {
            "name": _text(info.get("title")),
            "description": _text(info.get("description")),
            "version": _text(info.get("version")),
            "binaryMediaTypes": _texts(raw.get("x-amazon-apigateway-binary-media-types"), "binary media types"),
            "minimumCompressionSize": _size(raw.get("x-amazon-apigateway-minimum-compression-size")),
            "apiKeySource": _text(raw.get("x-amazon-apigateway-api-key-source")),
        }
        policy = raw.get("x-amazon-apigateway-policy")
        if policy:
            found["policy"] = json.dumps(policy)
        configuration = members(
            raw.get("x-amazon-apigateway-endpoint-configuration") or self._server_configuration(), "configuration"
        )
        if "disableExecuteApiEndpoint" in configuration:
            found["disableExecuteApiEndpoint"] = bool(configuration["disableExecuteApiEndpoint"])
        endpoint: dict[str, Any] = {}
        if parameters.get("endpointConfigurationTypes"):
            endpoint["types"] = parameters["endpointConfigurationTypes"].split(",")
        if configuration.get("vpcEndpointIds"):
            endpoint["vpcEndpointIds"] = _texts(configuration["vpcEndpointIds"], "vpcEndpointIds")
        if parameters.get("vpcEndpointIds"):
            endpoint["vpcEndpointIds"] = parameters["vpcEndpointIds"].split(",")
        if endpoint:
            found["endpointConfiguration"] = endpoint
        return {name: value for name, value in found.items() if value is not None}

    def _server_configuration(self) -> dict[str, Any]:
        for server in entries(self.raw.get("servers"), "servers"):
            if isinstance(server, dict) and server.get("x-amazon-apigateway-endpoint-configuration"):
                return members(server["x-amazon-apigateway-endpoint-configuration"], "configuration")
        return {}

    @property
    def base_path(self) -> str:
        """The path in front of every path: `basePath`, or that of the first server."""
        if self.version == 2:
            return str(self.raw.get("basePath") or "")
        for given in entries(self.raw.get("servers"), "servers"):
            server = members(given, "server")
            defaults = {
                name: str(members(variable, "variable").get("default", "")).lstrip("/")
                for name, variable in members(server.get("variables"), "variables").items()
            }
            url = _filled(str(server.get("url", "")), defaults)
            rest = url.split("://", 1)[-1]
            return "/" + rest.split("/", 1)[1] if "/" in rest else ""
        return ""

    # -- parts -------------------------------------------------------------------------------------------------------

    def resolve(self, value: Any) -> Any:
        """`value`, or what its $ref names in this document."""
        seen: set[str] = set()
        while isinstance(value, dict) and isinstance(value.get("$ref"), str) and value["$ref"].startswith("#/"):
            reference = value["$ref"]
            if reference in seen or len(seen) > MAX_REFERENCES:
                raise BadRequest(f"Circular reference {reference}")
            seen.add(reference)
            value = self.raw
            for key in reference[2:].split("/"):
                key = key.replace("~1", "/").replace("~0", "~")
                if not isinstance(value, dict) or key not in value:
                    raise BadRequest(f"Unable to resolve reference {reference}")
                value = value[key]
        return value

    def text_of(self, schema: Any) -> str:
        """A schema as JSON. Raises OverBudget when the document's schemas and methods become too large."""
        self.budget.made(jsontext.weigh(schema, self.budget))
        return json.dumps(schema)

    def object(self, value: Any, what: str) -> dict[str, Any]:
        """The object that stands there or is referred to; {} of nothing. Raises BadRequest where it is none."""
        return members(self.resolve(value), what)

    @property
    def components(self) -> dict[str, Any]:
        return members(self.raw.get("components"), "components")

    @property
    def schemas(self) -> dict[str, Any]:
        """The models, by name."""
        found = self.raw.get("definitions") if self.version == 2 else self.components.get("schemas")
        return members(found, "schemas")

    @property
    def security_schemes(self) -> dict[str, Any]:
        found = self.raw.get("securityDefinitions") if self.version == 2 else self.components.get("securitySchemes")
        return {name: self.object(scheme, name) for name, scheme in members(found, "security schemes").items()}

    @property
    def schema_prefix(self) -> str:
        return "#/definitions/" if self.version == 2 else "#/components/schemas/"

    def methods(self, item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """(HTTP method, operation) of a path item."""
        found = []
        for key, operation in item.items():
            if key.lower() in VERBS:
                found.append((key.upper(), members(operation, key)))
            elif key == ANY:
                found.append(("ANY", members(operation, key)))
        return found


def _filled(url: str, values: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), url)


def members(value: Any, what: str) -> dict[str, Any]:
    """An object of the document; {} of nothing. Raises BadRequest where it is none."""
    if not isinstance(value or {}, dict):
        raise BadRequest(f"{MALFORMED}{what} is no object")
    found: dict[str, Any] = value or {}
    return found


def entries(value: Any, what: str) -> list[Any]:
    """A list of the document; [] of nothing. Raises BadRequest where it is none."""
    if not isinstance(value or [], list):
        raise BadRequest(f"{MALFORMED}{what} is no list")
    found: list[Any] = value or []
    return found


def _yaml(body: bytes) -> Any:
    from . import yamltext

    try:
        return yamltext.load(body)
    except yamltext.NotYaml as error:
        raise BadRequest(f"{MALFORMED}{error}") from None


def _plain(value: Any, depth: int) -> Any:
    """What JSON could say too. Status codes become keys of text: YAML reads 200 as a number."""
    if depth > MAX_DEPTH:
        raise BadRequest(f"{MALFORMED}it is nested too deeply")
    if isinstance(value, dict):
        return {str(key): _plain(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry, depth + 1) for entry in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise BadRequest(f"{MALFORMED}a value of type {type(value).__name__}")


def _text(value: Any) -> str | None:
    if isinstance(value, dict | list):
        raise BadRequest(f"{MALFORMED}a text is expected")
    return None if value is None else str(value)


def _texts(value: Any, what: str) -> list[str] | None:
    return [str(entry) for entry in entries(value, what)] or None


def _size(value: Any) -> int | None:
    if value is not None and not isinstance(value, int):
        raise BadRequest("Invalid minimum compression size, must be between 0 - 10485760")
    return value
