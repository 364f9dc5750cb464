"""The data of execution environments: what defines one, the invocations it gets and their outcomes."""

from __future__ import annotations

import msgspec


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration of a function ($LATEST or a published version), in the form that environments need.

    `revision` changes whenever environments of the old configuration must not serve any more.
    """

    account: str
    region: str
    name: str
    version: str
    arn: str  # the version's
    revision: str
    runtime: str
    handler: str
    role: str
    task_root: str  # the unpacked code
    opt_root: str = ""  # the unpacked layers; empty without layers
    memory: int = 128  # MB
    timeout: int = 3  # seconds
    variables: tuple[tuple[str, str], ...] = ()
    log_group: str = ""
    log_format: str = "Text"
    log_level: str = ""  # ApplicationLogLevel, for JSON logs
    system_log_level: str = "INFO"
    tracing: str = "PassThrough"

    @property
    def function(self) -> tuple[str, str, str]:
        """(account, region, name): the key for counting reserved concurrency."""
        return (self.account, self.region, self.name)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Invocations with the same key may share an environment."""
        return (self.account, self.region, self.name, self.version, self.revision)


class Invocation(msgspec.Struct, kw_only=True):
    """An event to run."""

    request_id: str
    payload: bytes
    invoked_arn: str
    trace_id: str = ""
    client_context: str = ""  # JSON
    cognito_identity: str = ""  # JSON


class Outcome(msgspec.Struct, kw_only=True):
    """The result of an invocation. `error` is empty on success, otherwise the value of X-Amz-Function-Error."""

    payload: bytes
    error: str = ""
    error_type: str = ""
    status: str = "success"  # success, error, timeout
    log_tail: bytes = b""
    content_type: str = "application/json"
    duration: float = 0.0  # milliseconds
    init: float | None = None  # milliseconds; None unless it was a cold start
    streamed: bool = False
    cold: bool = False


class Credentials(msgspec.Struct, frozen=True):
    """Credentials of a session of the execution role."""

    access_key: str
    secret_key: str
    token: str
    expires: float  # epoch seconds


UNHANDLED = "Unhandled"
SYNC_PAYLOAD = 6_291_456  # bytes; a response may be 100 more
RESPONSE_LIMIT = SYNC_PAYLOAD + 100
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
