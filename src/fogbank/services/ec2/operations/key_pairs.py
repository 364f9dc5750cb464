"""Key pairs.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-key-pairs.html
"""

from __future__ import annotations

import asyncio

from fogbank.core.context import Context
from fogbank.network import vpcs
from fogbank.store.api import Reader, Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import keys
from ..compute.find import KEY, KEY_NAME, KEY_PAIR
from ..compute.records import KEY_PAIRS, KeyPair
from ..errors import InvalidParameterValue, NetworkError
from ..filters import Filters
from ..kinds import creates

NAME_LIMIT = 255
MOST = 5000  # of a region
TYPES, FORMATS = ("rsa", "ed25519"), ("pem", "ppk")


def _check(ctx: Context, req: Request) -> dict[str, str]:
    """The tags of a new key pair, whose name is free."""
    name = req["KeyName"]
    if not name or len(name) > NAME_LIMIT or not name.isascii() or name != name.strip():
        raise InvalidParameterValue(f"Value ({name}) for parameter keyName is invalid. Invalid key name.")
    for member, known in (("KeyType", TYPES), ("KeyFormat", FORMATS)):
        if req.get(member) and req[member] not in known:
            raise InvalidParameterValue(f"Value ({req[member]}) for parameter {member} is invalid.")
    given = tags.created(req, "key-pair")
    with ctx.read() as tx:
        _check_free(tx, ctx, name)
    return given


def _check_free(tx: Reader, ctx: Context, name: str) -> None:
    if KEY_NAME.seen(tx, ctx, name) is not None:
        raise NetworkError("InvalidKeyPair.Duplicate", f"The keypair '{name}' already exists.")


def _put(tx: Transaction, ctx: Context, name: str, pair: keys.Pair, given: dict[str, str]) -> KeyPair:
    _check_free(tx, ctx, name)
    if tx.count(KEY_PAIRS, (ctx.account, ctx.region)) >= MOST:
        raise NetworkError("KeyPairLimitExceeded", f"The maximum number of key pairs ({MOST}) has been reached.")
    made = KeyPair(
        **vpcs.common(ctx, "key", given), name=name, type=pair.type, fingerprint=pair.fingerprint, public=pair.public
    )
    tx.put(KEY_PAIRS, made)
    return made


def _answer(made: KeyPair) -> Answer:
    return {
        "KeyPairId": made.id,
        "KeyName": made.name,
        "KeyFingerprint": made.fingerprint,
        **({"Tags": tags.listed(made.tags)} if made.tags else {}),
    }


@action("CreateKeyPair", resource=creates(KEY_PAIR))
async def create_key_pair(ctx: Context, req: Request) -> Answer:
    """Create a key pair. The answer has the private key, and nothing else ever has."""
    given = await ctx.app.run(lambda: _check(ctx, req))
    type, format = req.get("KeyType") or "rsa", req.get("KeyFormat") or "pem"
    pair = await asyncio.to_thread(keys.make, type, format, req["KeyName"])
    made = await ctx.transact(_put, ctx, req["KeyName"], pair, given)
    return {**_answer(made), "KeyMaterial": pair.material}


@action("ImportKeyPair", resource=creates(KEY_PAIR))
def import_key_pair(ctx: Context, req: Request) -> Answer:
    """Import the public key of a pair that was made elsewhere."""
    given = _check(ctx, req)
    pair = keys.read(req["PublicKeyMaterial"])
    with ctx.write() as tx:
        made = _put(tx, ctx, req["KeyName"], pair, given)
    return _answer(made)


@action("DeleteKeyPair", resource=KEY.resource)
def delete_key_pair(ctx: Context, req: Request) -> Answer:
    """Delete a key pair. One that is not there is deleted as well."""
    with ctx.write() as tx:
        found = KEY.find(tx, ctx, req)
        if found is None:
            return {"Return": True}
        tx.delete(KEY_PAIRS, KEY_PAIRS.key(found))
    return {"Return": True, "KeyPairId": found.id}


FILTERS: Filters[KeyPair] = Filters({"key-pair-id": "id", "fingerprint": "fingerprint", "key-name": "name"})


@action("DescribeKeyPairs", resource="*")
def describe_key_pairs(ctx: Context, req: Request) -> Answer:
    """Describe key pairs, by name or id. This has no pages."""
    test = FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        found = list(tx.scan(KEY_PAIRS, (ctx.account, ctx.region)))
        if req.get("KeyPairIds"):
            found = KEY_PAIR.all(tx, ctx, req["KeyPairIds"])
        elif req.get("KeyNames"):
            found = KEY_NAME.all(tx, ctx, req["KeyNames"])
    shown = [each for each in found if test is None or test(each)]
    return {"KeyPairs": [_shape(each, req) for each in sorted(shown, key=lambda each: each.name)]}


def _shape(found: KeyPair, req: Request) -> Answer:
    return {
        "KeyPairId": found.id,
        "KeyType": found.type,
        "Tags": tags.listed(found.tags),
        **({"PublicKey": f"{found.public} {found.name}"} if req.get("IncludePublicKey") else {}),
        "CreateTime": found.created,
        "KeyName": found.name,
        "KeyFingerprint": found.fingerprint,
    }
