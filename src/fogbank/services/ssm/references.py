"""Secrets of Secrets Manager as parameters: /aws/reference/secretsmanager/NAME.

https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html

GetParameter and GetParameters read them, with decryption only. The caller needs secretsmanager:GetSecretValue too.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError

from .errors import ParameterNotFound

PREFIX = "/aws/reference/secretsmanager/"
_SHORTEST_VERSION = 32  # characters of a version's id; a shorter selector is a label


def is_reference(name: str) -> bool:
    return name.startswith(PREFIX)


async def parameter(ctx: Context, name: str, *, decrypt: bool) -> dict[str, Any]:
    """A `Parameter`. Raises ParameterNotFound; that a version follows the name as a selector is not confirmed."""
    if not decrypt:
        raise ValidationError("WithDecryption flag must be True for retrieving a Secret Manager secret.")
    secret, _, chosen = name.removeprefix(PREFIX).partition(":")
    request = {"SecretId": secret}
    if chosen:
        request["VersionId" if len(chosen) >= _SHORTEST_VERSION else "VersionStage"] = chosen
    try:
        found = await ctx.call("secretsmanager", "GetSecretValue", request)
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise ParameterNotFound(
            f"An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret {name} not found."
        ) from None
    text = found.get("SecretString")
    shown = {
        "Name": f"{PREFIX}{secret}",
        "Type": "SecureString",
        "Value": base64.b64encode(found["SecretBinary"]).decode() if text is None else text,
        "Version": 0,
        "SourceResult": msgspec.json.encode(_source(found)).decode(),
        "LastModifiedDate": found["CreatedDate"],
        "ARN": found["ARN"],
        "DataType": "text",
    }
    return {**shown, "Selector": f":{chosen}"} if chosen else shown


def _source(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "CreatedDate": datetime.fromtimestamp(found["CreatedDate"], UTC).isoformat()}
