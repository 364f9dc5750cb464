"""DynamoDB's numbers: exact decimals of up to 38 significant digits, stored as text.

    canonical(text)   the form that DynamoDB stores and returns: plain notation, no superfluous zeros
    sortable(text)    bytes that sort as the numbers do, for keys
    cost(text)        the bytes that a number adds to an item's size

All but `canonical` expect canonical text.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
"""

from __future__ import annotations

import re
from decimal import Context, Decimal

from fogbank.core.errors import ValidationError

NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
TOO_PRECISE = "Attempting to store more than 38 significant digits in a Number"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"

DIGITS = 38
LONG = 2**63  # AWS reads exponents as a Long; a number with a longer one is invalid
LARGEST, SMALLEST = 125, -130  # exponents of the first digit

# texts that are canonical already: no leading zeros, no exponent, and few enough digits to be in range
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{0,18}[1-9])?\Z", re.ASCII)
_NUMBER = re.compile(r"([+-]?)(?=\.?[0-9])([0-9]*+)(?:\.([0-9]*+))?+(?:[eE]([+-]?[0-9]++))?+\Z", re.ASCII)
_EXACT = Context(prec=400)  # with this precision, sums of numbers in range are exact


def canonical(text: str) -> str:
    """Returns the canonical text of a number. Raises ValidationError with AWS's text for an invalid one."""
    if _PLAIN.match(text):
        return "0" if text == "-0" else text
    found = _NUMBER.match(text)
    if found is None:
        raise ValidationError(f"{NOT_NUMERIC}: {text}" if text else NOT_NUMERIC)
    sign, whole, fraction, power = found.groups("")
    exponent = int(power or 0) if len(power) < 25 else LONG  # more digits than a Long has
    if not -LONG < exponent < LONG:
        raise ValidationError(f"{NOT_NUMERIC}: {text}")
    return _plain(sign == "-", whole + fraction, exponent - len(fraction))


def rendered(value: Decimal) -> str:
    """Returns a decimal as canonical text. Raises ValidationError when it is out of range or has too many digits."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    return _plain(bool(sign), "".join(map(str, digits)), exponent)


def _plain(negative: bool, digits: str, exponent: int) -> str:
    """Returns the canonical text of digits times a power of ten."""
    text = digits.rstrip("0")
    exponent += len(digits) - len(text)
    text = text.lstrip("0")
    if not text:
        _check_range(exponent - len(digits))
        return "0"
    first = exponent + len(text) - 1
    _check_range(first)
    if len(text) > DIGITS:
        raise ValidationError(TOO_PRECISE)
    if exponent >= 0:
        plain = text + "0" * exponent
    elif first >= 0:
        plain = f"{text[: first + 1]}.{text[first + 1 :]}"
    else:
        plain = f"0.{'0' * (-first - 1)}{text}"
    return f"-{plain}" if negative else plain


def _check_range(exponent: int) -> None:
    """Raises ValidationError for an exponent out of range; also for zero, by the exponent of its notation."""
    if exponent > LARGEST:
        raise ValidationError(OVERFLOW)
    if exponent < SMALLEST:
        raise ValidationError(UNDERFLOW)


def add(left: str, right: str) -> str:
    """Returns left + right, exactly. Raises ValidationError when the sum is not a DynamoDB number."""
    return rendered(_EXACT.add(Decimal(left), Decimal(right)))


def subtract(left: str, right: str) -> str:
    """Returns left - right, exactly. Raises ValidationError when the difference is not a DynamoDB number."""
    return rendered(_EXACT.subtract(Decimal(left), Decimal(right)))


def scientific(text: str) -> tuple[bool, int, str]:
    """Splits a number into (negative, exponent of the first digit, significant digits); zero has no digits."""
    negative = text[0] == "-"
    whole, _, fraction = text.lstrip("-").partition(".")
    if whole != "0":
        return negative, len(whole) - 1, (whole + fraction).rstrip("0")
    digits = fraction.lstrip("0")
    return negative, len(digits) - len(fraction) - 1, digits


def sortable(text: str) -> bytes:
    """Encodes a number as bytes that sort as the numbers do.

    The encoding is a sign byte (7F, 80 for zero, 81), then the exponent plus 130, then two digits per byte (plus
    one). In a negative number all bytes but the sign are complemented, and a final FF makes longer numbers sort
    lower.
    """
    negative, exponent, digits = scientific(text)
    if not digits:
        return b"\x80"
    if len(digits) & 1:
        digits += "0"
    pairs = bytes(int(digits[at : at + 2]) + 1 for at in range(0, len(digits), 2))
    body = bytes((exponent - SMALLEST,)) + pairs
    if not negative:
        return b"\x81" + body
    return b"\x7f" + bytes(255 - byte for byte in body) + b"\xff"


def cost(text: str) -> int:
    """Returns a number's bytes: one, half the digits before and after the point (each rounded up), one for a minus.

    Digits are the significant ones. The developer guide's formula is coarser; the public DynamoDB conformance suite
    of 2026 measured this one on AWS (its test of a number's byte cost).
    """
    negative, exponent, digits = scientific(text)
    if not digits:
        return 1
    before = min(max(exponent + 1, 0), len(digits))
    after = len(digits) - before
    return 1 + (before + 1) // 2 + (after + 1) // 2 + negative
