"""Ranges of a cluster's 16,384 hash slots.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Redis-RedisCluster.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from .errors import InvalidParameterValue
from .nodes import SLOTS

Ranges = list[tuple[int, int]]
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def even(count: int) -> list[Ranges]:
    """Equal shares for `count` shards, as AWS deals them out."""
    edges = [round(at * SLOTS / count) for at in range(count + 1)]
    return [[(first, last - 1)] for first, last in pairwise(edges)]


def parse(text: str) -> Ranges:
    """ "0-999,5000-5999". Raises InvalidParameterValue."""
    found: Ranges = []
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        if match is None or int(match[1]) > int(match[2] or match[1]) or int(match[2] or match[1]) >= SLOTS:
            raise InvalidParameterValue(f"Invalid slots: {text}")
        found.append((int(match[1]), int(match[2] or match[1])))
    return sorted(found)


def covers(all_ranges: Iterable[Ranges]) -> bool:
    """Whether every slot is in exactly one of the ranges."""
    held = sorted(slot for ranges in all_ranges for slot in numbers(ranges))
    return held == list(range(SLOTS))


def numbers(ranges: Ranges) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


def ranges(numbers: Iterable[int]) -> Ranges:
    """The ranges that some slots form."""
    found: Ranges = []
    for slot in sorted(numbers):
        if found and found[-1][1] == slot - 1:
            found[-1] = (found[-1][0], slot)
        else:
            found.append((slot, slot))
    return found
