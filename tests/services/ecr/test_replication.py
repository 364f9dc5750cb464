"""Replication between regions and accounts of one cloud.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

import time

import pytest
from tests.services.ecr.registry import Registry, allow, make, make_index, password, policy
from tests.support import refused

NAME = {"repositoryName": "team/app"}


def until(look, seconds=60):
    """What `look()` gives once it gives something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def configure(ecr, *destinations, **more):
    wanted = [{"region": region, "registryId": account} for region, account in destinations]
    rules = {"rules": [{"destinations": wanted, **more}]}
    return ecr.put_replication_configuration(replicationConfiguration=rules)["replicationConfiguration"]


def statuses(ecr, tag="latest"):
    """The statuses of an image's replications, once none is in progress."""

    def look():
        found = ecr.describe_image_replication_status(**NAME, imageId={"imageTag": tag})["replicationStatuses"]
        return found if all(each["status"] != "IN_PROGRESS" for each in found) else None

    return until(look)


@pytest.fixture
def abroad(aws):
    return aws.client("ecr", region_name="eu-west-1")


def test_the_configuration_of_a_registry(aws, ecr):
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []}
    filters = [{"filter": "team/", "filterType": "PREFIX_MATCH"}]
    put = configure(ecr, ("eu-west-1", aws.id), repositoryFilters=filters)
    found = ecr.describe_registry()
    assert (found["registryId"], found["replicationConfiguration"]) == (aws.id, put)
    for wrong in (("us-east-1", aws.id), ("mars-1", aws.id)):
        with pytest.raises(ecr.exceptions.ValidationException):
            configure(ecr, wrong)


def test_an_image_is_pulled_in_another_region(cloud, aws, ecr, abroad, registry):
    configure(ecr, ("eu-west-1", aws.id))
    image = make()
    registry.push(image, "v1")
    assert statuses(ecr, "v1") == [{"region": "eu-west-1", "registryId": aws.id, "status": "COMPLETE"}]
    uri = abroad.describe_repositories(repositoryNames=["team/app"])["repositories"][0]["repositoryUri"]
    assert f"/{aws.id}.dkr.ecr.eu-west-1." in uri
    assert Registry(cloud, uri, password(aws)).pull("v1") == image


def test_an_index_takes_its_images_along(cloud, aws, ecr, abroad, registry):
    part = make()
    registry.push(part, part.digest)
    configure(ecr, ("eu-west-1", aws.id))
    registry.push(make_index(part), "multi")
    assert statuses(ecr, "multi")[0]["status"] == "COMPLETE"
    uri = abroad.describe_repositories()["repositories"][0]["repositoryUri"]
    assert Registry(cloud, uri, password(aws)).pull(part.digest) == part


def test_filters_select_repositories_by_their_beginning(aws, ecr, abroad, registry):
    configure(ecr, ("eu-west-1", aws.id), repositoryFilters=[{"filter": "prod/", "filterType": "PREFIX_MATCH"}])
    registry.push(make())
    assert statuses_of_none(ecr) == []
    assert abroad.describe_repositories()["repositories"] == []


def statuses_of_none(ecr):
    return ecr.describe_image_replication_status(**NAME, imageId={"imageTag": "latest"})["replicationStatuses"]


def test_another_account_has_to_allow_it(cloud, aws, ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html"""
    other = cloud.account()
    theirs = other.client("ecr")
    configure(ecr, ("us-east-1", other.id))
    registry.push(make())
    (failed,) = statuses(ecr)
    assert (failed["status"], failed["failureCode"]) == ("FAILED", "AccessDenied")
    arn = f"arn:aws:ecr:us-east-1:{other.id}:repository/*"
    source = {"AWS": f"arn:aws:iam::{aws.id}:root"}
    theirs.put_registry_policy(policyText=policy(allow("ecr:ReplicateImage", resource=arn, Principal=source)))
    registry.push(make())
    assert statuses(ecr)[0]["status"] == "FAILED"  # the repository is not there
    rights = allow("ecr:ReplicateImage", "ecr:CreateRepository", resource=arn, Principal=source)
    theirs.put_registry_policy(policyText=policy(rights))
    registry.push(make())
    assert statuses(ecr)[0]["status"] == "COMPLETE"
    assert len(theirs.list_images(**NAME)["imageIds"]) == 1


def test_deletions_are_replicated_if_a_rule_says_so(aws, ecr, abroad, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteReplication.html"""
    configure(ecr, ("eu-west-1", aws.id))
    for tag in ("a", "b"):
        registry.push(make(), tag)
        assert statuses(ecr, tag)[0]["status"] == "COMPLETE"
    ecr.batch_delete_image(**NAME, imageIds=[{"imageTag": "a"}])
    configure(ecr, ("eu-west-1", aws.id), deleteReplication={"enabled": True})
    ecr.batch_delete_image(**NAME, imageIds=[{"imageTag": "b"}])
    left = lambda: [each["imageTag"] for each in abroad.list_images(**NAME)["imageIds"]]  # noqa: E731
    until(lambda: left() == ["a"])


def test_a_backfill_replicates_what_was_there_before(cloud, aws, ecr, abroad, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartReplicationBackfill.html"""
    images = [make() for _ in range(3)]
    for number, image in enumerate(images):
        registry.push(image, f"v{number}")
    to = {"region": "eu-west-1", "registryId": aws.id}
    assert refused(ecr.start_replication_backfill, destination=to).code == "ValidationException"
    configure(ecr, ("eu-west-1", aws.id))
    begun = ecr.start_replication_backfill(destination=to)
    id = begun["replicationBackfillId"]
    assert (begun["status"], begun["destination"]) == ("IN_PROGRESS", to)
    describe = lambda **more: ecr.describe_replication_backfill_results(replicationBackfillId=id, **more)  # noqa: E731
    done = until(lambda: found if (found := describe())["status"] == "COMPLETE" else None)
    assert done["progress"] == {
        "totalReplicationCount": 3,
        "completedReplicationCount": 3,
        "failedReplicationCount": 0,
        "failureCodes": [],
    }
    assert {each["imageId"]["imageDigest"] for each in done["results"]} == {image.digest for image in images}
    assert describe(resultStatusFilter="FAILED")["results"] == []
    (listed,) = ecr.list_replication_backfills()["backfills"]
    assert (listed["replicationBackfillId"], listed["status"]) == (id, "COMPLETE")
    assert len(abroad.list_images(**NAME)["imageIds"]) == 3
    stop = refused(ecr.stop_replication_backfill, replicationBackfillId=id)
    assert stop.code == "ReplicationBackfillInvalidStatusException"
    other = "00000000-0000-4000-8000-000000000000"
    missing = refused(ecr.describe_replication_backfill_results, replicationBackfillId=other)
    assert missing.code == "ReplicationBackfillNotFoundException"
