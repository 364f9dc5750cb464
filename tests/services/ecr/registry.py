"""A client of the registry's protocol, and images for it: what docker does, step by step."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
from typing import Any, NamedTuple
from urllib.parse import urlsplit

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"


def policy(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*", **members: Any) -> dict[str, Any]:
    """A statement, perhaps with a Principal or a Condition."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **members}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        """The status and the code of an error."""
        return self.status, self.json["errors"][0]["code"]


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def descriptor(content: bytes, media_type: str = LAYER) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


class Made(NamedTuple):
    """An image: its manifest and its blobs."""

    manifest: bytes
    media_type: str
    blobs: tuple[bytes, ...]

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def make(*layers: bytes, media_type: str = OCI, **members: Any) -> Made:
    """An image of layers; without any it has one layer of random bytes."""
    layers = layers or (os.urandom(64),)
    config = json.dumps({"made": digest_of(b"".join(layers))}).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(config, CONFIG),
        "layers": [descriptor(layer) for layer in layers],
        **members,
    }
    return Made(json.dumps(document).encode(), media_type, (config, *layers))


def make_index(*images: Made) -> Made:
    named = [{"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest)} for image in images]
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": named}
    return Made(json.dumps(document).encode(), INDEX, ())


def password(account: Any, service: str = "ecr") -> str:
    """A token of an account or a user, for its Authorization header."""
    data = account.client(service).get_authorization_token()["authorizationData"]
    token: str = (data[0] if isinstance(data, list) else data)["authorizationToken"]
    assert base64.b64decode(token).startswith(b"AWS:")
    return f"Basic {token}"


class Registry:
    """A repository, as its URI says, with the Authorization header of somebody."""

    def __init__(self, cloud: Any, uri: str, authorization: str = "") -> None:
        self.port = urlsplit(cloud.endpoint).port
        self.host, _, self.name = uri.partition("/")
        self.authorization = authorization

    def ask(self, method: str, path: str, body: Any = b"", **headers: str) -> Answer:
        """`path` is below /v2/; names of headers have `_` for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Host": self.host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.authorization and "Authorization" not in sent:
            sent["Authorization"] = self.authorization
        target = path if path.startswith("/v2/") else f"/v2/{path}"
        kept = {name: value for name, value in sent.items() if value}
        connection.request(method, target, body, kept, encode_chunked="Transfer-Encoding" in kept)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, found, response.read())
        connection.close()
        return answer

    def on(self, method: str, path: str, body: Any = b"", **headers: str) -> Answer:
        """A request below the repository's name."""
        return self.ask(method, f"{self.name}/{path}", body, **headers)

    def push_blob(self, content: bytes) -> Answer:
        begun = self.on("POST", "blobs/uploads/")
        if begun.status != 202:
            return begun
        return self.ask("PUT", f"{begun.headers['location']}?digest={digest_of(content)}", content)

    def push(self, image: Made, reference: str = "latest") -> Answer:
        """Push an image with its blobs. Returns the first answer that is no success, or the last one."""
        for blob in image.blobs:
            pushed = self.push_blob(blob)
            if pushed.status != 201:
                return pushed
        return self.on("PUT", f"manifests/{reference}", image.manifest, Content_Type=image.media_type)

    def pull(self, reference: str = "latest") -> Made:
        """Pull an image with its blobs, and compare all digests."""
        found = self.on("GET", f"manifests/{reference}")
        assert found.status == 200, found.body
        assert digest_of(found.body) == found.headers["docker-content-digest"]
        document = found.json
        blobs = []
        for each in [document["config"], *document["layers"]]:
            blob = self.on("GET", f"blobs/{each['digest']}")
            assert (blob.status, digest_of(blob.body)) == (200, each["digest"])
            blobs.append(blob.body)
        return Made(found.body, found.headers["content-type"], tuple(blobs))
