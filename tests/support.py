"""What tests of all services share: `from tests.support import refused`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError


class Refusal(NamedTuple):
    """An error that a service answered."""

    code: str
    message: str
    status: int


def refused(call: Callable[..., Any], **request: Any) -> Refusal:
    """The error that this call of boto3 is answered with; it must not succeed."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    return Refusal(
        answer["Error"]["Code"], answer["Error"].get("Message", ""), answer["ResponseMetadata"]["HTTPStatusCode"]
    )
