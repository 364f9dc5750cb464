"""Manifests: what a document says of its media type, its blobs, the manifests that it names, and its subject.

https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md
https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from fogbank.core import documents

from .names import DIGEST

LIMIT = 4 << 20  # bytes of a manifest
PARTS = 1000  # layers or images in a manifest. AWS's limit is not documented; this one bounds the work of a push
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
SCHEMA_1 = ("application/vnd.docker.distribution.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws")  # fmt: skip
INDEXES = (DOCKER_LIST, OCI_INDEX)
TYPES = (DOCKER, DOCKER_LIST, OCI, OCI_INDEX)
_EMPTY = "application/vnd.oci.empty.v1+json"


class BadManifest(ValueError):
    """A document that is no manifest; the text says why."""


class Manifest(msgspec.Struct, frozen=True):
    """What is read from a manifest. `size` is of all blobs that it names."""

    digest: str
    media_type: str
    layers: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    subject: str | None = None
    artifact_type: str | None = None
    annotations: dict[str, str] = {}
    size: int = 0

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEXES


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def parse(content: bytes, media_type: str = "") -> Manifest:
    """Read a manifest. `media_type` is what its sender calls it. Raises BadManifest."""
    try:
        document = documents.read_object(content)
    except documents.BadDocument:
        raise BadManifest("Invalid JSON syntax") from None
    if document.get("schemaVersion") != 2:
        raise BadManifest("only manifests of schema version 2 are supported")
    said = document.get("mediaType") or media_type.partition(";")[0].strip()
    kind = said or (OCI_INDEX if "manifests" in document else OCI)
    if kind not in TYPES:
        raise BadManifest(f"the media type '{kind}' is not supported")
    annotations = document.get("annotations") or {}
    found: dict[str, Any] = {
        "digest": digest_of(content),
        "media_type": kind,
        "subject": _descriptor(document["subject"])[0] if document.get("subject") else None,
        "annotations": {str(k): str(v) for k, v in annotations.items()} if isinstance(annotations, dict) else {},
    }
    if kind in INDEXES:
        children = [_descriptor(each)[0] for each in _list(document, "manifests")]
        return Manifest(**found, children=tuple(dict.fromkeys(children)), artifact_type=_text(document, "artifactType"))
    config = document.get("config")
    _descriptor(config)
    assert isinstance(config, dict)
    layers = [_descriptor(each) for each in (config, *_list(document, "layers")) if not _is_foreign(each)]
    artifact = _text(document, "artifactType") or _text(config, "mediaType")
    return Manifest(
        **found,
        layers=tuple(dict.fromkeys(digest for digest, _ in layers)),
        artifact_type=artifact if artifact != _EMPTY else None,
        size=sum(size for _, size in layers),
    )


def sizes(content: bytes) -> dict[str, int]:
    """The sizes of the blobs that a manifest names, which `parse` has accepted."""
    document = documents.read_object(content)
    named = (document.get("config"), *(document.get("layers") or ()))
    return {each["digest"]: each["size"] for each in named if isinstance(each, dict)}


def _list(document: dict[str, Any], member: str) -> list[Any]:
    found = document.get(member)
    if not isinstance(found, list):
        raise BadManifest(f"'{member}' is missing")
    if len(found) > PARTS:
        raise BadManifest(f"'{member}' has more than {PARTS} entries")
    return found


def _text(document: dict[str, Any], member: str) -> str | None:
    found = document.get(member)
    return found if isinstance(found, str) and found else None


def _descriptor(value: Any) -> tuple[str, int]:
    """The digest and size in a descriptor."""
    if not isinstance(value, dict):
        raise BadManifest("a descriptor is missing")
    digest, size = value.get("digest"), value.get("size")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise BadManifest(f"invalid digest: {str(digest)[:200]}")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise BadManifest(f"invalid size of {digest}")
    return digest, size


def _is_foreign(value: Any) -> bool:
    """Whether a layer is kept elsewhere: such layers are not pushed."""
    return isinstance(value, dict) and bool(value.get("urls"))
