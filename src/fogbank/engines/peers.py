"""Tells which process is at the other end of a TCP connection on this machine (Linux).

The kernel knows the socket at the other end (its inode), and /proc shows which process has that socket open. A
connection over loopback has no SO_PEERCRED. https://man7.org/linux/man-pages/man7/sock_diag.7.html,
https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .nursery import descendants

TELLS = sys.platform == "linux"  # elsewhere this is not possible: do not call `belongs` there

Address = tuple[str, int]  # IPv4

_SOCK_DIAG, _BY_FAMILY, _REQUEST = 4, 20, 1  # NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST
_HEADER = struct.Struct("=IHHII")
_ASK = struct.Struct("=BBBBI")
_SOCKET_ID = struct.Struct("!HH16s16s4s8s")  # ports, addresses, interface, cookie
_INODE_AT = _HEADER.size + 68  # of struct inet_diag_msg
_PATIENCE = 0.5  # seconds; the kernel answers before `send` returns


def belongs(peer: Address, here: Address, leader: int) -> bool:
    """Whether the socket connected from `peer` to `here` is open in the process `leader` or one that belongs to it.

    Those are the processes of its session and its descendants. A process that has left both, or has ended, does not
    belong.
    """
    inode = _by_netlink(peer, here) or _by_table(peer, here)
    if not inode:
        return False
    name = f"socket:[{inode}]"
    return any(name in _open_in(pid) for pid in _programs(leader))


def _programs(leader: int) -> Iterator[int]:
    """A process, then its session, then its descendants: each step costs more than the one before."""
    yield leader
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != leader:
            with contextlib.suppress(OSError):
                if os.getsid(int(name)) == leader:
                    yield int(name)
    yield from descendants({leader})


def _open_in(pid: int) -> Iterable[str]:
    """The link targets of a process's open descriptors in /proc."""
    folder = f"/proc/{pid}/fd"
    try:
        numbers = os.listdir(folder)
    except OSError:
        return
    for number in numbers:
        with contextlib.suppress(OSError):
            yield os.readlink(f"{folder}/{number}")


def _by_netlink(peer: Address, here: Address) -> int:
    """The inode of one socket, looked up by its addresses. 0 if there is none, or the kernel lacks this service."""
    source, target = (socket.inet_aton(address) + bytes(12) for address, _ in (peer, here))
    wanted = _SOCKET_ID.pack(peer[1], here[1], source, target, bytes(4), b"\xff" * 8)
    ask = _ASK.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + wanted
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
            kernel.settimeout(_PATIENCE)
            kernel.send(_HEADER.pack(_HEADER.size + len(ask), _BY_FAMILY, _REQUEST, 1, 0) + ask)
            answer = kernel.recv(4096)
    except OSError:
        return 0
    if len(answer) < _INODE_AT + 4 or _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
        return 0  # an error: no such socket
    return int(struct.unpack_from("=I", answer, _INODE_AT)[0])


def _by_table(peer: Address, here: Address) -> int:
    """The same from the list of all sockets, which takes milliseconds. IPv6 sockets are in the second file."""
    wanted = [_table_form(peer), _table_form(here)]
    mapped = [f"0000000000000000{'FFFF0000' if sys.byteorder == 'little' else '0000FFFF'}{each}" for each in wanted]
    for table, ends in (("/proc/net/tcp", wanted), ("/proc/net/tcp6", mapped)):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[1:3] == ends:
                    return int(fields[9])
    return 0


def _table_form(address: Address) -> str:
    (number,) = struct.unpack("=I", socket.inet_aton(address[0]))
    return f"{number:08X}:{address[1]:04X}"
