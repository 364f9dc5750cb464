"""The errors of S3 Control. Texts are AWS's where users have shown them; those of access grants are not confirmed."""

from __future__ import annotations

from ..errors import S3Error


class NoSuchPublicAccessBlockConfiguration(S3Error):
    code = "NoSuchPublicAccessBlockConfiguration"
    status = 404
    default = "The public access block configuration was not found"


class NoSuchAccessPoint(S3Error):
    code = "NoSuchAccessPoint"
    status = 404
    default = "The specified accesspoint does not exist"


class NoSuchAccessPointPolicy(S3Error):
    code = "NoSuchAccessPointPolicy"
    status = 404
    default = "The specified accesspoint policy does not exist"


class AccessPointAlreadyOwnedByYou(S3Error):
    code = "AccessPointAlreadyOwnedByYou"
    status = 409
    default = "Your previous request to create the named accesspoint succeeded and you already own it."


class InvalidRequest(S3Error):
    code = "InvalidRequest"
    status = 400


class NoSuchResource(S3Error):
    code = "NoSuchResource"
    status = 404
    default = "The specified resource doesn't exist."


class NoSuchConfiguration(S3Error):
    code = "NoSuchConfiguration"
    status = 404
    default = "The specified configuration does not exist."


class NotFoundException(S3Error):
    code = "NotFoundException"
    status = 400
    default = "The specified job does not exist."


class BadRequestException(S3Error):
    code = "BadRequestException"
    status = 400


class JobStatusException(S3Error):
    code = "JobStatusException"
    status = 400


class InvalidNextTokenException(S3Error):
    code = "InvalidNextTokenException"
    status = 400
    default = "The continuation token provided is invalid."


class InvalidToken(S3Error):
    code = "InvalidRequest"
    status = 400
    default = "The continuation token provided is invalid."


class NoSuchAccessGrantsInstance(S3Error):
    code = "AccessGrantsInstanceNotExistsError"
    status = 404
    default = "Access Grants Instance does not exist"


class AccessGrantsInstanceAlreadyExists(S3Error):
    code = "AccessGrantsInstanceAlreadyExists"
    status = 409
    default = "An Access Grants Instance already exists"


class AccessGrantsInstanceNotEmpty(S3Error):
    code = "AccessGrantsInstanceNotEmptyError"
    status = 400
    default = "Access Grants Instance is not empty"


class NoSuchAccessGrantsLocation(S3Error):
    code = "NoSuchAccessGrantsLocationError"
    status = 404
    default = "The specified location does not exist"


class AccessGrantsLocationNotEmpty(S3Error):
    code = "AccessGrantsLocationNotEmptyError"
    status = 400
    default = "The specified location is not empty"


class NoSuchAccessGrant(S3Error):
    code = "NoSuchAccessGrantError"
    status = 404
    default = "The specified access grant does not exist"
