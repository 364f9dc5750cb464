"""Certificates: requested, validated, imported, exported, renewed.

https://docs.aws.amazon.com/acm/latest/userguide/gs.html
"""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from tests.support import refused

DAY = 86400


@pytest.fixture
def client(aws):
    return aws.client("acm")


def describe(client, arn):
    return client.describe_certificate(CertificateArn=arn)["Certificate"]


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())  # fmt: skip


def made(name="own.example.com", issuer=None, days=90, ca=False, at=None):
    """A certificate and its key; `issuer` is such a pair, or None for a self-signed one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, by = (issuer[1], issuer[0].subject) if issuer else (key, subject)
    now = at or datetime.now(UTC)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(by).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
               .not_valid_after(now + timedelta(days=days))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName(f"www.{name}")]), False)
               .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True))  # fmt: skip
    return builder.sign(signer, hashes.SHA256()), key


def text(pair):
    return pair[0].public_bytes(serialization.Encoding.PEM)


def test_a_request_waits_for_its_record(client):
    request = {"DomainName": "example.com", "SubjectAlternativeNames": ["*.example.com", "example.org"]}
    arn = client.request_certificate(**request, ValidationMethod="DNS")["CertificateArn"]
    found = describe(client, arn)
    assert (found["Status"], found["Type"], found["KeyAlgorithm"]) == (
        "PENDING_VALIDATION",
        "AMAZON_ISSUED",
        "RSA-2048",
    )
    assert found["SubjectAlternativeNames"] == ["example.com", "*.example.com", "example.org"]
    records = [each["ResourceRecord"] for each in found["DomainValidationOptions"]]
    assert records[0] == records[1] != records[2]  # one record proves a domain and its wildcard
    assert records[0]["Type"] == "CNAME"
    assert records[0]["Name"].endswith(".example.com.")
    assert records[0]["Value"].endswith(".acm-validations.aws.")
    again = client.request_certificate(DomainName="example.com", ValidationMethod="DNS")["CertificateArn"]
    assert describe(client, again)["DomainValidationOptions"][0]["ResourceRecord"] == records[0]
    assert refused(client.get_certificate, CertificateArn=arn).code == "RequestInProgressException"
    client.delete_certificate(CertificateArn=arn)
    assert refused(client.describe_certificate, CertificateArn=arn)[:2] == (
        "ResourceNotFoundException",
        f"Could not find certificate {arn}.",
    )


def test_it_is_issued_when_its_record_stands_in_a_zone(aws, client):
    """https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html"""
    name = f"d{aws.id}.example.com"
    route53 = aws.client("route53")
    zone = route53.create_hosted_zone(Name=name, CallerReference="r")["HostedZone"]["Id"]
    arn = client.request_certificate(DomainName=f"*.{name}", ValidationMethod="DNS", SubjectAlternativeNames=[name],
                                     KeyAlgorithm="EC_prime256v1")["CertificateArn"]  # fmt: skip
    record = describe(client, arn)["DomainValidationOptions"][0]["ResourceRecord"]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": {"Name": record["Name"], "Type": "CNAME", "TTL": 60,
                                                   "ResourceRecords": [{"Value": record["Value"]}]}}]})  # fmt: skip
    client.get_waiter("certificate_validated").wait(CertificateArn=arn, WaiterConfig={"Delay": 1})
    assert describe(client, arn)["Status"] == "ISSUED"


def test_validation_by_mail(client):
    options = [{"DomainName": "www.example.com", "ValidationDomain": "example.com"}]
    arn = client.request_certificate(DomainName="www.example.com", DomainValidationOptions=options)["CertificateArn"]
    found = describe(client, arn)["DomainValidationOptions"][0]
    assert (found["ValidationMethod"], found["ValidationDomain"]) == ("EMAIL", "example.com")
    assert "admin@example.com" in found["ValidationEmails"]
    client.resend_validation_email(CertificateArn=arn, Domain="www.example.com", ValidationDomain="www.example.com")
    bad = [{"DomainName": "www.example.com", "ValidationDomain": "other.com"}]
    assert refused(client.request_certificate, DomainName="www.example.com", DomainValidationOptions=bad).code == (
        "InvalidDomainValidationOptionsException"
    )


def test_the_same_token_makes_one_certificate(client):
    def request(domain, token="t"):
        return client.request_certificate(DomainName=domain, ValidationMethod="DNS", IdempotencyToken=token)

    first = request("example.com")["CertificateArn"]
    assert request("example.com")["CertificateArn"] == first
    assert request("example.com", "u")["CertificateArn"] != first


def test_a_request_times_out_after_three_days(own_cloud):
    client = own_cloud.account().client("acm")
    arn = client.request_certificate(DomainName="example.com", ValidationMethod="DNS")["CertificateArn"]
    own_cloud.advance(71 * 3600)
    assert describe(client, arn)["Status"] == "PENDING_VALIDATION"
    own_cloud.advance(2 * 3600)
    assert describe(client, arn)["Status"] == "VALIDATION_TIMED_OUT"


def test_an_imported_certificate(client):
    root = made("Test root", ca=True)
    leaf = made("own.example.com", issuer=root)
    arn = client.import_certificate(Certificate=text(leaf), PrivateKey=pem(leaf[1]), CertificateChain=text(root),
                                    Tags=[{"Key": "a", "Value": "b"}])["CertificateArn"]  # fmt: skip
    found = describe(client, arn)
    assert (found["Status"], found["Type"], found["DomainName"]) == ("ISSUED", "IMPORTED", "own.example.com")
    assert found["SubjectAlternativeNames"] == ["own.example.com", "www.own.example.com"]
    assert (found["KeyAlgorithm"], found["RenewalEligibility"]) == ("EC_prime256v1", "INELIGIBLE")
    assert int(found["Serial"].replace(":", ""), 16) == leaf[0].serial_number
    got = client.get_certificate(CertificateArn=arn)
    assert got["Certificate"].encode() == text(leaf)
    assert got["CertificateChain"].encode() == text(root)
    newer = made("own.example.com")
    client.import_certificate(CertificateArn=arn, Certificate=text(newer), PrivateKey=pem(newer[1]))
    assert client.get_certificate(CertificateArn=arn)["Certificate"].encode() == text(newer)
    assert client.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_what_is_not_imported(client):
    root, other, leaf = made("Test root", ca=True), made("Other root", ca=True), made()
    signed = made(issuer=root)
    for request, message in (
        ({"Certificate": text(signed), "PrivateKey": pem(signed[1])},
         "Provided certificate is not a valid self signed. Please provide either a valid self-signed certificate or "
         "certificate chain."),
        ({"Certificate": text(signed), "PrivateKey": pem(signed[1]), "CertificateChain": text(other)},
         "Could not validate the certificate with the certificate chain."),
        ({"Certificate": text(leaf), "PrivateKey": pem(root[1])}, ""),
        ({"Certificate": b"nonsense", "PrivateKey": pem(leaf[1])}, ""),
        ({"Certificate": text(leaf), "PrivateKey": b"nonsense"}, ""),
        ({"Certificate": text(leaf) + text(root), "PrivateKey": pem(leaf[1])}, ""),
        ({"Certificate": text(old := made(at=datetime(2020, 1, 1, tzinfo=UTC))), "PrivateKey": pem(old[1])}, ""),
    ):  # fmt: skip
        said = refused(client.import_certificate, **request)
        assert said.code == "ValidationException"
        assert message in said.message


def stack(aws, **properties):
    cfn = aws.client("cloudformation")
    resource = {"Type": "AWS::CertificateManager::Certificate", "Properties": {
        "DomainName": "api.example.com", "ValidationMethod": "DNS", **properties}}  # fmt: skip
    body = {"Resources": {"C": resource}, "Outputs": {"Arn": {"Value": {"Ref": "C"}}}}
    cfn.create_stack(StackName="cert", TemplateBody=json.dumps(body))
    cfn.get_waiter("stack_create_complete").wait(StackName="cert", WaiterConfig={"Delay": 1})
    return cfn.describe_stacks(StackName="cert")["Stacks"][0]["Outputs"][0]["OutputValue"]


def test_a_stack_has_its_certificate_issued(cloud, aws, client):
    arn = stack(aws, SubjectAlternativeNames=["www.example.com"], Tags=[{"Key": "a", "Value": "b"}])
    found = describe(client, arn)
    assert (found["Status"], found["Issuer"], found["KeyAlgorithm"]) == ("ISSUED", "Fogbank", "RSA-2048")
    assert found["KeyUsages"] == [{"Name": "DIGITAL_SIGNATURE"}]
    assert found["ExtendedKeyUsages"][0]["Name"] == "TLS_WEB_SERVER_AUTHENTICATION"
    assert found["DomainValidationOptions"][0]["ValidationStatus"] == "SUCCESS"
    got = client.get_certificate(CertificateArn=arn)
    leaf, root = (x509.load_pem_x509_certificate(got[name].encode()) for name in ("Certificate", "CertificateChain"))
    leaf.verify_directly_issued_by(root)
    assert isinstance(leaf.public_key(), rsa.RSAPublicKey)
    assert refused(client.export_certificate, CertificateArn=arn, Passphrase=b"word").code == "ValidationException"
    assert refused(client.renew_certificate, CertificateArn=arn).code == "ValidationException"
    aws.client("cloudformation").delete_stack(StackName="cert")
    aws.client("cloudformation").get_waiter("stack_delete_complete").wait(StackName="cert", WaiterConfig={"Delay": 1})
    assert refused(client.describe_certificate, CertificateArn=arn).code == "ResourceNotFoundException"


def test_a_stack_makes_the_record(aws, client):
    name = f"s{aws.id}.example.com"
    route53 = aws.client("route53")
    zone = route53.create_hosted_zone(Name=name, CallerReference="r")["HostedZone"]["Id"]
    options = [{"DomainName": name, "HostedZoneId": zone.rpartition("/")[2]}]
    arn = stack(aws, DomainName=name, DomainValidationOptions=options)
    record = describe(client, arn)["DomainValidationOptions"][0]["ResourceRecord"]
    kept = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    found = {each["Name"]: [value["Value"] for value in each["ResourceRecords"]] for each in kept}
    assert found[record["Name"]] == [record["Value"]]
    assert describe(client, arn)["Status"] == "ISSUED"


def test_a_certificate_is_exported_renewed_and_revoked(aws, client):
    arn = stack(aws, CertificateExport="ENABLED", KeyAlgorithm="EC_prime256v1")
    got = client.export_certificate(CertificateArn=arn, Passphrase=b"password")
    key = serialization.load_pem_private_key(got["PrivateKey"].encode(), b"password")
    leaf = x509.load_pem_x509_certificate(got["Certificate"].encode())
    assert key.public_key().public_numbers() == leaf.public_key().public_numbers()
    found = describe(client, arn)
    assert found["RenewalEligibility"] == "ELIGIBLE"
    client.renew_certificate(CertificateArn=arn)
    after = describe(client, arn)
    assert after["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert after["Serial"] != found["Serial"]
    client.revoke_certificate(CertificateArn=arn, RevocationReason="SUPERSEDED")
    assert describe(client, arn)["Status"] == "REVOKED"


def test_one_in_use_is_renewed_and_another_expires(own_cloud):
    aws = own_cloud.account()
    client = aws.client("acm")
    arn = stack(aws)
    own = made(days=30)
    imported = client.import_certificate(Certificate=text(own), PrivateKey=pem(own[1]))["CertificateArn"]
    gateway = aws.client("apigateway")
    gateway.create_domain_name(domainName="api.example.com", regionalCertificateArn=arn,
                               endpointConfiguration={"types": ["REGIONAL"]})  # fmt: skip
    before = describe(client, arn)
    assert before["InUseBy"] == ["arn:aws:apigateway:us-east-1::/domainnames/api.example.com"]
    assert refused(client.delete_certificate, CertificateArn=arn).code == "ResourceInUseException"
    own_cloud.advance(31 * DAY)
    assert describe(client, imported)["Status"] == "EXPIRED"
    own_cloud.advance(before["NotAfter"].timestamp() - own_cloud.app.clock.now() - 59 * DAY)
    end = time.monotonic() + 60
    while describe(client, arn)["Serial"] == before["Serial"]:
        assert time.monotonic() < end, "it was not renewed"
        time.sleep(0.05)
    assert describe(client, arn)["NotAfter"] > before["NotAfter"]


def test_lists(client):
    one = client.request_certificate(DomainName="one.example.com", ValidationMethod="DNS")["CertificateArn"]
    two = client.request_certificate(DomainName="two.example.com", ValidationMethod="DNS",
                                     KeyAlgorithm="EC_prime256v1")["CertificateArn"]  # fmt: skip
    own = made()
    three = client.import_certificate(Certificate=text(own), PrivateKey=pem(own[1]))["CertificateArn"]

    def found(**request):
        return {each["CertificateArn"] for each in client.list_certificates(**request)["CertificateSummaryList"]}

    assert found() == {one}  # "By default … only returns RSA_1024 and RSA_2048 certificates"
    every = {"keyTypes": ["RSA_2048", "EC_prime256v1"]}
    assert found(Includes=every) == {one, two, three}
    assert found(Includes=every, CertificateStatuses=["ISSUED"]) == {three}
    page = client.list_certificates(Includes=every, MaxItems=2)
    rest = client.list_certificates(Includes=every, MaxItems=2, NextToken=page["NextToken"])
    assert len(page["CertificateSummaryList"]) + len(rest["CertificateSummaryList"]) == 3


def test_tags_and_settings(aws, client):
    arn = client.request_certificate(DomainName="a.example.com", Tags=[{"Key": "a", "Value": "1"}])["CertificateArn"]
    client.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    client.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "other"}, {"Key": "b"}])
    assert client.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    client.update_certificate_options(CertificateArn=arn, Options={"Export": "ENABLED"})
    assert describe(client, arn)["Options"]["Export"] == "ENABLED"
    assert client.get_account_configuration()["ExpiryEvents"]["DaysBeforeExpiry"] == 45
    client.put_account_configuration(ExpiryEvents={"DaysBeforeExpiry": 10}, IdempotencyToken="t")
    assert client.get_account_configuration()["ExpiryEvents"]["DaysBeforeExpiry"] == 10
    condition = {"ForAllValues:StringLike": {"acm:DomainNames": ["*.example.com"]}}
    statement = {"Effect": "Allow", "Action": "acm:RequestCertificate", "Resource": "*", "Condition": condition}
    limited = {"Version": "2012-10-17", "Statement": [statement]}
    user = aws.user(json.dumps(limited)).client("acm")
    user.request_certificate(DomainName="b.example.com")
    assert refused(user.request_certificate, DomainName="b.example.org").code == "AccessDeniedException"


def test_certificates_survive_a_crash(restarted):
    client = restarted.account().client("acm")
    arn = client.request_certificate(DomainName="example.com", ValidationMethod="DNS")["CertificateArn"]
    restarted.restart()
    restarted.advance(73 * 3600)
    assert describe(client, arn)["Status"] == "VALIDATION_TIMED_OUT"
