"""The condition keys of ElastiCache's actions.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/IAM.ConditionKeys.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys, member

_SAME = (
    "AtRestEncryptionEnabled", "AutomaticFailoverEnabled", "CacheNodeType", "CacheParameterGroupName", "EngineVersion",
    "KmsKeyId", "MultiAZEnabled", "NumNodeGroups", "ReplicasPerNodeGroup", "SnapshotRetentionLimit",
    "TransitEncryptionEnabled",
)  # fmt: skip

KEYS = Keys(
    "elasticache",
    {
        **{f"elasticache:{name}": member(name) for name in _SAME},
        "elasticache:AuthTokenEnabled": lambda asked: True if "AuthToken" in asked.request else None,
        "elasticache:DataStorageUnit": member("CacheUsageLimits", "DataStorage", "Unit"),
        "elasticache:EngineType": member("Engine"),
        "elasticache:MaximumDataStorage": member("CacheUsageLimits", "DataStorage", "Maximum"),
        "elasticache:MaximumECPUPerSecond": member("CacheUsageLimits", "ECPUPerSecond", "Maximum"),
        "elasticache:MinimumDataStorage": member("CacheUsageLimits", "DataStorage", "Minimum"),
        "elasticache:MinimumECPUPerSecond": member("CacheUsageLimits", "ECPUPerSecond", "Minimum"),
        "elasticache:UserAuthenticationMode": member("AuthenticationMode", "Type"),
    },
)
