"""An account's quotas: the applied value of each.

The applied value is what a request of Service Quotas was granted, or else what the file of --limits says, or else AWS's
default.
"""

from __future__ import annotations

import math
from typing import Any

from fogbank.core import quotas
from fogbank.core.cache import Cache
from fogbank.core.context import Cloud, Context
from fogbank.core.quotas import Number
from fogbank.store.api import Key, Reader, Record, Table, Transaction

CHANGED = "service-quotas/changed"


class Applied(Record):
    """A granted value. `region` is empty for a quota that covers all regions together."""

    account: str
    region: str
    service: str
    code: str
    value: float


APPLIED = Table("service-quotas/applied", Applied, key=lambda a: (a.account, a.region, a.service, a.code))


class Quotas:
    """The applied values, cached until one changes."""

    def __init__(self, app: Cloud) -> None:
        self._store = app.store
        self._limits = quotas.Limits(app.settings.limits)
        self._known: Cache[tuple[str, str, str, str], Number] = Cache(app, CHANGED, most=100_000)

    @property
    def off(self) -> bool:
        """Whether quotas are switched off (--limits=off)."""
        return self._limits.off

    def held(self, account: str, region: str, service: str, code: str, tx: Reader | None) -> Number:
        """The value that operations enforce: infinite with --limits=off."""
        return math.inf if self._limits.off else self.applied(account, region, service, code, tx)

    def applied(self, account: str, region: str, service: str, code: str, tx: Reader | None = None) -> Number:
        """The value that Service Quotas shows. Inside a transaction, pass it as `tx`."""
        key = (account, region, service, code)
        found = self._known.get(key)
        if found is None:
            generation = self._known.generation
            if tx is None:
                with self._store.read() as reader:
                    found = self._look(reader, *key)
            else:
                found = self._look(tx, *key)
            self._known.keep(key, found, generation)
        return found

    def _look(self, tx: Reader, account: str, region: str, service: str, code: str) -> Number:
        quota = quotas.table()[service].quotas[code]
        granted = tx.get(APPLIED, place(account, region, service, quota))
        if granted is not None:
            return quotas.plain(granted.value)
        given = self._limits.find(account, service, code)
        return quota.default if given is None else given


def place(account: str, region: str, service: str, quota: quotas.Quota) -> tuple[str, str, str, str]:
    """The key of a granted value."""
    return account, "" if quota.everywhere else region, service, quota.code


def grant(tx: Transaction, ctx: Context, service: str, quota: quotas.Quota, value: float) -> None:
    """Store a granted value for the account."""
    account, region, _, code = place(ctx.account, ctx.region, service, quota)
    tx.put(APPLIED, Applied(account=account, region=region, service=service, code=code, value=value))
    tx.signal(CHANGED)


def shown(tx: Reader, ctx: Context, service: str, code: str) -> Number:
    """The applied value for answers. Where quotas are not enforced, it is the value that --limits=aws would enforce."""
    found: Quotas = ctx.app.quotas  # type: ignore[attr-defined]
    return found.applied(ctx.account, ctx.region, service, code, tx)


def reached(
    tx: Reader, ctx: Context, service: str, code: str, kept: Table[Any], prefix: Key, more: int = 1
) -> Number | None:
    """The quota, if `more` records beside those of `kept` that begin with `prefix` would exceed it; otherwise None.

    if (limit := reached(tx, ctx, "iam", GROUPS, records.GROUPS, (ctx.account,))) is not None:
        raise LimitExceeded(f"Cannot exceed quota for GroupsPerAccount: {limit}")
    """
    limit = ctx.quota(service, code, tx)
    return limit if limit < math.inf and tx.count(kept, prefix) + more > limit else None
