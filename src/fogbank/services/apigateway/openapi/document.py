"""An OpenAPI 2.0 or 3.0 document, read: the two versions behind one face.

API Gateway's extensions:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ..errors import BadRequest

VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
ANY = "x-amazon-apigateway-any-method"


class Document:
    """`version` is 2 or 3; `raw` the document. `warnings` gathers what an import passes over."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.warnings: list[str] = []
        if str(raw.get("swagger", "")).startswith("2"):
            self.version = 2
        elif str(raw.get("openapi", "")).startswith("3"):
            self.version = 3
        else:
            raise BadRequest("Unable to parse API definition because of a malformed body: unknown version")

    @classmethod
    def read(cls, body: bytes) -> Document:
        """JSON or YAML. Raises BadRequest when it is neither."""
        try:
            raw = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raw = _yaml(body)
        if not isinstance(raw, dict):
            raise BadRequest("Invalid OpenAPI input.")
        return cls(raw)

    # -- settings ----------------------------------------------------------------------------------------------------

    def settings(self, parameters: dict[str, str]) -> dict[str, Any]:
        """The RestApi members the document gives, with what the import's parameters say."""
        raw = self.raw
        info = raw.get("info") or {}
        found: dict[str, Any] = {
            "name": info.get("title"),
            "description": info.get("description"),
            "version": _text(info.get("version")),
            "binaryMediaTypes": raw.get("x-amazon-apigateway-binary-media-types"),
            "minimumCompressionSize": raw.get("x-amazon-apigateway-minimum-compression-size"),
            "apiKeySource": raw.get("x-amazon-apigateway-api-key-source"),
        }
        policy = raw.get("x-amazon-apigateway-policy")
        if policy:
            found["policy"] = json.dumps(policy)
        configuration = raw.get("x-amazon-apigateway-endpoint-configuration") or self._server_configuration()
        if "disableExecuteApiEndpoint" in configuration:
            found["disableExecuteApiEndpoint"] = bool(configuration["disableExecuteApiEndpoint"])
        endpoint: dict[str, Any] = {}
        if parameters.get("endpointConfigurationTypes"):
            endpoint["types"] = parameters["endpointConfigurationTypes"].split(",")
        if configuration.get("vpcEndpointIds"):
            endpoint["vpcEndpointIds"] = configuration["vpcEndpointIds"]
        if parameters.get("vpcEndpointIds"):
            endpoint["vpcEndpointIds"] = parameters["vpcEndpointIds"].split(",")
        if endpoint:
            found["endpointConfiguration"] = endpoint
        return {name: value for name, value in found.items() if value is not None}

    def _server_configuration(self) -> dict[str, Any]:
        for server in self.raw.get("servers") or ():
            if isinstance(server, dict) and server.get("x-amazon-apigateway-endpoint-configuration"):
                return dict(server["x-amazon-apigateway-endpoint-configuration"])
        return {}

    @property
    def base_path(self) -> str:
        """The path in front of every path: `basePath`, or that of the first server."""
        if self.version == 2:
            return str(self.raw.get("basePath") or "")
        for server in self.raw.get("servers") or ():
            url = str(server.get("url", ""))
            variables = server.get("variables") or {}
            for name, variable in variables.items():
                url = url.replace("{" + name + "}", str(variable.get("default", "")).lstrip("/"))
            rest = url.split("://", 1)[-1]
            return "/" + rest.split("/", 1)[1] if "/" in rest else ""
        return ""

    # -- parts -------------------------------------------------------------------------------------------------------

    def resolve(self, value: Any) -> Any:
        """`value`, or what its $ref names in this document."""
        seen = set()
        while isinstance(value, dict) and isinstance(value.get("$ref"), str) and value["$ref"].startswith("#/"):
            reference = value["$ref"]
            if reference in seen:
                raise BadRequest(f"Circular reference {reference}")
            seen.add(reference)
            value = self.raw
            for key in reference[2:].split("/"):
                key = key.replace("~1", "/").replace("~0", "~")
                if not isinstance(value, dict) or key not in value:
                    raise BadRequest(f"Unable to resolve reference {reference}")
                value = value[key]
        return value

    @property
    def components(self) -> dict[str, Any]:
        return self.raw.get("components") or {}

    @property
    def schemas(self) -> dict[str, Any]:
        """The models, by name."""
        found = self.raw.get("definitions") if self.version == 2 else self.components.get("schemas")
        return found or {}

    @property
    def security_schemes(self) -> dict[str, Any]:
        found = (
            self.raw.get("securityDefinitions") if self.version == 2 else self.components.get("securitySchemes")
        ) or {}
        return {name: self.resolve(scheme) for name, scheme in found.items()}

    @property
    def schema_prefix(self) -> str:
        return "#/definitions/" if self.version == 2 else "#/components/schemas/"

    def methods(self, item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """(HTTP method, operation) of a path item."""
        found = []
        for key, operation in item.items():
            if key.lower() in VERBS:
                found.append((key.upper(), operation or {}))
            elif key == ANY:
                found.append(("ANY", operation or {}))
        return found


def _yaml(body: bytes) -> Any:
    import yaml

    class Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
        """YAML whose dates stay text: `version: 2020-01-01` is a name."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in entries if tag != "tag:yaml.org,2002:timestamp"]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return _string_keys(yaml.load(body, Loader=Loader))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError) as error:
        raise BadRequest(f"Unable to parse API definition because of a malformed body: {error}") from None


def _string_keys(value: Any) -> Any:
    """Status codes are keys of text: YAML reads 200 as a number."""
    if isinstance(value, dict):
        return {str(key): _string_keys(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_string_keys(entry) for entry in value]
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
