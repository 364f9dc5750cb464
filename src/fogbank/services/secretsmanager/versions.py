"""The staging labels of versions, and how many versions are kept.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
"""

from __future__ import annotations

from collections.abc import Iterable

from .records import CURRENT, PREVIOUS, Secret, Version

KEPT = 100  # "Secrets Manager keeps 100 of the most recent versions …
YOUNG = 86400.0  # … but it keeps all secret versions created in the last 24 hours": API_PutSecretValue


def version(secret: Secret, id: str) -> Version | None:
    return next((each for each in secret.versions if each.id == id), None)


def staged(secret: Secret, stage: str) -> Version | None:
    """The version that has a label; only one has it."""
    return next((each for each in secret.versions if stage in each.stages), None)


def move(secret: Secret, stage: str, to: Version | None) -> None:
    """Take a label from the version that has it, and attach it to another.

    "Whenever you move AWSCURRENT, Secrets Manager automatically moves the label AWSPREVIOUS to the version that
    AWSCURRENT was removed from": API_UpdateSecretVersionStage
    """
    had = staged(secret, stage)
    if had is to:
        return
    if had is not None:
        had.stages = [each for each in had.stages if each != stage]
    if to is not None:
        to.stages = [*to.stages, stage]
        if stage == CURRENT:
            if PREVIOUS in to.stages:  # it was the previous one, and a version is not both
                to.stages = [each for each in to.stages if each != PREVIOUS]
            if had is not None:
                move(secret, PREVIOUS, had)


def attach(secret: Secret, added: Version, stages: Iterable[str]) -> None:
    """Add a version, if it is new, and move labels to it. The first version always becomes the current one."""
    wanted = list(dict.fromkeys(stages))
    if staged(secret, CURRENT) is None and CURRENT not in wanted and not any(v.filled for v in secret.versions):
        wanted.append(CURRENT)
    if added not in secret.versions:
        secret.versions = [*secret.versions, added]
    for stage in wanted:
        move(secret, stage, added)


def labels(secret: Secret) -> int:
    """The labels attached across all versions."""
    return sum(len(each.stages) for each in secret.versions)


def prune(secret: Secret, now: float) -> list[str]:
    """Remove the oldest deprecated versions beyond those that are kept; returns their ids."""
    excess = len(secret.versions) - KEPT
    old = [each.id for each in secret.versions if not each.stages and each.created <= now - YOUNG]
    gone = old[: max(excess, 0)]
    secret.versions = [each for each in secret.versions if each.id not in gone]
    return gone
