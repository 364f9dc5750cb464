"""The AWS protocols: parses requests to plain dicts and serializes responses, by botocore's service models.

Only botocore's data is used. `models.load(name)` returns a ServiceModel, whose operations parse, validate and serialize
requests, responses and errors. Services never see bytes, headers, XML or JSON text. This module imports nothing heavy:
models and codecs are made on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fogbank.core.errors import ServiceError
    from fogbank.core.http import Response

    from .models import ServiceModel


def load(name: str) -> ServiceModel:
    """Load a service's model by botocore's folder name. Raises KeyError if there is none."""
    from . import models

    return models.load(name)


def error_response(
    model: ServiceModel | None, protocol: str, family: str, error: ServiceError, request_id: str, method: str = "POST"
) -> Response:
    """The response to an error that occurs before the operation is known, in the protocol's form.

    `family` (json, query, ec2 or s3) selects the code of errors that all services share; empty: the protocol's family.
    """
    from . import errors

    return errors.respond(model, protocol, family, error, request_id, method)
