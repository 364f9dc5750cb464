"""Capacity units: the cost of reads and writes by their bytes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

READ_BLOCK = 4096  # bytes of one strongly consistent read unit
WRITE_BLOCK = 1024  # bytes of one write unit


def read_units(size: int, consistent: bool, transactional: bool = False) -> float:
    """Returns the units of a read of `size` bytes (of an item, or of all items of a page).

    A read that finds nothing costs the minimum.
    """
    blocks = max(1, -(-size // READ_BLOCK))
    if transactional:
        return blocks * 2.0
    return float(blocks) if consistent else blocks / 2


def write_units(old: int, new: int, transactional: bool = False) -> float:
    """Returns the units of a write that replaces `old` by `new` bytes (0: no item); the larger size counts."""
    blocks = max(1, -(-max(old, new) // WRITE_BLOCK))
    return blocks * 2.0 if transactional else float(blocks)


def index_units(old: int, new: int, moved: bool) -> float:
    """Returns the units of a change to an index entry; a moved entry is deleted and written again."""
    if moved and old and new:
        return write_units(old, 0) + write_units(0, new)
    return write_units(old, new) if old or new else 0.0
