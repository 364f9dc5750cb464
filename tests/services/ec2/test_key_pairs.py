"""Key pairs.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
"""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from tests.support import refused


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


def openssh(key):
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)


def colons(digest):
    return ":".join(f"{byte:02x}" for byte in digest)


def test_an_rsa_key_has_the_sha1_of_its_private_key(ec2):
    made = ec2.create_key_pair(
        KeyName="k", TagSpecifications=[{"ResourceType": "key-pair", "Tags": [{"Key": "a", "Value": "b"}]}]
    )
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    key = serialization.load_pem_private_key(made["KeyMaterial"].encode(), None)
    assert key.key_size == 2048
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert made["KeyFingerprint"] == colons(hashlib.sha1(der).digest())
    (found,) = ec2.describe_key_pairs(KeyNames=["k"], IncludePublicKey=True)["KeyPairs"]
    assert found["PublicKey"] == f"{openssh(key).decode()} k"
    assert (found["KeyPairId"], found["KeyType"], found["Tags"]) == (
        made["KeyPairId"], "rsa", [{"Key": "a", "Value": "b"}],
    )  # fmt: skip
    assert "PublicKey" not in ec2.describe_key_pairs()["KeyPairs"][0]
    assert refused(ec2.create_key_pair, KeyName="k")[:2] == (
        "InvalidKeyPair.Duplicate", "The keypair 'k' already exists.",
    )  # fmt: skip


def test_an_ed25519_key_has_the_sha256_of_its_public_key(ec2):
    made = ec2.create_key_pair(KeyName="k", KeyType="ed25519")
    key = serialization.load_ssh_private_key(made["KeyMaterial"].encode(), None)
    blob = base64.b64decode(openssh(key).split()[1])
    assert made["KeyFingerprint"] == base64.b64encode(hashlib.sha256(blob).digest()).decode()


@pytest.mark.parametrize("type", ["rsa", "ed25519"])
def test_putty_files(ec2, type):
    """The lines of a .ppk file: https://the.earth.li/~sgtatham/putty/0.83/htmldoc/AppendixC.html"""
    made = ec2.create_key_pair(KeyName="k", KeyType=type, KeyFormat="ppk")
    lines = made["KeyMaterial"].splitlines()
    assert lines[0] == f"PuTTY-User-Key-File-2: ssh-{type}"
    assert lines[1:3] == ["Encryption: none", "Comment: k"]
    public = base64.b64decode("".join(lines[4 : 4 + int(lines[3].split()[1])]))
    (found,) = ec2.describe_key_pairs(KeyNames=["k"], IncludePublicKey=True)["KeyPairs"]
    assert base64.b64decode(found["PublicKey"].split()[1]) == public
    assert lines[-1].startswith("Private-MAC: ")
    assert len(lines[-1]) == len("Private-MAC: ") + 40


def test_import(ec2):
    key = rsa.generate_private_key(65537, 2048)
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    made = ec2.import_key_pair(KeyName="rsa", PublicKeyMaterial=openssh(key) + b" me@home")
    assert made["KeyFingerprint"] == colons(hashlib.md5(der).digest())
    also = ec2.import_key_pair(KeyName="der", PublicKeyMaterial=base64.b64encode(der))
    assert also["KeyFingerprint"] == made["KeyFingerprint"]
    small = ed25519.Ed25519PrivateKey.generate()
    assert "=" in ec2.import_key_pair(KeyName="ed", PublicKeyMaterial=openssh(small))["KeyFingerprint"]
    for wrong in (b"ssh-rsa AAAA", b"nothing", openssh(rsa.generate_private_key(65537, 1536))):
        assert refused(ec2.import_key_pair, KeyName="bad", PublicKeyMaterial=wrong)[:2] == (
            "InvalidKey.Format", "Key is not in valid OpenSSH public key format",
        )  # fmt: skip
    (found,) = ec2.describe_key_pairs(Filters=[{"Name": "fingerprint", "Values": [made["KeyFingerprint"]]},
                                               {"Name": "key-name", "Values": ["r*"]}])["KeyPairs"]  # fmt: skip
    assert found["KeyName"] == "rsa"


def test_delete_by_name_and_by_id(ec2):
    one, two = (ec2.create_key_pair(KeyName=name, KeyType="ed25519")["KeyPairId"] for name in ("one", "two"))
    assert ec2.delete_key_pair(KeyName="one")["KeyPairId"] == one
    assert ec2.delete_key_pair(KeyName="one")["Return"] is True
    assert ec2.delete_key_pair(KeyPairId=two)["KeyPairId"] == two
    assert ec2.describe_key_pairs()["KeyPairs"] == []
    assert refused(ec2.describe_key_pairs, KeyNames=["one"])[:2] == (
        "InvalidKeyPair.NotFound", "The key pair 'one' does not exist",
    )  # fmt: skip
    assert refused(ec2.delete_key_pair)[0] == "MissingParameter"


def test_policies_name_the_key_by_its_name(aws, ec2):
    ec2.create_key_pair(KeyName="mine", KeyType="ed25519")
    arn = f"arn:aws:ec2:us-east-1:{aws.id}:key-pair/mine"
    allow = {"Effect": "Allow", "Action": "ec2:DeleteKeyPair", "Resource": arn}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": allow})).client("ec2")
    assert refused(user.delete_key_pair, KeyName="other")[0] == "UnauthorizedOperation"
    user.delete_key_pair(KeyName="mine")
