"""The errors of Service Quotas.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/CommonErrors.html

Texts are from the API reference where no client has published AWS's.
"""

from fogbank.core.errors import ServiceError


class NoSuchResourceException(ServiceError):
    code = "NoSuchResourceException"
    default = "The specified resource does not exist."


class IllegalArgumentException(ServiceError):
    code = "IllegalArgumentException"
    default = "Invalid input was provided."


class InvalidPaginationTokenException(ServiceError):
    code = "InvalidPaginationTokenException"
    default = "Invalid input was provided."


class InvalidResourceStateException(ServiceError):
    code = "InvalidResourceStateException"
    default = "The resource is in an invalid state."


class ResourceAlreadyExistsException(ServiceError):
    code = "ResourceAlreadyExistsException"
    default = "Only one open service quota increase request is allowed per quota."


class QuotaExceededException(ServiceError):
    code = "QuotaExceededException"
    default = (
        "You have exceeded your service quota. To perform the requested action, remove some of the relevant resources, "
        "or use Service Quotas to request a service quota increase."
    )


class ServiceQuotaTemplateNotInUseException(ServiceError):
    code = "ServiceQuotaTemplateNotInUseException"
    default = "The quota request template is not associated with your organization."


class TemplatesNotAvailableInRegionException(ServiceError):
    code = "TemplatesNotAvailableInRegionException"
    default = "The Service Quotas template is not available in this Amazon Web Services Region."


class TooManyTagsException(ServiceError):
    code = "TooManyTagsException"
    default = (
        "You've exceeded the number of tags allowed for a resource. The maximum number of tags allowed for a resource "
        "is 50."
    )
