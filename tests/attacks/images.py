"""A victim's repository in each kind of registry, with a layer and an image."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import World


def make(world: World, victim: str, home: str, secret: str) -> None:
    layer = secret.encode()
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    part = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": len(layer)}
    manifest = json.dumps({"schemaVersion": 2, "config": part, "layers": [part], "annotations": {"k": secret}})
    for service, region in (("ecr", home), ("ecr-public", "")):
        name = {"repositoryName": "deep/image"}
        world.own(service, "CreateRepository", **name, tags=[{"Key": "k", "Value": secret}])
        upload = world.own(service, "InitiateLayerUpload", **name)["uploadId"]
        world.own(service, "UploadLayerPart", **name, uploadId=upload, partFirstByte=0,
                 partLastByte=len(layer) - 1, layerPartBlob=layer)  # fmt: skip
        world.own(service, "CompleteLayerUpload", **name, uploadId=upload, layerDigests=[digest])
        world.own(service, "PutImage", **name, imageManifest=manifest, imageTag="Tag")
        arn = f"arn:aws:{service}:{region}:{victim}:repository/deep/image"
        world.thing(service, arn, repositoryName="deep/image", repositoryNames="deep/image", resourceArn=arn)
        world.texts[service, "imageTag"] = ["Tag"]
        world.texts[service, "registryId"] = [victim]
        world.texts[service, "layerDigest"] = world.texts[service, "layerDigests"] = [digest]
    rule = {"rulePriority": 1, "action": {"type": "expire"},
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}}  # fmt: skip
    world.own("ecr", "StartLifecyclePolicyPreview", repositoryName="deep/image",
             lifecyclePolicyText=json.dumps({"rules": [rule]}))  # fmt: skip
    world.own("ecr", "StartImageScan", repositoryName="deep/image", imageId={"imageTag": "Tag"})
    policy = json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": victim}, "Action": "ecr:ReplicateImage", "Resource": "*",
        "Sid": "Kept"}})  # fmt: skip
    world.own("ecr", "PutRegistryPolicy", policyText=policy)
    world.own("ecr", "CreatePullThroughCacheRule", ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    world.own("ecr", "CreateRepositoryCreationTemplate", prefix="deep", appliedFor=["REPLICATION"],
             description=secret)  # fmt: skip
