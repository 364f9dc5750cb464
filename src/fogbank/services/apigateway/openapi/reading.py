"""What an import will write, worked out of a document before a transaction begins.

This takes seconds for a large document, so it runs on a thread; what it makes is bounded, since the transaction that
writes it runs on the event loop.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.apis import jsontext
from fogbank.apis.budget import OverBudget
from fogbank.apis.document import MALFORMED, Document, members
from fogbank.apis.errors import BadRequest
from fogbank.apis.failures import TYPES

from . import operations

LIBRARY = "x-amazon-apigateway-"
MAX_PARTS = 3_000  # models, validators, authorizers and responses of an API; AWS names no limit for models


class Described(msgspec.Struct):
    """One operation: a method, its integration if it has one, and the models that stand in it."""

    path: str
    verb: str
    method: dict[str, Any]
    integration: dict[str, Any] | None
    inline: dict[str, str]
    validator: str
    reader: operations.Operation


class Content(msgspec.Struct):
    """Everything an import writes, but for identifiers."""

    document: Document
    models: dict[str, dict[str, Any]]
    authorizers: dict[str, dict[str, Any]]
    validators: dict[str, dict[str, Any]]
    responses: dict[str, dict[str, Any]]
    paths: list[str]
    operations: list[Described]

    @property
    def roles(self) -> list[Any]:
        """What integrations and authorizers name as roles."""
        found = [authorizer.get("authorizerCredentials") for authorizer in self.authorizers.values()]
        found += [(operation.integration or {}).get("credentials") for operation in self.operations]
        return [role for role in found if role]


def read(body: bytes) -> Content:
    """The content of a document. Raises BadRequest."""
    document = Document.read(body)
    try:
        content = Content(
            document,
            _models(document),
            _authorizers(document),
            _validators(document),
            _responses(document),
            [path for path in members(document.raw.get("paths"), "paths") if path.startswith("/")],
            _operations(document),
        )
    except OverBudget as error:
        raise BadRequest(f"{MALFORMED}{error}") from None
    parts = content.models, content.authorizers, content.validators, content.responses
    inline = sum(len(operation.inline) for operation in content.operations)
    if sum(len(found) for found in parts) + inline > MAX_PARTS:
        raise BadRequest(f"{MALFORMED}it has more than {MAX_PARTS} models, validators, authorizers and responses")
    return content


def _models(document: Document) -> dict[str, dict[str, Any]]:
    """Models by name. References to others are as the document has them."""
    found = {}
    for name, schema in document.schemas.items():
        text = document.text_of(schema)
        found[name] = {"name": name, "schema": text, "contentType": "application/json"}
        description = schema.get("description") if isinstance(schema, dict) else None
        if description:
            found[name]["description"] = str(description)
    return found


def _authorizers(document: Document) -> dict[str, dict[str, Any]]:
    schemes = document.security_schemes.items()
    read = {name: operations.authorizer_of(name, scheme) for name, scheme in schemes}
    return {name: shape for name, shape in read.items() if shape is not None}


def _validators(document: Document) -> dict[str, dict[str, Any]]:
    found = {}
    for name, value in members(document.raw.get(LIBRARY + "request-validators"), "request validators").items():
        given = members(value, name)
        found[name] = {
            "name": name,
            "validateRequestBody": bool(given.get("validateRequestBody")),
            "validateRequestParameters": bool(given.get("validateRequestParameters")),
        }
    return found


def _responses(document: Document) -> dict[str, dict[str, Any]]:
    found = {}
    for kind, value in members(document.raw.get(LIBRARY + "gateway-responses"), "gateway responses").items():
        if kind not in TYPES:
            raise BadRequest(f"Invalid response type '{kind}'")
        given = members(value, kind)
        shape: dict[str, Any] = {"responseType": kind, "defaultResponse": False}
        if given.get("statusCode") is not None:
            shape["statusCode"] = str(given["statusCode"])
            if not operations.STATUS.fullmatch(shape["statusCode"]):
                raise BadRequest(f"Invalid status code {shape['statusCode']}")
        for member in ("responseParameters", "responseTemplates"):
            shape[member] = {k: str(v) for k, v in members(given.get(member), member).items()}
        found[kind] = shape
    return found


def _operations(document: Document) -> list[Described]:
    found = []
    for path, given in members(document.raw.get("paths"), "paths").items():
        if not path.startswith("/"):
            continue
        item = document.object(given, path)
        for verb, described in document.methods(item):
            reader = operations.Operation(document, item, described)
            method, integration = reader.method(verb), reader.integration()
            document.budget.made(jsontext.weigh([method, integration], document.budget))
            name = described.get(LIBRARY + "request-validator") or document.raw.get(LIBRARY + "request-validator")
            validator = str(name) if name else ""
            found.append(Described(path, verb, method, integration, reader.inline, validator, reader))
    return found


def with_references(text: str, prefix: str, api: str) -> str:
    """A schema's text whose references name the models of an API."""
    return text.replace(json.dumps(prefix)[1:-1], f"https://apigateway.amazonaws.com/restapis/{api}/models/")
