"""What requests may say: route keys, names of stages and variables, parameter mappings. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fogbank.apis.errors import BadRequest

from .records import HTTP

DEFAULT = "$default"
METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "ANY")
HTTP_SELECTION = "${request.method} ${request.path}"
API_KEY_SELECTION = "$request.header.x-api-key"
SECONDS = {HTTP: 30, "WEBSOCKET": 29}  # the longest timeout of an integration

MOST_KEY = 1024  # characters of a route key (AWS names no limit)

_PATH = re.compile(r"/(?:[^/\s{}]+|\{[\w.-]+\+?\})?(?:/(?:[^/\s{}]+|\{[\w.-]+\+?\}))*/?")
_STAGE = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_VARIABLE = re.compile(r"[A-Za-z0-9_]{1,64}")
_VALUE = re.compile(r"[A-Za-z0-9-._~:/?#&=,]{0,512}")
_REQUEST_KEY = re.compile(r"(append|overwrite|remove):(header|querystring)\.(.+)|overwrite:path")
_RESPONSE_KEY = re.compile(r"(append|overwrite|remove):header\.(.+)|overwrite:statuscode")
_RESERVED = re.compile(
    r"access-control-.*|apigw-.*|authorization|connection|content-encoding|content-length|content-location|forwarded|"
    r"keep-alive|origin|proxy-authenticate|proxy-authorization|te|trailers|transfer-encoding|upgrade|x-amz-.*|"
    r"x-amzn-.*|x-forwarded-for|x-forwarded-host|x-forwarded-proto|via",
    re.IGNORECASE,
)
_STATUS = re.compile(r"[2-5]\d\d")


def check_route_key(key: str, protocol: str) -> None:
    """Raise BadRequest unless this is a route key of the protocol."""
    if len(key) > MOST_KEY:
        raise BadRequest(f"A route key has at most {MOST_KEY} characters")
    if protocol != HTTP:
        if not key or (key.startswith("$") and key not in (DEFAULT, "$connect", "$disconnect")):
            raise BadRequest(f"Invalid route key {key}")  # not confirmed
        return
    method, _, path = key.partition(" ")
    good = key == DEFAULT or (method in METHODS and _PATH.fullmatch(path) and "+}" not in path[: path.rfind("/") + 1])
    if not good:
        raise BadRequest(
            "The provided route key is not formatted properly for HTTP protocol. Format should be "
            '"<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
        )


def check_stage_name(name: str, protocol: str) -> None:
    if not _STAGE.fullmatch(name) and not (protocol == HTTP and name == DEFAULT):
        raise BadRequest("Stage name only allows a-zA-Z0-9-_" + (" or $default" if protocol == HTTP else ""))


def check_variables(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise BadRequest("Stage variable name only allows a-zA-Z0-9_")
        if not _VALUE.fullmatch(value):
            raise BadRequest("Stage variable value doesn't match required pattern: [A-Za-z0-9-._~:/?#&=,]+")


def check_http_mappings(shape: Mapping[str, Any]) -> None:
    """Raise BadRequest for parameter mappings of an HTTP API's integration that mean nothing."""
    if not shape.get("IntegrationSubtype"):
        for key in shape.get("RequestParameters") or {}:
            _check_mapping(_REQUEST_KEY.fullmatch(key), key)
    for status, mappings in (shape.get("ResponseParameters") or {}).items():
        if not _STATUS.fullmatch(status):
            raise BadRequest(f"Invalid status code {status} in response parameters")
        for key in mappings:
            _check_mapping(_RESPONSE_KEY.fullmatch(key), key)


def _check_mapping(match: re.Match[str] | None, key: str) -> None:
    if match is None:
        raise BadRequest(f"Invalid mapping expression specified: {key}")
    name = key.partition(":header.")[2]
    if name and _RESERVED.fullmatch(name):
        raise BadRequest(f"Operations on header {name} are restricted")


def merged(held: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """A map after an update: entries that are given with an empty value go."""
    found = {**(held or {}), **given}
    return {name: value for name, value in found.items() if value not in ("", {})}


def present(req: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The named members of a request that are set."""
    return {name: req[name] for name in names if req.get(name) is not None}


def require(shape: Mapping[str, Any], *names: str) -> None:
    """Raise BadRequest unless a structure has these members. The text is not confirmed."""
    for name in names:
        if not shape.get(name):
            raise BadRequest(f"{name} is required")


def without_empty(shape: dict[str, Any]) -> dict[str, Any]:
    """A structure without the texts that an update emptied."""
    return {name: value for name, value in shape.items() if value != ""}
