"""Managed prefix lists.

https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
"""

from __future__ import annotations

import pytest
from tests.support import refused


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


def test_versions(aws, ec2):
    entries = [{"Cidr": "10.0.0.0/8", "Description": "ours"}]
    made = ec2.create_managed_prefix_list(PrefixListName="n", MaxEntries=2, AddressFamily="IPv4", Entries=entries)
    id = made["PrefixList"]["PrefixListId"]
    assert (made["PrefixList"]["State"], made["PrefixList"]["Version"]) == ("create-in-progress", 1)
    add = [{"Cidr": "192.168.0.0/16"}]
    assert refused(ec2.modify_managed_prefix_list, PrefixListId=id, AddEntries=add)[0] == "PrefixListVersionMismatch"
    changed = ec2.modify_managed_prefix_list(PrefixListId=id, AddEntries=add, CurrentVersion=1)["PrefixList"]
    assert changed["Version"] == 2
    cidrs = [entry["Cidr"] for entry in ec2.get_managed_prefix_list_entries(PrefixListId=id)["Entries"]]
    assert cidrs == ["10.0.0.0/8", "192.168.0.0/16"]
    assert ec2.get_managed_prefix_list_entries(PrefixListId=id, TargetVersion=1)["Entries"] == entries
    more = {"PrefixListId": id, "AddEntries": [{"Cidr": "172.16.0.0/12"}], "CurrentVersion": 2}
    assert refused(ec2.modify_managed_prefix_list, **more)[0] == "PrefixListMaxEntriesExceeded"
    ec2.restore_managed_prefix_list_version(PrefixListId=id, PreviousVersion=1, CurrentVersion=2)
    assert ec2.get_managed_prefix_list_entries(PrefixListId=id)["Entries"] == entries
    ec2.delete_managed_prefix_list(PrefixListId=id)
    code, text, _ = refused(ec2.describe_managed_prefix_lists, PrefixListIds=[id])
    assert (code, text) == ("InvalidPrefixListID.NotFound", f"The prefix list ID '{id}' does not exist.")


def test_those_of_aws(ec2):
    names = [{"Name": "prefix-list-name", "Values": ["com.amazonaws.us-east-1.s3"]}]
    (found,) = ec2.describe_managed_prefix_lists(Filters=names)["PrefixLists"]
    assert (found["PrefixListId"], found["OwnerId"]) == ("pl-63a5400a", "AWS")
    (older,) = ec2.describe_prefix_lists(Filters=names)["PrefixLists"]
    assert older["Cidrs"]
    assert ec2.get_managed_prefix_list_entries(PrefixListId="pl-63a5400a")["Entries"]


def test_a_list_that_is_used(ec2):
    id = ec2.create_managed_prefix_list(PrefixListName="n", MaxEntries=2, AddressFamily="IPv4")["PrefixList"][
        "PrefixListId"
    ]
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    rule = [{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": id}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    (used,) = ec2.get_managed_prefix_list_associations(PrefixListId=id)["PrefixListAssociations"]
    assert used["ResourceId"] == group
    assert refused(ec2.delete_managed_prefix_list, PrefixListId=id)[0] == "DependencyViolation"
