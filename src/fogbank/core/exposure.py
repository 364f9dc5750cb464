"""Protects a cloud from others: shows its settings without secrets, and refuses to listen where that is unsafe."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Any, get_type_hints

import msgspec

from .settings import Secret, Settings, is_well_known


class Exposed(Exception):
    """A cloud with well-known keys was configured to listen to the network. The text says what to do."""


def secret_names() -> frozenset[str]:
    """The names of the settings that are secrets or may contain one (a database's URL)."""
    hints = get_type_hints(Settings, include_extras=True)
    return frozenset(name for name, hint in hints.items() if hint == Secret)


def shown(settings: Settings, token: str) -> dict[str, Any]:
    """The settings as JSON, with a fingerprint instead of each secret.

    With the control API's token, a client can check whether the secret that it knows is the one in use. The fingerprint
    reveals nothing else.
    """
    found: dict[str, Any] = msgspec.to_builtins(settings, enc_hook=str)
    for name in secret_names():
        if found[name]:
            digest = hmac.new(token.encode(), f"{name} {found[name]}".encode(), hashlib.sha256).hexdigest()
            found[name] = f"fingerprint {digest[:32]}"
    return found


def refuse_exposure(settings: Settings) -> None:
    """Raise Exposed if a cloud with well-known keys would be reachable from the network."""
    known = settings.auth == "open" or (settings.auth != "strict" and is_well_known(settings.secret))
    if not known or settings.expose_test_keys or not beyond(settings.host):
        return
    without = " without `--auth open`" if settings.auth == "open" else ""
    raise Exposed(
        f"with --host {settings.host or '(all addresses)'} everybody who reaches this machine could use the cloud, and "
        f"run programs as you, with keys that everybody knows: set FOGBANK_SECRET to a secret of your own{without}, "
        "take `--auth strict` (only keys that IAM issued), or say `--expose-test-keys` where the network is trusted"
    )


def beyond(host: str) -> bool:
    """Whether other machines can connect if the cloud listens on `host`. Of names, only localhost is safe."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() != "localhost"
