"""The nursery: a small helper process that starts, watches and reaps every child of the server.

It runs as a separate script (`python -I -S nursery.py FD`), with the standard library alone. The server holds one end
of a socket pair, the nursery the other. When the server dies, for any reason, the socket reads end-of-file and the
nursery kills every process group it started. So no child outlives the server, even after kill -9, on Linux and on
macOS. On Linux each child also gets a parent-death signal, in case the nursery itself is killed. There the nursery also
adopts orphaned grandchildren (PR_SET_CHILD_SUBREAPER), so a daemon that left its group dies with the rest.

Messages are a 4-byte big-endian length and JSON, in both directions; a spawn's file descriptors travel with the length.

    -> {"op": "spawn", "id": 1, "argv": […], "env": {…}, "cwd": "…", "fds": [0, 1, 2, 3], "limits": {"NOFILE": 1024},
        "umask": 18, "mounts": {"/opt": "…"}}
    <- {"id": 1, "pid": 4711} or {"id": 1, "errno": 2, "error": "No such file or directory"}
    <- {"exit": 4711, "status": -9, "peak": 41234432}   status as subprocess gives it, peak resident bytes
    -> {"op": "kill", "pid": 4711}                       the group and every descendant

Forking here costs about a millisecond, whatever the size of the server.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import time
from typing import Any

LENGTH = struct.Struct(">I")
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 4096, 16384, 1 << 18, 2
PATIENCE = 2.0  # seconds to reap dying children before the nursery exits
RESTORED = ("SIGPIPE", "SIGXFSZ", "SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD")


def prctl(option: int, value: int) -> None:
    """Linux's prctl; does nothing elsewhere."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def descendants(pids: set[int]) -> set[int]:
    """Every descendant of `pids`, by /proc (Linux). Empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return set()
    for name in names:
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(parent, []).append(int(name))
    found: set[int] = set()
    queue = list(pids)
    while queue:
        for child in children.get(queue.pop(), ()):
            if child not in found:
                found.add(child)
                queue.append(child)
    return found


class Nursery:
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ, self.on_message)
        self.children: dict[int, int | None] = {}  # pid -> its pidfd, where the system has pidfds
        self.leaving = False
        self.watch_exits()

    def watch_exits(self) -> None:
        """Watch for exits by pidfd if available (then a stopped child does not wake the nursery), else by SIGCHLD."""
        self.pidfds = hasattr(os, "pidfd_open")
        if self.pidfds:
            try:
                os.close(os.pidfd_open(os.getpid()))
            except OSError:
                self.pidfds = False
        if not self.pidfds:
            read, write = os.pipe()
            os.set_blocking(read, False)
            os.set_blocking(write, False)
            signal.set_wakeup_fd(write, warn_on_full_buffer=False)
            signal.signal(signal.SIGCHLD, lambda *_: None)

            def woken() -> None:
                os.read(read, 4096)
                self.bury()

            self.selector.register(read, selectors.EVENT_READ, woken)

    # -- messages ----------------------------------------------------------------------------------------------------

    def send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        try:
            self.control.sendall(LENGTH.pack(len(data)) + data)
        except OSError:
            self.leaving = True

    def receive(self) -> tuple[dict[str, Any], list[int]] | None:
        """Receive one message and its descriptors. Returns None when the server has closed its end."""
        head, fds = b"", list[int]()
        while len(head) < LENGTH.size:
            data, got, _, _ = socket.recv_fds(self.control, LENGTH.size - len(head), 16)
            if not data:
                return None
            head += data
            fds += got
        for fd in fds:
            os.set_inheritable(fd, False)
        (length,) = LENGTH.unpack(head)
        body = bytearray()
        while len(body) < length:
            data = self.control.recv(min(length - len(body), 1 << 20))
            if not data:
                return None
            body += data
        return json.loads(body), fds

    def on_message(self) -> None:
        try:
            received = self.receive()
        except OSError:
            received = None
        if received is None:
            self.leaving = True
            return
        message, fds = received
        if message["op"] == "spawn":
            self.spawn(message, fds)
        elif message["op"] == "kill":
            self.kill({message["pid"]} & self.children.keys())

    # -- children ----------------------------------------------------------------------------------------------------

    def spawn(self, message: dict[str, Any], fds: list[int]) -> None:
        """Fork and exec. The failure pipe reports why an exec failed."""
        failed, report = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                become(message, fds)
            except OSError as error:
                os.write(report, json.dumps([error.errno, f"{error.strerror}: {error.filename}"]).encode())
            except BaseException as error:  # a forked child must never return into the loop
                os.write(report, json.dumps([0, repr(error)]).encode())
            finally:
                os._exit(127)
        os.close(report)
        for fd in fds:
            os.close(fd)
        with open(failed, "rb") as pipe:
            failure = pipe.read()
        if failure:
            os.waitpid(pid, 0)
            number, text = json.loads(failure)
            self.send({"id": message["id"], "errno": number, "error": text})
            return
        self.send({"id": message["id"], "pid": pid})
        self.children[pid] = None
        if self.pidfds:
            try:
                fd = self.children[pid] = os.pidfd_open(pid)
                self.selector.register(fd, selectors.EVENT_READ, self.bury)
            except ProcessLookupError:
                pass
        self.bury()

    def bury(self) -> None:
        """Reap all dead children and adopted orphans. Tell the server about its own children."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid not in self.children:
                continue
            fd = self.children.pop(pid)
            if fd is not None:
                self.selector.unregister(fd)
                os.close(fd)
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)  # processes that the leader left behind in its group
            peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            self.send({"exit": pid, "status": os.waitstatus_to_exitcode(status), "peak": peak})

    def kill(self, pids: set[int], above: int = 0) -> None:
        """Kill these groups and all their descendants; with `above`, also every descendant of that process."""
        below = descendants(pids | {above} if above else pids) if pids or above else set()
        for pid in pids:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
        for pid in below:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def run(self) -> None:
        while not self.leaving:
            for key, _ in self.selector.select():
                key.data()
        self.kill(set(self.children), above=os.getpid())
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.005)
            except ChildProcessError:
                break


def see(mounts: dict[str, str], needed: list[str]) -> None:
    """Have this process and its children see folders at other places, over what is there; nobody else does.

    On Linux, by a mount namespace: as root, or in a user namespace of the same user. What is there stays visible, by an
    overlay (Linux 5.11), but cannot be written; where there are no overlays the place must be empty. `needed` are paths
    that must not disappear. Raises OSError.
    https://man7.org/linux/man-pages/man7/user_namespaces.7.html, https://docs.kernel.org/filesystems/overlayfs.html
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if user != 0 or libc.unshare(CLONE_NEWNS):
        _check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    _check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    for target, folder in mounts.items():
        place, options = target.encode(), f"lowerdir={folder}:{target}".encode()
        if libc.mount(b"overlay", place, b"overlay", 0, options):
            if os.listdir(target):
                raise OSError(errno.EBUSY, "no overlay can be mounted, and it is not empty")
            _check(libc.mount(folder.encode(), place, None, MS_BIND, None))
        if not all(map(os.path.exists, needed)):  # in a file system that is mounted below
            _check(libc.umount2(place, MNT_DETACH))


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def become(message: dict[str, Any], fds: list[int]) -> None:
    """In the forked child: set session, limits, umask, descriptors and directory, then exec."""
    os.setsid()
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for name in RESTORED:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    for name, value in message["limits"].items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))
    os.umask(message["umask"])
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64) for fd in fds]
    for fd, target in zip(high, message["fds"], strict=True):
        os.dup2(fd, target, inheritable=True)
    try:
        if message["mounts"]:
            see(message["mounts"], needed=[message["cwd"] or "/", *filter(os.path.isabs, message["argv"])])
    except OSError as error:  # the program may not mind
        places = " and ".join(message["mounts"])
        os.write(2, f"[fogbank] {places} cannot be mounted for a process here: {error.strerror}\n".encode())
    if message["cwd"]:
        os.chdir(message["cwd"])
    os.execve(message["argv"][0], message["argv"], message["env"])  # noqa: S606 - what it is for


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 65536), hard), hard))
    nursery = Nursery(control)

    def leave(*_: object) -> None:
        nursery.leaving = True

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    nursery.run()


if __name__ == "__main__":
    main()
