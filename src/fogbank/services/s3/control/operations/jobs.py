"""Jobs of S3 Batch Operations. They are kept: nothing is done to objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.roles import passed
from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.core.paging import Pages

from ..errors import BadRequestException, InvalidNextTokenException, JobStatusException
from ..find import JOB, account, foreign, of
from ..records import JOBS, Thing

_named = of(JOB, "JobId")


def _created(ctx: Context, req: dict[str, Any]) -> Any:
    role = passed(ctx, req["RoleArn"], "batchoperations.s3.amazonaws.com")
    return foreign(ctx, req) or [Access("", "*"), role]


@operation("s3control", "CreateJob", action="s3:CreateJob", resource=_created, fidelity="recorded")
def create_job(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a job, which waits for its confirmation. A request with an earlier one's token returns that."""
    if len(req["Operation"]) != 1:
        raise BadRequestException("Exactly one operation must be specified.")  # not confirmed
    if not req.get("Manifest") and not req.get("ManifestGenerator"):
        raise BadRequestException("A manifest or a manifest generator must be specified.")  # not confirmed
    with ctx.write() as tx:
        for each in tx.scan(JOBS, (ctx.account, ctx.region)):
            if each.data["ClientRequestToken"] == req["ClientRequestToken"]:
                return {"JobId": each.id}
        data = {key: value for key, value in req.items() if key not in ("AccountId", "Tags")}
        data |= {"ConfirmationRequired": bool(req.get("ConfirmationRequired")), "Status": "Suspended"}
        made = Thing(account=ctx.account, region=ctx.region, id=ctx.ids.uuid(), created=ctx.now(), data=data,
                     tags=tags.from_list(req.get("Tags")))  # fmt: skip
        tx.put(JOBS, made)
    return {"JobId": made.id}


@operation("s3control", "DescribeJob", action="s3:DescribeJob", resource=_named, fidelity="recorded")
def describe_job(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A job."""
    with ctx.read() as tx:
        found = JOB.require(tx, ctx, req["JobId"])
    data = {key: value for key, value in found.data.items() if key != "ClientRequestToken"}
    arn = JOB.arn(ctx, (found.account, found.region, found.id), found)
    none = {"TotalNumberOfTasks": 0, "NumberOfTasksSucceeded": 0, "NumberOfTasksFailed": 0}
    more = {"JobId": found.id, "JobArn": arn, "CreationTime": found.created, "ProgressSummary": none}
    return {"Job": {**data, **more, "FailureReasons": []}}


@operation("s3control", "ListJobs", action="s3:ListJobs", resource=account, fidelity="recorded")
def list_jobs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The jobs of the region."""
    with ctx.read() as tx:
        there = list(tx.scan(JOBS, (ctx.account, ctx.region)))
    wanted = req.get("JobStatuses")
    found = [each for each in there if not wanted or each.data["Status"] in wanted]
    pages = Pages(ctx, InvalidNextTokenException)
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or 1000, lambda each: each.id)
    jobs = [
        {"JobId": each.id, "Description": each.data.get("Description", ""), "Priority": each.data["Priority"],
         "Operation": next(iter(each.data["Operation"])), "Status": each.data["Status"],
         "CreationTime": each.created}
        for each in shown
    ]  # fmt: skip
    return {"Jobs": jobs, **more}


@operation("s3control", "UpdateJobPriority", action="s3:UpdateJobPriority", resource=_named, fidelity="recorded")
def update_job_priority(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the priority of a job."""
    with ctx.write() as tx:
        found = JOB.require(tx, ctx, req["JobId"])
        found.data = found.data | {"Priority": req["Priority"]}
        tx.put(JOBS, found)
    return {"JobId": found.id, "Priority": req["Priority"]}


@operation("s3control", "UpdateJobStatus", action="s3:UpdateJobStatus", resource=_named, fidelity="recorded")
def update_job_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Cancel or confirm a job. A confirmed one stays Ready."""
    with ctx.write() as tx:
        found = JOB.require(tx, ctx, req["JobId"])
        if found.data["Status"] == "Cancelled":  # the text is not confirmed
            raise JobStatusException(f"The job is Cancelled and can't become {req['RequestedJobStatus']}.")
        found.data = found.data | {"Status": req["RequestedJobStatus"]}
        if req.get("StatusUpdateReason"):
            found.data["StatusUpdateReason"] = req["StatusUpdateReason"]
        tx.put(JOBS, found)
    shown = {"JobId": found.id, "Status": found.data["Status"]}
    return shown | ({"StatusUpdateReason": req["StatusUpdateReason"]} if req.get("StatusUpdateReason") else {})


@operation("s3control", "PutJobTagging", action="s3:PutJobTagging", resource=_named, fidelity="recorded")
def put_job_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replace the tags of a job."""
    with ctx.write() as tx:
        found = JOB.require(tx, ctx, req["JobId"])
        found.tags = tags.from_list(req["Tags"])
        tx.put(JOBS, found)
    return {}


@operation("s3control", "GetJobTagging", action="s3:GetJobTagging", resource=_named, fidelity="recorded")
def get_job_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of a job."""
    with ctx.read() as tx:
        return {"Tags": tags.to_list(JOB.require(tx, ctx, req["JobId"]).tags)}


@operation("s3control", "DeleteJobTagging", action="s3:DeleteJobTagging", resource=_named, fidelity="recorded")
def delete_job_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove all tags of a job."""
    with ctx.write() as tx:
        found = JOB.require(tx, ctx, req["JobId"])
        found.tags = {}
        tx.put(JOBS, found)
    return {}
