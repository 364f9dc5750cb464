"""What a function or a caller cannot make the server keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.services.lambda_.environments.environment import TAIL, Tail

MISSING = "arn:aws:lambda:us-east-1:{}:layer:missing:1"


def test_only_the_end_of_the_log_is_kept() -> None:
    tail, lines = Tail(), [f"line {n}\n" for n in range(20_000)]
    for line in lines:
        tail.add(line)
    assert tail.shown() == "".join(lines).encode()[-TAIL:]
    assert sum(map(len, tail._pieces)) < TAIL + 100
    tail.add("x" * 1_000_000)
    assert tail.shown() == b"x" * TAIL
    assert len(tail._pieces) == 1


def files(cloud: Any) -> set[Path]:
    return {path for path in Path(cloud.app.blobs.directory).rglob("*") if path.is_file()}


def test_the_package_of_a_refused_call_is_not_kept(own_cloud: Any, lambda_of: Any, zip_of_size: Any) -> None:
    fn = lambda_of(own_cloud.account())
    package = {"ZipFile": zip_of_size(3_000_000)}
    fn.make("there")
    before = files(own_cloud)
    for call, given in (
        (fn.make, {"Code": package, "Layers": [MISSING.format(fn.account.id)]}),
        (fn.client.update_function_code, {"FunctionName": "there", "DryRun": True, **package}),
    ):
        try:
            call(**given)
        except ClientError as error:
            assert "layer" in json.dumps(error.response)
    assert files(own_cloud) == before


@pytest.fixture
def zip_of_size(make_zip: Any) -> Any:
    import random

    return lambda size: make_zip({"app.py": "def handler(e, c): pass", "data": random.Random(1).randbytes(size)})
