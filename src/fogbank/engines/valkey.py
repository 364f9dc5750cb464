"""Valkey servers: their configuration, readiness, and their data as an RDB file.

https://valkey.io/topics/persistence/, https://valkey.io/topics/cluster-spec/

Every write is in the append-only file before it is acknowledged, so a killed server loses nothing. Only the cloud's own
user (`ADMIN`) may do everything; the ACL file says what applications may do.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from fogbank.core import private

from .engine import NotReady
from .resp import Client, Refused

ADMIN = "fogbank"
FORMING_SECONDS = 5.0  # real time to wait for the other nodes of a cluster; the server serves without them, too
_DIR, _FILE = "appendonlydir", "appendonly.aof"
_BASE = f"{_FILE}.1.base.rdb"
_RDB = "dump.rdb"


class Valkey(msgspec.Struct):
    """`acl`: lines of the ACL file besides the cloud's own user. `config`: directives besides those set here.

    `primary` is the port of the server that this one replicates. `cluster` is the initial content of nodes.conf, and
    `bus` the port of the cluster bus. `door` is the port that clients of the cluster are told to use, if it differs
    from `port`.
    """

    folder: Path
    port: int
    password: str  # of the cloud's own user
    acl: Sequence[str] = ("user default on nopass ~* &* +@all",)
    config: Mapping[str, str] = {}
    primary: int = 0
    cluster: str = ""
    bus: int = 0
    door: int = 0
    program: str = "valkey"
    answered: float = 0.0  # real time of its first answer

    def admin(self) -> Client:
        return Client(self.port, ADMIN, self.password)

    def command(self) -> list[str]:
        self.write_acl(self.acl)
        ours = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.folder.absolute()),
            "aclfile": str((self.folder / "users.acl").absolute()),
            "masteruser": ADMIN,
            "masterauth": self.password,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "daemonize": "no",
            "enable-debug-command": "no",
            "shutdown-timeout": "0",
            "repl-diskless-sync-delay": "0",
        }
        if self.primary:
            ours["replicaof"] = f"127.0.0.1 {self.primary}"
        if self.cluster:
            ours |= {
                "cluster-enabled": "yes",
                "cluster-port": str(self.bus),
                "cluster-announce-ip": "127.0.0.1",
                "cluster-node-timeout": "5000",
                "cluster-require-full-coverage": "no",
            }
            nodes = self.folder / "nodes.conf"
            if not nodes.exists():
                private.write(nodes, self.cluster.encode())
            if self.door:
                ours |= {"cluster-announce-client-port": str(self.door)}
        lines = [f"{name} {value}\n" for name, value in {**self.config, **ours}.items()]
        private.write(self.folder / "valkey.conf", "".join(lines).encode())
        return [str((self.folder / "valkey.conf").absolute())]

    def write_acl(self, lines: Sequence[str]) -> None:
        own = f"user {ADMIN} on #{hashlib.sha256(self.password.encode()).hexdigest()} ~* &* +@all"
        private.write(self.folder / "users.acl", "\n".join([own, *lines, ""]).encode())

    async def ready(self) -> None:
        try:
            async with self.admin() as server:
                await server.call("PING")
                if self.cluster and (await server.call("CLUSTER", "INFO")).startswith(b"cluster_state:fail"):
                    self.answered = self.answered or time.monotonic()
                    if time.monotonic() < self.answered + FORMING_SECONDS:
                        raise NotReady("the cluster is not formed yet")
        except Refused as error:  # LOADING, while the server reads its file
            raise NotReady(str(error)) from error

    async def dump(self) -> Path:
        """Write the server's whole data to an RDB file in its folder, while it keeps serving."""
        rdb = self.folder / _RDB
        rdb.unlink(missing_ok=True)
        async with self.admin() as server:
            await server.call("BGSAVE", "SCHEDULE")
            while not rdb.exists():  # the file gets its name when it is complete
                info = facts(await server.call("INFO", "persistence"))
                if info["rdb_bgsave_in_progress"] == "0" and info["rdb_last_bgsave_status"] != "ok":
                    raise OSError("the server could not write its RDB file")
                await asyncio.sleep(0.02)
        return rdb


def seed(folder: Path, rdb: Path) -> None:
    """Prepare an empty folder so that a new server starts with the data of an RDB file.

    With the append-only file switched on, a server reads nothing else. So the RDB file becomes the base of that file.
    """
    private.folder(folder / _DIR)
    private.copy(rdb, folder / _DIR / _BASE)
    private.write(folder / _DIR / f"{_FILE}.manifest", f"file {_BASE} seq 1 type b\n".encode())


def facts(info: bytes) -> dict[str, str]:
    """The answer of INFO as a dict."""
    lines = (line.partition(":") for line in info.decode(errors="replace").splitlines())
    return {name: value for name, colon, value in lines if colon}
