"""Images and layers by the APIs, and what becomes of their bytes."""

from __future__ import annotations

import os
import urllib.error
import urllib.request

import pytest
from tests.services.ecr.registry import Registry, digest_of, make, make_index, password
from tests.support import refused

NAME = {"repositoryName": "team/app"}
NOTHING = digest_of(b"nothing has this digest")
MIB = 1 << 20


def upload(ecr, *parts, **where):
    """Upload a layer in parts by the API, and return its digest."""
    where = where or NAME
    id = ecr.initiate_layer_upload(**where)["uploadId"]
    at = 0
    for part in parts:
        request = {"uploadId": id, "partFirstByte": at, "partLastByte": at + len(part) - 1}
        assert ecr.upload_layer_part(**where, **request, layerPartBlob=part)["lastByteReceived"] == at + len(part) - 1
        at += len(part)
    digest = digest_of(b"".join(parts))
    assert ecr.complete_layer_upload(**where, uploadId=id, layerDigests=[digest])["layerDigest"] == digest
    return digest


def put(ecr, image, tag=None, **more):
    tagged = {"imageTag": tag} if tag else {}
    return ecr.put_image(**NAME, imageManifest=image.manifest.decode(), **tagged, **more)["image"]


# -- layers ------------------------------------------------------------------------------------------------------------


@pytest.mark.holds_the_loop("JSON with five megabytes of base64")
def test_an_image_is_pushed_by_the_api_and_pulled_by_the_registry(ecr, registry):
    layer = os.urandom(7 * MIB)
    image = make(layer)
    upload(ecr, layer[: 5 * MIB], layer[5 * MIB :])
    upload(ecr, image.blobs[0])
    shown = put(ecr, image, "v1")
    assert shown["imageId"] == {"imageDigest": image.digest, "imageTag": "v1"}
    assert shown["imageManifestMediaType"] == image.media_type
    assert registry.pull("v1") == image


@pytest.mark.holds_the_loop("JSON with ten megabytes of base64")
def test_parts_are_checked(ecr, uri):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UploadLayerPart.html"""
    begun = ecr.initiate_layer_upload(**NAME)
    assert begun["partSize"] == 10 * MIB
    part = {**NAME, "uploadId": begun["uploadId"]}
    digests = {"layerDigests": [NOTHING]}
    assert refused(ecr.complete_layer_upload, **part, **digests).code == "EmptyUploadException"
    first = {"partFirstByte": 0, "partLastByte": 2, "layerPartBlob": b"abc"}
    ecr.upload_layer_part(**part, **first)
    for wrong in (
        first,
        {"partFirstByte": 3, "partLastByte": 9, "layerPartBlob": b"abc"},
        {"partFirstByte": 4, "partLastByte": 6, "layerPartBlob": b"abc"},
        {"partFirstByte": 3, "partLastByte": 3 + 10 * MIB, "layerPartBlob": bytes(10 * MIB + 1)},
    ):
        assert refused(ecr.upload_layer_part, **part, **wrong).code == "InvalidLayerPartException"
    assert refused(ecr.complete_layer_upload, **part, **digests).code == "InvalidLayerException"
    ecr.upload_layer_part(**part, partFirstByte=3, partLastByte=3, layerPartBlob=b"d")
    assert refused(ecr.complete_layer_upload, **part, **digests).code == "LayerPartTooSmallException"
    other = {**part, "uploadId": "00000000-0000-4000-8000-000000000000"}
    assert refused(ecr.upload_layer_part, **other, **first).code == "UploadNotFoundException"
    assert refused(ecr.complete_layer_upload, **other, **digests).code == "UploadNotFoundException"
    digest = upload(ecr, b"layer")
    again = ecr.initiate_layer_upload(**NAME)["uploadId"]
    call = {**NAME, "uploadId": again, "layerDigests": [digest]}
    assert refused(ecr.complete_layer_upload, **call).code == "LayerAlreadyExistsException"


def test_which_layers_are_there(ecr, uri):
    digest = upload(ecr, b"layer")
    found = ecr.batch_check_layer_availability(**NAME, layerDigests=[digest, NOTHING, "none"])
    assert [(each["layerDigest"], each["layerAvailability"]) for each in found["layers"]] == [
        (digest, "AVAILABLE"),
        (NOTHING, "UNAVAILABLE"),
    ]
    assert found["layers"][0]["layerSize"] == 5
    assert [each["failureCode"] for each in found["failures"]] == ["InvalidLayerDigest"]


def test_the_link_to_a_layer_works_for_an_hour(own_cloud):
    ecr = own_cloud.account().client("ecr")
    ecr.create_repository(**NAME)
    digest = upload(ecr, b"layer")
    url = ecr.get_download_url_for_layer(**NAME, layerDigest=digest)["downloadUrl"]
    assert urllib.request.urlopen(url).read() == b"layer"
    for other in (url[:-1], url + "x", url.rpartition("/")[0] + "/"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(other)
    own_cloud.advance(3700)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)
    assert refused(ecr.get_download_url_for_layer, **NAME, layerDigest=NOTHING).code == "LayersNotFoundException"


# -- images ------------------------------------------------------------------------------------------------------------


def test_put_image_says_what_is_wrong(aws, ecr, registry):
    image = make()
    missing = refused(put, ecr=ecr, image=image)
    assert missing.code == "LayersNotFoundException"
    assert missing.message.startswith(f"Layers with digests '[{digest_of(image.blobs[0])}, ")
    assert missing.message.endswith(
        f"required for pushing image into repository with name 'team/app' in the registry with id '{aws.id}' do not "
        "exist"
    )
    registry.push(image, "v1")
    assert refused(put, ecr=ecr, image=image).code == "ImageAlreadyExistsException"
    again = refused(put, ecr=ecr, image=image, tag="v1")
    assert again.message == (
        f"Image with digest '{image.digest}' and tag 'v1' already exists in the repository with name 'team/app' in "
        f"registry with id '{aws.id}'"
    )
    assert put(ecr, image, "v2")["imageId"]["imageTag"] == "v2"
    wrong = refused(put, ecr=ecr, image=image, tag="v3", imageDigest=NOTHING)
    assert wrong.code == "ImageDigestDoesNotMatchException"
    assert refused(put, ecr=ecr, image=make_index(make())).code == "ReferencedImagesNotFoundException"
    assert refused(ecr.put_image, **NAME, imageManifest="none").code == "InvalidParameterException"
    assert refused(put, ecr=ecr, image=image, tag="-x").code == "InvalidParameterException"
    ecr.put_image_tag_mutability(**NAME, imageTagMutability="IMMUTABLE")
    other = make()
    registry.push(other, other.digest)
    assert refused(put, ecr=ecr, image=other, tag="v1").code == "ImageTagAlreadyExistsException"


def test_images_are_described(aws, ecr, registry):
    image, bare = make(b"x" * 1000), make()
    registry.push(image, "a")
    registry.push(image, "b")
    registry.push(bare, bare.digest)
    (shown,) = ecr.describe_images(**NAME, imageIds=[{"imageTag": "a"}])["imageDetails"]
    assert shown.pop("imagePushedAt")
    assert shown == {
        "registryId": aws.id,
        "repositoryName": "team/app",
        "imageDigest": image.digest,
        "imageTags": ["a", "b"],
        "imageSizeInBytes": sum(map(len, image.blobs)),
        "imageManifestMediaType": image.media_type,
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "imageStatus": "ACTIVE",
    }
    untagged = ecr.describe_images(**NAME, filter={"tagStatus": "UNTAGGED"})["imageDetails"]
    assert [each["imageDigest"] for each in untagged] == [bare.digest]
    missing = refused(ecr.describe_images, **NAME, imageIds=[{"imageTag": "none"}])
    assert missing.code == "ImageNotFoundException"
    assert missing.message == (
        "The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the repository with name "
        f"'team/app' in the registry with id '{aws.id}'"
    )
    pages = [ecr.describe_images(**NAME, maxResults=1)]
    pages.append(ecr.describe_images(**NAME, maxResults=1, nextToken=pages[0]["nextToken"]))
    found = {each["imageDigest"] for page in pages for each in page["imageDetails"]}
    assert found == {image.digest, bare.digest}


def test_images_are_listed(ecr, registry):
    image, bare = make(), make()
    registry.push(image, "a")
    registry.push(image, "b")
    registry.push(bare, bare.digest)
    everything = ecr.list_images(**NAME)["imageIds"]
    assert {"imageDigest": image.digest, "imageTag": "a"} in everything
    assert {"imageDigest": image.digest, "imageTag": "b"} in everything
    assert {"imageDigest": bare.digest} in everything
    tagged = ecr.list_images(**NAME, filter={"tagStatus": "TAGGED"})["imageIds"]
    assert len(tagged) == 2
    one = ecr.list_images(**NAME, maxResults=2)
    rest = ecr.list_images(**NAME, maxResults=2, nextToken=one["nextToken"])
    assert one["imageIds"] + rest["imageIds"] == everything


def test_images_are_read_in_batches(ecr, registry):
    image = make()
    registry.push(image, "a")
    asked = [{"imageTag": "a"}, {"imageTag": "none"}, {}, {"imageDigest": "x"}, {"imageDigest": image.digest}]
    found = ecr.batch_get_image(**NAME, imageIds=[*asked, {"imageDigest": image.digest, "imageTag": "b"}])
    assert [each["imageId"]["imageDigest"] for each in found["images"]] == [image.digest, image.digest]
    assert [each["failureCode"] for each in found["failures"]] == [
        "ImageNotFound",
        "MissingDigestAndTag",
        "InvalidImageDigest",
        "ImageTagDoesNotMatchDigest",
    ]
    assert found["failures"][0]["failureReason"] == "Requested image not found"


def test_images_are_deleted_in_batches(ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html"""
    image, other = make(), make()
    for tag in ("a", "b"):
        registry.push(image, tag)
    registry.push(other, other.digest)
    index = make_index(other)
    registry.push(index, "multi")
    gone = ecr.batch_delete_image(**NAME, imageIds=[{"imageTag": "a"}, {"imageTag": "none"}])
    assert gone["imageIds"] == [{"imageDigest": image.digest, "imageTag": "a"}]
    assert [each["failureCode"] for each in gone["failures"]] == ["ImageNotFound"]
    assert registry.pull("b") == image
    ecr.batch_delete_image(**NAME, imageIds=[{"imageTag": "b"}])  # the last tag goes with the image
    assert registry.on("GET", f"manifests/{image.digest}").status == 404
    held = ecr.batch_delete_image(**NAME, imageIds=[{"imageDigest": other.digest}])
    assert held["failures"][0]["failureCode"] == "ImageReferencedByManifestList"
    assert held["failures"][0]["failureReason"] == f"Requested image referenced by manifest list: [{index.digest}]"
    both = ecr.batch_delete_image(**NAME, imageIds=[{"imageDigest": other.digest}, {"imageDigest": index.digest}])
    assert both["failures"] == []
    assert ecr.list_images(**NAME)["imageIds"] == []


def test_pulls_are_recorded_but_not_of_excluded_principals(own_cloud):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html"""
    aws = own_cloud.account()
    ecr = aws.client("ecr")
    uri = ecr.create_repository(**NAME)["repository"]["repositoryUri"]
    registry = Registry(own_cloud, uri, password(aws))
    registry.push(make())
    pulled = lambda: ecr.describe_images(**NAME)["imageDetails"][0].get("lastRecordedPullTime")  # noqa: E731
    assert pulled() is None
    user = aws.user('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}}')
    arn = user.client("sts").get_caller_identity()["Arn"]
    assert ecr.register_pull_time_update_exclusion(principalArn=arn)["principalArn"] == arn
    assert refused(ecr.register_pull_time_update_exclusion, principalArn=arn).code == "ExclusionAlreadyExistsException"
    Registry(own_cloud, uri, password(user)).pull()
    assert pulled() is None
    assert ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [arn]
    ecr.deregister_pull_time_update_exclusion(principalArn=arn)
    assert refused(ecr.deregister_pull_time_update_exclusion, principalArn=arn).code == "ExclusionNotFoundException"
    wrong = f"arn:aws:iam::{aws.id}:group/g"
    assert refused(ecr.register_pull_time_update_exclusion, principalArn=wrong).code == "InvalidParameterException"
    Registry(own_cloud, uri, password(user)).pull()
    assert pulled() is not None


def test_referrers_by_the_api(ecr, registry):
    subject = make()
    registry.push(subject)
    named = {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.manifest)}
    artifact = make(artifactType="application/x.sbom", subject=named)
    registry.push(artifact, artifact.digest)
    asked = {**NAME, "subjectId": {"imageDigest": subject.digest}}
    (shown,) = ecr.list_image_referrers(**asked)["referrers"]
    assert shown == {
        "digest": artifact.digest,
        "mediaType": artifact.media_type,
        "artifactType": "application/x.sbom",
        "size": len(artifact.manifest),
        "artifactStatus": "ACTIVE",
    }
    assert ecr.list_image_referrers(**asked, filter={"artifactTypes": ["other"]})["referrers"] == []
    assert ecr.list_image_referrers(**asked, filter={"artifactStatus": "ARCHIVED"})["referrers"] == []


def test_archived_images_cannot_be_pulled(ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html"""
    image = make()
    registry.push(image, "v1")
    asked = {**NAME, "imageId": {"imageTag": "v1"}}
    assert ecr.update_image_storage_class(**asked, targetStorageClass="ARCHIVE")["imageStatus"] == "ARCHIVED"
    assert registry.on("GET", "manifests/v1").error == (404, "MANIFEST_UNKNOWN")
    assert ecr.list_images(**NAME)["imageIds"] == []
    assert len(ecr.list_images(**NAME, filter={"imageStatus": "ARCHIVED"})["imageIds"]) == 1
    (failure,) = ecr.batch_get_image(**NAME, imageIds=[{"imageTag": "v1"}])["failures"]
    assert failure["failureCode"] == "ImageInaccessible"
    again = refused(ecr.update_image_storage_class, **asked, targetStorageClass="ARCHIVE")
    assert again.code == "ImageStorageClassUpdateNotSupportedException"
    assert refused(ecr.start_image_scan, **asked).code == "ImageArchivedException"
    assert ecr.update_image_storage_class(**asked, targetStorageClass="STANDARD")["imageStatus"] == "ACTIVE"
    assert registry.pull("v1") == image


# -- what is stored ----------------------------------------------------------------------------------------------------


def blobs(cloud):
    return {path.name for path in cloud.app.blobs.files()}


def test_the_same_bytes_are_stored_once_and_go_with_the_last_layer(own_cloud, monkeypatch):
    aws, other = own_cloud.account(), own_cloud.account()
    image = make(os.urandom(1000))
    registries = []
    for account, name in ((aws, "one"), (aws, "two"), (other, "one")):
        uri = account.client("ecr").create_repository(repositoryName=name)["repository"]["repositoryUri"]
        registries.append(Registry(own_cloud, uri, password(account)))
    kept = []
    for registry in registries:
        assert registry.push(image).status == 201
        own_cloud.app.blobs.purge(everything=True)
        kept.append(len(blobs(own_cloud)))
    assert kept == [2, 2, 2]
    for account, name in ((aws, "one"), (other, "one")):
        account.client("ecr").delete_repository(repositoryName=name, force=True)
        own_cloud.advance(1)
    own_cloud.app.blobs.purge(everything=True)
    assert len(blobs(own_cloud)) == 2
    assert registries[1].pull() == image
    aws.client("ecr").batch_delete_image(repositoryName="two", imageIds=[{"imageTag": "latest"}])
    own_cloud.app.blobs.purge(everything=True)
    assert blobs(own_cloud) == set()


def test_what_no_image_names_goes_after_a_day(own_cloud):
    aws = own_cloud.account()
    ecr = aws.client("ecr")
    uri = ecr.create_repository(**NAME)["repository"]["repositoryUri"]
    registry = Registry(own_cloud, uri, password(aws))
    registry.push_blob(b"never used")
    place = registry.on("POST", "blobs/uploads/").headers["location"]
    registry.ask("PATCH", place, b"never finished")
    image = make()
    registry.push(image)
    own_cloud.advance(3 * 86_400)
    registry.authorization = password(aws)
    assert registry.on("HEAD", f"blobs/{digest_of(b'never used')}").status == 404
    assert registry.ask("GET", place).status == 404
    assert registry.pull() == image
    own_cloud.app.blobs.purge(everything=True)
    assert len(blobs(own_cloud)) == 2


def test_an_upload_survives_a_kill(restarted):
    aws = restarted.account()
    uri = aws.client("ecr").create_repository(**NAME)["repository"]["repositoryUri"]
    registry = Registry(restarted, uri, password(aws))
    image = make(os.urandom(100_000))
    registry.push(image, "done")
    content = os.urandom(500_000)
    place = registry.on("POST", "blobs/uploads/").headers["location"]
    registry.ask("PATCH", place, content[:300_000])
    restarted.restart()
    registry.port = int(restarted.endpoint.rpartition(":")[2])
    assert registry.pull("done") == image
    assert registry.ask("GET", place).headers["range"] == "0-299999"
    done = registry.ask("PUT", f"{place}?digest={digest_of(content)}", content[300_000:])
    assert done.status == 201
    assert registry.on("GET", f"blobs/{digest_of(content)}").body == content
