"""What one piece of work in a language that users write may cost: a rendering, a validation, a match, a path.

The work counts its steps, and the text and entries that it makes, so that it ends at the same place on every machine.
"""

from __future__ import annotations

MAX_PAYLOAD = 10 * 1024 * 1024  # bytes of a request or a response: a quota of API Gateway that cannot be raised
STEPS = 1_000_000  # one or two seconds on a worker's thread
QUICK_STEPS = 2_000  # about what the event loop may spend on one request
SIZE = 256 * 1024 * 1024  # bytes that one piece of work may make
PER_STEP = 1_000  # characters that are copied or compared in one step
ENTRY = 64  # bytes that an entry of a list or a map takes


class OverBudget(Exception):
    """The work costs more than it may."""


class Budget:
    """What is left of it. A `quick` one is for work on the event loop, which a worker repeats when it is used up."""

    __slots__ = ("quick", "size", "steps")

    def __init__(self, *, quick: bool = False) -> None:
        self.quick = quick
        self.steps = QUICK_STEPS if quick else STEPS
        self.size = SIZE

    def step(self, count: int = 1) -> None:
        """Take steps. Raises OverBudget."""
        self.steps -= count
        if self.steps < 0:
            raise OverBudget("it takes too many steps")

    def made(self, size: int) -> None:
        """Count bytes of text, or ENTRY for an entry, before or just after they are made. Raises OverBudget."""
        self.size -= size
        self.steps -= size // PER_STEP
        if self.size < 0:
            raise OverBudget("it makes too much text")
        if self.steps < 0:
            raise OverBudget("it takes too many steps")
