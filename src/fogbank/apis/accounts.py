"""The settings of an account in a region, for APIs of all kinds: the role that writes their logs.

https://docs.aws.amazon.com/apigateway/latest/api/API_GetAccount.html
"""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table

CHANGED = "apigateway/changed"  # signalled when what a stage answers with may have changed


class AccountSettings(Record):
    account: str
    region: str
    shape: dict[str, Any]


ACCOUNTS = Table("apigateway/account", AccountSettings, key=lambda a: (a.account, a.region))
