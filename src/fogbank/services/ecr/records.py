"""What the registries keep: repositories, images, tags, layers, and uploads that are under way.

A private registry belongs to an account in a region. A public one belongs to an account, and its `region` is empty.
The parts of a repository are stored under the repository's own id, which no later repository of that name gets.
Times are in epoch seconds. `settings.py` has the records of a registry as a whole.
"""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Key, Record, Table

PUBLIC = ""  # the region of a public registry


class Repository(Record):
    """A repository. `catalog` is what a public repository shows of itself; `logo` is a part of it."""

    account: str
    region: str
    name: str
    id: str
    created: float
    mutability: str = "MUTABLE"
    exclusions: list[dict[str, str]] = []
    scan_on_push: bool = False
    encryption: dict[str, str] = {}
    policy: str | None = None
    lifecycle: str | None = None
    evaluated: float = 0.0  # when the lifecycle policy was last applied, or was set
    generation: int = 0  # of the lifecycle policy
    catalog: dict[str, Any] | None = None
    tags: dict[str, str] = {}

    @property
    def place(self) -> Key:
        """The beginning of the keys of its parts."""
        return self.account, self.region, self.id


class Image(Record):
    """A manifest: of an image, an index of images, or another artifact.

    `layers` are the digests of its blobs, the configuration included; `children` those of the manifests that an index
    names. `pulled` is the last recorded pull. `scan` is the last scan that was asked for.
    """

    account: str
    region: str
    repository: str
    digest: str
    media_type: str
    manifest: bytes
    size: int
    pushed: float
    pulled: float | None = None
    artifact_type: str | None = None
    subject: str | None = None
    annotations: dict[str, str] = {}
    layers: list[str] = []
    children: list[str] = []
    archived: float | None = None
    activated: float | None = None
    is_archived: bool = False
    scan: dict[str, Any] | None = None
    replication: list[dict[str, str]] = []

    @property
    def place(self) -> Key:
        return self.account, self.region, self.repository


class Tag(Record):
    """A tag of an image. `checked`: when it was last compared with an upstream registry."""

    account: str
    region: str
    repository: str
    tag: str
    digest: str
    created: float
    checked: float = 0.0


class Layer(Record):
    """A blob as a repository has it. Each layer holds a reference to its bytes, which repositories share."""

    account: str
    region: str
    repository: str
    digest: str
    blob: str
    size: int
    created: float


class Content(Record):
    """The bytes with a digest, stored once. `layers` counts the layers that refer to them."""

    digest: str
    blob: str
    size: int
    layers: int


class Part(Record):
    """A piece of an upload. `digest` is the SHA-256 of this piece, in hex."""

    blob: str
    size: int
    digest: str


class Upload(Record):
    account: str
    region: str
    repository: str
    id: str
    started: float
    parts: list[Part] = []

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


class Preview(Record):
    """What a lifecycle policy would do. `results` are as GetLifecyclePolicyPreview shows them."""

    account: str
    region: str
    repository: str
    policy: str
    results: list[dict[str, Any]]


def _entries(image: Image, digests: list[str]) -> list[Key]:
    return [(*image.place, digest) for digest in digests]


REPOSITORIES = Table("ecr/repository", Repository, key=lambda r: (r.account, r.region, r.name))
IMAGES = Table(
    "ecr/image",
    Image,
    key=lambda i: (*i.place, i.digest),
    indexes={
        "layer": lambda i: _entries(i, i.layers),
        "child": lambda i: _entries(i, i.children),
        "subject": lambda i: (*i.place, i.subject) if i.subject else None,
    },
)
TAGS = Table(
    "ecr/tag",
    Tag,
    key=lambda t: (t.account, t.region, t.repository, t.tag),
    indexes={"digest": lambda t: (t.account, t.region, t.repository, t.digest, t.tag)},
)
LAYERS = Table("ecr/layer", Layer, key=lambda a: (a.account, a.region, a.repository, a.digest))
CONTENTS = Table("ecr/content", Content, key=lambda c: (c.digest,))
PREVIEWS = Table("ecr/preview", Preview, key=lambda p: (p.account, p.region, p.repository))
UPLOADS = Table("ecr/upload", Upload, key=lambda u: (u.account, u.region, u.repository, u.id))
