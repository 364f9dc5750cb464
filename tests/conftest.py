"""One cloud for the whole run, a fresh account for each test."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import boto3
import botocore.config
import msgspec
import pytest
import uvloop

from fogbank.app import App
from fogbank.core.settings import Settings
from fogbank.jobs import timetravel

CONFIG = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False, read_timeout=60)


class Running:
    """A cloud in a thread of this process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)
        if self._error:
            raise self._error

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self._loop = runner.get_loop()
            runner.run(self._main())

    async def _main(self) -> None:
        try:
            self.app = App(self._settings)
            await self.app.start()
        except BaseException as error:
            self._error = error
            return
        finally:
            self._ready.set()
        await self.app.stopped.wait()
        await self.app.stop(0.5)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.app.port}"

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def advance(self, seconds: float) -> None:
        """Move the clock forward; returns when what fell due has run."""

        async def move() -> None:
            await timetravel.move_to(self.app, self.app.worker, self.app.clock.now() + seconds)

        self.run(move())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self.app.stopped.set)
        self._thread.join(20)

    def account(self, account_id: str | None = None) -> Account:
        return Account(self.endpoint, account_id or fresh_account())


class Child:
    """A cloud in a process of its own, to be killed and started again on the same data."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data = data
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = Settings(data=self.data, port=self.port)
        env = os.environ | {"FOGBANK_SETTINGS": msgspec.json.encode(settings, enc_hook=str).decode()}
        self.process = subprocess.Popen([sys.executable, "-m", "fogbank.server"], env=env, stderr=subprocess.PIPE)
        for _ in range(400):
            try:
                urllib.request.urlopen(f"{self.endpoint}/_fogbank/health", timeout=1).read()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError(self.process.stderr.read().decode()) from None
                time.sleep(0.02)
        raise RuntimeError("the cloud did not answer")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """kill -9, then start again on the same data."""
        self.kill()
        self.start()

    def account(self, account_id: str | None = None) -> Account:
        return Account(self.endpoint, account_id or fresh_account())


class Account:
    """An account of its own, as its root: `client("s3")`; `as_keys(credentials)` for what it issued."""

    def __init__(self, endpoint: str, account_id: str, keys: dict[str, str] | None = None) -> None:
        self.endpoint = endpoint
        self.id = account_id
        self.keys = keys or {"aws_access_key_id": account_id, "aws_secret_access_key": "test"}
        self.region = "us-east-1"
        self.session = boto3.Session(region_name=self.region, **self.keys)

    def client(self, service: str, region: str | None = None, config: botocore.config.Config | None = None, **kw):
        merged = CONFIG.merge(config) if config else CONFIG
        return self.session.client(
            service, endpoint_url=self.endpoint, region_name=region or self.region, config=merged, **kw
        )

    def resource(self, service: str, **kw):
        return self.session.resource(service, endpoint_url=self.endpoint, config=CONFIG, **kw)

    def as_keys(self, credentials: dict[str, str]) -> Account:
        """The same account through credentials that STS or IAM returned."""
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
        }
        if credentials.get("SessionToken"):
            keys["aws_session_token"] = credentials["SessionToken"]
        return Account(self.endpoint, self.id, keys)

    def user(self, policy: str | None = None, name: str | None = None) -> Account:
        """A new IAM user with this inline policy (none: no permissions at all)."""
        iam = self.client("iam")
        name = name or f"user-{next(_COUNTER)}"
        iam.create_user(UserName=name)
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy)
        return self.as_keys(iam.create_access_key(UserName=name)["AccessKey"])


_COUNTER = itertools.count(1)


def fresh_account() -> str:
    return f"{random.randrange(10**11, 10**12)}"


@pytest.fixture(scope="session")
def cloud():
    running = Running(Settings(port=0, ephemeral=True, log_level="warning"))
    yield running
    running.stop()


@pytest.fixture
def aws(cloud):
    return cloud.account()


@pytest.fixture
def own_cloud():
    """A cloud for one test alone: to move its clock without disturbing others."""
    running = Running(Settings(port=0, ephemeral=True, log_level="warning"))
    yield running
    running.stop()


@pytest.fixture
def restarted(tmp_path):
    child = Child(tmp_path / "data")
    yield child
    child.kill()
