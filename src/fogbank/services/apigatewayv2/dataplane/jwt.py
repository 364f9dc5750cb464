"""JSON Web Tokens: decoded, verified with their issuer's keys, and held against what an authorizer demands.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"Currently, only RSA-based algorithms are supported." "API Gateway can cache the public key for two hours."

The texts of errors are those that AWS was seen to send, except where a comment says otherwise.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable
from typing import Any

import msgspec

from fogbank.core.clock import Clock
from fogbank.core.context import Cloud
from fogbank.core.outbound import Outbound, OutboundError

KEPT = 7200.0  # seconds of the cloud's clock that an issuer's keys are kept
AGAIN = 60.0  # seconds before the keys are fetched again for a key id that is not among them
LIMIT = 1 << 20  # bytes of a discovery document or a key set
MOST_ISSUERS = 1000
MOST_BITS = 8192  # of an RSA key
REST = 10.0  # seconds before an issuer that did not answer is asked again
UNREACHABLE = "OIDC discovery endpoint communication error"
_HASHES = {"RS256": "SHA256", "RS384": "SHA384", "RS512": "SHA512"}
DISCOVERY = "/.well-known/openid-configuration"


class BadToken(Exception):
    """The token is not valid. The text goes into the WWW-Authenticate header."""


class Token(msgspec.Struct, frozen=True):
    """A token as it was sent. `signed` is what the signature covers."""

    head: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def decode(text: str) -> Token:
    """Read a token. Raises BadToken."""
    parts = text.split(".")
    if len(parts) != 3:
        raise BadToken("the token is malformed")  # not confirmed
    try:
        head, claims, signature = (_bytes(part) for part in parts)
        return Token(
            msgspec.json.decode(head, type=dict[str, Any]),
            msgspec.json.decode(claims, type=dict[str, Any]),
            ".".join(parts[:2]).encode(),
            signature,
        )
    except (binascii.Error, ValueError, RecursionError):
        raise BadToken("the token is malformed") from None


def _bytes(text: str) -> bytes:
    """Decode base64url without padding. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def check_claims(claims: dict[str, Any], issuer: str, audience: Iterable[str], now: float) -> None:
    """Raise BadToken unless the claims fit the authorizer and the time."""
    if claims.get("iss") != issuer:
        raise BadToken("invalid token issuer")  # not confirmed
    given = claims.get("aud") if "aud" in claims else claims.get("client_id")
    held = given if isinstance(given, list) else [given]
    if not any(entry in held for entry in audience):
        raise BadToken("the token does not have a valid audience")
    if _time(claims, "exp", now) <= now:
        raise BadToken("the token has expired")
    if _time(claims, "nbf", now) > now:
        raise BadToken("the token is not valid yet")  # not confirmed
    if _time(claims, "iat", now) > now:
        raise BadToken("the token was issued in the future")  # not confirmed


def _time(claims: dict[str, Any], name: str, now: float) -> float:
    """A time in the claims. One that is missing is now, so that a token without `exp` has expired."""
    value = claims.get(name, now)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"the claim {name} is no time")  # not confirmed
    return float(value)


def scopes_of(claims: dict[str, Any]) -> list[str]:
    """The scopes of a token: `scope` (a text) or `scp` (a text or a list)."""
    given = claims.get("scope", claims.get("scp"))
    if isinstance(given, str):
        return given.split()
    return [str(entry) for entry in given] if isinstance(given, list) else []


def shown_claims(claims: dict[str, Any]) -> dict[str, str]:
    """The claims as integrations get them: all of them are text, and lists are `[a b]`."""
    return {name: _shown(value) for name, value in claims.items()}


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{' '.join(_shown(entry) for entry in value)}]"
        case dict():
            return f"map[{' '.join(f'{name}:{_shown(value[name])}' for name in sorted(value))}]"
        case None:
            return "<nil>"
    return str(value)


# -- keys --------------------------------------------------------------------------------------------------------------


class Keys(msgspec.Struct):
    """The public keys of an issuer, by id. `failed`: it could not be asked."""

    keys: dict[str, dict[str, Any]]
    fetched: float
    failed: bool = False
    loaded: dict[str, Any] = {}


class Issuers:
    """The keys of issuers, fetched when a token of theirs first comes. One fetch at a time for each issuer."""

    def __init__(self, app: Cloud) -> None:
        self._app = app
        self._clock: Clock = app.clock
        self._keys: dict[str, Keys] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        app.signals.on("reset", self._keys.clear)

    async def verify(self, token: Token, issuer: str) -> None:
        """Raise BadToken unless a key of the issuer has signed the token."""
        algorithm, key_id = token.head.get("alg"), token.head.get("kid")
        if not isinstance(algorithm, str) or algorithm not in _HASHES:
            shown = algorithm if isinstance(algorithm, str) and algorithm.isalnum() and algorithm.isascii() else "?"
            raise BadToken(f"signing method {shown[:20]} is invalid")
        if not isinstance(key_id, str):
            raise BadToken("the token has no key id")  # not confirmed
        held = await self._find(issuer, key_id)
        if key_id not in held.loaded:
            held.loaded[key_id] = _public(held.keys[key_id])
        _verify(held.loaded[key_id], token, algorithm)

    async def _find(self, issuer: str, key_id: str) -> Keys:
        held = self._fresh(issuer, key_id)
        if held is None:
            async with self._locks.setdefault(issuer, asyncio.Lock()):
                held = self._fresh(issuer, key_id)
                if held is None:
                    held = self._keep(issuer, await self._fetch(issuer))
        if held.failed:
            raise BadToken(UNREACHABLE)
        if key_id not in held.keys:
            raise BadToken("no key of the issuer has the token's key id")  # not confirmed
        return held

    def _fresh(self, issuer: str, key_id: str) -> Keys | None:
        """The keys that are kept, unless they are too old for a token with this key id."""
        held = self._keys.get(issuer)
        if held is None:
            return None
        age = abs(self._clock.now() - held.fetched)
        return held if age < (REST if held.failed else KEPT if key_id in held.keys else AGAIN) else None

    def _keep(self, issuer: str, held: Keys) -> Keys:
        if len(self._keys) >= MOST_ISSUERS:
            self._keys.clear()
            self._locks.clear()
        self._keys[issuer] = held
        return held

    async def _fetch(self, issuer: str) -> Keys:
        """Ask an issuer for its keys, by way of its configuration."""
        now = self._clock.now()
        try:
            address = (await self._get(issuer.rstrip("/") + DISCOVERY)).get("jwks_uri")
            found = (await self._get(str(address))).get("keys")
        except (OutboundError, TimeoutError, ValueError, RecursionError):
            return Keys({}, now, failed=True)
        listed = found if isinstance(found, list) else []
        keys = {key["kid"]: key for key in listed if isinstance(key, dict) and isinstance(key.get("kid"), str)}
        return Keys(keys, now)

    async def _get(self, url: str) -> dict[str, Any]:
        answer = await self._app.local(Outbound).request("GET", url, seconds=5, limit=LIMIT, redirects=3)
        if answer.status != 200:
            raise OutboundError(f"{url} answered {answer.status}")
        return msgspec.json.decode(answer.body, type=dict[str, Any])


def _public(key: dict[str, Any]) -> Any:
    """The RSA public key of a JWK. Raises BadToken."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        if key.get("kty") != "RSA":
            raise ValueError("not an RSA key")
        exponent, modulus = _number(key["e"]), _number(key["n"])
        if modulus.bit_length() > MOST_BITS or exponent >= 1 << 32:  # an issuer may not choose what a check costs
            raise ValueError("too large")
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise BadToken("unable to decode RSA public key") from None


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


def _verify(key: Any, token: Token, algorithm: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    try:
        key.verify(token.signature, token.signed, PKCS1v15(), getattr(hashes, _HASHES[algorithm])())
    except InvalidSignature:
        raise BadToken("signature is invalid") from None  # not confirmed
