"""The errors of Amazon Route 53. Texts are those that users have met, or else those of the API reference.

https://docs.aws.amazon.com/Route53/latest/APIReference/CommonErrors.html
"""

from fogbank.core.errors import ServiceError


class NoSuchHostedZone(ServiceError):
    code = "NoSuchHostedZone"


class HostedZoneAlreadyExists(ServiceError):
    code = "HostedZoneAlreadyExists"
    default = "A hosted zone has already been created with the specified caller reference."


class HostedZoneNotEmpty(ServiceError):
    code = "HostedZoneNotEmpty"
    default = "The specified hosted zone contains non-required resource record sets and so cannot be deleted."


class InvalidDomainName(ServiceError):
    code = "InvalidDomainName"
    default = "The specified domain name is not valid."


class InvalidChangeBatch(ServiceError):
    code = "InvalidChangeBatch"


class InvalidInput(ServiceError):
    code = "InvalidInput"


class NoSuchChange(ServiceError):
    code = "NoSuchChange"


class NoSuchHealthCheck(ServiceError):
    code = "NoSuchHealthCheck"


class HealthCheckAlreadyExists(ServiceError):
    code = "HealthCheckAlreadyExists"
    default = "The health check you're attempting to create already exists."


class HealthCheckVersionMismatch(ServiceError):
    code = "HealthCheckVersionMismatch"
    default = (
        "The value of HealthCheckVersion in the request doesn't match the value of HealthCheckVersion in "
        "the health check."
    )


class HealthCheckInUse(ServiceError):
    code = "HealthCheckInUse"
    default = "This error code is not in use."


class TooManyHealthChecks(ServiceError):
    code = "TooManyHealthChecks"


class TooManyHostedZones(ServiceError):
    code = "TooManyHostedZones"


class NoSuchDelegationSet(ServiceError):
    code = "NoSuchDelegationSet"


class DelegationSetInUse(ServiceError):
    code = "DelegationSetInUse"
    default = (
        "The specified delegation contains associated hosted zones which must be deleted before the "
        "reusable delegation set can be deleted."
    )


class DelegationSetAlreadyCreated(ServiceError):
    code = "DelegationSetAlreadyCreated"
    default = "A delegation set with the same owner and caller reference combination has already been created."


class DelegationSetNotReusable(ServiceError):
    code = "DelegationSetNotReusable"
    default = "A reusable delegation set with the specified ID does not exist."


class DelegationSetAlreadyReusable(ServiceError):
    code = "DelegationSetAlreadyReusable"
    default = "The specified delegation set has already been marked as reusable."


class HostedZoneNotFound(ServiceError):
    code = "HostedZoneNotFound"
    default = "The specified HostedZone can't be found."


class LimitsExceeded(ServiceError):
    code = "LimitsExceeded"


class InvalidVPCId(ServiceError):
    code = "InvalidVPCId"


class ConflictingDomainExists(ServiceError):
    code = "ConflictingDomainExists"


class PublicZoneVPCAssociation(ServiceError):
    code = "PublicZoneVPCAssociation"
    default = (
        "You're trying to associate a VPC with a public hosted zone. Amazon Route 53 doesn't support "
        "associating a VPC with a public hosted zone."
    )


class LastVPCAssociation(ServiceError):
    code = "LastVPCAssociation"
    default = (
        "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is "
        "associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC "
        "from a hosted zone."
    )


class VPCAssociationNotFound(ServiceError):
    code = "VPCAssociationNotFound"


class VPCAssociationAuthorizationNotFound(ServiceError):
    code = "VPCAssociationAuthorizationNotFound"
    default = "The VPC that you specified is not authorized to be associated with the hosted zone."


class NotAuthorizedException(ServiceError):
    code = "NotAuthorizedException"
    default = "Associating the specified VPC with the specified hosted zone has not been authorized."


class NoSuchQueryLoggingConfig(ServiceError):
    code = "NoSuchQueryLoggingConfig"
    default = "There is no DNS query logging configuration with the specified ID."


class QueryLoggingConfigAlreadyExists(ServiceError):
    code = "QueryLoggingConfigAlreadyExists"
    default = (
        "You can create only one query logging configuration for a hosted zone, and a query logging "
        "configuration already exists for this hosted zone."
    )


class NoSuchCloudWatchLogsLogGroup(ServiceError):
    code = "NoSuchCloudWatchLogsLogGroup"
    default = "There is no CloudWatch Logs log group with the specified ARN."


class NoSuchTrafficPolicy(ServiceError):
    code = "NoSuchTrafficPolicy"
    default = "No traffic policy exists with the specified ID."


class TrafficPolicyAlreadyExists(ServiceError):
    code = "TrafficPolicyAlreadyExists"
    default = "A traffic policy that has the same value for Name already exists."


class TrafficPolicyInUse(ServiceError):
    code = "TrafficPolicyInUse"
    default = "One or more traffic policy instances were created by using the specified traffic policy."


class TooManyTrafficPolicies(ServiceError):
    code = "TooManyTrafficPolicies"
    default = (
        "This traffic policy can't be created because the current account has reached the limit on the "
        "number of traffic policies."
    )


class TooManyTrafficPolicyInstances(ServiceError):
    code = "TooManyTrafficPolicyInstances"
    default = (
        "This traffic policy instance can't be created because the current account has reached the limit "
        "on the number of traffic policy instances."
    )


class InvalidTrafficPolicyDocument(ServiceError):
    code = "InvalidTrafficPolicyDocument"
    default = "The format of the traffic policy document that you specified in the Document element is not valid."


class NoSuchTrafficPolicyInstance(ServiceError):
    code = "NoSuchTrafficPolicyInstance"
    default = "No traffic policy instance exists with the specified ID."


class TrafficPolicyInstanceAlreadyExists(ServiceError):
    code = "TrafficPolicyInstanceAlreadyExists"
    default = "There is already a traffic policy instance with the specified ID."


class NoSuchKeySigningKey(ServiceError):
    code = "NoSuchKeySigningKey"
    default = "The specified key-signing key (KSK) doesn't exist."


class KeySigningKeyAlreadyExists(ServiceError):
    code = "KeySigningKeyAlreadyExists"
    default = "You've already created a key-signing key (KSK) with this name or with the same customer managed key ARN."


class InvalidKeySigningKeyStatus(ServiceError):
    code = "InvalidKeySigningKeyStatus"
    default = "The key-signing key (KSK) status isn't valid or another KSK has the status INTERNAL_FAILURE."


class KeySigningKeyInUse(ServiceError):
    code = "KeySigningKeyInUse"
    default = (
        "The key-signing key (KSK) that you specified can't be deactivated because it's the only KSK for "
        "a currently-enabled DNSSEC. Disable DNSSEC signing, or add or enable another KSK."
    )


class KeySigningKeyWithActiveStatusNotFound(ServiceError):
    code = "KeySigningKeyWithActiveStatusNotFound"
    default = "A key-signing key (KSK) with ACTIVE status wasn't found."


class TooManyKeySigningKeys(ServiceError):
    code = "TooManyKeySigningKeys"
    default = (
        "You've reached the limit for the number of key-signing keys (KSKs). Remove at least one KSK, "
        "and then try again."
    )


class InvalidKMSArn(ServiceError):
    code = "InvalidKMSArn"
    default = "The KeyManagementServiceArn that you specified isn't valid to use with DNSSEC signing."


class DNSSECNotFound(ServiceError):
    code = "DNSSECNotFound"
    default = "The hosted zone doesn't have any DNSSEC resources."


class NoSuchCidrCollectionException(ServiceError):
    code = "NoSuchCidrCollectionException"
    default = "The CIDR collection you specified, doesn't exist."


class CidrCollectionAlreadyExistsException(ServiceError):
    code = "CidrCollectionAlreadyExistsException"
    default = "A CIDR collection with this name and a different caller reference already exists in this account."


class CidrCollectionVersionMismatchException(ServiceError):
    code = "CidrCollectionVersionMismatchException"
    default = "The CIDR collection version you provided, doesn't match the one in the CidrCollections table."


class CidrCollectionInUseException(ServiceError):
    code = "CidrCollectionInUseException"
    default = "This CIDR collection is in use, and isn't empty."


class NoSuchGeoLocation(ServiceError):
    code = "NoSuchGeoLocation"
    default = "Amazon Route 53 doesn't support the specified geographic location."


class InvalidPaginationToken(ServiceError):
    code = "InvalidPaginationToken"
    default = "The value that you specified to get the second or subsequent page of results is invalid."


def no_zone(id: str) -> NoSuchHostedZone:
    return NoSuchHostedZone(f"No hosted zone found with ID: {id}")


def no_health_check(id: str) -> NoSuchHealthCheck:
    return NoSuchHealthCheck(f"A health check with id {id} does not exist.")


def bad_batch(problems: list[str]) -> InvalidChangeBatch:
    """The error of a batch of changes, with everything that is wrong with it."""
    return InvalidChangeBatch(f"[{', '.join(problems)}]", messages=problems)
