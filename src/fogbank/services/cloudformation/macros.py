"""The I/O of macros: included files on S3, macro functions on Lambda, and the SAM translator in a thread."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from fogbank.core import documents
from fogbank.core.context import Cloud, Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.store.api import Record, Table

from .sources import object_of, object_text, read_body
from .template import language_extensions, sam
from .template.errors import TemplateError
from .template.parse import MAX_URL_BODY
from .template.scope import Scope

MAX_REPLY = 2 * MAX_URL_BODY  # bytes of a macro function's response: the fragment and the JSON around it


class Macro(Record):
    """A macro of an account and region, with the function that its AWS::CloudFormation::Macro resource named."""

    account: str
    region: str
    name: str
    function: str


MACROS = Table("cloudformation/macro", Macro, key=lambda m: (m.account, m.region, m.name))


class Translator:
    """Runs the SAM translator, one template at a time, because it keeps the region in a global. One per cloud."""

    def __init__(self, app: Cloud) -> None:
        self._lock = asyncio.Lock()

    async def translate(self, document: dict[str, Any], parameters: dict[str, Any], region: str) -> dict[str, Any]:
        async with self._lock:
            # in a thread, to keep the event loop free: the first call computes for up to two seconds
            return await asyncio.to_thread(sam.translate, document, parameters, region)


class Host:
    """The host interface of `template.macros.process`; calls other services as the context's principal."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def include(self, location: str) -> str:
        try:
            return await object_text(self._ctx, *object_of(location), limit=MAX_URL_BODY)
        except ValidationError as error:
            raise TemplateError(f"Transform AWS::Include failed with: {error.message}")

    async def translate(self, document: dict[str, Any], parameters: dict[str, Any], region: str) -> dict[str, Any]:
        translator: Translator = self._ctx.app.local(Translator)
        return await translator.translate(document, parameters, region)

    async def expand(self, document: dict[str, Any], scope: Scope) -> dict[str, Any]:
        return await asyncio.to_thread(language_extensions.expand, document, scope)

    async def macro(
        self, name: str, fragment: Any, parameters: dict[str, Any], template_parameters: dict[str, Any]
    ) -> Any:
        """Invoke a macro's function and return the fragment of its response.

        User Guide, "Macro function interface".
        """
        ctx = self._ctx
        found = await ctx.fetch(lambda tx: tx.get(MACROS, (ctx.account, ctx.region, name)))
        if found is None:
            raise TemplateError(f"No transform named {name} found.")
        request = {
            "region": ctx.region,
            "accountId": ctx.account,
            "fragment": fragment,
            "transformId": f"{ctx.account}::{name}",
            "params": parameters,
            "requestId": ctx.ids.uuid(),
            "templateParameterValues": template_parameters,
        }
        try:
            answer = await ctx.call(
                "lambda", "Invoke", {"FunctionName": found.function, "Payload": msgspec.json.encode(request)}
            )
            content = await read_body(answer.get("Payload", b""), MAX_REPLY)
            reply = documents.read(content)
        except ServiceError as error:
            raise TemplateError(f"Failed to execute transform {name}: {error.message}")
        except documents.BadDocument:
            raise TemplateError(f"Failed to execute transform {name}: its answer is not valid JSON")
        if answer.get("FunctionError") or not isinstance(reply, dict) or reply.get("status", "").lower() != "success":
            said = reply.get("errorMessage", "") if isinstance(reply, dict) else ""
            raise TemplateError(f"Transform {ctx.account}::{name} failed with: {said}".rstrip(": "))
        return reply.get("fragment")
