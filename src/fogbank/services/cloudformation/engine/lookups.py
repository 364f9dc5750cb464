"""Fetches values from other services: dynamic references, and parameters of type AWS::SSM::Parameter::Value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fogbank.core import documents
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from ..template import dynamic
from ..template.errors import TemplateError

BATCH = 10  # names per GetParameters call (AWS's maximum)


async def resolved(ctx: Context, value: Any) -> Any:
    """The value with its dynamic references resolved, read as `ctx`'s principal. Raises TemplateError."""
    found = dynamic.find(value)
    if not found:
        return value
    if len(found) > dynamic.MAX_REFERENCES:  # AWS's text could not be confirmed
        raise TemplateError(f"More than {dynamic.MAX_REFERENCES} dynamic references are used")
    return dynamic.substitute(value, {reference.text: await _look_up(ctx, reference) for reference in found})


async def ssm_values(ctx: Context, names: Iterable[str]) -> dict[str, str]:
    """The values of Systems Manager parameters by name, without those that do not exist."""
    wanted = sorted(set(names))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        answer = await ctx.call("ssm", "GetParameters", {"Names": batch})
        for parameter in answer["Parameters"]:
            for name in batch:
                if name in (parameter["Name"], parameter.get("ARN"), parameter["Name"] + parameter.get("Selector", "")):
                    found[name] = parameter["Value"]
    return found


async def _look_up(ctx: Context, reference: dynamic.Reference) -> str:
    if reference.service == "secretsmanager":
        return await _secret(ctx, reference)
    name = f"{reference.name}:{reference.version}" if reference.version else reference.name
    secure = reference.service == "ssm-secure"
    try:
        answer = await ctx.call("ssm", "GetParameter", {"Name": name, "WithDecryption": secure})
    except ServiceError as error:
        if error.code in ("ParameterNotFound", "ParameterVersionNotFound"):
            raise TemplateError(f"Unable to fetch parameters [{reference.name}] from parameter store for this account.")
        raise
    parameter = answer["Parameter"]
    if parameter["Type"] == "SecureString" and not secure:
        raise TemplateError(
            f"SSM parameter [{reference.name}] is of type SecureString: use the ssm-secure dynamic reference"
        )
    return str(parameter["Value"])


async def _secret(ctx: Context, reference: dynamic.Reference) -> str:
    request = {"SecretId": reference.name}
    if reference.version:
        request["VersionId"] = reference.version
    elif reference.stage:
        request["VersionStage"] = reference.stage
    answer = await ctx.call("secretsmanager", "GetSecretValue", request)
    text = answer.get("SecretString")
    if text is None:
        raise TemplateError(f"Could not find a value associated with SecretString in SecretId [{reference.name}]")
    if not reference.json_key:
        return str(text)
    try:
        document = documents.read(text)
        value = document[reference.json_key]
    except documents.BadDocument:
        raise TemplateError(f"Could not parse SecretString JSON of SecretId [{reference.name}]")
    except (KeyError, TypeError):
        raise TemplateError(f"Could not find a value associated with JSONKey in SecretString: {reference.json_key}")
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
