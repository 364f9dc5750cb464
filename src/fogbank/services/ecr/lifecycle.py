"""Lifecycle policies: their rules, and which images they select. Pure.

Rules apply in the order of their priority. An image that matches the tags of a rule is left alone by all later rules,
which count it all the same. An image that an index names cannot expire before that index.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from fogbank.core import documents, wildcards

DAY = 86_400.0
RULES = 50
STARS = 4  # wildcards in a pattern


class BadPolicy(ValueError):
    """A document that is no lifecycle policy. The texts are not confirmed."""


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    tag_status: Literal["tagged", "untagged", "any"]
    count_type: Literal["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"]
    count_number: int
    count_unit: str | None = None
    tag_prefix_list: tuple[str, ...] = ()
    tag_pattern_list: tuple[str, ...] = ()
    storage_class: Literal["standard", "archive"] = "standard"


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    type: Literal["expire", "transition"]
    target_storage_class: Literal["archive"] | None = None


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    rule_priority: int
    selection: Selection
    action: Action
    description: str = ""


class _Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: tuple[Rule, ...]


class Candidate(msgspec.Struct, frozen=True):
    """An image as rules see it. `referenced`: an index names it."""

    digest: str
    tags: tuple[str, ...]
    pushed: float
    pulled: float | None = None
    archived: float | None = None  # since when it is in the archive
    referenced: bool = False


def parse(text: str) -> tuple[Rule, ...]:
    """Read a policy to its rules, in the order of their priority. Raises BadPolicy."""
    try:
        rules = msgspec.convert(documents.read_object(text), _Policy).rules
    except (documents.BadDocument, msgspec.ValidationError) as error:
        raise BadPolicy(f"Lifecycle policy validation failure: {error}") from None
    if not 1 <= len(rules) <= RULES:
        raise BadPolicy(f"Lifecycle policy validation failure: a policy has 1 to {RULES} rules")
    ordered = tuple(sorted(rules, key=lambda rule: rule.rule_priority))
    priorities = [rule.rule_priority for rule in ordered]
    if len(set(priorities)) != len(priorities) or priorities[0] < 1:
        raise BadPolicy("Lifecycle policy validation failure: rulePriority must be a unique number from 1")
    for rule in ordered:
        _check(rule, last=rule is ordered[-1])
    return ordered


def _check(rule: Rule, *, last: bool) -> None:
    problem = _problem(rule.selection, rule.action, last)
    if problem:
        raise BadPolicy(f"Lifecycle policy validation failure: rule {rule.rule_priority}: {problem}")


def _problem(selection: Selection, action: Action, last: bool) -> str:
    tags = selection.tag_prefix_list + selection.tag_pattern_list
    archived = selection.count_type == "sinceImageTransitioned"
    by_count = selection.count_type == "imageCountMoreThan"
    if selection.tag_status == "tagged" and bool(selection.tag_prefix_list) is bool(selection.tag_pattern_list):
        return "tagStatus=tagged needs either tagPrefixList or tagPatternList"
    if selection.tag_status != "tagged" and tags:
        return f"tagStatus={selection.tag_status} takes neither tagPrefixList nor tagPatternList"
    if any(pattern.count("*") > STARS for pattern in selection.tag_pattern_list):
        return f"a pattern has at most {STARS} wildcards"
    if selection.tag_status == "any" and not last:
        return "a rule with tagStatus=any must have the highest rulePriority"
    if selection.count_number < 1:
        return "countNumber must be at least 1"
    if by_count and selection.count_unit is not None:
        return "imageCountMoreThan takes no countUnit"
    if not by_count and selection.count_unit != "days":
        return f"{selection.count_type} needs countUnit=days"
    if archived is not (selection.storage_class == "archive"):
        return "storageClass=archive and sinceImageTransitioned need each other"
    if (action.type == "transition") is not (action.target_storage_class == "archive"):
        return "transition, and only transition, needs targetStorageClass=archive"
    if archived and action.type != "expire":
        return "archived images can only expire"
    return ""


def evaluate(rules: Iterable[Rule], images: Iterable[Candidate], now: float) -> dict[str, Rule]:
    """The rule that applies to each image, by digest; images that stay as they are have none."""
    youngest_first = sorted(images, key=lambda image: (-image.pushed, image.digest))
    chosen: dict[str, Rule] = {}
    matched: set[str] = set()  # by an earlier rule
    for rule in rules:
        selection = rule.selection
        kind = selection.storage_class == "archive"
        found = [image for image in youngest_first if (image.archived is not None) is kind and _matches(rule, image)]
        if selection.count_type == "imageCountMoreThan":
            due = found[selection.count_number :]
        else:
            due = [image for image in found if now - _since(selection, image) > selection.count_number * DAY]
        for image in due:
            if image.digest not in matched and not image.referenced:
                chosen[image.digest] = rule
        matched |= {image.digest for image in found}
    return chosen


def _since(selection: Selection, image: Candidate) -> float:
    match selection.count_type:
        case "sinceImagePulled":  # an image that was never pulled counts from its push
            return image.pulled if image.pulled is not None else image.pushed
        case "sinceImageTransitioned":
            return image.archived or image.pushed
    return image.pushed


def _matches(rule: Rule, image: Candidate) -> bool:
    """Whether an image has the tags of a rule: of several prefixes or patterns it needs all."""
    selection = rule.selection
    if selection.tag_status == "any":
        return True
    if selection.tag_status == "untagged":
        return not image.tags
    if not image.tags:
        return False
    patterns = [wildcards.compile(text, one=False) for text in selection.tag_pattern_list]
    return all(any(tag.startswith(prefix) for tag in image.tags) for prefix in selection.tag_prefix_list) and all(
        any(matches(tag) for tag in image.tags) for matches in patterns
    )


def action_shape(rule: Rule) -> dict[str, Any]:
    """A rule's action as GetLifecyclePolicyPreview shows it."""
    if rule.action.type == "expire":
        return {"type": "EXPIRE"}
    return {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}
