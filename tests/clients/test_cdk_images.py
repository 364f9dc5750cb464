"""The CDK: a bootstrap, and the deployment of a stack whose asset is a container image.

The assembly is written here, as `cdk synth` writes it, so only the command line tool is needed. It calls a builder with
docker's command line; the one here runs buildah.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .test_cdk import CDK

TAG = "0c7e4f3a9d5b1e2f"
BUILDER = """#!/bin/sh
store="--storage-driver vfs --root {home}/root --runroot {home}/run"
command="$1"
shift
case "$command" in
    build) exec buildah $store bud --signature-policy {home}/policy.json --isolation chroot "$@" ;;
    push) exec buildah $store push --signature-policy {home}/policy.json --tls-verify=false "$@" ;;
    login) exec buildah $store login --tls-verify=false "$@" ;;
    tag) exec buildah $store tag "$@" ;;
esac
exit 1
"""


class Cdk:
    def __init__(self, aws: Any, home: Path) -> None:
        self.aws = aws
        self.home = home
        self.env = {
            **os.environ,
            "HOME": str(home),
            "CDK_HOME": str(home / "cdk"),
            "TMPDIR": str(home),
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": aws.id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "REGISTRY_AUTH_FILE": str(home / "auth.json"),
            "CDK_DOCKER": str(home / "builder"),
            "CDK_DISABLE_CLI_TELEMETRY": "1",
        }

    def run(self, *command: str) -> None:
        done = subprocess.run(
            [CDK, *command, "--ci"],
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def builder(self) -> None:
        (self.home / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        (self.home / "builder").write_text(BUILDER.format(home=self.home))
        (self.home / "builder").chmod(0o755)

    def assembly(self) -> str:
        """A stack with a repository and a container image as its asset."""
        folder = self.home / "cdk.out"
        image = folder / "asset.image"
        image.mkdir(parents=True)
        (image / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
        here = f"{self.aws.id}-us-east-1"

        def role(name: str) -> str:
            return f"arn:${{AWS::Partition}}:iam::{self.aws.id}:role/cdk-hnb659fds-{name}-role-{here}"

        bootstrap = {
            "requiresBootstrapStackVersion": 6,
            "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
        }
        template = {"Resources": {"R": {"Type": "AWS::ECR::Repository", "Properties": {"EmptyOnDelete": True}}}}
        destination = {"region": "us-east-1", "assumeRoleArn": role("file-publishing")}
        bucket = f"cdk-hnb659fds-assets-{here}"
        assets = {
            "version": "36.0.0",
            "files": {"t": {
                "source": {"path": "S.template.json", "packaging": "file"},
                "destinations": {"d": {**destination, "bucketName": bucket, "objectKey": "t.json"}}}},
            "dockerImages": {TAG: {
                "source": {"directory": "asset.image"},
                "destinations": {"d": {
                    "region": "us-east-1", "assumeRoleArn": role("image-publishing"), "imageTag": TAG,
                    "repositoryName": f"cdk-hnb659fds-container-assets-{here}"}}}},
        }  # fmt: skip
        stack = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{self.aws.id}/us-east-1",
            "properties": {
                **bootstrap, "templateFile": "S.template.json", "assumeRoleArn": role("deploy"),
                "cloudFormationExecutionRoleArn": role("cfn-exec"),
                "stackTemplateAssetObjectUrl": f"s3://{bucket}/t.json"},
            "dependencies": ["S.assets"],
        }  # fmt: skip
        manifest = {
            "version": "36.0.0",
            "artifacts": {
                "S.assets": {"type": "cdk:asset-manifest", "properties": {**bootstrap, "file": "S.assets.json"}},
                "S": stack,
            },
        }
        for name, content in (("manifest", manifest), ("S.template", template), ("S.assets", assets)):
            (folder / f"{name}.json").write_text(json.dumps(content))
        return str(folder)


@pytest.fixture
def cdk(aws: Any, tmp_path: Path) -> Cdk:
    return Cdk(aws, tmp_path)


@pytest.mark.skipif(not CDK.exists(), reason="needs the CDK: cd tests/npm && npm ci")
@pytest.mark.skipif(shutil.which("buildah") is None, reason="needs a builder: apt install buildah")
@pytest.mark.xdist_group("cdk")
def test_a_bootstrap_and_a_stack_with_a_container_image(aws: Any, cdk: Cdk) -> None:
    ecr = aws.client("ecr")
    cdk.run("bootstrap", f"aws://{aws.id}/us-east-1")
    (made,) = ecr.describe_repositories()["repositories"]
    name = f"cdk-hnb659fds-container-assets-{aws.id}-us-east-1"
    assert (made["repositoryName"], made["imageTagMutability"]) == (name, "IMMUTABLE")
    cdk.builder()
    folder = cdk.assembly()
    cdk.run("deploy", "S", "--app", folder, "--require-approval", "never")
    (image,) = ecr.list_images(repositoryName=name)["imageIds"]
    assert image["imageTag"] == TAG
    assert len(ecr.describe_repositories()["repositories"]) == 2
    cdk.run("destroy", "S", "--app", folder, "--force")
    assert len(ecr.describe_repositories()["repositories"]) == 1
