"""The records that S3 stores. Bucket names are global, so no key begins with an account; a bucket names its owner.

    s3/bucket     (name)                        a bucket, with the data that every request needs
    s3/config     (bucket, kind, id)            its policy, CORS rules, website, … as they were sent
    s3/object     (bucket, key)                 the current version, unless it is a delete marker
    s3/version    (bucket, key, order)          noncurrent versions and delete markers, newest first
    s3/inline     (bucket, key, version id)     the bytes of small objects
    s3/parts      (bucket, key, version id)     the list of parts of a multipart object
    s3/upload     (bucket, key, upload id)      a multipart upload in progress
    s3/part       (bucket, upload id, number)   its parts
    s3/garbage    (id)                          blobs that a job will release

Larger contents are blobs of owner "s3"; a copy of an object refers to the same blob.
"""

from __future__ import annotations

import operator
from typing import Any

import msgspec

from fogbank.store.api import Record, Table

INLINE = 32 * 1024  # bytes; larger objects are blobs
NULL = "null"  # the version id of objects written while versioning is not enabled


class Bucket(Record):
    name: str
    account: str
    region: str
    created: float
    versioning: str = ""  # "", Enabled, Suspended
    ownership: str = "BucketOwnerEnforced"  # "" when the controls were removed; then like ObjectWriter
    # BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets
    public_access: tuple[bool, ...] = (True, True, True, True)
    account_access: tuple[bool, ...] = (False, False, False, False)  # the same of its account: see account_block.py
    has_policy: bool = False
    has_cors: bool = False
    has_notifications: bool = False
    kms_key: str | None = None  # the key of a default SSE-KMS encryption; None: SSE-S3
    grants: str = "private"  # the canned ACL

    @property
    def blocked(self) -> tuple[bool, ...]:
        """What is blocked: by the bucket, or by its account."""
        return tuple(map(operator.or_, self.public_access, self.account_access))


class Config(Record):
    """One sub-resource of a bucket. `value` is the operation's input structure, or the text of a policy."""

    bucket: str
    kind: str
    id: str = ""
    value: Any = None


class Part(msgspec.Struct, omit_defaults=True):
    """A part of a multipart object: a blob, its size, and its checksum (base64) in the object's algorithm."""

    number: int
    blob: str
    size: int
    checksum: str = ""


class Object(Record):
    """One version of an object. `etag` is without quotes; `blob` is empty for inline and multipart objects.

    `headers` are the members that are returned as they were sent (ContentEncoding, CacheControl, …), by botocore's
    names. `checksums` are in base64, by algorithm (CRC32, SHA256, …).
    """

    bucket: str
    key: str
    etag: str
    size: int
    modified: int  # epoch seconds
    content_type: str = "binary/octet-stream"
    version_id: str = NULL
    order: int = 0  # among the versions of a key, smaller is newer
    blob: str = ""
    parts: int = 0  # their number, in a multipart object
    meta: dict[str, str] = {}
    headers: dict[str, str] = {}
    checksums: dict[str, str] = {}
    checksum_type: str = "FULL_OBJECT"
    tags: dict[str, str] = {}
    storage_class: str = "STANDARD"
    kms_key: str | None = None
    marker: bool = False  # a delete marker
    owner: str = ""  # the account that wrote it, if it is not the bucket's
    grants: str = "private"


class Inline(Record):
    bucket: str
    key: str
    version_id: str
    data: bytes


class Parts(Record):
    bucket: str
    key: str
    version_id: str
    parts: list[Part]


class Upload(Record):
    """A multipart upload in progress. `template` is the record of the object that it will become."""

    bucket: str
    key: str
    id: str
    initiated: float
    initiator: str  # ARN
    account: str
    template: Object
    algorithm: str = ""
    checksum_type: str = ""


class UploadedPart(Record):
    bucket: str
    upload: str
    number: int
    blob: str
    size: int
    etag: str
    modified: int
    checksums: dict[str, str] = {}


class Garbage(Record):
    """Blobs that a job will release."""

    id: str
    blobs: list[str]


BUCKETS = Table("s3/bucket", Bucket, key=lambda b: (b.name,), indexes={"account": lambda b: (b.account, b.name)})
CONFIGS = Table("s3/config", Config, key=lambda c: (c.bucket, c.kind, c.id))
OBJECTS = Table("s3/object", Object, key=lambda o: (o.bucket, o.key))
VERSIONS = Table(
    "s3/version",
    Object,
    key=lambda o: (o.bucket, o.key, o.order),
    indexes={"id": lambda o: (o.bucket, o.key, o.version_id)},
)
INLINES = Table("s3/inline", Inline, key=lambda i: (i.bucket, i.key, i.version_id))
PARTS = Table("s3/parts", Parts, key=lambda p: (p.bucket, p.key, p.version_id))
UPLOADS = Table("s3/upload", Upload, key=lambda u: (u.bucket, u.key, u.id))
UPLOADED = Table("s3/part", UploadedPart, key=lambda p: (p.bucket, p.upload, p.number))
GARBAGE = Table("s3/garbage", Garbage, key=lambda g: (g.id,))
