"""Batch requests: each of their entries succeeds or fails by itself.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .errors import ServiceError

MOST = 10
ENTRY_ID = re.compile(r"[a-zA-Z0-9_-]{1,80}")

Entry = dict[str, Any]


def each(entries: Iterable[Entry], one: Callable[[Entry], Entry]) -> tuple[list[Entry], list[Entry]]:
    """Call `one` for each entry. Returns the results and the failures, each with the Id of its entry."""
    good: list[Entry] = []
    bad: list[Entry] = []
    for entry in entries:
        try:
            good.append({"Id": entry["Id"], **one(entry)})
        except ServiceError as error:
            bad.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
    return good, bad
