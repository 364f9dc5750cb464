"""DNSSEC signing and key-signing keys. They are kept: answers are not signed.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec.html
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.network.zones import ZONES
from fogbank.store.api import Reader, Transaction

from .. import changes, shapes
from ..errors import (
    InvalidInput,
    InvalidKeySigningKeyStatus,
    InvalidKMSArn,
    KeySigningKeyAlreadyExists,
    KeySigningKeyInUse,
    KeySigningKeyWithActiveStatusNotFound,
    NoSuchKeySigningKey,
    TooManyKeySigningKeys,
)
from ..find import ZONE, by_zone_id
from ..records import THINGS, Thing

KIND = "keysigningkey"
MOST = 2  # keys of a zone
_NAME = re.compile(r"[A-Za-z0-9_]{3,128}")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+")


def _keys(tx: Reader, ctx: Context, zone: str) -> list[Thing]:
    return list(tx.scan(THINGS, (ctx.account, KIND, zone)))


def _key(tx: Reader, ctx: Context, req: dict[str, Any]) -> Thing:
    zone = ZONE.find(tx, ctx, req["HostedZoneId"])
    found = tx.get(THINGS, (ctx.account, KIND, zone.id, req["Name"])) if zone else None
    if found is None:
        raise NoSuchKeySigningKey
    return found


@operation("route53", "CreateKeySigningKey", resource=by_zone_id, fidelity="recorded")
def create_key_signing_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a key. Its public key and digest are made up from its name."""
    arn, name = req["KeyManagementServiceArn"], req["Name"]
    if not _KEY.fullmatch(arn):
        raise InvalidKMSArn
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"The key-signing key (KSK) name {name} isn't valid.")  # not confirmed
    if req["Status"] not in ("ACTIVE", "INACTIVE"):
        raise InvalidKeySigningKeyStatus
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        there = _keys(tx, ctx, zone.id)
        if any(each.part == name or each.data["KmsArn"] == arn for each in there):
            raise KeySigningKeyAlreadyExists
        if len(there) >= MOST:
            raise TooManyKeySigningKeys
        digest = hashlib.sha256(f"{zone.id}/{name}".encode())
        tag = int.from_bytes(digest.digest()[:2])
        data = {
            "Name": name, "KmsArn": arn, "Flag": 257, "SigningAlgorithmMnemonic": "ECDSAP256SHA256",
            "SigningAlgorithmType": 13, "DigestAlgorithmMnemonic": "SHA-256", "DigestAlgorithmType": 2, "KeyTag": tag,
            "DigestValue": digest.hexdigest().upper(), "PublicKey": "", "DNSKEYRecord": "257 3 13 ",
            "DSRecord": f"{tag} 13 2 {digest.hexdigest().upper()}", "Status": req["Status"],
            "CreatedDate": ctx.now(), "LastModifiedDate": ctx.now(),
        }  # fmt: skip
        tx.put(THINGS, Thing(account=ctx.account, kind=KIND, id=zone.id, part=name, data=data))
        change = changes.submit(tx, ctx)
    where = shapes.location(f"keysigningkey/{zone.id}/{name}")
    return {"ChangeInfo": change, "KeySigningKey": data, "Location": where}


def _set(tx: Transaction, ctx: Context, key: Thing, status: str) -> dict[str, Any]:
    key.data = key.data | {"Status": status, "LastModifiedDate": ctx.now()}
    tx.put(THINGS, key)
    return {"ChangeInfo": changes.submit(tx, ctx)}


@operation("route53", "ActivateKeySigningKey", resource=by_zone_id, fidelity="recorded")
def activate_key_signing_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Let a key be used."""
    with ctx.write() as tx:
        return _set(tx, ctx, _key(tx, ctx, req), "ACTIVE")


def _active(tx: Reader, ctx: Context, zone: str) -> list[Thing]:
    return [each for each in _keys(tx, ctx, zone) if each.data["Status"] == "ACTIVE"]


@operation("route53", "DeactivateKeySigningKey", resource=by_zone_id, fidelity="recorded")
def deactivate_key_signing_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stop the use of a key, unless it is the only one of a zone that is signed."""
    with ctx.write() as tx:
        key = _key(tx, ctx, req)
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        if zone.signing and [each.part for each in _active(tx, ctx, zone.id)] == [key.part]:
            raise KeySigningKeyInUse
        return _set(tx, ctx, key, "INACTIVE")


@operation("route53", "DeleteKeySigningKey", resource=by_zone_id, fidelity="recorded")
def delete_key_signing_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a key that is not active."""
    with ctx.write() as tx:
        key = _key(tx, ctx, req)
        if key.data["Status"] == "ACTIVE":
            raise InvalidKeySigningKeyStatus
        tx.delete(THINGS, THINGS.key(key))
        return {"ChangeInfo": changes.submit(tx, ctx)}


@operation("route53", "EnableHostedZoneDNSSEC", resource=by_zone_id, fidelity="recorded")
def enable_hosted_zone_dnssec(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Note that a zone is signed. It needs an active key."""
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        if not _active(tx, ctx, zone.id):
            raise KeySigningKeyWithActiveStatusNotFound
        zone.signing = True
        tx.put(ZONES, zone)
        return {"ChangeInfo": changes.submit(tx, ctx)}


@operation("route53", "DisableHostedZoneDNSSEC", resource=by_zone_id, fidelity="recorded")
def disable_hosted_zone_dnssec(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Note that a zone is not signed."""
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        zone.signing = False
        tx.put(ZONES, zone)
        return {"ChangeInfo": changes.submit(tx, ctx)}


@operation("route53", "GetDNSSEC", resource=by_zone_id, fidelity="recorded")
def get_dnssec(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Whether a zone is signed, and its keys."""
    with ctx.read() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        keys = [each.data for each in _keys(tx, ctx, zone.id)]
    return {"Status": {"ServeSignature": "SIGNING" if zone.signing else "NOT_SIGNING"}, "KeySigningKeys": keys}
