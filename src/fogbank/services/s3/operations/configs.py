"""Bucket sub-resources that are one document each: put, get and delete.

For a sub-resource that was never set, S3 answers either a default or an error of its own; deployment tools rely on
both.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, cors, website
from ..bucket_cache import keep
from ..errors import InvalidArgument, InvalidRequest, InvalidTargetBucketForLogging, MalformedXML, NoSuchConfig
from ..lookups import config, require_bucket
from ..records import BUCKETS, CONFIGS, Bucket, Config

Request = dict[str, Any]


def put(ctx: Context, req: Request, kind: str, value: Any, id: str = "") -> None:
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        tx.put(CONFIGS, Config(bucket=bucket.name, kind=kind, id=id, value=value))


def get(ctx: Context, req: Request, kind: str, code: str = "", text: str = "", id: str = "") -> Any:
    """Returns the document. Without one, raises a 404 with `code`, or returns None when `code` is empty."""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        value = config(tx, bucket.name, kind, id)
    if value is None and code:
        raise NoSuchConfig(code, text, bucket.name)
    return value


def delete(ctx: Context, req: Request, kind: str, id: str = "") -> dict[str, Any]:
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        tx.delete(CONFIGS, (bucket.name, kind, id))
    return {}


# -- CORS --------------------------------------------------------------------------------------------------------------


@operation("s3", "PutBucketCors", action="s3:PutBucketCORS", resource=arns.bucket)
def put_cors(ctx: Context, req: Request) -> dict[str, Any]:
    """Stores the CORS rules, which apply to preflights and responses."""
    rules = (req.get("CORSConfiguration") or {}).get("CORSRules") or []
    cors.check(rules)
    put(ctx, req, "cors", rules)
    _flag_cors(ctx, req, present=True)
    return {}


@operation("s3", "GetBucketCors", action="s3:GetBucketCORS", resource=arns.bucket)
def get_cors(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns the rules. Raises NoSuchCORSConfiguration when there are none."""
    return {"CORSRules": get(ctx, req, "cors", "NoSuchCORSConfiguration", "The CORS configuration does not exist")}


@operation("s3", "DeleteBucketCors", action="s3:PutBucketCORS", resource=arns.bucket)
def delete_cors(ctx: Context, req: Request) -> dict[str, Any]:
    """Deletes the rules: browsers then refuse pages of other origins."""
    delete(ctx, req, "cors")
    _flag_cors(ctx, req, present=False)
    return {}


def _flag_cors(ctx: Context, req: Request, *, present: bool) -> None:
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        bucket.has_cors = present
        keep(tx, bucket)


# -- website -----------------------------------------------------------------------------------------------------------


@operation("s3", "PutBucketWebsite", resource=arns.bucket)
def put_website(ctx: Context, req: Request) -> dict[str, Any]:
    """Stores the configuration of the website at BUCKET.s3-website.REGION.…"""
    chosen = req.get("WebsiteConfiguration") or {}
    website.check(chosen)
    put(ctx, req, "website", chosen)
    return {}


@operation("s3", "GetBucketWebsite", resource=arns.bucket)
def get_website(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns the website configuration. Raises NoSuchWebsiteConfiguration when there is none."""
    text = "The specified bucket does not have a website configuration"
    return dict(get(ctx, req, "website", "NoSuchWebsiteConfiguration", text))


@operation("s3", "DeleteBucketWebsite", resource=arns.bucket)
def delete_website(ctx: Context, req: Request) -> dict[str, Any]:
    """Deletes the website configuration."""
    return delete(ctx, req, "website")


# -- encryption --------------------------------------------------------------------------------------------------------


@operation("s3", "PutBucketEncryption", action="s3:PutEncryptionConfiguration", resource=arns.bucket,
           fidelity="recorded")  # fmt: skip
def put_encryption(ctx: Context, req: Request) -> dict[str, Any]:
    """Stores the default encryption that objects report when their write names none; no bytes are encrypted."""
    rules = (req.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or []
    chosen = rules[0].get("ApplyServerSideEncryptionByDefault") if len(rules) == 1 else None
    if len(rules) != 1:
        raise MalformedXML
    chosen = chosen or {"SSEAlgorithm": "AES256"}
    algorithm, key = chosen.get("SSEAlgorithm"), chosen.get("KMSMasterKeyID")
    if algorithm not in ("AES256", "aws:kms", "aws:kms:dsse"):
        raise MalformedXML
    if algorithm == "AES256" and key:
        raise InvalidArgument(
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
            ArgumentName="ApplyServerSideEncryptionByDefault",
        )
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        bucket.kms_key = None if algorithm == "AES256" else key or _aws_managed(ctx, bucket)
        keep(tx, bucket)
        tx.put(CONFIGS, Config(bucket=bucket.name, kind="encryption", value={"Rules": rules}))
    return {}


def _aws_managed(ctx: Context, bucket: Bucket) -> str:
    return f"arn:{ctx.partition}:kms:{bucket.region}:{bucket.account}:alias/aws/s3"


@operation("s3", "GetBucketEncryption", action="s3:GetEncryptionConfiguration", resource=arns.bucket,
           fidelity="recorded")  # fmt: skip
def get_encryption(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns the default encryption; SSE-S3 for a bucket without a setting, as on AWS since January 2023."""
    found = get(ctx, req, "encryption")
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    if found is not None:
        rule = found["Rules"][0]
        return {"ServerSideEncryptionConfiguration": {"Rules": [{"BucketKeyEnabled": False, **rule}]}}
    return {"ServerSideEncryptionConfiguration": {"Rules": [default]}}


@operation("s3", "DeleteBucketEncryption", action="s3:PutEncryptionConfiguration", resource=arns.bucket,
           fidelity="recorded")  # fmt: skip
def delete_encryption(ctx: Context, req: Request) -> dict[str, Any]:
    """Resets the default encryption to SSE-S3."""
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        bucket.kms_key = None
        keep(tx, bucket)
    return delete(ctx, req, "encryption")


# -- stored and returned, without effect -------------------------------------------------------------------------------


@operation("s3", "GetBucketAccelerateConfiguration", action="s3:GetAccelerateConfiguration", resource=arns.bucket)
def get_accelerate(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns the status; an empty answer when it was never set."""
    return dict(get(ctx, req, "accelerate") or {})


@operation("s3", "PutBucketAccelerateConfiguration", action="s3:PutAccelerateConfiguration", resource=arns.bucket,
           fidelity="recorded")  # fmt: skip
def put_accelerate(ctx: Context, req: Request) -> dict[str, Any]:
    """Stores the status; Fogbank has nothing to accelerate."""
    chosen = req.get("AccelerateConfiguration") or {}
    if chosen.get("Status") not in ("Enabled", "Suspended"):
        raise MalformedXML
    if "." in req["Bucket"]:
        raise InvalidRequest("S3 Transfer Acceleration is not supported for buckets with periods (.) in their names")
    put(ctx, req, "accelerate", {"Status": chosen["Status"]})
    return {}


@operation("s3", "GetBucketRequestPayment", resource=arns.bucket)
def get_request_payment(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns who pays; the bucket owner unless set otherwise."""
    return {"Payer": get(ctx, req, "request-payment") or "BucketOwner"}


@operation("s3", "PutBucketRequestPayment", resource=arns.bucket, fidelity="recorded")
def put_request_payment(ctx: Context, req: Request) -> dict[str, Any]:
    """Stores who pays; Fogbank charges nobody."""
    payer = (req.get("RequestPaymentConfiguration") or {}).get("Payer")
    if payer not in ("Requester", "BucketOwner"):
        raise MalformedXML
    put(ctx, req, "request-payment", payer)
    return {}


@operation("s3", "GetBucketLogging", resource=arns.bucket)
def get_logging(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns the logging configuration; an empty answer when there is none."""
    found = get(ctx, req, "logging")
    return {"LoggingEnabled": found} if found else {}


@operation("s3", "PutBucketLogging", resource=arns.bucket, fidelity="recorded")
def put_logging(ctx: Context, req: Request) -> dict[str, Any]:
    """Stores the configuration; access logs are not delivered yet. The text about the owner is not confirmed.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
    """
    status = req.get("BucketLoggingStatus")
    if status is None:
        raise MalformedXML
    chosen = status.get("LoggingEnabled")
    if not chosen:
        return delete(ctx, req, "logging")
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        target = tx.get(BUCKETS, (chosen.get("TargetBucket") or "",))
    if target is None:
        raise InvalidTargetBucketForLogging("The target bucket for logging does not exist")
    if target.account != bucket.account:
        raise InvalidTargetBucketForLogging(
            "The owner for the bucket to be logged and the target bucket must be the same."
        )
    put(ctx, req, "logging", chosen)
    return {}
