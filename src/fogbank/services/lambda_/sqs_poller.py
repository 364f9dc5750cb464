"""Polls SQS queues for functions: receives as the execution role, runs batches, deletes what succeeded.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job
from fogbank.core.principal import service as service_principal
from fogbank.core.residents import resident
from fogbank.core.trace import Hop
from fogbank.store.api import Transaction

from . import filters
from .arns import LAMBDA, Target
from .invocation import find, invoke, make_spec, session
from .records import MAPPINGS, Mapping

log = logging.getLogger("fogbank.lambda")

SETTLED = "lambda.mapping"
POLLER = "lambda.poller"
LONG_POLL = 20  # seconds
AT_ONCE = 5  # batches of one mapping in progress, unless its ScalingConfig says otherwise
TROUBLE = 10.0  # seconds before the next try after a queue could not be read


def follow(tx: Transaction, ctx: Context, mapping: Mapping) -> None:
    """Starts, restarts or stops the poller of a mapping after a change."""
    if mapping.enabled:
        ctx.reside(tx, POLLER, mapping.id, generation=mapping.generation)
    else:
        ctx.leave(tx, POLLER, mapping.id)
    ctx.later(tx, SETTLED, {"id": mapping.id}, name=mapping.id)


def forget(tx: Transaction, ctx: Context, mapping: Mapping) -> None:
    """Stops the poller of a deleted mapping."""
    ctx.leave(tx, POLLER, mapping.id)
    ctx.cancel(tx, SETTLED, mapping.id)


@job(SETTLED)
async def settle(ctx: Context, payload: dict[str, Any]) -> None:
    """Sets the state of a created or changed mapping to Enabled or Disabled, a moment later."""

    def put(tx: Transaction) -> None:
        mapping = tx.get(MAPPINGS, (ctx.account, ctx.region, payload["id"]))
        if mapping is not None:
            mapping.state = "Enabled" if mapping.enabled else "Disabled"
            tx.put(MAPPINGS, mapping)

    await ctx.transact(put)


@resident(POLLER)
async def poll(ctx: Context, id: str) -> None:
    """Polls for a mapping while it exists and is enabled. A changed mapping gets a poller of a new generation."""
    mapping = await ctx.fetch(lambda tx: tx.get(MAPPINGS, (ctx.account, ctx.region, id)))
    if mapping is not None:
        await Poller(ctx, mapping).run()


class Poller:
    """The poller of a mapping."""

    def __init__(self, ctx: Context, mapping: Mapping) -> None:
        self._ctx, self._mapping = ctx, mapping
        self._which = Target(mapping.account, mapping.region, mapping.function, mapping.qualifier)
        limit = (mapping.extras.get("ScalingConfig") or {}).get("MaximumConcurrency") or AT_ONCE
        self._slots = asyncio.Semaphore(limit)
        self._batches: set[asyncio.Task[None]] = set()
        self._result = mapping.result
        _, _, _, region, account, queue = mapping.source.split(":", 5)
        self._region = region
        self._queue = f"{ctx.endpoint}/{account}/{queue}"
        criteria = mapping.extras.get("FilterCriteria") or {}
        self._patterns = [item["Pattern"] for item in criteria.get("Filters") or () if item.get("Pattern")]

    async def run(self) -> None:
        """Polls until cancelled. Then cancels the batches in progress; their messages become visible again."""
        try:
            while True:
                await self._slots.acquire()
                messages: list[dict[str, Any]] = []
                try:
                    messages = await self._gather()
                except ServiceError as error:
                    await self._note(f"PROBLEM: {error.message}")
                    await self._ctx.clock.sleep(TROUBLE)
                finally:
                    if not messages:
                        self._slots.release()
                if messages:
                    task = asyncio.create_task(self._work(messages))
                    self._batches.add(task)
                    task.add_done_callback(self._batches.discard)
        finally:
            for task in self._batches:
                task.cancel()
            await asyncio.gather(*self._batches, return_exceptions=True)

    async def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Calls SQS as the execution role, which may have changed since the last call."""
        found = await find(self._ctx, self._which)
        _, principal = await session(self._ctx, make_spec(self._ctx, found.version))
        acting = self._ctx.acting_as(principal, region=self._region)
        return await acting.call("sqs", operation, {"QueueUrl": self._queue, **request})

    async def _receive(self, most: int, wait: int) -> list[dict[str, Any]]:
        request = {
            "MaxNumberOfMessages": min(most, 10),
            "WaitTimeSeconds": wait,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        messages = (await self._call("ReceiveMessage", request)).get("Messages") or []
        return list(messages)

    async def _gather(self) -> list[dict[str, Any]]:
        """Receives a batch: the first messages, and with a batching window also those that arrive within it."""
        mapping = self._mapping
        messages = await self._receive(mapping.batch, LONG_POLL)
        if not messages or not mapping.window:
            return messages
        deadline = self._ctx.now() + mapping.window
        while len(messages) < mapping.batch and self._ctx.now() < deadline:
            left = max(int(deadline - self._ctx.now()), 1)
            messages += await self._receive(mapping.batch - len(messages), min(left, LONG_POLL))
        return messages

    async def _work(self, messages: list[dict[str, Any]]) -> None:
        try:
            # counts as work of its own, since the poller itself waits for messages meanwhile
            with self._ctx.clock.working():
                await self._handle(messages)
        except ServiceError as error:
            await self._note(f"PROBLEM: {error.message}")
        except Exception:  # top level of a task: the messages become visible again
            log.exception("event source mapping %s failed", self._mapping.id)
        finally:
            self._slots.release()

    async def _handle(self, messages: list[dict[str, Any]]) -> None:
        records = [record_of(message, self._mapping.source, self._region) for message in messages]
        wanted = [filters.passes(self._patterns, record) for record in records]
        dropped = [m for m, keep in zip(messages, wanted, strict=True) if not keep]
        messages = [m for m, keep in zip(messages, wanted, strict=True) if keep]
        records = [r for r, keep in zip(records, wanted, strict=True) if keep]
        await self._delete(dropped)
        if messages:
            await self._delete(await self._run_batch(messages, records))

    async def _run_batch(self, messages: list[dict[str, Any]], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Runs the function with a batch. Returns the messages to delete."""
        ctx = self._ctx.acting_as(service_principal(LAMBDA, self._mapping.account), region=self._mapping.region)
        payload = msgspec.json.encode({"Records": records})
        run = Hop(ctx.ids.uuid(), ctx.now(), "lambda", "Invoke", ctx.account, ctx.region, LAMBDA, ctx.request_id)
        ctx.app.trace.add(run)
        outcome, _ = await invoke(msgspec.structs.replace(ctx, request_id=run.id), self._which, payload)
        if outcome.error:
            await self._note("PROBLEM: Function call failed")
            return []
        await self._note("OK")
        if "ReportBatchItemFailures" not in (self._mapping.extras.get("FunctionResponseTypes") or ()):
            return messages
        failed = failures(outcome.payload, {message["MessageId"] for message in messages})
        return [] if failed is None else [m for m in messages if m["MessageId"] not in failed]

    async def _delete(self, messages: list[dict[str, Any]]) -> None:
        for start in range(0, len(messages), 10):
            entries = [
                {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                for n, message in enumerate(messages[start : start + 10])
            ]
            await self._call("DeleteMessageBatch", {"Entries": entries})

    async def _note(self, result: str) -> None:
        """Stores LastProcessingResult when it changes."""
        if result == self._result:
            return
        self._result = result
        key = (self._mapping.account, self._mapping.region, self._mapping.id)

        def put(tx: Transaction) -> None:
            mapping = tx.get(MAPPINGS, key)
            if mapping is not None:
                mapping.result = result
                tx.put(MAPPINGS, mapping)

        await self._ctx.transact(put)


def record_of(message: dict[str, Any], source: str, region: str) -> dict[str, Any]:
    """Converts a message to the record that the function gets."""
    record: dict[str, Any] = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes") or {},
        "messageAttributes": {
            name: _attribute(value) for name, value in (message.get("MessageAttributes") or {}).items()
        },
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": source,
        "awsRegion": region,
    }
    if message.get("MD5OfMessageAttributes"):
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    import base64

    shown: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")}
    if value.get("StringValue") is not None:
        shown["stringValue"] = value["StringValue"]
    if value.get("BinaryValue") is not None:
        shown["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return shown


def failures(payload: bytes, known: set[str]) -> set[str] | None:
    """Returns the ids in a partial batch response; None when the whole batch counts as failed.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    try:
        answer = msgspec.json.decode(payload or b"null")
    except msgspec.DecodeError:
        return None
    if answer is None or (isinstance(answer, dict) and not answer.get("batchItemFailures")):
        return set()
    if not isinstance(answer, dict) or not isinstance(answer["batchItemFailures"], list):
        return None
    named = {item.get("itemIdentifier") if isinstance(item, dict) else None for item in answer["batchItemFailures"]}
    return {str(ident) for ident in named} if named <= known else None
