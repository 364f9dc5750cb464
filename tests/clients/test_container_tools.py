"""Container tools push to the registry and pull from it, without configuration but for --tls-verify=false.

skopeo, podman and buildah are Debian packages; crane is the command cmd/crane of the Go module go-containerregistry.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

POLICY = {"default": [{"type": "insecureAcceptAnything"}]}


def needs(tool: str) -> Any:
    how = "go install …/go-containerregistry/cmd/crane" if tool == "crane" else f"apt-get install {tool}"
    return pytest.mark.skipif(shutil.which(tool) is None, reason=how)


class Tools:
    """Runs tools that are logged in to the cloud, each in a home folder of its own."""

    def __init__(self, aws: Any, home: Path) -> None:
        (data,) = aws.client("ecr").get_authorization_token()["authorizationData"]
        self.password = base64.b64decode(data["authorizationToken"]).decode().partition(":")[2]
        self.host = data["proxyEndpoint"].partition("://")[2]
        self.home = home
        self.policy = home / "policy.json"
        self.policy.write_text(json.dumps(POLICY))
        self.env = {**os.environ, "HOME": str(home), "DOCKER_CONFIG": str(home), "TMPDIR": str(home),
                    "REGISTRY_AUTH_FILE": str(home / "auth.json"), "XDG_RUNTIME_DIR": str(home)}  # fmt: skip

    def run(self, *command: str, fails: bool = False) -> str:
        done = subprocess.run(command, capture_output=True, text=True, env=self.env, timeout=120, check=False)
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def skopeo(self, *command: str, fails: bool = False) -> str:
        return self.run("skopeo", "--policy", str(self.policy), *command, fails=fails)

    def log_in(self, *command: str) -> None:
        self.run(*command, "-u", "AWS", "-p", self.password, self.host)

    def layout(self) -> str:
        """A folder with an image in the OCI layout, made without any tool."""
        folder = self.home / "image"
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)

        def keep(content: bytes, media_type: str) -> dict[str, Any]:
            digest = hashlib.sha256(content).hexdigest()
            (blobs / digest).write_bytes(content)
            return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo("hello")
            member.size = 1 << 20
            archive.addfile(member, io.BytesIO(os.urandom(member.size)))
        plain = f"sha256:{hashlib.sha256(packed.getvalue()).hexdigest()}"
        layer = keep(gzip.compress(packed.getvalue()), "application/vnd.oci.image.layer.v1.tar+gzip")
        config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [plain]}}
        manifest = {
            "schemaVersion": 2,
            "config": keep(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
            "layers": [layer],
        }
        named = keep(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
        named["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
        (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        return f"oci:{folder}:v1"


@pytest.fixture
def tools(aws: Any, tmp_path: Path) -> Tools:
    return Tools(aws, tmp_path)


@pytest.fixture
def uri(aws: Any) -> str:
    made: str = aws.client("ecr").create_repository(repositoryName="team/app")["repository"]["repositoryUri"]
    return made


def tags(aws: Any) -> list[str]:
    return sorted(each["imageTag"] for each in aws.client("ecr").list_images(repositoryName="team/app")["imageIds"])


@needs("skopeo")
def test_skopeo(aws: Any, tools: Tools, uri: str) -> None:
    image, to, source = tools.layout(), "--dest-tls-verify=false", "--src-tls-verify=false"
    assert "unauthorized" in tools.skopeo("copy", to, image, f"docker://{uri}:v1", fails=True).lower()
    tools.log_in("skopeo", "login", "--tls-verify=false")
    tools.skopeo("copy", to, image, f"docker://{uri}:v1")
    tools.skopeo("copy", to, "--format", "v2s2", image, f"docker://{uri}:docker")
    assert tags(aws) == ["docker", "v1"]
    shown = json.loads(tools.skopeo("inspect", "--tls-verify=false", f"docker://{uri}:v1"))
    (found,) = aws.client("ecr").describe_images(repositoryName="team/app", imageIds=[{"imageTag": "v1"}])[
        "imageDetails"
    ]
    assert shown["Digest"] == found["imageDigest"]
    tools.skopeo("copy", source, f"docker://{uri}:v1", f"oci:{tools.home}/pulled:v1")
    assert len(list((tools.home / "pulled" / "blobs" / "sha256").iterdir())) == 3
    assert json.loads(tools.skopeo("list-tags", "--tls-verify=false", f"docker://{uri}"))["Tags"] == ["docker", "v1"]
    tools.skopeo("delete", "--tls-verify=false", f"docker://{uri}:docker")
    assert tags(aws) == ["v1"]


@needs("skopeo")
def test_skopeo_pulls_from_a_public_repository_without_credentials(aws: Any, tools: Tools) -> None:
    public = aws.client("ecr-public").create_repository(repositoryName="cat")["repository"]["repositoryUri"]
    tools.log_in("skopeo", "login", "--tls-verify=false")
    tools.skopeo("copy", "--dest-tls-verify=false", tools.layout(), f"docker://{public}:v1")
    tools.run("skopeo", "logout", tools.host)
    tools.skopeo("copy", "--src-tls-verify=false", f"docker://{public}:v1", f"oci:{tools.home}/pulled:v1")


@needs("crane")
def test_crane(aws: Any, tools: Tools, uri: str) -> None:
    folder = tools.layout().split(":")[1]
    assert "401 Unauthorized" in tools.run("crane", "push", folder, f"{uri}:v1", fails=True)
    tools.log_in("crane", "auth", "login")
    tools.run("crane", "push", folder, f"{uri}:v1")
    tools.run("crane", "tag", f"{uri}:v1", "v2")
    assert tags(aws) == ["v1", "v2"]
    assert "PASS" in tools.run("crane", "validate", "--remote", f"{uri}:v2")
    assert tools.run("crane", "ls", uri).split() == ["v1", "v2"]
    aws.client("ecr").create_repository(repositoryName="other")
    aws.client("ecr").put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    tools.run("crane", "copy", f"{uri}:v1", f"{uri.removesuffix('team/app')}other:v1")
    assert tools.run("crane", "catalog", tools.host).split() == ["other", "team/app"]


@needs("buildah")
def test_buildah_builds_and_pushes(aws: Any, tools: Tools, uri: str) -> None:
    (tools.home / "Dockerfile").write_text("FROM scratch\nCOPY policy.json /\n")
    store = ("--storage-driver", "vfs", "--root", f"{tools.home}/root", "--runroot", f"{tools.home}/run")
    policy = ("--signature-policy", str(tools.policy))
    tools.log_in("buildah", *store, "login", "--tls-verify=false")
    tools.run("buildah", *store, "bud", *policy, "--isolation", "chroot", "-t", f"{uri}:built", str(tools.home))
    tools.run("buildah", *store, "push", *policy, "--tls-verify=false", f"{uri}:built")
    assert tags(aws) == ["built"]
    tools.run("buildah", *store, "rmi", f"{uri}:built")
    tools.run("buildah", *store, "pull", *policy, "--tls-verify=false", f"{uri}:built")


@needs("podman")
@pytest.mark.skipif(not Path("/etc/containers/policy.json").exists(), reason="apt-get install podman")
def test_podman(aws: Any, tools: Tools, uri: str) -> None:
    store = ("--storage-driver", "vfs", "--root", f"{tools.home}/root", "--runroot", f"{tools.home}/run")
    tools.log_in("podman", *store, "login", "--tls-verify=false")
    tools.run("podman", *store, "pull", "-q", tools.layout())
    (image,) = tools.run("podman", *store, "images", "-q").split()
    tools.run("podman", *store, "push", "--tls-verify=false", image, f"{uri}:v1")
    assert tags(aws) == ["v1"]
    tools.run("podman", *store, "pull", "--tls-verify=false", f"{uri}:v1")
