"""Traffic policies, their versions, and their instances. They are kept: an instance makes no records.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/traffic-flow.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core import documents
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.network.domain_names import BadName, canonical
from fogbank.store.api import Reader

from .. import shapes
from ..errors import (
    InvalidInput,
    InvalidTrafficPolicyDocument,
    NoSuchTrafficPolicy,
    TooManyTrafficPolicies,
    TooManyTrafficPolicyInstances,
    TrafficPolicyAlreadyExists,
    TrafficPolicyInstanceAlreadyExists,
    TrafficPolicyInUse,
)
from ..find import INSTANCE, POLICY, ZONE, by_zone_id
from ..records import THINGS, Thing
from .record_sets import page_size

POLICIES, INSTANCES = "traffic-policies", "policy-records"
_by_id = POLICY.of("Id")
_by_instance = INSTANCE.of("Id")


def _read(text: str) -> dict[str, Any]:
    try:
        found = documents.read_object(text)
    except documents.BadDocument:
        raise InvalidTrafficPolicyDocument from None
    if found.get("AWSPolicyFormatVersion") not in ("2015-10-01", "2023-05-09") or not found.get("RecordType"):
        raise InvalidTrafficPolicyDocument
    return found


def _versions(tx: Reader, ctx: Context, id: str) -> list[Thing]:
    """The versions of a policy, in order. Raises NoSuchTrafficPolicy."""
    found = list(tx.scan(THINGS, (ctx.account, POLICY.word, id)))
    if not found:
        raise NoSuchTrafficPolicy
    return found


def _version(tx: Reader, ctx: Context, id: str, version: int) -> Thing:
    found = next((each for each in _versions(tx, ctx, id) if each.data["Version"] == version), None)
    if found is None:
        raise NoSuchTrafficPolicy
    return found


def _shown(policy: dict[str, Any]) -> tuple[dict[str, Any], str]:
    return {"TrafficPolicy": policy}, shapes.location(f"trafficpolicy/{policy['Id']}/{policy['Version']}")


def _keep(tx: Any, ctx: Context, data: dict[str, Any]) -> dict[str, Any]:
    data = {key: value for key, value in data.items() if value is not None}
    part = f"{data['Version']:06d}"
    tx.put(THINGS, Thing(account=ctx.account, kind=POLICY.word, id=data["Id"], part=part, data=data))
    return data


@operation("route53", "CreateTrafficPolicy", resource="*", fidelity="recorded")
def create_traffic_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep the first version of a policy."""
    document = _read(req["Document"])
    with ctx.write() as tx:
        there = list(tx.scan(THINGS, (ctx.account, POLICY.word)))
        if any(each.data["Name"] == req["Name"] for each in there):
            raise TrafficPolicyAlreadyExists
        if len({each.id for each in there}) >= ctx.quota("route53", POLICIES, tx):
            raise TooManyTrafficPolicies
        policy = _keep(tx, ctx, {
            "Id": ctx.ids.uuid(), "Version": 1, "Name": req["Name"], "Type": document["RecordType"],
            "Document": req["Document"], "Comment": req.get("Comment"),
        })  # fmt: skip
    shown, where = _shown(policy)
    return {**shown, "Location": where}


@operation("route53", "CreateTrafficPolicyVersion", resource=_by_id, fidelity="recorded")
def create_traffic_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep another version."""
    document = _read(req["Document"])
    with ctx.write() as tx:
        last = _versions(tx, ctx, req["Id"])[-1].data
        policy = _keep(tx, ctx, {
            "Id": last["Id"], "Version": last["Version"] + 1, "Name": last["Name"], "Type": document["RecordType"],
            "Document": req["Document"], "Comment": req.get("Comment"),
        })  # fmt: skip
    shown, where = _shown(policy)
    return {**shown, "Location": where}


@operation("route53", "GetTrafficPolicy", resource=_by_id, fidelity="recorded")
def get_traffic_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A version of a policy."""
    with ctx.read() as tx:
        return {"TrafficPolicy": _version(tx, ctx, req["Id"], req["Version"]).data}


@operation("route53", "UpdateTrafficPolicyComment", resource=_by_id, fidelity="recorded")
def update_traffic_policy_comment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the comment of a version."""
    with ctx.write() as tx:
        found = _version(tx, ctx, req["Id"], req["Version"])
        return {"TrafficPolicy": _keep(tx, ctx, found.data | {"Comment": req["Comment"]})}


@operation("route53", "DeleteTrafficPolicy", resource=_by_id, fidelity="recorded")
def delete_traffic_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a version that no instance uses."""
    with ctx.write() as tx:
        found = _version(tx, ctx, req["Id"], req["Version"])
        used = {"TrafficPolicyId": req["Id"], "TrafficPolicyVersion": req["Version"]}
        if any(used.items() <= each.data.items() for each in tx.scan(THINGS, (ctx.account, INSTANCE.word))):
            raise TrafficPolicyInUse
        tx.delete(THINGS, THINGS.key(found))
    return {}


@operation("route53", "ListTrafficPolicies", resource="*", fidelity="recorded")
def list_traffic_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The policies of the account, each with its newest version."""
    size, marker = page_size(req, 100), req.get("TrafficPolicyIdMarker") or ""
    with ctx.read() as tx:
        policies: dict[str, list[Thing]] = {}
        for each in tx.scan(THINGS, (ctx.account, POLICY.word)):
            policies.setdefault(each.id, []).append(each)
    found = [versions for id, versions in policies.items() if id >= marker]
    shown = [
        {"Id": each.id, "Name": each.data["Name"], "Type": each.data["Type"],
         "LatestVersion": each.data["Version"], "TrafficPolicyCount": len(versions)}
        for versions in found[:size] for each in versions[-1:]
    ]  # fmt: skip
    return {
        "TrafficPolicySummaries": shown,
        "IsTruncated": len(found) > size,
        "TrafficPolicyIdMarker": found[size][0].id if len(found) > size else "",
        "MaxItems": str(size),
    }


@operation("route53", "ListTrafficPolicyVersions", resource=_by_id, fidelity="recorded")
def list_traffic_policy_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The versions of a policy."""
    size, text = page_size(req, 100), req.get("TrafficPolicyVersionMarker") or "0"
    if not text.isdecimal() or len(text) > 4:  # "a maximum of 1000 versions"
        raise InvalidInput(f"The marker {text} is not the number of a version.")  # not confirmed
    marker = int(text)
    with ctx.read() as tx:
        found = [each.data for each in _versions(tx, ctx, req["Id"]) if each.data["Version"] >= marker]
    return {
        "TrafficPolicies": found[:size],
        "IsTruncated": len(found) > size,
        "TrafficPolicyVersionMarker": str(found[size]["Version"]) if len(found) > size else "",
        "MaxItems": str(size),
    }


# -- instances ---------------------------------------------------------------------------------------------------------


def _created(ctx: Context, req: dict[str, Any]) -> Any:
    from fogbank.core.operation import Access

    zone, policy = by_zone_id(ctx, req), POLICY.name(ctx, req["TrafficPolicyId"])
    return [Access("", zone), Access("", policy)]


@operation("route53", "CreateTrafficPolicyInstance", resource=_created, fidelity="recorded")
def create_traffic_policy_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep an instance of a policy in a zone."""
    try:
        name = canonical(req["Name"])
    except BadName as error:
        raise InvalidInput(f"{error}: {req['Name']}") from None
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        policy = _version(tx, ctx, req["TrafficPolicyId"], req["TrafficPolicyVersion"])
        there = list(tx.scan(THINGS, (ctx.account, INSTANCE.word)))
        if any((each.data["HostedZoneId"], each.data["Name"]) == (zone.id, name) for each in there):
            raise TrafficPolicyInstanceAlreadyExists
        if quotas.reached(tx, ctx, "route53", INSTANCES, THINGS, (ctx.account, INSTANCE.word)) is not None:
            raise TooManyTrafficPolicyInstances
        id = ctx.ids.uuid()
        data = {
            "Id": id, "HostedZoneId": zone.id, "Name": name, "TTL": req["TTL"], "State": "Applied", "Message": "",
            "TrafficPolicyId": policy.id, "TrafficPolicyVersion": req["TrafficPolicyVersion"],
            "TrafficPolicyType": policy.data["Type"],
        }  # fmt: skip
        tx.put(THINGS, Thing(account=ctx.account, kind=INSTANCE.word, id=id, data=data))
    return {"TrafficPolicyInstance": data, "Location": shapes.location(f"trafficpolicyinstance/{id}")}


@operation("route53", "GetTrafficPolicyInstance", resource=_by_instance, fidelity="recorded")
def get_traffic_policy_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """An instance."""
    with ctx.read() as tx:
        return {"TrafficPolicyInstance": INSTANCE.require(tx, ctx, req["Id"]).data}


@operation("route53", "GetTrafficPolicyInstanceCount", resource="*", fidelity="recorded")
def get_traffic_policy_instance_count(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """How many instances the account has."""
    with ctx.read() as tx:
        return {"TrafficPolicyInstanceCount": tx.count(THINGS, (ctx.account, INSTANCE.word))}


@operation("route53", "UpdateTrafficPolicyInstance", resource=_by_instance, fidelity="recorded")
def update_traffic_policy_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the policy, its version or the TTL of an instance."""
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["Id"])
        policy = _version(tx, ctx, req["TrafficPolicyId"], req["TrafficPolicyVersion"])
        found.data = found.data | {
            "TTL": req["TTL"], "TrafficPolicyId": policy.id, "TrafficPolicyVersion": req["TrafficPolicyVersion"],
            "TrafficPolicyType": policy.data["Type"],
        }  # fmt: skip
        tx.put(THINGS, found)
    return {"TrafficPolicyInstance": found.data}


@operation("route53", "DeleteTrafficPolicyInstance", resource=_by_instance, fidelity="recorded")
def delete_traffic_policy_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete an instance."""
    with ctx.write() as tx:
        tx.delete(THINGS, THINGS.key(INSTANCE.require(tx, ctx, req["Id"])))
    return {}


def _listed(ctx: Context, req: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    size = page_size(req, 100)
    after = (req.get("HostedZoneIdMarker") or "", req.get("TrafficPolicyInstanceNameMarker") or "")
    with ctx.read() as tx:
        there = [each.data for each in tx.scan(THINGS, (ctx.account, INSTANCE.word))]
    there.sort(key=lambda each: (each["HostedZoneId"], each["Name"]))
    matching = [each for each in there if wanted.items() <= each.items()]
    found = [each for each in matching if (each["HostedZoneId"] if after[0] else "", each["Name"]) >= after]
    result = {"TrafficPolicyInstances": found[:size], "IsTruncated": len(found) > size, "MaxItems": str(size)}
    if len(found) <= size:
        return result
    following = found[size]
    markers = {"TrafficPolicyInstanceNameMarker": following["Name"],
               "TrafficPolicyInstanceTypeMarker": following["TrafficPolicyType"]}  # fmt: skip
    return result | markers | ({} if "HostedZoneId" in wanted else {"HostedZoneIdMarker": following["HostedZoneId"]})


@operation("route53", "ListTrafficPolicyInstances", resource="*", fidelity="recorded")
def list_traffic_policy_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The instances of the account."""
    return _listed(ctx, req, {})


@operation("route53", "ListTrafficPolicyInstancesByHostedZone", resource=by_zone_id, fidelity="recorded")
def list_traffic_policy_instances_by_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The instances in a zone."""
    with ctx.read() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
    return _listed(ctx, req, {"HostedZoneId": zone.id})


@operation("route53", "ListTrafficPolicyInstancesByPolicy", resource=POLICY.of("TrafficPolicyId"), fidelity="recorded")
def list_traffic_policy_instances_by_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The instances of a version of a policy."""
    with ctx.read() as tx:
        _version(tx, ctx, req["TrafficPolicyId"], req["TrafficPolicyVersion"])
    wanted = {"TrafficPolicyId": req["TrafficPolicyId"], "TrafficPolicyVersion": req["TrafficPolicyVersion"]}
    return _listed(ctx, req, wanted)
