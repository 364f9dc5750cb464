"""Record sets: batches, their rules, lists and answers.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

import uuid

import pytest
from tests.support import refused

from fogbank.network import domain_names, zones


@pytest.fixture
def dns(aws):
    return aws.client("route53")


@pytest.fixture
def zone(dns):
    return dns.create_hosted_zone(Name="example.com", CallerReference=uuid.uuid4().hex)["HostedZone"]["Id"]


def record(name, type="A", *values, ttl=300, **more):
    found = {"Name": name, "Type": type, **more}
    return {**found, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]} if values else found


def alias(name, target, zone, type="A", **more):
    there = {"HostedZoneId": zone.removeprefix("/hostedzone/"), "DNSName": target, "EvaluateTargetHealth": False}
    return record(name, type, AliasTarget=there, **more)


@pytest.fixture
def change(dns, zone):
    def call(*changes, comment=""):
        made = [{"Action": action, "ResourceRecordSet": given} for action, given in changes]
        return dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Comment": comment, "Changes": made})

    return call


@pytest.fixture
def listed(dns, zone):
    def call(**more):
        return dns.list_resource_record_sets(HostedZoneId=zone, **more)["ResourceRecordSets"]

    return call


def problem(change, *changes):
    found = refused(lambda: change(*changes))
    assert (found.code, found.status) == ("InvalidChangeBatch", 400)
    return found.message


def test_create_upsert_and_delete(change, listed, dns, zone):
    made = change(("CREATE", record("WWW.example.com", "A", "10.0.0.1")), comment="first")["ChangeInfo"]
    assert (made["Status"], made["Comment"]) == ("PENDING", "first")
    assert dns.get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    change(("UPSERT", record("www.example.com.", "A", "10.0.0.2", "10.0.0.3", ttl=60)))
    found = [each for each in listed() if each["Type"] == "A"]
    assert found == [record("www.example.com.", "A", "10.0.0.2", "10.0.0.3", ttl=60)]
    assert dns.get_hosted_zone(Id=zone)["HostedZone"]["ResourceRecordSetCount"] == 3
    change(("DELETE", record("www.example.com", "A", "10.0.0.3", "10.0.0.2", ttl=60)))
    assert len(listed()) == 2


def test_a_batch_is_made_whole_or_not_at_all(change, listed):
    text = problem(
        change,
        ("CREATE", record("a.example.com", "A", "10.0.0.1")),
        ("CREATE", record("a.other.com", "A", "10.0.0.1")),
        ("DELETE", record("b.example.com", "A", "10.0.0.1")),
    )
    assert text == (
        "[RRSet with DNS name a.other.com. is not permitted in zone example.com., "
        "Tried to delete resource record set [name='b.example.com.', type='A'] but it was not found]"
    )
    assert len(listed()) == 2


def test_what_is_there_is_not_created_again(change):
    change(("CREATE", record("a.example.com", "A", "10.0.0.1")))
    assert problem(change, ("CREATE", record("a.example.com", "A", "10.0.0.1"))) == (
        "[Tried to create resource record set [name='a.example.com.', type='A'] but it already exists]"
    )
    assert problem(change, ("DELETE", record("a.example.com", "A", "10.0.0.2"))) == (
        "[Tried to delete resource record set [name='a.example.com.', type='A'] but the values provided do not match "
        "the current values]"
    )


def test_cnames_stand_alone(change):
    change(("CREATE", record("c.example.com", "CNAME", "x.org")), ("CREATE", record("a.example.com", "A", "10.0.0.1")))
    assert problem(change, ("CREATE", record("c.example.com", "A", "10.0.0.1"))) == (
        "[RRSet of type A with DNS name c.example.com. is not permitted because a conflicting RRSet of type CNAME with "
        "the same DNS name already exists in zone example.com.]"
    )
    assert problem(change, ("UPSERT", record("a.example.com", "CNAME", "x.org"))) == (
        "[RRSet of type CNAME with DNS name a.example.com. is not permitted as it conflicts with other records with "
        "the same DNS name in zone example.com.]"
    )
    assert problem(change, ("CREATE", record("example.com", "CNAME", "x.org"))) == (
        "[RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.]"
    )
    change(("DELETE", record("a.example.com", "A", "10.0.0.1")), ("CREATE", record("a.example.com", "CNAME", "x.org")))


def test_the_apex_keeps_its_records(change, listed):
    ns, soa = listed()
    assert problem(change, ("DELETE", soa)) == "[A HostedZone must contain exactly one SOA record.]"
    assert problem(change, ("DELETE", ns)) == (
        "[A HostedZone must contain at least one NS record for the zone itself.]"
    )


@pytest.mark.parametrize(
    ("type", "value", "text"),
    [
        ("A", "10.0.0", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
        ("AAAA", "10.0.0.1", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"),
        ("TXT", "bare", "InvalidCharacterString (Value should be enclosed in quotation marks)"),
        ("TXT", f'"{"x" * 256}"', "CharacterStringTooLong (Value is too long)"),
        ("CNAME", "a..b", "DomainLabelIsEmpty (Domain label is empty)"),
    ],
)
def test_values_are_checked(change, type, value, text):
    found = problem(change, ("CREATE", record("v.example.com", type, value)))
    assert found == f"[Invalid Resource Record: 'FATAL problem: {text} encountered with '{value}'']"


def test_values_that_are_good(change):
    change(
        ("CREATE", record("m.example.com", "MX", "10 mail.example.com")),
        ("CREATE", record("_s._tcp.example.com", "SRV", "1 2 443 host.example.com")),
        ("CREATE", record("t.example.com", "TXT", '"a b" "c\\"d"')),
        ("CREATE", record("c.example.com", "CAA", '0 issue "amazon.com"')),
        ("CREATE", record("6.example.com", "AAAA", "2001:db8::1")),
    )
    assert problem(change, ("CREATE", record("d.example.com", "A", "10.0.0.1", "10.0.0.1"))) == (
        "[Duplicate Resource Record: '10.0.0.1']"
    )


def test_members_that_exclude_or_need_each_other(change, zone):
    where = "Change with [Action=CREATE, Name=x.example.com, Type=A, SetIdentifier=null]"
    for given, text in (
        (record("x.example.com"), "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
         f"TrafficPolicyInstanceId], but found none in {where}"),
        ({**record("x.example.com", "A", "10.0.0.1"), "Weight": 1}, f"Missing field 'SetIdentifier' in {where}"),
    ):  # fmt: skip
        found = refused(lambda given=given: change(("CREATE", given)))
        assert (found.code, found.message) == ("InvalidInput", f"Invalid request: {text}")
    check = record("x.example.com", "A", "10.0.0.1", HealthCheckId=str(uuid.uuid4()))
    assert refused(lambda: change(("CREATE", check))).code == "NoSuchHealthCheck"


def test_an_alias_of_the_zone_needs_its_target(change, zone):
    id = zone.removeprefix("/hostedzone/")
    tried = f"Tried to create an alias that targets t.example.com., type A in zone {id}"
    assert problem(change, ("CREATE", alias("a.example.com", "t.example.com", zone))) == (
        f"[{tried}, but that target was not found]"
    )
    outside = problem(change, ("CREATE", alias("a.example.com", "t.other.com", zone)))
    assert outside.endswith("but the alias target name does not lie within the target zone]")
    change(
        ("CREATE", record("t.example.com", "A", "10.0.0.1")), ("CREATE", alias("a.example.com", "t.example.com", zone))
    )


def test_lists_are_in_the_order_of_reversed_names(change, dns, zone):
    names = ["b.example.com.", "a.b.example.com.", "\\052.example.com.", "a.example.com."]
    change(*(("CREATE", record(name.replace("\\052", "*"), "A", "10.0.0.1")) for name in names))
    pages = dns.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone, PaginationConfig={"PageSize": 2})
    found = [each["Name"] for page in pages for each in page["ResourceRecordSets"]]
    assert found == ["example.com.", "example.com.", "\\052.example.com.", "a.example.com.", "b.example.com.",
                     "a.b.example.com."]  # fmt: skip
    part = dns.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName="a.example.com", StartRecordType="A", MaxItems="1"
    )
    assert [each["Name"] for each in part["ResourceRecordSets"]] == ["a.example.com."]
    assert (part["NextRecordName"], part["NextRecordType"], part["MaxItems"]) == ("b.example.com.", "A", "1")


def test_sets_of_one_name_have_one_routing_policy(change, listed):
    change(*(("CREATE", record("w.example.com", "A", f"10.0.0.{n}", SetIdentifier=str(n), Weight=n)) for n in (1, 2)))
    assert [each["SetIdentifier"] for each in listed(StartRecordName="w.example.com")] == ["1", "2"]
    assert "cannot be created as other RRSets exist" in problem(
        change, ("CREATE", record("w.example.com", "A", "10.0.0.9"))
    )
    assert problem(change, ("CREATE", record("w.example.com", "A", "10.0.0.3", SetIdentifier="1", Weight=1))) == (
        "[Tried to create resource record set [name='w.example.com.', type='A', set-identifier='1'] but it already "
        "exists]"
    )


def test_answers_are_evaluated(change, dns, zone):
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_TestDNSAnswer.html"""

    def ask(name, type="A"):
        found = dns.test_dns_answer(HostedZoneId=zone, RecordName=name, RecordType=type)
        return found["ResponseCode"], sorted(found["RecordData"])

    sick = dns.create_health_check(
        CallerReference=uuid.uuid4().hex,
        HealthCheckConfig={"Type": "TCP", "IPAddress": "10.0.0.1", "Port": 80, "Inverted": True},
    )["HealthCheck"]["Id"]
    change(
        ("CREATE", record("a.example.com", "A", "10.0.0.1", "10.0.0.2")),
        ("CREATE", alias("alias.example.com", "a.example.com", zone)),
        ("CREATE", record("*.w.example.com", "A", "10.0.0.3")),
        ("CREATE", record("c.example.com", "CNAME", "x.org")),
        ("CREATE", record("zero.example.com", "A", "10.0.0.4", SetIdentifier="0", Weight=0)),
        ("CREATE", record("zero.example.com", "A", "10.0.0.5", SetIdentifier="1", Weight=9)),
        ("CREATE", record("f.example.com", "A", "10.0.0.6", SetIdentifier="p", Failover="PRIMARY", HealthCheckId=sick)),
        ("CREATE", record("f.example.com", "A", "10.0.0.7", SetIdentifier="s", Failover="SECONDARY")),
        ("CREATE", record("m.example.com", "A", "10.0.0.8", SetIdentifier="1", MultiValueAnswer=True)),
        ("CREATE", record("m.example.com", "A", "10.0.0.9", SetIdentifier="2", MultiValueAnswer=True)),
        ("CREATE", record("l.example.com", "A", "10.0.1.1", SetIdentifier="1", Region="eu-west-1")),
        ("CREATE", record("l.example.com", "A", "10.0.1.2", SetIdentifier="2", Region="us-east-1")),
        ("CREATE", record("g.example.com", "A", "10.0.1.3", SetIdentifier="1", GeoLocation={"CountryCode": "*"})),
        ("CREATE", record("g.example.com", "A", "10.0.1.4", SetIdentifier="2", GeoLocation={"ContinentCode": "EU"})),
    )
    assert ask("A.example.com") == ("NOERROR", ["10.0.0.1", "10.0.0.2"])
    assert ask("alias.example.com") == ("NOERROR", ["10.0.0.1", "10.0.0.2"])
    assert ask("any.thing.w.example.com") == ("NOERROR", ["10.0.0.3"])
    assert ask("c.example.com") == ("NOERROR", ["x.org"])
    assert ask("zero.example.com") == ("NOERROR", ["10.0.0.5"])
    assert ask("f.example.com") == ("NOERROR", ["10.0.0.7"])
    assert ask("m.example.com") == ("NOERROR", ["10.0.0.8", "10.0.0.9"])
    assert ask("l.example.com") == ("NOERROR", ["10.0.1.2"])
    assert ask("g.example.com") == ("NOERROR", ["10.0.1.3"])
    assert ask("w.example.com") == ("NOERROR", [])
    assert ask("a.example.com", "AAAA") == ("NOERROR", [])
    assert ask("none.example.com") == ("NXDOMAIN", [])


def test_other_services_look_names_up(own_cloud):
    """As ACM does for the validation of a certificate: in the public zones of all accounts, the closest zone first."""
    for account, value in ((own_cloud.account(), "one.aws."), (own_cloud.account(), "two.aws.")):
        client = account.client("route53")
        name = "example.com" if value == "one.aws." else "sub.example.com"
        id = client.create_hosted_zone(Name=name, CallerReference="r")["HostedZone"]["Id"]
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record(f"_x.{name}", "CNAME", value)}]}
        client.change_resource_record_sets(HostedZoneId=id, ChangeBatch=batch)
    with own_cloud.app.store.read() as tx:
        assert zones.values(zones.lookup(tx, "_X.example.com", "CNAME")) == ["one.aws."]
        assert zones.values(zones.lookup(tx, "_x.sub.example.com.", "CNAME")) == ["two.aws."]
        assert zones.lookup(tx, "_x.example.com", "A") == []
        assert zones.lookup(tx, "_x.example.org", "CNAME") == []


def test_names_are_kept_in_one_form():
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html"""
    assert (
        domain_names.canonical("*.Example.com")
        == domain_names.canonical("\\052.example.com.")
        == ("\\052.example.com.")
    )
    assert domain_names.order("www.example.com.") == "com.example.www."
    for bad in ("a..b", "x" * 64 + ".com", ".com"):
        with pytest.raises(domain_names.BadName):
            domain_names.canonical(bad)
