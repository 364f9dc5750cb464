"""Labels of versions: attached, moved and taken away."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from .. import rules
from ..arns import NAMED, by_name
from ..errors import ParameterVersionLabelLimitExceeded, ParameterVersionNotFound
from ..records import PARAMETERS, VERSIONS, Parameter


def _version(tx: Reader, current: Parameter, number: int) -> Parameter:
    found = tx.get(VERSIONS, (*PARAMETERS.key(current), number))
    if found is None:
        raise ParameterVersionNotFound(
            f"Systems Manager could not find version {number} of {current.name}. Verify the version and try again."
        )
    return found


def _keep(tx: Transaction, current: Parameter, version: Parameter, labels: list[str]) -> None:
    """Store the labels of a version. The record of the parameter has those of its current version too."""
    version.labels = labels
    tx.put(VERSIONS, version)
    if version.version == current.version:
        tx.put(PARAMETERS, msgspec.structs.replace(current, labels=labels))


@operation("ssm", "LabelParameterVersion", resource=by_name)
def label_parameter_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Attach labels to a version (the newest by default), or move them there. A version has at most ten labels.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
    """
    bad = [label for label in req["Labels"] if not rules.is_label(label)]
    good = list(dict.fromkeys(label for label in req["Labels"] if label not in bad))
    with ctx.write() as tx:
        current = NAMED.require(tx, ctx, req["Name"])
        number = req.get("ParameterVersion", current.version)
        chosen = _version(tx, current, number)
        labels = [*chosen.labels, *(label for label in good if label not in chosen.labels)]
        if len(labels) > rules.MAX_LABELS:
            raise ParameterVersionLabelLimitExceeded
        for version in list(tx.scan(VERSIONS, PARAMETERS.key(current))):
            kept = labels if version.version == number else [each for each in version.labels if each not in good]
            if kept != version.labels:
                _keep(tx, current, version, kept)
    return {"InvalidLabels": bad, "ParameterVersion": number}


@operation("ssm", "UnlabelParameterVersion", resource=by_name)
def unlabel_parameter_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take labels from a version. Those that it does not have are returned as invalid.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UnlabelParameterVersion.html
    """
    with ctx.write() as tx:
        current = NAMED.require(tx, ctx, req["Name"])
        version = _version(tx, current, req["ParameterVersion"])
        gone = [label for label in req["Labels"] if label in version.labels]
        if gone:
            _keep(tx, current, version, [label for label in version.labels if label not in gone])
    return {"RemovedLabels": gone, "InvalidLabels": [label for label in req["Labels"] if label not in gone]}
