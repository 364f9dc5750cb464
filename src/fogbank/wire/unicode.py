"""Unicode's general categories as ranges of code points, for \\p{…} in the models' patterns.

`python -m fogbank.wire.unicode` generates data/unicode.json from Python's unicodedata (planes 0 to 3), since iterating
over all characters would take too long during a request.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

_FILE = Path(__file__).parent / "data" / "unicode.json"
_LAST = 0x3FFFF


class Table(msgspec.Struct, frozen=True):
    made_by: str
    unicode: str  # the version of Unicode
    categories: dict[str, list[tuple[int, int]]]  # (first, last) of "Lu" and others, and of "L" for all that start so


@cache
def table() -> Table:
    """The table, read once."""
    return msgspec.json.decode(_FILE.read_bytes(), type=Table)


def ranges() -> dict[str, list[tuple[int, int]]]:
    """The ranges of each category."""
    return table().categories


def generate() -> Table:
    import unicodedata

    found: dict[str, list[tuple[int, int]]] = {}
    start, current = 0, unicodedata.category("\0")
    for code in range(1, _LAST + 2):
        category = unicodedata.category(chr(code)) if code <= _LAST else ""
        if category == current:
            continue
        for name in (current, current[0]):
            runs = found.setdefault(name, [])
            if runs and runs[-1][1] == start - 1:
                runs[-1] = (runs[-1][0], code - 1)
            else:
                runs.append((start, code - 1))
        start, current = code, category
    return Table("python -m fogbank.wire.unicode", unicodedata.unidata_version, dict(sorted(found.items())))


if __name__ == "__main__":
    _FILE.write_bytes(msgspec.json.encode(generate()).replace(b"],[", b"],\n[") + b"\n")
