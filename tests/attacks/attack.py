"""What attacks are told with: an answer in time, and the service's own refusal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

SECONDS = 30.0  # no more than a hang is caught: what is within its budget takes a fraction of one


class Attack:
    """Calls that end in time, answered or refused."""

    @contextmanager
    def ends(self) -> Iterator[None]:
        begun = time.monotonic()
        yield
        assert time.monotonic() - begun < SECONDS

    def refused(self, code: str, call: Callable[..., Any], **request: Any) -> str:
        """The text of the refusal: an error of the client's with this code."""
        with self.ends(), pytest.raises(ClientError) as caught:
            call(**request)
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)
        return str(answer["Error"]["Message"])

    def answered(self, call: Callable[..., Any], **request: Any) -> Any:
        with self.ends():
            return call(**request)
