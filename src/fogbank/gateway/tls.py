"""TLS on the gateway's port. A local authority issues certificates for the host names that clients ask for."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import tempfile
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .certificates import Authority, PrivateKey

log = logging.getLogger("fogbank.gateway")

# the names in the default certificate; other names get their own certificates when a client first asks for them
NAMES = (
    "localhost",
    "*.localhost",
    "*.s3.localhost",
    "*.execute-api.localhost",
    "*.lambda-url.localhost",
    "localhost.localstack.cloud",
    "*.localhost.localstack.cloud",
    "*.s3.localhost.localstack.cloud",
)
ADDRESSES = ("127.0.0.1", "::1")

_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_KEPT = 256  # cached contexts of other names
_FRESH_SECONDS = 30 * 86400.0  # after this time a new certificate is issued, long before the old one expires


def folder(data: Path) -> Path:
    """The folder of a data directory's authority."""
    return data / "tls"


def ca_pem(data: Path) -> str:
    """The certificate of a data directory's authority, which clients have to trust. Created if there is none."""
    from .certificates import Authority

    return Authority(folder(data)).pem.decode("ascii")


def certify(data: Path, names: Sequence[str], key: PrivateKey, at: float) -> bytes:
    """A certificate of a data directory's authority for a key: key and chain as PEM. Not for the event loop."""
    from datetime import UTC, datetime

    from .certificates import Authority

    return Authority(folder(data)).issue(list(names), [], key=key, now=datetime.fromtimestamp(at, UTC))


class TlsContext:
    """Server-side TLS. The default certificate has `names` and `addresses` besides the usual ones."""

    def __init__(self, data: Path, names: Sequence[str] = (), addresses: Sequence[str] = ()) -> None:
        self._folder = folder(data)
        self._names = list(dict.fromkeys((*NAMES, *names)))
        self._addresses = list(dict.fromkeys((*ADDRESSES, *addresses)))
        self._lock: asyncio.Lock | None = None
        self._authority: Authority | None = None
        self._default: tuple[ssl.SSLContext, float] | None = None
        self._issued: OrderedDict[str, tuple[ssl.SSLContext, float]] = OrderedDict()

    async def context(self) -> ssl.SSLContext:
        """The context for accepting a connection. The first call loads or creates the authority, in a thread."""
        if self._default is not None and self._default[1] > time.monotonic():
            return self._default[0]
        if self._lock is None:
            self._lock = asyncio.Lock()
        async with self._lock:
            if self._default is None or self._default[1] <= time.monotonic():
                threads = ThreadPoolExecutor(1, "fogbank-tls")  # its own, so that handshakes do not queue behind others
                try:
                    context = await asyncio.get_running_loop().run_in_executor(threads, self._make_default)
                finally:
                    threads.shutdown(wait=False)
                self._default = context, time.monotonic() + _FRESH_SECONDS
        return self._default[0]

    def _make_default(self) -> ssl.SSLContext:
        from .certificates import Authority

        if self._authority is None:
            self._authority = Authority(self._folder)
        context = self._make(self._names, self._addresses)
        context.sni_callback = self._choose
        return context

    def _make(self, names: list[str], addresses: list[str]) -> ssl.SSLContext:
        assert self._authority is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.NamedTemporaryFile(dir=self._folder) as file:  # mode 0600; the ssl module reads only files
            file.write(self._authority.issue(names, addresses))
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        """SNI callback: choose the context for the name that the client wants. A new name takes a millisecond."""
        name = (name or "").lower().rstrip(".")
        if not name or name in self._names:
            return None
        known = self._issued.get(name)
        if known is None or known[1] <= time.monotonic():
            if not _HOST_NAME.fullmatch(name):
                return None
            try:
                # the name itself and its siblings, since other buckets and APIs of the same domain will follow
                names = [name]
                parent = name.partition(".")[2]
                if parent.count(".") >= 1:
                    names.append(f"*.{parent}")
                known = self._make(names, []), time.monotonic() + _FRESH_SECONDS
            except (OSError, ValueError) as error:
                log.error("cannot issue a certificate for %s: %s", name, error)
                return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
            self._issued[name] = known
            if len(self._issued) > _KEPT:
                self._issued.popitem(last=False)
        connection.context = known[0]
        return None
