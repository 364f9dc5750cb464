"""The errors of ElastiCache.

Codes are those of the API's model. Texts are AWS's where users report them; the others are the model's own words (not
confirmed).
"""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class CacheClusterNotFound(ServiceError):
    code = "CacheClusterNotFound"
    status = 404


class CacheClusterAlreadyExists(ServiceError):
    code = "CacheClusterAlreadyExists"
    default = "Cache cluster already exists"


class InvalidCacheClusterState(ServiceError):
    code = "InvalidCacheClusterState"
    default = "The requested cluster is not in the available state."


class ReplicationGroupNotFound(ServiceError):
    code = "ReplicationGroupNotFoundFault"
    status = 404


class ReplicationGroupAlreadyExists(ServiceError):
    code = "ReplicationGroupAlreadyExists"
    default = "Replication group with specified name already exists."


class InvalidReplicationGroupState(ServiceError):
    code = "InvalidReplicationGroupState"
    default = "The requested replication group is not in the available state."


class NodeGroupNotFound(ServiceError):
    code = "NodeGroupNotFoundFault"
    status = 404


class NodeGroupsQuotaExceeded(ServiceError):
    code = "NodeGroupsPerReplicationGroupQuotaExceeded"


class TestFailoverNotAvailable(ServiceError):
    code = "TestFailoverNotAvailableFault"
    default = "The TestFailover action is not available."


class NodeQuotaForClusterExceeded(ServiceError):
    code = "NodeQuotaForClusterExceeded"


class InsufficientCapacity(ServiceError):
    """Also raised when this machine has no program for the engine: the text says how to get it."""

    code = "InsufficientCacheClusterCapacity"


class ParameterGroupNotFound(ServiceError):
    code = "CacheParameterGroupNotFound"
    status = 404


class ParameterGroupAlreadyExists(ServiceError):
    code = "CacheParameterGroupAlreadyExists"


class InvalidParameterGroupState(ServiceError):
    code = "InvalidCacheParameterGroupState"


class SubnetGroupNotFound(ServiceError):
    code = "CacheSubnetGroupNotFoundFault"


class SubnetGroupAlreadyExists(ServiceError):
    code = "CacheSubnetGroupAlreadyExists"


class SubnetGroupInUse(ServiceError):
    code = "CacheSubnetGroupInUse"


class SecurityGroupNotFound(ServiceError):
    code = "CacheSecurityGroupNotFound"
    status = 404


class SecurityGroupAlreadyExists(ServiceError):
    code = "CacheSecurityGroupAlreadyExists"
    default = "A cache security group with the specified name already exists."


class InvalidSecurityGroupState(ServiceError):
    code = "InvalidCacheSecurityGroupState"


class AuthorizationAlreadyExists(ServiceError):
    code = "AuthorizationAlreadyExists"
    default = "The specified Amazon EC2 security group is already authorized for the specified cache security group."


class AuthorizationNotFound(ServiceError):
    code = "AuthorizationNotFound"
    status = 404
    default = "The specified Amazon EC2 security group is not authorized for the specified cache security group."


class UserNotFound(ServiceError):
    code = "UserNotFound"
    status = 404


class UserAlreadyExists(ServiceError):
    code = "UserAlreadyExists"


class DuplicateUserName(ServiceError):
    code = "DuplicateUserName"


class InvalidUserState(ServiceError):
    code = "InvalidUserState"
    default = "The user is not in active state."


class DefaultUserRequired(ServiceError):
    code = "DefaultUserRequired"
    default = "User group needs to contain a user with the user name default."


class DefaultUserAssociated(ServiceError):
    code = "DefaultUserAssociatedToUserGroup"


class UserGroupNotFound(ServiceError):
    code = "UserGroupNotFound"
    status = 404


class UserGroupAlreadyExists(ServiceError):
    code = "UserGroupAlreadyExists"


class InvalidUserGroupState(ServiceError):
    code = "InvalidUserGroupState"
    default = "The user group is not in an active state."


class SnapshotNotFound(ServiceError):
    code = "SnapshotNotFoundFault"
    status = 404


class SnapshotAlreadyExists(ServiceError):
    code = "SnapshotAlreadyExistsFault"


class InvalidSnapshotState(ServiceError):
    code = "InvalidSnapshotState"


class SnapshotFeatureNotSupported(ServiceError):
    code = "SnapshotFeatureNotSupportedFault"


class ServerlessCacheNotFound(ServiceError):
    code = "ServerlessCacheNotFoundFault"
    status = 404


class ServerlessCacheAlreadyExists(ServiceError):
    code = "ServerlessCacheAlreadyExistsFault"
    default = "A serverless cache with this name already exists."


class InvalidServerlessCacheState(ServiceError):
    code = "InvalidServerlessCacheStateFault"


class ServerlessSnapshotNotFound(ServiceError):
    code = "ServerlessCacheSnapshotNotFoundFault"
    status = 404


class ServerlessSnapshotAlreadyExists(ServiceError):
    code = "ServerlessCacheSnapshotAlreadyExistsFault"
    default = "A serverless cache snapshot with this name already exists."


class InvalidServerlessSnapshotState(ServiceError):
    code = "InvalidServerlessCacheSnapshotStateFault"


class ServerlessNotUnderMigration(ServiceError):
    code = "ServerlessCacheNotUnderMigrationFault"
    default = "The serverless cache is not currently under migration."


class GroupNotUnderMigration(ServiceError):
    code = "ReplicationGroupNotUnderMigrationFault"
    default = "The designated replication group is not available for data migration."


class ReservedNodeNotFound(ServiceError):
    code = "ReservedCacheNodeNotFound"
    status = 404


class ReservedNodeAlreadyExists(ServiceError):
    code = "ReservedCacheNodeAlreadyExists"
    status = 404
    default = "You already have a reservation with the given identifier."


class OfferingNotFound(ServiceError):
    code = "ReservedCacheNodesOfferingNotFound"
    status = 404
    default = "The requested cache node offering does not exist."


class GlobalGroupNotFound(ServiceError):
    code = "GlobalReplicationGroupNotFoundFault"
    status = 404


class GlobalGroupAlreadyExists(ServiceError):
    code = "GlobalReplicationGroupAlreadyExistsFault"
    default = "The Global datastore name already exists."


class ServiceUpdateNotFound(ServiceError):
    code = "ServiceUpdateNotFoundFault"
    status = 404
    default = "The service update doesn't exist"


class InvalidArn(ServiceError):
    code = "InvalidARN"


class TagNotFound(ServiceError):
    code = "TagNotFound"
    status = 404


class TagQuotaExceeded(ServiceError):
    code = "TagQuotaPerResourceExceeded"
    default = (
        "The request cannot be processed because it would cause the resource to have more than the allowed number of "
        "tags. The maximum number of tags permitted on a resource is 50."
    )


class InvalidParameterValue(ServiceError):
    code = "InvalidParameterValue"


class InvalidParameterCombination(ServiceError):
    code = "InvalidParameterCombination"


class NoOperation(ServiceError):
    code = "NoOperationFault"
    default = "The operation was not performed because no changes were required."
