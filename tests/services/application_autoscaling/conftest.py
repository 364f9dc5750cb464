"""A function with an alias."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip


def made(account: Any) -> None:
    role = account.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "def handler(event, context): return 1\n")
    client = account.client("lambda")
    client.create_function(FunctionName="f", Role=role, Runtime="python3.11", Handler="a.handler",
                           Code={"ZipFile": packed.getvalue()}, Publish=True)  # fmt: skip
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")


@pytest.fixture
def function() -> Callable[[Any], None]:
    return made
