"""The door of a Memcached cluster finds its own commands among everything else, at whatever cut the bytes arrive."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.services.elasticache.discovery import Discovery

OURS = b"config get cluster\r\n"
STREAM = b"".join((
    b"get a\r\n", OURS, b"set a 0 0 20\r\n", OURS, b"\r\n", OURS, b"ms k 21\r\n\x80", OURS, b"\r\n",
    b"config get other\r\n", b"get AmazonElastiCache:cluster\r\n", b"set a 0 0 " + b"9" * 5000 + b"\r\n", OURS, b"get",
))  # fmt: skip


class Told(Discovery):
    """Answers without a cloud."""

    def __init__(self) -> None:
        ctx: Any = None
        super().__init__(ctx, "c")

    def _answer(self, head: bytes) -> bytes:
        return head


@pytest.mark.parametrize("step", [1, 2, 3, 7, 19, 20, 21, 64, len(STREAM)])
def test_however_the_bytes_are_cut(step: int) -> None:
    door, forwarded, answered = Told(), b"", []
    for at in range(0, len(STREAM), step):
        for forward, answer in door.feed(STREAM[at : at + step]):
            forwarded += forward
            answered += [answer] if answer else []
    value, other = b"set a 0 0 20\r\n" + OURS + b"\r\n", b"ms k 21\r\n\x80" + OURS + b"\r\n"
    endless = b"set a 0 0 " + b"9" * 5000 + b"\r\n"
    assert forwarded == b"get a\r\n" + value + other + b"config get other\r\n" + endless
    assert answered == [b"CONFIG cluster"] * 2 + [b"VALUE AmazonElastiCache:cluster", b"CONFIG cluster"]


def test_many_commands_at_once_go_on_as_one() -> None:
    commands = b"get some_key\r\n" * 20_000
    assert Told().feed(commands) == [(commands, b"")]


def test_the_binary_protocol_passes_as_it_is() -> None:
    door = Told()
    assert door.feed(b"\x80\n") == [(b"\x80\n", b"")]
    assert door.feed(OURS) == [(OURS, b"")]


def test_a_line_that_does_not_end_is_none_of_ours() -> None:
    door, line = Told(), b"x" * 70_000
    assert door.feed(line) == [(line, b"")]
