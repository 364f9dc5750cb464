"""Lifecycle policies: which images their rules select, and that they act by the clock.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
"""

from __future__ import annotations

import json

import pytest
from tests.services.ecr.registry import Registry, make, make_index, password
from tests.support import refused

from fogbank.services.ecr import lifecycle
from fogbank.services.ecr.lifecycle import Candidate

DAY = 86_400.0
NOW = 1000 * DAY
NAME = {"repositoryName": "app"}


def rule(priority=1, action="expire", **selection):
    acted = {"type": action, **({"targetStorageClass": "archive"} if action == "transition" else {})}
    return {"rulePriority": priority, "selection": selection, "action": acted}


def document(*rules):
    return json.dumps({"rules": list(rules)})


def count(number, **more):
    return {"countType": "imageCountMoreThan", "countNumber": number, **more}


def age(days, kind="sinceImagePushed", **more):
    return {"countType": kind, "countUnit": "days", "countNumber": days, **more}


def image(name, days, *tags, **more):
    """An image that was pushed so many days ago."""
    return Candidate(digest=name, tags=tags, pushed=NOW - days * DAY, **more)


def chosen(images, *rules):
    found = lifecycle.evaluate(lifecycle.parse(document(*rules)), images, NOW)
    return {digest: each.rule_priority for digest, each in found.items()}


# -- which images ------------------------------------------------------------------------------------------------------


def test_by_age():
    images = [image("old", 15, "prod"), image("young", 13, "prod"), image("other", 99, "test"), image("bare", 99)]
    assert chosen(images, rule(tagStatus="tagged", tagPatternList=["prod*"], **age(14))) == {"old": 1}
    assert chosen(images, rule(tagStatus="untagged", **age(14))) == {"bare": 1}
    assert chosen(images, rule(tagStatus="any", **age(14))) == {"old": 1, "other": 1, "bare": 1}


def test_by_count():
    images = [image(f"i{day}", day, "v") for day in range(5)]
    assert chosen(images, rule(tagStatus="any", **count(3))) == {"i3": 1, "i4": 1}


def test_by_last_pull():
    images = [
        image("pulled", 100, "v", pulled=NOW - DAY),
        image("forgotten", 100, "v", pulled=NOW - 50 * DAY),
        image("never", 100, "v"),
    ]
    assert chosen(images, rule(tagStatus="any", **age(30, "sinceImagePulled"))) == {"forgotten": 1, "never": 1}


def test_all_prefixes_and_patterns_of_a_rule_must_match():
    """ "If you specify multiple tags, only images with all specified tags are selected." """
    images = [image("both", 9, "alpha1", "beta2"), image("one", 9, "alpha1"), image("other", 9, "gamma")]
    assert chosen(images, rule(tagStatus="tagged", tagPrefixList=["alpha", "beta"], **age(1))) == {"both": 1}
    assert chosen(images, rule(tagStatus="tagged", tagPatternList=["al*1", "*2"], **age(1))) == {"both": 1}


def test_two_rules_with_one_tag():
    """The examples of AWS's page: "Filtering on multiple rules"."""
    images = [image("A", 10, "beta-1", "prod-1"), image("B", 9, "beta-2", "prod-2"), image("C", 8, "beta-3")]
    first = rule(1, tagStatus="tagged", tagPatternList=["prod*"], **count(1))
    second = rule(2, tagStatus="tagged", tagPatternList=["beta*"], **count(1))
    assert chosen(images, first, second) == {"A": 1}
    images = [image("A", 10, "alpha-1", "beta-1"), image("B", 9, "alpha-2"), image("C", 8, "beta-2")]
    assert chosen(
        images,
        rule(1, tagStatus="tagged", tagPatternList=["alpha*", "beta*"], **age(5)),
        rule(2, tagStatus="tagged", tagPatternList=["alpha*"], **age(5)),
    ) == {"A": 1, "B": 2}


def test_an_image_of_a_higher_rule_is_left_alone_by_lower_ones_but_counted():
    images = [image("bare", 5), image("one", 4, "v"), image("two", 3, "v")]
    young = rule(1, tagStatus="untagged", **age(30))
    assert chosen(images, young, rule(2, tagStatus="any", **count(1))) == {"one": 2}


def test_images_of_an_index_stay_with_it():
    images = [image("index", 1, "v"), image("part", 99, referenced=True)]
    assert chosen(images, rule(tagStatus="any", **age(14))) == {}


def test_archived_images_have_rules_of_their_own():
    images = [image("kept", 99, "v"), image("archived", 99, "v", archived=NOW - 40 * DAY)]
    assert chosen(images, rule(action="transition", tagStatus="any", **age(14))) == {"kept": 1}
    old = age(30, "sinceImageTransitioned", storageClass="archive")
    assert chosen(images, rule(tagStatus="any", **old)) == {"archived": 1}


@pytest.mark.parametrize(
    "text",
    [
        "none",
        "[]",
        "{}",
        document(),
        document(rule(tagStatus="tagged", **count(1))),
        document(rule(tagStatus="tagged", tagPrefixList=["a"], tagPatternList=["a"], **count(1))),
        document(rule(tagStatus="untagged", tagPrefixList=["a"], **count(1))),
        document(rule(tagStatus="tagged", tagPatternList=["*a*b*c*d*e"], **count(1))),
        document(rule(tagStatus="any", **count(1)), rule(2, tagStatus="untagged", **count(1))),
        document(rule(tagStatus="untagged", **count(1)), rule(tagStatus="any", **count(1))),
        document(rule(0, tagStatus="any", **count(1))),
        document(rule(tagStatus="any", **count(0))),
        document(rule(tagStatus="any", **count(1, countUnit="days"))),
        document(rule(tagStatus="any", countType="sinceImagePushed", countNumber=1)),
        document(rule(tagStatus="any", **age(1, "sinceImageTransitioned"))),
        document(rule(tagStatus="any", **age(1, storageClass="archive"))),
        document(rule(action="other", tagStatus="any", **count(1))),
        document({**rule(tagStatus="any", **count(1)), "more": 1}),
        document(*(rule(n, tagStatus="untagged", **count(1)) for n in range(1, 52))),
    ],
)
def test_what_is_no_policy(text):
    with pytest.raises(lifecycle.BadPolicy):
        lifecycle.parse(text)


# -- the operations ----------------------------------------------------------------------------------------------------


@pytest.fixture
def here(own_cloud):
    return own_cloud.account()


@pytest.fixture
def client(here):
    return here.client("ecr")


@pytest.fixture
def pushed(own_cloud, here, client):
    """A repository with the tags a, b and c, each a day older than the next."""
    uri = client.create_repository(**NAME)["repository"]["repositoryUri"]
    for tag in ("a", "b", "c"):
        registry = Registry(own_cloud, uri, password(here))
        assert registry.push(make(), tag).status == 201
        own_cloud.advance(DAY)
    registry.authorization = password(here)
    return registry


def tags(client):
    return sorted(each["imageTag"] for each in client.list_images(**NAME)["imageIds"])


KEEP_TWO = document(rule(tagStatus="any", **count(2)))


def test_the_policy_of_a_repository(client):
    client.create_repository(**NAME)
    missing = refused(client.get_lifecycle_policy, **NAME)
    assert missing.code == "LifecyclePolicyNotFoundException"
    assert missing.message.startswith("Lifecycle policy does not exist for the repository with name 'app' in the reg")
    assert refused(client.delete_lifecycle_policy, **NAME).code == "LifecyclePolicyNotFoundException"
    assert refused(client.start_lifecycle_policy_preview, **NAME).code == "LifecyclePolicyNotFoundException"
    wrong = refused(client.put_lifecycle_policy, **NAME, lifecyclePolicyText="{" + " " * 100 + "}")
    assert wrong.code == "InvalidParameterException"
    assert wrong.message.startswith("Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecy")
    shown = client.put_lifecycle_policy(**NAME, lifecyclePolicyText=KEEP_TWO)
    assert shown["lifecyclePolicyText"] == KEEP_TWO
    assert client.get_lifecycle_policy(**NAME)["lifecyclePolicyText"] == KEEP_TWO
    assert client.delete_lifecycle_policy(**NAME)["lifecyclePolicyText"] == KEEP_TWO


def test_a_policy_acts_within_a_day(own_cloud, client, pushed):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/lp_creation.html"""
    client.put_lifecycle_policy(**NAME, lifecyclePolicyText=KEEP_TWO)
    assert tags(client) == ["a", "b", "c"]
    own_cloud.advance(DAY)
    assert tags(client) == ["b", "c"]
    evaluated = client.get_lifecycle_policy(**NAME)["lastEvaluatedAt"]
    own_cloud.advance(DAY)
    assert client.get_lifecycle_policy(**NAME)["lastEvaluatedAt"] > evaluated
    client.delete_lifecycle_policy(**NAME)


def test_a_policy_that_is_deleted_does_not_act(own_cloud, client, pushed):
    client.put_lifecycle_policy(**NAME, lifecyclePolicyText=KEEP_TWO)
    client.delete_lifecycle_policy(**NAME)
    own_cloud.advance(2 * DAY)
    assert tags(client) == ["a", "b", "c"]


def test_a_policy_acts_after_a_restart(restarted):
    here = restarted.account()
    client = here.client("ecr")
    uri = client.create_repository(**NAME)["repository"]["repositoryUri"]
    for tag in ("a", "b"):
        Registry(restarted, uri, password(here)).push(make(), tag)
    client.put_lifecycle_policy(**NAME, lifecyclePolicyText=document(rule(tagStatus="any", **count(1))))
    restarted.restart()
    restarted.advance(DAY)
    assert len(tags(restarted.account(here.id).client("ecr"))) == 1


def test_a_policy_archives(own_cloud, client, pushed):
    client.put_lifecycle_policy(
        **NAME, lifecyclePolicyText=document(rule(action="transition", tagStatus="any", **age(2)))
    )
    own_cloud.advance(DAY / 2)
    kept = {each["imageTags"][0]: each["imageStatus"] for each in client.describe_images(**NAME)["imageDetails"]}
    assert kept == {"a": "ARCHIVED", "b": "ARCHIVED", "c": "ACTIVE"}


def test_artifacts_follow_their_subject(own_cloud, here, client):
    uri = client.create_repository(**NAME)["repository"]["repositoryUri"]
    registry = Registry(own_cloud, uri, password(here))
    subject = make()
    registry.push(subject, "v1")
    named = {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.manifest)}
    artifact = make(subject=named)
    registry.push(artifact, artifact.digest)
    client.put_lifecycle_policy(**NAME, lifecyclePolicyText=document(rule(tagStatus="untagged", **age(1))))
    own_cloud.advance(3 * DAY)
    assert len(client.list_images(**NAME)["imageIds"]) == 2
    client.batch_delete_image(**NAME, imageIds=[{"imageTag": "v1"}])
    own_cloud.advance(DAY)
    assert client.list_images(**NAME)["imageIds"] == []


def test_a_preview_changes_nothing(client, pushed):
    none = refused(client.get_lifecycle_policy_preview, **NAME)
    assert none.code == "LifecyclePolicyPreviewNotFoundException"
    begun = client.start_lifecycle_policy_preview(
        **NAME, lifecyclePolicyText=document(rule(tagStatus="any", **count(1)))
    )
    assert begun["status"] == "IN_PROGRESS"
    found = client.get_lifecycle_policy_preview(**NAME)
    assert found["status"] == "COMPLETE"
    assert found["summary"] == {"expiringImageTotalCount": 2}
    assert sorted(each["imageTags"] for each in found["previewResults"]) == [["a"], ["b"]]
    assert all(each["action"] == {"type": "EXPIRE"} for each in found["previewResults"])
    assert all(each["appliedRulePriority"] == 1 for each in found["previewResults"])
    pages = [client.get_lifecycle_policy_preview(**NAME, maxResults=1)]
    pages.append(client.get_lifecycle_policy_preview(**NAME, maxResults=1, nextToken=pages[0]["nextToken"]))
    assert [each for page in pages for each in page["previewResults"]] == found["previewResults"]
    one = client.get_lifecycle_policy_preview(**NAME, imageIds=[{"imageTag": "a"}])["previewResults"]
    assert [each["imageTags"] for each in one] == [["a"]]
    assert client.get_lifecycle_policy_preview(**NAME, filter={"tagStatus": "UNTAGGED"})["previewResults"] == []
    assert tags(client) == ["a", "b", "c"]


def test_an_index_expires_before_its_images(own_cloud, here, client):
    uri = client.create_repository(**NAME)["repository"]["repositoryUri"]
    registry = Registry(own_cloud, uri, password(here))
    part = make()
    registry.push(part, part.digest)
    registry.push(make_index(part), "multi")
    client.put_lifecycle_policy(**NAME, lifecyclePolicyText=document(rule(tagStatus="any", **age(1))))
    own_cloud.advance(1.2 * DAY)
    assert [each.get("imageTag") for each in client.list_images(**NAME)["imageIds"]] == [None]
    own_cloud.advance(DAY)
    assert client.list_images(**NAME)["imageIds"] == []
