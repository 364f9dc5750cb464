"""Ports of this machine that belong to a resource: drawn once, kept in the store, the same after every restart.

The port that a request asks for is given when nobody has it; else, and without a wish, a free one of a range below the
kernel's ephemeral ports. The look begins anywhere in it: two clouds of one machine, which draw at the same time and
know nothing of each other, would otherwise draw the same.
"""

from __future__ import annotations

import errno
import secrets
import socket

from fogbank.store.api import Record, Table, Transaction

FIRST, LAST = 20_000, 29_999
ADDRESS = "127.0.0.1"


class Port(Record):
    """`owner` says whose it is ("elasticache/ACCOUNT/REGION/…"), so that all ports of one thing go together."""

    port: int
    owner: str


PORTS = Table("engines/port", Port, key=lambda port: (port.port,), indexes={"owner": lambda port: (port.owner,)})


class NoPorts(Exception):
    """Every port of the range is taken."""


def draw(tx: Transaction, owner: str, wish: int = 0) -> int:
    """A port that is `owner`'s from now on. Raises NoPorts."""
    taken: set[int] = {port.port for port in tx.scan(PORTS)}
    begin = FIRST + secrets.randbelow(LAST + 1 - FIRST)
    numbers: list[int] = [*range(begin, LAST + 1), *range(FIRST, begin)]
    if wish:
        numbers.insert(0, wish)
    for number in numbers:
        if number not in taken and _free(number):
            tx.put(PORTS, Port(port=number, owner=owner))
            return number
    raise NoPorts(f"all ports from {FIRST} to {LAST} are taken")


def release(tx: Transaction, owner: str) -> None:
    """All ports of `owner` are free again."""
    for port in list(tx.scan_index(PORTS, "owner", (owner,))):
        tx.delete(PORTS, (port.port,))


def drop(tx: Transaction, service: str) -> None:
    """All ports of a service, which was reset."""
    for port in list(tx.scan(PORTS)):
        if port.owner.startswith(f"{service}/"):
            tx.delete(PORTS, (port.port,))


def _free(number: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, number))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            return False
    return True
