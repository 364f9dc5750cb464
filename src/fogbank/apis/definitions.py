"""The OpenAPI document of an API's CloudFormation resource: in its property Body, or in a bucket.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-api.html
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fogbank.core.cfn import ResourceFailed
from fogbank.core.context import Context
from fogbank.core.http import FileSlice

from .document import MAX_DOCUMENT

TOO_LARGE = "The API definition is larger than 6 MB."


async def document_of(ctx: Context, properties: dict[str, Any]) -> bytes | None:
    """The OpenAPI document in Body or BodyS3Location."""
    if properties.get("Body"):
        return json.dumps(properties["Body"]).encode()
    place = properties.get("BodyS3Location")
    if not place:
        return None
    request = {"Bucket": place["Bucket"], "Key": place["Key"]}
    if place.get("Version"):
        request["VersionId"] = place["Version"]
    found = (await ctx.call("s3", "GetObject", request))["Body"]
    if isinstance(found, bytes):
        return found
    if isinstance(found, FileSlice):
        if found.length > MAX_DOCUMENT:
            raise ResourceFailed(TOO_LARGE)
        return await asyncio.to_thread(found.read)
    content = b""
    async for chunk in found:
        content += chunk
        if len(content) > MAX_DOCUMENT:
            raise ResourceFailed(TOO_LARGE)
    return content
