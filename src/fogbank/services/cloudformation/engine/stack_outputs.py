"""Fetches the outputs of other stacks for Fn::GetStackOutput.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html

An evaluation cannot wait, so one that needs an output not fetched yet is broken off, and begins again with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from fogbank.core.context import Context

from ..template.errors import TemplateError
from .acting import assumed

T = TypeVar("T")
Key = tuple[str, str, str, str]  # stack, output, region, role


class Unfetched(Exception):
    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.key = key


class StackOutputs:
    """The outputs that one run has fetched, as the principal that creates its resources or as the given role."""

    def __init__(self, calls: Context) -> None:
        self._calls = calls
        self._known: dict[Key, str] = {}

    def __call__(self, key: Key) -> Any:
        if key not in self._known:
            raise Unfetched(key)
        return self._known[key]

    async def resolving(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, which is done again after each output that it lacks. Raises ServiceError."""
        while True:
            try:
                return await work()
            except Unfetched as lacking:
                self._known[lacking.key] = await self._fetch(*lacking.key)

    async def _fetch(self, stack: str, output: str, region: str, role: str) -> str:
        region = region or self._calls.region
        ctx = msgspec.structs.replace(self._calls, region=region)
        if role:
            ctx = await assumed(ctx, role, "AWSCloudFormation", region)
        found = (await ctx.call("cloudformation", "DescribeStacks", {"StackName": stack}))["Stacks"][0]
        for each in found.get("Outputs") or ():
            if each["OutputKey"] == output:
                return str(each["OutputValue"])
        raise TemplateError(f"No output named {output} found in stack {stack}.")
