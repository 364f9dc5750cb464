"""Ports of this machine that belong to a resource: assigned once, stored, and the same after every restart.

A requested port is assigned if it is free. Otherwise, or without a request, a free port is chosen from a range below
the kernel's ephemeral ports. The search starts at a random place in the range, because two clouds on one machine do not
know of each other and would otherwise choose the same port at the same time.
"""

from __future__ import annotations

import errno
import secrets
import socket

from fogbank.store.api import Record, Table, Transaction

FIRST, LAST = 20_000, 29_999
ADDRESS = "127.0.0.1"


class Port(Record):
    """A port in use. `owner` names its resource ("elasticache/ACCOUNT/REGION/…"), to free all its ports together."""

    port: int
    owner: str


PORTS = Table("engines/port", Port, key=lambda port: (port.port,), indexes={"owner": lambda port: (port.owner,)})


class NoPorts(Exception):
    """Every port of the range is taken."""


def draw(tx: Transaction, owner: str, wish: int = 0) -> int:
    """Assign a port to `owner`, `wish` if it is free. Raises NoPorts."""
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
    """Free all ports of `owner`."""
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
