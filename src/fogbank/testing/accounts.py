"""One AWS account of a test cloud: clients, environment, and the users of its IAM."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from typing import Any

AWS_VARIABLES = (  # variables that direct SDKs: set or removed while an account is active
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
)


def _swap_default_session(session: Any) -> Any:
    """Make `session` boto3's default session, if boto3 is imported. Returns the previous one."""
    boto3: Any = sys.modules.get("boto3")
    if boto3 is None:
        return None
    before, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, session
    return before


def fresh_id() -> str:
    """Make a 12-digit account id that no other test has."""
    return str(10**11 + secrets.randbelow(9 * 10**11))


class Account:
    """An account of a cloud, used as its root (or with the keys that were given).

    Accounts share only the names of buckets, so a test with its own account needs no cleanup (for buckets see
    `Cloud.release`). `config` (a botocore Config) is used for all clients made here.
    """

    def __init__(
        self,
        endpoint: str,
        account_id: str,
        keys: Mapping[str, str] | None = None,
        *,
        region: str = "us-east-1",
        config: Any = None,
    ) -> None:
        self.endpoint = endpoint
        self.id = account_id
        self.region = region
        self.keys = dict(keys or {"aws_access_key_id": account_id, "aws_secret_access_key": "test"})
        self._config = config
        self._session: Any = None

    # -- boto3 ------------------------------------------------------------------------------------------------------

    def session(self) -> Any:
        """The boto3 Session of this account. If boto3 is missing, the ImportError says what to install."""
        if self._session is None:
            try:
                import boto3
            except ImportError as error:
                raise ImportError("fogbank.testing makes clients with boto3: pip install boto3") from error
            keys: Any = self.keys
            self._session = boto3.Session(region_name=self.region, **keys)
        return self._session

    def client(self, service: str, region: str | None = None, config: Any = None, **options: Any) -> Any:
        """Make a boto3 client. `options` are those of `Session.client`."""
        return self.session().client(service, **self._options(region, config, options))

    def resource(self, service: str, region: str | None = None, config: Any = None, **options: Any) -> Any:
        """Make a boto3 resource. `options` are those of `Session.resource`."""
        return self.session().resource(service, **self._options(region, config, options))

    def _options(self, region: str | None, config: Any, options: dict[str, Any]) -> dict[str, Any]:
        merged = self._config.merge(config) if self._config is not None and config is not None else None
        chosen = {"endpoint_url": self.endpoint, "region_name": region or self.region}
        return chosen | {"config": merged or config or self._config} | options

    # -- everything else ----------------------------------------------------------------------------------------------

    @property
    def env(self) -> dict[str, str]:
        """The variables that point SDKs and tools to this account: for `subprocess.run(…, env=os.environ | env)`."""
        variables = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.keys["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.keys["aws_secret_access_key"],
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }
        if token := self.keys.get("aws_session_token"):
            variables["AWS_SESSION_TOKEN"] = token
        return variables

    @contextlib.contextmanager
    def active(self) -> Iterator[Account]:
        """Put `env` into os.environ inside the block, so that code that makes its own clients uses this account.

        boto3's default session is replaced as well, since it keeps the first credentials that it found.
        """
        before = {name: os.environ.pop(name, None) for name in AWS_VARIABLES}
        os.environ.update(self.env)
        kept = _swap_default_session(None)
        try:
            yield self
        finally:
            _swap_default_session(kept)
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value

    def as_keys(self, credentials: Mapping[str, str]) -> Account:
        """The same account with credentials that IAM (`AccessKey`) or STS (`Credentials`) returned."""
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
        }
        if credentials.get("SessionToken"):
            keys["aws_session_token"] = credentials["SessionToken"]
        return Account(self.endpoint, self.id, keys, region=self.region, config=self._config)

    def user(self, policy: str | None = None, name: str | None = None) -> Account:
        """Create an IAM user with this inline policy, a JSON document (None: no permissions at all)."""
        iam = self.client("iam")
        name = name or f"user-{secrets.token_hex(6)}"
        iam.create_user(UserName=name)
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy)
        return self.as_keys(iam.create_access_key(UserName=name)["AccessKey"])

    def __repr__(self) -> str:
        return f"Account({self.id!r} at {self.endpoint})"
