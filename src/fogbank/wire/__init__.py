"""The AWS protocols: bytes to plain dicts and back, compiled from botocore's service models (data only).

`models.load(name)` gives a ServiceModel; its operations parse, validate, serialise and word errors. Services never see
bytes, headers, XML or JSON text. Nothing heavy is imported here: a model and its codecs are made on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fogbank.core.errors import ServiceError
    from fogbank.core.http import Response

    from .models import ServiceModel


def load(name: str) -> ServiceModel:
    """The model of a service by botocore's folder name; KeyError when there is none."""
    from . import models

    return models.load(name)


def error_response(
    model: ServiceModel | None, protocol: str, family: str, error: ServiceError, request_id: str, method: str = "POST"
) -> Response:
    """An error before an operation is known, in the protocol's own form.

    `family` (json, query, ec2 or s3) chooses the code of errors every service shares; empty: the protocol's own.
    """
    from . import errors

    return errors.respond(model, protocol, family, error, request_id, method)
