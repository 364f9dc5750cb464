"""What a call costs, counted in Python bytecodes: the same on every machine, however busy it is.

Each budget is what the call took when it was last changed, with some 1 % to spare. A change that needs more says why in
its commit, and moves the budget; one that needs less moves it too. Where the steps are:

    python tests/tidy/test_hot_path.py GetItem
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import fogbank
from fogbank.app import App
from fogbank.core.http import Response
from fogbank.core.settings import Settings
from fogbank.gateway.limits import HttpLimits
from fogbank.gateway.parsing import HeadParser

HOST = "127.0.0.1:4566"
ROOT = os.path.dirname(fogbank.__file__) + os.sep
TESTING = os.path.join(ROOT, "testing")
BUDGETS = {
    "GetCallerIdentity": 1900,
    "GetItem": 2566,
    "PutItem": 3665,
    "S3 PUT": 3574,
    "S3 GET": 3175,
    "GetQueueAttributes": 2275,
    "SendMessage": 3690,
}
Counts = Counter[tuple[str, str]]
Call = tuple[bytes, bytes]  # the head of a request as it arrives, and its body


def _signed(service: str, method: str, path: str, body: bytes = b"", **headers: str) -> Call:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    made = AWSRequest(method, f"http://{HOST}{path}", data=body, headers=named)
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    auth(Credentials("test", "test"), service, "us-east-1").add_auth(made)
    said = [("Host", HOST), ("Content-Length", str(len(body))), *made.headers.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said)]).encode(), body


def _json(service: str, target: str, request: dict[str, Any], version: str = "1.0") -> Call:
    body = json.dumps(request).encode()
    return _signed(service, "POST", "/", body, X_Amz_Target=target, Content_Type=f"application/x-amz-json-{version}")


def _dynamodb(operation: str, **request: Any) -> Call:
    return _json("dynamodb", f"DynamoDB_20120810.{operation}", {"TableName": "things", **request})


class Cloud:
    """An App that was never started, and the gateway's parser before it."""

    def __init__(self) -> None:
        self.app = App(Settings(ephemeral=True, port=0))
        self.app.store.subscribe(self.app._heard)
        self.parser = HeadParser(HttpLimits())
        self.runner = asyncio.Runner()

    def close(self) -> None:
        self.runner.close()
        self.app.blobs.close()
        self.app.store.close()

    async def answer(self, call: Call) -> Response:
        request, _, _ = self.parser.parse(call[0], "http", "127.0.0.1")
        request.content = call[1]
        response = self.app.handle(request)
        return await response if asyncio.iscoroutine(response) else response

    def send(self, call: Call) -> None:
        response = self.runner.run(self.answer(call))
        assert response.status == 200, response.body

    def count(self, call: Call) -> Counts:
        """The bytecodes of Fogbank's own functions, once everything that is remembered is remembered."""
        for _ in range(3):
            self.send(call)
        counts: Counts = Counter()

        def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
            name = frame.f_code.co_filename
            if not name.startswith(ROOT) or name.startswith(TESTING):  # the suite's watchdog is in the way
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            if event == "opcode":
                counts[name.removeprefix(ROOT), frame.f_code.co_qualname] += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            self.send(call)
        finally:
            sys.settrace(before)
        return counts


def loads(cloud: Cloud) -> dict[str, Call]:
    table = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    }
    key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    put = _dynamodb("PutItem", Item={**key, "v": {"S": "x" * 100}, "n": {"N": "1"}})
    queue = {"QueueUrl": f"http://{HOST}/000000000000/work"}
    for call in (
        _dynamodb("CreateTable", **table),
        put,
        _json("sqs", "AmazonSQS.CreateQueue", {"QueueName": "work"}),
        _signed("s3", "PUT", "/things"),
        _signed("s3", "PUT", "/things/a", b"x" * 1024),
    ):
        cloud.send(call)
    form = b"Action=GetCallerIdentity&Version=2011-06-15"
    return {
        "GetCallerIdentity": _signed(
            "sts", "POST", "/", form, Content_Type="application/x-www-form-urlencoded; charset=utf-8"
        ),
        "GetItem": _dynamodb("GetItem", Key=key),
        "PutItem": put,
        "S3 PUT": _signed("s3", "PUT", "/things/a", b"x" * 1024),
        "S3 GET": _signed("s3", "GET", "/things/a"),
        "GetQueueAttributes": _json("sqs", "AmazonSQS.GetQueueAttributes", queue),
        "SendMessage": _json("sqs", "AmazonSQS.SendMessage", {**queue, "MessageBody": "hello"}),
    }


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.close()


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="bytecodes are counted on Python 3.11: make PYTHON=python3.11"
)
def test_no_call_takes_more_steps_than_its_budget(cloud: Cloud) -> None:
    steps = {name: cloud.count(call).total() for name, call in loads(cloud).items()}
    beyond = {name: (count, BUDGETS[name]) for name, count in steps.items() if count > BUDGETS[name]}
    assert not beyond, f"bytecodes, and the budget: {beyond}"


def main() -> None:
    cloud = Cloud()
    for name, call in loads(cloud).items():
        counts = cloud.count(call)
        sys.stdout.write(f"{name}: {counts.total()}\n")
        if name in sys.argv[1:]:
            for (path, function), count in counts.most_common():
                sys.stdout.write(f"    {count:5} {path} {function}\n")
    cloud.close()


if __name__ == "__main__":
    main()
