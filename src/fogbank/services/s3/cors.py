"""CORS rules: finds the rule that admits a request, and makes the response headers.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import wildcards

from .errors import InvalidRequest, MalformedXML

METHODS = ("GET", "PUT", "HEAD", "POST", "DELETE")
Rule = dict[str, Any]


def check(rules: list[Rule]) -> None:
    """Raises MalformedXML or InvalidRequest for rules that PutBucketCors refuses."""
    if not 1 <= len(rules) <= 100:
        raise MalformedXML
    for rule in rules:
        methods, origins = rule.get("AllowedMethods") or [], rule.get("AllowedOrigins") or []
        if not methods or not origins:
            raise MalformedXML
        for method in methods:
            if method not in METHODS:
                raise InvalidRequest(f"Found unsupported HTTP method in CORS config. Unsupported method is {method}")
        for origin in origins:
            if origin.count("*") > 1:
                raise InvalidRequest(f'AllowedOrigin "{origin}" can not have more than one wildcard.')
        for header in rule.get("AllowedHeaders") or []:
            if header.count("*") > 1:
                raise InvalidRequest(f'AllowedHeader "{header}" can not have more than one wildcard.')
        for header in rule.get("ExposeHeaders") or []:
            if "*" in header:
                raise InvalidRequest(
                    f'ExposeHeader "{header}" contains wildcard. We currently do not support wildcard for ExposeHeader.'
                )


def match(rules: list[Rule], origin: str, method: str, asked_headers: list[str]) -> Rule | None:
    """Returns the first rule that admits the origin, the method and every header."""
    for rule in rules:
        if (
            method in rule["AllowedMethods"]
            and any(_fits(pattern, origin) for pattern in rule["AllowedOrigins"])
            and all(
                any(_fits(pattern.lower(), header.lower()) for pattern in rule.get("AllowedHeaders") or [])
                for header in asked_headers
            )
        ):
            return rule
    return None


def _fits(pattern: str, text: str) -> bool:
    return bool(wildcards.compile(pattern, one=False)(text))


def headers(rule: Rule, origin: str, asked_headers: list[str], *, preflight: bool) -> list[tuple[str, str]]:
    """Makes the Access-Control-… headers of a response to which `rule` applies."""
    anybody = "*" in rule["AllowedOrigins"]
    found = [("Access-Control-Allow-Origin", "*" if anybody else origin)]
    found.append(("Access-Control-Allow-Methods", ", ".join(rule["AllowedMethods"])))
    if preflight and asked_headers:
        found.append(("Access-Control-Allow-Headers", ", ".join(header.lower() for header in asked_headers)))
    if rule.get("ExposeHeaders"):
        found.append(("Access-Control-Expose-Headers", ", ".join(rule["ExposeHeaders"])))
    if rule.get("MaxAgeSeconds") is not None:
        found.append(("Access-Control-Max-Age", str(rule["MaxAgeSeconds"])))
    if not anybody:
        found.append(("Access-Control-Allow-Credentials", "true"))
    found.append(("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"))
    return found
