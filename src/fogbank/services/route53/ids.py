"""The ids that Route 53 makes up, and its name servers."""

from __future__ import annotations

from fogbank.core.context import Context

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ZONES = ("com", "net", "org", "co.uk")
PRIVATE_SERVERS = ("ns-0.awsdns-00.com", "ns-512.awsdns-00.net", "ns-1024.awsdns-00.org", "ns-1536.awsdns-00.co.uk")


def draw(ctx: Context, first: str) -> str:
    """A letter for the kind (Z: zones, C: changes, N: delegation sets), and twenty others."""
    return first + "".join(_LETTERS[byte % len(_LETTERS)] for byte in ctx.ids.bytes(20))


def name_servers(ctx: Context) -> list[str]:
    """Four name servers, one in each of AWS's zones, of 512 each."""
    numbers = [int.from_bytes(ctx.ids.bytes(2)) % 512 for _ in _ZONES]
    return [
        f"ns-{number + 512 * at}.awsdns-{number % 64:02d}.{zone}"
        for at, (number, zone) in enumerate(zip(numbers, _ZONES, strict=True))
    ]
