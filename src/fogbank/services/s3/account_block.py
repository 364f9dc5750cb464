"""Block Public Access of accounts: what an account blocks is blocked in all of its buckets.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html

The flags are also kept in each bucket (`Bucket.account_access`), which requests read anyway.
"""

from __future__ import annotations

from fogbank.store.api import Reader, Record, Table, Transaction

from .bucket_cache import keep
from .records import BUCKETS

NAMES = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
NONE = (False, False, False, False)


class AccountBlock(Record):
    account: str
    flags: tuple[bool, ...]


BLOCKS = Table("s3/account-block", AccountBlock, key=lambda block: (block.account,))


def flags(tx: Reader, account: str) -> tuple[bool, ...]:
    """What an account blocks."""
    found = tx.get(BLOCKS, (account,))
    return found.flags if found is not None else NONE


def change(tx: Transaction, account: str, chosen: tuple[bool, ...] | None) -> None:
    """Set what an account blocks, in its buckets too. None removes the configuration."""
    if chosen is None:
        tx.delete(BLOCKS, (account,))
    else:
        tx.put(BLOCKS, AccountBlock(account=account, flags=chosen))
    for bucket in list(tx.scan_index(BUCKETS, "account", (account,))):
        bucket.account_access = chosen or NONE
        keep(tx, bucket)
