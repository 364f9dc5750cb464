"""What several attacks need: a function in an account that has none, requests as they go over the socket, and doors."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from .attack import Attack
from .doors import Ask, Doors, send, signed
from .world import World

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def zipped(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def made(account: Any, code: str | bytes, name: str = "f", **more: Any) -> Any:
    """A Lambda client and a function that is active; `code` is app.py, or a whole package."""
    client = account.client("lambda")
    role = account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    content = code if isinstance(code, bytes) else zipped({"app.py": code})
    given = {"Runtime": "python3.11", "Handler": "app.handler", "Code": {"ZipFile": content}, "Timeout": 30}
    client.create_function(FunctionName=name, Role=role, **given | more)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return client


@pytest.fixture
def function_of() -> Callable[..., Any]:
    return made


@pytest.fixture
def lambda_of() -> Callable[..., tuple[Any, Any]]:
    """`lambda_of(account, code)`: the result of one invocation, and the client."""

    def call(account: Any, code: str | bytes, **more: Any) -> tuple[Any, Any]:
        client = made(account, code, **more)
        answer = client.invoke(FunctionName="f", Payload=b"{}")
        return json.loads(answer["Payload"].read()), client

    return call


@pytest.fixture
def zip_of() -> Callable[[dict[str, str | bytes]], bytes]:
    return zipped


@pytest.fixture(scope="session")
def raw():
    """`raw.Ask`, `raw.send(cloud, ask, more_headers)`, `raw.signed(…)`."""
    return SimpleNamespace(Ask=Ask, send=send, signed=signed)


@pytest.fixture(scope="module")
def doors(cloud):
    return Doors(cloud, cloud.account())


@pytest.fixture
def attack() -> Attack:
    return Attack()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A victim with something of every kind, and those who may not touch it."""
    made = World()
    yield made
    made.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bombs may take what their budget gives them, which is more than the watchdog allows; each test has its bound."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.holds_the_loop("a bomb takes what its budget gives it"))
