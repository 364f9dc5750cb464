"""AWS::CloudFormation::CustomResource and Custom::*: a function (or a topic's subscriber) creates the resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .. import callbacks
from ..engine.surroundings import Surroundings
from ..records import CALLBACKS, Callback
from ..template.functions import text_of

TIMEOUT = 3600.0  # seconds to wait for the response, unless the resource sets ServiceTimeout


class _Bound:
    def __init__(self, place: Surroundings) -> None:
        self._place = place

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        answer = await self._ask(ctx, "Create", properties, f"{name.token}-create")
        return Resource(str(answer.get("PhysicalResourceId") or self._own_id(name)), _data(answer))

    async def partial(self, ctx: Context, name: Name) -> str:
        """The physical id of a failed creation, so that the rollback sends a Delete request, as AWS does."""

        def read(tx: Reader) -> str:
            kept = tx.first(CALLBACKS, "request", (name.stack_id, name.logical_id, f"{name.token}-create"))
            if kept is None or not kept.sent:
                return ""
            answer = kept.answers[0] if kept.answers else {}
            return str(answer.get("PhysicalResourceId") or self._own_id(name))

        return await ctx.fetch(read)

    @staticmethod
    def _own_id(name: Name) -> str:
        return f"{name.stack_name}-{name.logical_id}-{name.token}"

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        extra = {"PhysicalResourceId": physical_id, "OldResourceProperties": _texts(old)}
        answer = await self._ask(ctx, "Update", new, f"{self._place.stack.operation}-update", extra)
        return Resource(str(answer.get("PhysicalResourceId") or physical_id), _data(answer))

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        key = f"{self._place.stack.operation}-delete-{physical_id}"
        await self._ask(ctx, "Delete", properties, key, {"PhysicalResourceId": physical_id})

    async def _ask(
        self, ctx: Context, kind: str, properties: dict[str, Any], key: str, extra: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send the request once and wait for its response, also across restarts."""
        place = self._place
        token = properties.get("ServiceToken")
        if not isinstance(token, str) or not token:
            raise ResourceFailed("Properties validation failed: #: required key [ServiceToken] not found")

        def begin(tx: Transaction) -> Callback:
            return callbacks.owe(tx, ctx, "custom", place.stack.id, place.logical_id, key)

        callback = await ctx.transact(begin)
        if not callback.sent:
            await self._send(ctx, token, self._request(ctx, kind, properties, callback, extra or {}))
            callback.sent = True
            await ctx.transact(lambda tx: _sent(tx, callback.secret))
        answer = await self._wait(ctx, callback, _timeout(properties))
        if kind != "Delete" and answer.get("PhysicalResourceId") == "":
            raise ResourceFailed("Invalid PhysicalResourceId")
        return _checked(answer, _request_id(callback.secret))

    def _request(
        self, ctx: Context, kind: str, properties: dict[str, Any], callback: Callback, extra: dict[str, Any]
    ) -> dict[str, Any]:
        place = self._place
        return {
            "RequestType": kind,
            "ServiceToken": properties["ServiceToken"],
            "ResponseURL": callbacks.url_of(ctx, callback, inside=True),
            "StackId": place.stack.id,
            "RequestId": _request_id(callback.secret),
            "LogicalResourceId": place.logical_id,
            "ResourceType": place.type,
            "ResourceProperties": _texts(properties),
            **extra,
        }

    @staticmethod
    async def _send(ctx: Context, token: str, request: dict[str, Any]) -> None:
        payload = msgspec.json.encode(request)
        if ":sns:" in token:
            message = {"TopicArn": token, "Subject": "AWS CloudFormation custom resource request"}
            await ctx.call("sns", "Publish", {**message, "Message": payload.decode()})
            return
        await ctx.call("lambda", "Invoke", {"FunctionName": token, "InvocationType": "Event", "Payload": payload})

    @staticmethod
    async def _wait(ctx: Context, callback: Callback, seconds: float) -> dict[str, Any]:
        end = callback.began + seconds
        with ctx.watch(callbacks.topic(callback.secret)) as watch:
            while True:
                kept = await ctx.fetch(callbacks.find, callback.secret)
                if kept is not None and kept.answers:
                    return kept.answers[0]
                left = end - ctx.now()
                if left <= 0:
                    raise ResourceFailed(
                        "CloudFormation did not receive a response from your Custom Resource. Please check your logs "
                        f"for requestId [{_request_id(callback.secret)}]. If you are using the Python cfn-response "
                        "module, you may need to update your Lambda function code so that CloudFormation can attach "
                        "the updated version."
                    )
                await watch.wait(left)


@resource("AWS::CloudFormation::CustomResource")
class CustomResource(_Bound):
    """Ref: the PhysicalResourceId of the response. GetAtt: the members of its Data."""

    def __init__(self) -> None:
        return None

    def bind(self, place: Surroundings) -> _Bound:
        return _Bound(place)


def _sent(tx: Transaction, secret: str) -> None:
    kept = tx.get(CALLBACKS, (secret,))
    if kept is not None:
        kept.sent = True
        tx.put(CALLBACKS, kept)


def _checked(answer: dict[str, Any], request_id: str) -> dict[str, Any]:
    if answer.get("Status") == "SUCCESS":
        return answer
    if answer.get("Status") == "FAILED":
        raise ResourceFailed(
            f"Received response status [FAILED] from custom resource. Message returned: {answer.get('Reason', '')} "
            f"(RequestId: {request_id})"
        )
    raise ResourceFailed("Invalid response object: Invalid Status")


def _request_id(secret: str) -> str:
    """A UUID made from the callback's secret, so it is the same at every retry."""
    return f"{secret[:8]}-{secret[8:12]}-4{secret[13:16]}-a{secret[17:20]}-{secret[20:32]}"


def _data(answer: dict[str, Any]) -> dict[str, Any]:
    data = answer.get("Data")
    return data if isinstance(data, dict) else {}


def _timeout(properties: dict[str, Any]) -> float:
    return float(properties.get("ServiceTimeout", TIMEOUT))


def _texts(value: Any) -> Any:
    """Properties in the form that functions get: every scalar as text."""
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if value is None else text_of(value)
