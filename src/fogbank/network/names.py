"""The names of addresses in AWS's DNS.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
"""

from __future__ import annotations


def private(region: str, address: str) -> str:
    """ip-10-0-0-4.ec2.internal"""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"


def public(region: str, address: str) -> str:
    """ec2-198-18-0-1.compute-1.amazonaws.com"""
    domain = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{domain}.amazonaws.com"
