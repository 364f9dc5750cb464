"""Converts the properties of AWS::S3::Bucket to S3's requests; the two differ in names and nesting.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fogbank.core.cfn_calls import given, truth

Properties = dict[str, Any]
Request = dict[str, Any]


def changes(old: Properties, new: Properties) -> Iterator[tuple[str, Request]]:
    """Yields the S3 calls that turn the old properties into the new ones: (operation, request without the bucket).

    The calls come in an order that S3 accepts.
    """
    for name, put, convert, delete, default in _TABLE:
        before, after = old.get(name), new.get(name)
        if before == after or (name == "AccessControl" and before is None and after == "Private"):
            continue
        if after is not None:
            yield put, convert(after)
        elif delete:
            yield delete, {}
        elif default is not None:
            yield put, default
    for name, put, delete, convert in _BY_ID:
        yield from _by_id(name, put, delete, convert, old.get(name) or [], new.get(name) or [])


def _by_id(
    name: str, put: str, delete: str, convert: Callable[[Properties], Request], old: list[Any], new: list[Any]
) -> Iterator[tuple[str, Request]]:
    member = name.removesuffix("s")
    before = {each["Id"]: each for each in old}
    after = {each["Id"]: each for each in new}
    for key in before.keys() - after.keys():
        yield delete, {"Id": key}
    for key, value in after.items():
        if before.get(key) != value:
            yield put, {"Id": key, member: {"Id": key, **convert(value)}}


def _filter_of(value: Properties) -> Request:
    """Converts Prefix and TagFilters to S3's Filter."""
    tags = value.get("TagFilters") or []
    found: Request = {}
    if len(tags) + bool(value.get("Prefix")) > 1:
        both: Request = {"Tags": tags}
        if value.get("Prefix"):
            both["Prefix"] = value["Prefix"]
        found["Filter"] = {"And": both}
    elif tags:
        found["Filter"] = {"Tag": tags[0]}
    elif value.get("Prefix"):
        found["Filter"] = {"Prefix": value["Prefix"]}
    kept = {k: v for k, v in value.items() if k not in ("Id", "TagFilters", "Prefix")}
    return found | kept


def _report_bucket(value: Properties) -> Request:
    """Converts a report's destination, which is flat in a template, to S3's nested structure."""
    named = {"Bucket": value["BucketArn"], "AccountId": value.get("BucketAccountId")}
    kept = given(value, "Format", "Prefix")
    return {"S3BucketDestination": {**{name: text for name, text in named.items() if text}, **kept}}


def _inventory(value: Properties) -> Request:
    found: Request = {
        "Destination": _report_bucket(value["Destination"]),
        "IsEnabled": value["Enabled"],
        "Schedule": {"Frequency": value["ScheduleFrequency"]},
        **given(value, "IncludedObjectVersions", "OptionalFields"),
    }
    return found | ({"Filter": {"Prefix": value["Prefix"]}} if value.get("Prefix") else {})


def _analytics(value: Properties) -> Request:
    found = _filter_of(value)
    export = (value.get("StorageClassAnalysis") or {}).get("DataExport")
    if export:
        # analytics call the account BucketAccountId
        target = _report_bucket(export["Destination"])["S3BucketDestination"]
        if "AccountId" in target:
            target["BucketAccountId"] = target.pop("AccountId")
        moved = {**export, "Destination": {"S3BucketDestination": target}}
        found["StorageClassAnalysis"] = {"DataExport": moved}
    return found


def _ownership(value: Properties) -> Request:
    return {"OwnershipControls": {"Rules": value.get("Rules") or []}}


def _public_access(value: Properties) -> Request:
    return {"PublicAccessBlockConfiguration": {name: truth(flag) for name, flag in value.items()}}


def _acl(value: str) -> Request:
    kebab = "".join(f"-{c.lower()}" if c.isupper() else c for c in value).lstrip("-")
    return {"ACL": kebab}


def _tags(value: list[Properties]) -> Request:
    return {"Tagging": {"TagSet": [{"Key": tag["Key"], "Value": str(tag.get("Value", ""))} for tag in value]}}


def _versioning(value: Properties) -> Request:
    return {"VersioningConfiguration": {"Status": value.get("Status")}}


def _encryption(value: Properties) -> Request:
    rules = []
    for each in value.get("ServerSideEncryptionConfiguration") or []:
        rule: Request = {}
        if each.get("ServerSideEncryptionByDefault"):
            rule["ApplyServerSideEncryptionByDefault"] = each["ServerSideEncryptionByDefault"]
        if "BucketKeyEnabled" in each:
            rule["BucketKeyEnabled"] = truth(each["BucketKeyEnabled"])
        rule |= given(each, "BlockedEncryptionTypes")
        rules.append(rule)
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _cors(value: Properties) -> Request:
    rules = []
    for each in value.get("CorsRules") or []:
        rule: Request = {
            name: each[name] for name in ("AllowedHeaders", "AllowedMethods", "AllowedOrigins") if name in each
        }
        for theirs, ours in (("ExposedHeaders", "ExposeHeaders"), ("Id", "ID")):
            if theirs in each:
                rule[ours] = each[theirs]
        if "MaxAge" in each:
            rule["MaxAgeSeconds"] = int(each["MaxAge"])
        rules.append(rule)
    return {"CORSConfiguration": {"CORSRules": rules}}


def _website(value: Properties) -> Request:
    found: Request = {}
    if value.get("IndexDocument"):
        found["IndexDocument"] = {"Suffix": value["IndexDocument"]}
    if value.get("ErrorDocument"):
        found["ErrorDocument"] = {"Key": value["ErrorDocument"]}
    if value.get("RedirectAllRequestsTo"):
        found["RedirectAllRequestsTo"] = value["RedirectAllRequestsTo"]
    rules = []
    for each in value.get("RoutingRules") or []:
        rule: Request = {"Redirect": {k: str(v) for k, v in each["RedirectRule"].items()}}
        if each.get("RoutingRuleCondition"):
            rule["Condition"] = {k: str(v) for k, v in each["RoutingRuleCondition"].items()}
        rules.append(rule)
    if rules:
        found["RoutingRules"] = rules
    return {"WebsiteConfiguration": found}


def _logging(value: Properties) -> Request:
    chosen: Request = {"TargetPrefix": value.get("LogFilePrefix") or ""}
    if value.get("DestinationBucketName"):
        chosen["TargetBucket"] = value["DestinationBucketName"]
    return {"BucketLoggingStatus": {"LoggingEnabled": {**chosen, **given(value, "TargetObjectKeyFormat")}}}


def _notification(value: Properties) -> Request:
    kinds = (
        ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
        ("QueueConfigurations", "Queue", "QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "Topic", "TopicConfigurations", "TopicArn"),
    )
    found: Request = {}
    for theirs, target, ours, arn in kinds:
        entries = []
        for each in value.get(theirs) or []:
            entry: Request = {arn: each[target], "Events": [each["Event"]]}
            rules = ((each.get("Filter") or {}).get("S3Key") or {}).get("Rules")
            if rules:
                entry["Filter"] = {"Key": {"FilterRules": rules}}
            entries.append(entry)
        if entries:
            found[ours] = entries
    if truth(
        (value.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled", "EventBridgeConfiguration" in value)
    ):
        found["EventBridgeConfiguration"] = {}
    return {"NotificationConfiguration": found}


def _lifecycle(value: Properties) -> Request:
    found: Request = {"LifecycleConfiguration": {"Rules": [_rule(each) for each in value.get("Rules") or []]}}
    if value.get("TransitionDefaultMinimumObjectSize"):
        found["TransitionDefaultMinimumObjectSize"] = value["TransitionDefaultMinimumObjectSize"]
    return found


def _rule(each: Properties) -> Request:
    rule: Request = {"Status": each["Status"], "Filter": _rule_filter(each)}
    if each.get("Id"):
        rule["ID"] = each["Id"]
    expiration: Request = {}
    if "ExpirationInDays" in each:
        expiration["Days"] = int(each["ExpirationInDays"])
    if "ExpirationDate" in each:
        expiration["Date"] = each["ExpirationDate"]
    if "ExpiredObjectDeleteMarker" in each:
        expiration["ExpiredObjectDeleteMarker"] = truth(each["ExpiredObjectDeleteMarker"])
    if expiration:
        rule["Expiration"] = expiration
    moves = [*(each.get("Transitions") or []), *([each["Transition"]] if each.get("Transition") else [])]
    if moves:
        rule["Transitions"] = [_move(move, "TransitionInDays", "Days") for move in moves]
    old = each.get("NoncurrentVersionExpiration") or {}
    if "NoncurrentVersionExpirationInDays" in each:
        old = {"NoncurrentDays": each["NoncurrentVersionExpirationInDays"]}
    if old:
        rule["NoncurrentVersionExpiration"] = {name: int(count) for name, count in old.items()}
    moves = list(each.get("NoncurrentVersionTransitions") or [])
    if each.get("NoncurrentVersionTransition"):
        moves.append(each["NoncurrentVersionTransition"])
    if moves:
        rule["NoncurrentVersionTransitions"] = [_move(move, "TransitionInDays", "NoncurrentDays") for move in moves]
    if each.get("AbortIncompleteMultipartUpload"):
        days = int(each["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return rule


def _move(move: Properties, theirs: str, ours: str) -> Request:
    found: Request = {"StorageClass": move["StorageClass"]}
    if theirs in move:
        found[ours] = int(move[theirs])
    if "TransitionDate" in move:
        found["Date"] = move["TransitionDate"]
    if "NewerNoncurrentVersions" in move:
        found["NewerNoncurrentVersions"] = int(move["NewerNoncurrentVersions"])
    return found


def _rule_filter(each: Properties) -> Request:
    parts: Request = {}
    if each.get("Prefix"):
        parts["Prefix"] = each["Prefix"]
    for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        if name in each:
            parts[name] = int(each[name])
    tags = each.get("TagFilters") or []
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, **({"Tags": tags} if tags else {})}}
    if tags:
        return {"Tag": tags[0]}
    return parts or {"Prefix": ""}


def _lock(value: Properties) -> Request:
    rule = value.get("Rule")
    found: Request = {"ObjectLockEnabled": value.get("ObjectLockEnabled") or "Enabled"}
    return {"ObjectLockConfiguration": found | ({"Rule": rule} if rule else {})}


def _replication(value: Properties) -> Request:
    rules = []
    for each in value.get("Rules") or []:
        rule = {name: part for name, part in each.items() if name not in ("Id", "Filter")}
        if each.get("Id"):
            rule["ID"] = each["Id"]
        if "Filter" in each:
            rule["Filter"] = _replicated(each["Filter"])
        rules.append(rule)
    return {"ReplicationConfiguration": {"Role": value["Role"], "Rules": rules}}


def _replicated(value: Properties) -> Request:
    """Converts the filter of a replication rule; the API has other names for tags."""
    found: Request = given(value, "Prefix")
    if value.get("TagFilter"):
        found["Tag"] = value["TagFilter"]
    if value.get("And"):
        both = value["And"]
        found["And"] = {**given(both, "Prefix"), **({"Tags": both["TagFilters"]} if both.get("TagFilters") else {})}
    return found


def _accelerate(value: Properties) -> Request:
    return {"AccelerateConfiguration": {"Status": value["AccelerationStatus"]}}


_BLOCK_ALL = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_Row = tuple[str, str, Callable[[Any], Request], str, Request | None]

# property, operation that sets it, conversion, operation that removes it (or ""), request that resets it (or None)
_TABLE: tuple[_Row, ...] = (
    ("OwnershipControls", "PutBucketOwnershipControls", _ownership, "DeleteBucketOwnershipControls", None),
    (
        "PublicAccessBlockConfiguration",
        "PutPublicAccessBlock",
        _public_access,
        "",
        {"PublicAccessBlockConfiguration": _BLOCK_ALL},
    ),
    ("AccessControl", "PutBucketAcl", _acl, "", None),
    ("Tags", "PutBucketTagging", _tags, "DeleteBucketTagging", None),
    (
        "VersioningConfiguration",
        "PutBucketVersioning",
        _versioning,
        "",
        {"VersioningConfiguration": {"Status": "Suspended"}},
    ),
    ("BucketEncryption", "PutBucketEncryption", _encryption, "DeleteBucketEncryption", None),
    ("CorsConfiguration", "PutBucketCors", _cors, "DeleteBucketCors", None),
    ("WebsiteConfiguration", "PutBucketWebsite", _website, "DeleteBucketWebsite", None),
    ("LoggingConfiguration", "PutBucketLogging", _logging, "", {"BucketLoggingStatus": {}}),
    ("LifecycleConfiguration", "PutBucketLifecycleConfiguration", _lifecycle, "DeleteBucketLifecycle", None),
    ("ObjectLockConfiguration", "PutObjectLockConfiguration", _lock, "", None),
    ("ReplicationConfiguration", "PutBucketReplication", _replication, "DeleteBucketReplication", None),
    (
        "AccelerateConfiguration",
        "PutBucketAccelerateConfiguration",
        _accelerate,
        "",
        {"AccelerateConfiguration": {"Status": "Suspended"}},
    ),
    (
        "NotificationConfiguration",
        "PutBucketNotificationConfiguration",
        _notification,
        "",
        {"NotificationConfiguration": {}},
    ),
)

_BY_ID = (
    ("AnalyticsConfigurations", "PutBucketAnalyticsConfiguration", "DeleteBucketAnalyticsConfiguration", _analytics),
    ("MetricsConfigurations", "PutBucketMetricsConfiguration", "DeleteBucketMetricsConfiguration", _filter_of),
    ("InventoryConfigurations", "PutBucketInventoryConfiguration", "DeleteBucketInventoryConfiguration", _inventory),
    (
        "IntelligentTieringConfigurations",
        "PutBucketIntelligentTieringConfiguration",
        "DeleteBucketIntelligentTieringConfiguration",
        _filter_of,
    ),
)
