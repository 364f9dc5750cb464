"""What volumes can be: sizes, IOPS and throughput by type, and how they are encrypted.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.principal import root
from fogbank.store.api import Reader

from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from .find import SNAPSHOT
from .records import Snapshot
from .settings import of_region

OWN_KEY = "alias/aws/ebs"


class Limits(msgspec.Struct, frozen=True):
    """Of one type: GiB, IOPS, and IOPS per GiB. Types without `iops` have none to choose."""

    least: int
    most: int
    iops: tuple[int, int] | None = None
    ratio: int = 0


TYPES = {
    "gp2": Limits(1, 16384),
    "gp3": Limits(1, 65536, (3000, 80000), 500),
    "io1": Limits(4, 16384, (100, 64000), 50),
    "io2": Limits(4, 65536, (100, 256000), 1000),
    "st1": Limits(125, 16384),
    "sc1": Limits(125, 16384),
    "standard": Limits(1, 1024),
}
THROUGHPUT = (125, 2000)  # MiB/s of gp3
THROUGHPUT_RATIO = 0.25  # MiB/s for each of its IOPS
BASE_IOPS = 3000  # of gp3


class Disk(msgspec.Struct):
    """A volume that shall be made."""

    size: int
    type: str
    iops: int = 0
    throughput: int = 0
    encrypted: bool = False
    kms_key: str = ""
    snapshot: str = ""


def disk(
    tx: Reader,
    ctx: Context,
    ebs: Mapping[str, Any],
    keys: Mapping[str, str],
    *,
    own: bool = False,
    default: str = "gp2",
) -> Disk:
    """The volume that the members of a request describe. `keys` has the ARNs of the KMS keys that they name.

    `own`: the snapshot comes from an image, and needs no permission of its own.
    """
    found = _snapshot(tx, ctx, ebs.get("SnapshotId") or "", own)
    size = ebs.get("VolumeSize") or (found.size if found else 0)
    if not size:
        raise MissingParameter("The request must contain the parameter size or snapshotId")
    if found and size < found.size:
        raise InvalidParameterValue(
            f"Volume of size {size}GB is smaller than snapshot '{found.id}', expect size >= {found.size}GB"
        )
    type = ebs.get("VolumeType") or default
    iops, throughput = performance(type, size, ebs.get("Iops"), ebs.get("Throughput"))
    settings = of_region(tx, ctx)
    encrypted = bool(ebs.get("Encrypted") or (found and found.encrypted) or settings.get("EbsEncryptionByDefault"))
    if ebs.get("KmsKeyId") and not encrypted:
        raise InvalidParameterCombination("The parameter KmsKeyId requires the parameter Encrypted to be set.")
    if found and found.encrypted and ebs.get("Encrypted") is False:
        raise InvalidParameterValue(f"The snapshot '{found.id}' is encrypted: its volumes must be.")
    key = ""
    if encrypted:
        name = ebs.get("KmsKeyId") or (found.kms_key if found else "") or default_key(settings)
        key = keys.get(name, name)
    return Disk(size, type, iops, throughput, encrypted, key, ebs.get("SnapshotId") or "")


def _snapshot(tx: Reader, ctx: Context, id: str, own: bool) -> Snapshot | None:
    if not id:
        return None
    found = SNAPSHOT.look(tx, ctx, id) if own else SNAPSHOT.require(tx, ctx, id)
    if found is None:
        raise SNAPSHOT.absent(id)
    if found.state != "completed":
        raise NetworkError("IncorrectState", f"Snapshot is in invalid state - {found.state}")
    return found


def performance(type: str, size: int, iops: int | None, throughput: int | None) -> tuple[int, int]:
    """The IOPS and the throughput of a volume, 0 where its type has none. Raises where they are out of bounds."""
    limits = TYPES.get(type)
    if limits is None:
        raise InvalidParameterValue(f"Value ({type}) for parameter volumeType is invalid. Unknown volume type.")
    for wrong, words, bound in (
        (size < limits.least, "small", limits.least),
        (size > limits.most, "large", limits.most),
    ):
        if wrong:
            raise InvalidParameterValue(
                f"Volume of {size}GiB is too {words} for volume type {type}; "
                f"{'minimum' if words == 'small' else 'maximum'} is {bound}GiB"
            )
    if throughput is not None and type != "gp3":
        raise InvalidParameterCombination(f"The parameter throughput is not supported for {type} volumes.")
    if limits.iops is None:
        if iops is not None and type != "gp2":
            raise InvalidParameterCombination(f"The parameter iops is not supported for {type} volumes.")
        if iops is not None:
            raise InvalidParameterCombination("The parameter iops is not supported for gp2 volumes.")
        return (min(max(100, 3 * size), 16000) if type == "gp2" else 0), 0
    return _provisioned(type, size, iops, throughput, limits)


def _provisioned(type: str, size: int, iops: int | None, throughput: int | None, limits: Limits) -> tuple[int, int]:
    if iops is None and type != "gp3":
        raise MissingParameter(f"The parameter iops must be specified for {type} volumes.")
    wanted = BASE_IOPS if iops is None else iops
    assert limits.iops is not None
    least, most = limits.iops
    if wanted < least:
        raise InvalidParameterValue(f"Volume iops of {wanted} is too low; minimum is {least}.")
    if wanted > most:
        raise InvalidParameterValue(f"Volume iops of {wanted} is too high; maximum is {most}.")
    if wanted > max(limits.ratio * size, BASE_IOPS if type == "gp3" else 0):
        raise InvalidParameterValue(
            f"Iops to volume size ratio of {wanted / size:.6f} is too high; maximum is {limits.ratio}"
        )
    if type != "gp3":
        return wanted, 0
    rate = THROUGHPUT[0] if throughput is None else throughput
    if rate < THROUGHPUT[0]:
        raise InvalidParameterValue(f"Throughput (MiBps) of {rate} is too low; minimum is {THROUGHPUT[0]}.")
    if rate > THROUGHPUT[1]:
        raise InvalidParameterValue(f"Throughput (MiBps) of {rate} is too high; maximum is {THROUGHPUT[1]}.")
    if rate / wanted > THROUGHPUT_RATIO:
        raise InvalidParameterValue(
            f"Throughput (MiBps) to iops ratio of {rate / wanted:.6f} is too high; "
            f"maximum is {THROUGHPUT_RATIO:.6f} MiBps per iops."
        )
    return wanted, rate


# -- encryption --------------------------------------------------------------------------------------------------------


def default_key(settings: Mapping[str, Any]) -> str:
    """The KMS key of volumes for which a request names none."""
    return str(settings.get("KmsKeyId") or OWN_KEY)


async def keys_for(ctx: Context, disks: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The ARNs of the KMS keys that the disks of a request need, by how the request or the settings name them."""
    wanted = [each for each in disks if each]
    named = {each["KmsKeyId"] for each in wanted if each.get("KmsKeyId")}
    settings = await ctx.fetch(of_region, ctx)
    if settings.get("EbsEncryptionByDefault") or any(each.get("Encrypted") for each in wanted):
        named.add(default_key(settings))
    return await key_arns(ctx, named) if named else {}


async def key_arns(ctx: Context, wanted: set[str]) -> dict[str, str]:
    """The ARNs of KMS keys by how they are named. They must be enabled keys for encryption that the caller may see.

    AWS finds out about a wrong key while it makes the volume, which vanishes then. Here the request fails. EBS's own
    key is there for all of the account that may make volumes.
    """
    found = {}
    for name in sorted(wanted):
        who = ctx.acting_as(root(ctx.account)) if name == OWN_KEY else ctx
        try:
            metadata = (await who.call("kms", "DescribeKey", {"KeyId": name}))["KeyMetadata"]
        except ServiceError as error:
            if error.code != "NotFoundException":
                raise
            raise NetworkError("InvalidKmsKeyId.NotFound", f"The KmsKeyId '{name}' does not exist") from None
        if metadata["KeyState"] != "Enabled" or metadata["KeyUsage"] != "ENCRYPT_DECRYPT":
            raise NetworkError("InvalidKmsKeyId.InvalidState", f"The KmsKeyId '{name}' cannot be used to encrypt.")
        found[name] = str(metadata["Arn"])
    return found
