"""What an execution environment is made from, what is invoked in it, and what comes out."""

from __future__ import annotations

import msgspec


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """One published or $LATEST configuration of a function, in the form the environments need.

    `revision` differs whenever an environment made from the old configuration must not serve any more.
    """

    account: str
    region: str
    name: str
    version: str
    arn: str  # of the version
    revision: str
    runtime: str
    handler: str
    role: str
    task_root: str  # the unpacked code
    opt_root: str = ""  # the unpacked layers, or nothing
    memory: int = 128  # MB
    timeout: int = 3  # seconds
    variables: tuple[tuple[str, str], ...] = ()
    log_group: str = ""
    log_format: str = "Text"
    log_level: str = ""  # ApplicationLogLevel, of JSON logs
    system_log_level: str = "INFO"
    tracing: str = "PassThrough"

    @property
    def function(self) -> tuple[str, str, str]:
        """(account, region, name): what reserved concurrency is counted by."""
        return (self.account, self.region, self.name)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What an environment may be reused for."""
        return (self.account, self.region, self.name, self.version, self.revision)


class Invocation(msgspec.Struct, kw_only=True):
    """One event on its way."""

    request_id: str
    payload: bytes
    invoked_arn: str
    trace_id: str = ""
    client_context: str = ""  # JSON
    cognito_identity: str = ""  # JSON


class Outcome(msgspec.Struct, kw_only=True):
    """What an invocation came to. `error` is empty on success, else what X-Amz-Function-Error says."""

    payload: bytes
    error: str = ""
    error_type: str = ""
    status: str = "success"  # success, error, timeout
    log_tail: bytes = b""
    content_type: str = "application/json"
    duration: float = 0.0  # milliseconds
    init: float | None = None  # milliseconds, of a cold start
    streamed: bool = False
    cold: bool = False


class Credentials(msgspec.Struct, frozen=True):
    """A session of the execution role."""

    access_key: str
    secret_key: str
    token: str
    expires: float  # epoch seconds


UNHANDLED = "Unhandled"
SYNC_PAYLOAD = 6_291_456  # bytes; a response may be 100 more
RESPONSE_LIMIT = SYNC_PAYLOAD + 100
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
