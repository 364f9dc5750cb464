"""The quotas that AWS publishes, the values that a --limits file sets, and token buckets for rates.

https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html

The table is `quotas.json` beside this file: the services that are built, and some planned ones. Codes and defaults are
those of Service Quotas. A quota whose code could not be confirmed has a word as its code ("messages-in-flight"): a
--limits file can set it, but Service Quotas does not list it. `highest` is the documented maximum that a request for an
increase can get. `everywhere` marks a quota of the account over all regions. Usage metrics are included where their
dimensions could be confirmed.

`auth.quotas` finds the value that applies to an account; operations use `ctx.quota`.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from . import arns
from .context import Cloud

Number = int | float
Values = dict[tuple[str, str], Number]  # by service and code
MODES = ("aws", "off")


class Quota(msgspec.Struct, frozen=True):
    """One published quota. `default` is in `unit`s."""

    code: str
    name: str
    default: Number
    unit: str = "None"
    adjustable: bool = False
    everywhere: bool = False
    highest: Number | None = None
    metric: dict[str, Any] | None = None

    @property
    def listed(self) -> bool:
        """Whether Service Quotas lists it: only if its code is confirmed."""
        return self.code.startswith("L-")


class Service(msgspec.Struct, frozen=True):
    """A service's quotas by code. `name` is its name in Service Quotas."""

    name: str
    quotas: dict[str, Quota]


class _Entry(msgspec.Struct):
    name: str
    quotas: list[Quota]


@cache
def table() -> dict[str, Service]:
    """All services, sorted by their codes in Service Quotas."""
    text = (Path(__file__).parent / "quotas.json").read_bytes()
    return {
        code: Service(entry.name, {quota.code: quota for quota in entry.quotas})
        for code, entry in sorted(msgspec.json.decode(text, type=dict[str, _Entry]).items())
    }


class BadLimits(ValueError):
    """A --limits file that cannot be used. The text says what is wrong."""


class Limits:
    """The values that --limits sets, for all accounts and for single ones."""

    def __init__(self, setting: str) -> None:
        self.off = setting == "off"
        self._common: Values = {}
        self._accounts: dict[str, Values] = {}
        if setting in MODES:
            return
        for key, given in _content(Path(setting)).items():
            if not isinstance(given, Mapping):
                raise BadLimits(f"{key} in {setting} is a value, and has to be a table of quotas")
            if arns.ACCOUNT.fullmatch(key):
                self._accounts[key] = _values(given)
            else:
                self._common |= _values({key: given})

    def find(self, account: str, service: str, code: str) -> Number | None:
        """The value that the file sets for an account."""
        found = self._accounts.get(account, {}).get((service, code))
        return self._common.get((service, code)) if found is None else found


def _content(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
        decode: Any = msgspec.json.decode if path.suffix == ".json" else lambda raw: tomllib.loads(raw.decode())
        found = decode(text)
    except OSError as error:
        raise BadLimits(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadLimits(f"{path} is not {'JSON' if path.suffix == '.json' else 'TOML'}: {error}") from None
    if not isinstance(found, dict):
        raise BadLimits(f"{path} has to be a table of services")
    return found


def _values(services: Mapping[str, Any]) -> Values:
    found: Values = {}
    for service, given in services.items():
        known = table().get(service)
        if known is None:
            raise BadLimits(f"there is no service {service} in Service Quotas{_close(service, table())}")
        if not isinstance(given, Mapping):
            raise BadLimits(f"{service} has to be a table of quota codes and values")
        for code, value in given.items():
            if code not in known.quotas:
                raise BadLimits(f"{service} has no quota {code}{_close(code, known.quotas)}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise BadLimits(f"the quota {code} of {service} cannot be {value!r}: it is a number from 0")
            found[service, code] = plain(value)
    return found


def _close(word: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def plain(value: Number) -> Number:
    """Convert a whole number to int, as error texts show it."""
    return int(value) if value == int(value) else value


class Bucket:
    """A token bucket: `rate` tokens a second, at most `burst`."""

    __slots__ = ("burst", "rate", "tokens", "updated")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate, self.burst, self.tokens, self.updated = rate, burst, burst, now

    def take(self, rate: float, burst: float, now: float) -> bool:
        """Take a token; False if there is none. A changed rate or burst applies from now on."""
        if (rate, burst) != (self.rate, self.burst):
            self.tokens += burst - self.burst
            self.rate, self.burst = rate, burst
        self.tokens = min(burst, self.tokens + max(now - self.updated, 0.0) * rate)
        self.updated = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Buckets:
    """All buckets of this node, by key.

    Nodes that share a store count separately, so N nodes together allow N times the rate.
    """

    def __init__(self, app: Cloud) -> None:
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        app.signals.on("reset", self._buckets.clear)

    def take(self, key: tuple[str, ...], rate: float, burst: float, now: float) -> bool:
        """Take a token from the bucket of `key`; False if there is none."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) > 100_000:
                self._buckets.clear()
            bucket = self._buckets[key] = Bucket(rate, burst, now)
        return bucket.take(rate, burst, now)
