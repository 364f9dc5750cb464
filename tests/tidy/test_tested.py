"""Every built operation is named in a test of what it does; exceptions.json lists the others, and only shrinks.

A test names an operation as boto3, the API or the CLI does: `put_object`, `PutObject`, `put-object`. Where several
services have an operation of that name, it is named by a test of the service's own. Requests that are generated
(tests/attacks, tests/conformance) ask whether an operation holds, not what it does: they do not count.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from botocore import xform_name

from fogbank.core import services

GENERATED = ("tests/attacks/", "tests/conformance/", "tests/tidy/", "tests/npm/")
LISTED = Path(__file__).parent / "exceptions.json"
WORD = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*")


def test_every_operation_is_named_in_a_test(house):
    built = {name: set(services.load(name).operations) for name in services.built()}
    owners = Counter(operation for operations in built.values() for operation in operations)
    said = {path: set(WORD.findall(text)) for path, text in _tests(house)}
    anywhere = set().union(*said.values())
    untested = set()
    for name, operations in built.items():
        folder = services.package_of(name).rpartition(".")[2]
        own = set().union(*(words for path, words in said.items() if path.startswith(f"tests/services/{folder}/")))
        untested |= {
            f"{name}:{operation}"
            for operation in operations
            if not _spellings(operation) & (anywhere if owners[operation] == 1 else own)
        }
    listed = set(json.loads(LISTED.read_text())["untested operations"])
    assert not untested - listed, "write a test of what they do"
    assert not listed - untested, "they are tested now: take them off the list"


def _tests(house) -> Iterable[tuple[str, str]]:
    return (
        (path, house.text(path))
        for path in house.python
        if path.startswith("tests/") and not path.startswith(GENERATED)
    )


def _spellings(operation: str) -> set[str]:
    snake = xform_name(operation)
    return {operation, snake, snake.replace("_", "-")}
