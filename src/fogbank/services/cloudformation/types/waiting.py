"""AWS::CloudFormation::WaitConditionHandle and AWS::CloudFormation::WaitCondition.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .. import callbacks
from ..engine.surroundings import Surroundings
from ..records import CALLBACKS

_INVALID = "Invalid value in CreationPolicy"  # AWS's text is not confirmed


@resource("AWS::CloudFormation::WaitConditionHandle")
class WaitConditionHandle:
    """Ref: the URL that receives signals."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        def write(tx: Transaction) -> str:
            return callbacks.url_of(
                ctx, callbacks.owe(tx, ctx, "wait", name.stack_id, name.logical_id, f"wait-{name.token}")
            )

        url = await ctx.transact(write)
        return Resource(url, {"Id": url})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        secret = callbacks.secret_of(physical_id)
        await ctx.transact(lambda tx: tx.delete(CALLBACKS, (secret,)))


class _Bound:
    """The handler for one wait condition. A creation policy may replace its Handle, Count and Timeout."""

    def __init__(self, place: Surroundings) -> None:
        self._place = place

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        policy = _resource_signal(self._place.declared.get("CreationPolicy"))
        secret, count, timeout = await self._terms(ctx, name, properties, policy)
        signals = await _signals(ctx, secret, count, timeout)
        data = {key: str(signal.get("Data", "")) for key, signal in signals.items()}
        return Resource(f"{name.stack_id}/{name.logical_id}", {"Data": msgspec.json.encode(data).decode()})

    async def _terms(
        self, ctx: Context, name: Name, properties: dict[str, Any], policy: dict[str, Any] | None
    ) -> tuple[str, int, float]:
        if policy is not None:

            def write(tx: Transaction) -> str:
                return callbacks.owe(tx, ctx, "wait", name.stack_id, name.logical_id, "signal").secret

            count, timeout = str(policy.get("Count", 1)), str(policy.get("Timeout", "PT5M"))
            if not re.fullmatch("[0-9]{1,9}", count):
                raise ResourceFailed(f"{_INVALID}: {count}")
            return await ctx.transact(write), int(count), seconds_of(timeout)
        if "Handle" not in properties or "Timeout" not in properties:
            raise ResourceFailed("Properties validation failed: #: required key [Handle] and [Timeout]")
        return (
            callbacks.secret_of(str(properties["Handle"])),
            int(properties.get("Count", 1)),
            float(properties["Timeout"]),
        )

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        raise ResourceFailed("Update to resource type AWS::CloudFormation::WaitCondition is not supported.")

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        def drop(tx: Transaction) -> None:
            kept = tx.first(CALLBACKS, "request", (self._place.stack.id, self._place.logical_id, "signal"))
            if kept is not None:
                tx.delete(CALLBACKS, (kept.secret,))

        await ctx.transact(drop)


@resource("AWS::CloudFormation::WaitCondition")
class WaitCondition(_Bound):
    """Waits for Count signals at its handle. GetAtt: Data, a JSON object of the signals' data."""

    def __init__(self) -> None:
        return None

    def bind(self, place: Surroundings) -> _Bound:
        return _Bound(place)


def _resource_signal(policy: Any) -> dict[str, Any] | None:
    """What a creation policy says of signals; None where there is none."""
    signal = policy.get("ResourceSignal") if isinstance(policy, dict) else policy
    if signal is not None and not isinstance(signal, dict):
        raise ResourceFailed(f"{_INVALID}: {signal}")
    return signal


async def _signals(ctx: Context, secret: str, count: int, seconds: float) -> dict[str, dict[str, Any]]:
    """Wait for `count` signals; returns them by UniqueId. Raises ResourceFailed for a failure signal or a timeout.

    The timeout counts from the first wait, also across restarts.
    """

    def begin(tx: Transaction) -> float:
        callback = tx.get(CALLBACKS, (secret,))
        if callback is None or (callback.account, callback.region, callback.kind) != (ctx.account, ctx.region, "wait"):
            raise ResourceFailed("WaitCondition's handle does not exist")
        if not callback.sent:
            callback.sent, callback.began = True, ctx.now()
            tx.put(CALLBACKS, callback)
        return callback.began

    with ctx.watch(callbacks.topic(secret)) as watch:
        end = await ctx.transact(begin) + seconds
        while True:
            callback = await ctx.fetch(callbacks.find, secret)
            signals: dict[str, dict[str, Any]] = {}
            for answer in callback.answers if callback is not None else ():
                signals.setdefault(str(answer.get("UniqueId", "")), answer)
            for key, signal in signals.items():
                if signal.get("Status") == "FAILURE":
                    reason = signal.get("Reason", "")
                    raise ResourceFailed(f"WaitCondition received failed message: '{reason}' for uniqueId: {key}")
            if len(signals) >= count:
                return dict(list(signals.items())[:count])
            left = end - ctx.now()
            if left <= 0:
                raise ResourceFailed(
                    f"WaitCondition timed out. Received {len(signals)} conditions when expecting {count}"
                )
            await watch.wait(left)


def seconds_of(duration: str) -> float:
    """The seconds of an ISO 8601 duration such as PT1H30M. Raises ResourceFailed."""
    match = re.fullmatch(r"PT(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?", duration)
    if match is None:
        raise ResourceFailed(f"Invalid duration: {duration}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)
