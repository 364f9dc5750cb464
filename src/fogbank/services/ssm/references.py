"""Secrets of Secrets Manager that are read as parameters: /aws/reference/secretsmanager/NAME.

https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html

The caller needs the permission to read the secret too. After a colon stands a version's id or a staging label.
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError

from .errors import ParameterNotFound

REFERENCE = "/aws/reference/secretsmanager/"


async def fetch(ctx: Context, text: str, decrypt: bool) -> dict[str, Any]:
    """The secret in the shape of a `Parameter`. Its version is 0, and `SourceResult` is GetSecretValue's answer."""
    if not decrypt:
        raise ValidationError("WithDecryption flag must be True for retrieving a Secret Manager secret.")
    name, _, chosen = text.removeprefix(REFERENCE).partition(":")
    try:
        found = await ctx.call("secretsmanager", "GetSecretValue", {"SecretId": name, **_version(chosen)})
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise ParameterNotFound(
            "An error occurred (ParameterNotFound) when referencing Secrets Manager: "
            f"Secret {REFERENCE}{name} not found."
        ) from error
    shown: dict[str, Any] = {
        "Name": REFERENCE + name,
        "Type": "SecureString",
        "Value": found.get("SecretString", ""),
        "Version": 0,
        "SourceResult": json.dumps(found, default=_plain),
        "LastModifiedDate": found["CreatedDate"],
        "ARN": found["ARN"],
        "DataType": "text",
    }
    return {**shown, "Selector": f":{chosen}"} if chosen else shown


def _version(chosen: str) -> dict[str, str]:
    """The members of GetSecretValue that choose a version. An id is longer than any of AWS's own labels."""
    if not chosen:
        return {}
    return {"VersionId": chosen} if len(chosen) >= 32 else {"VersionStage": chosen}


def _plain(value: Any) -> Any:
    """Dates as epoch seconds, and bytes as base64, as the answers of the API have them."""
    import base64

    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()
