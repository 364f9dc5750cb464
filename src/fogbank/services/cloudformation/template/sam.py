"""The AWS::Serverless-2016-10-31 transform, run by AWS's own translator (aws-sam-translator, Apache-2.0).

The first serverless template imports the library, which takes two seconds and also imports boto3: callers run
`translate` in a thread. Nothing here uses the network, because the caller passes region and account.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .errors import TemplateError
from .parse import MAX_URL_BODY, TOO_LARGE

NAME = "AWS::Serverless-2016-10-31"


class _Session(msgspec.Struct):
    """Stands in for the boto3 session, from which the translator only reads the region."""

    region_name: str


def translate(document: dict[str, Any], parameters: dict[str, Any], region: str) -> dict[str, Any]:
    """Replace the AWS::Serverless resources of a template. Raises TemplateError with the translator's messages.

    `parameters` has the values of the template's parameters (SSM types resolved) and the pseudo parameters.
    """
    _check_size(document)
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

    document = msgspec.json.decode(msgspec.json.encode(document))  # a copy: the translator modifies its argument
    values = {name: value for name, value in parameters.items() if name != "AWS::NoValue"}
    values = {name: ",".join(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        to_py27_compatible_template(document, values)  # gives the same logical ids as the AWS service
        translator = Translator(None, Parser(), plugins=[_applications()], boto_session=_Session(region))
        try:
            result: dict[str, Any] = undo_mark_unicode_str_in_template(translator.translate(document, values))
        finally:
            translator.metrics.publish()  # does nothing, but avoids a warning about unpublished metrics
        return result
    except InvalidDocumentException as error:
        raise TemplateError(f"Transform {NAME} failed with: {error.message} {_causes(error)}".rstrip())


def _check_size(document: dict[str, Any]) -> None:
    """Raise TemplateError when copying Globals into each resource could exceed many times a template's size."""
    resources = document.get("Resources")
    copies = len(resources) if isinstance(resources, dict) else 0
    if copies * len(msgspec.json.encode(document.get("Globals"))) > 10 * MAX_URL_BODY:
        raise TemplateError(TOO_LARGE)


def _causes(error: Any) -> str:
    """The messages of all causes, in the order in which the AWS service lists them."""
    return " ".join(cause.message for cause in sorted(error.causes, key=lambda cause: str(cause.message)))


def _applications() -> Any:
    """The plugin for AWS::Serverless::Application. A template's URL works, the public repository does not."""
    from samtranslator.plugins.application.serverless_app_plugin import ServerlessAppPlugin

    return ServerlessAppPlugin(sar_client_creator=_no_repository)


def _no_repository() -> Any:
    raise TemplateError(
        f"Transform {NAME} failed with: Fogbank has no Serverless Application Repository: give an application's "
        "Location as the URL of a template"
    )
