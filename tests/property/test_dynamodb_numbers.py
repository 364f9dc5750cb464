"""DynamoDB's numbers against Python's decimals, and keys that sort as their values.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import ValidationError
from fogbank.services.dynamodb import keys, numbers
from fogbank.services.dynamodb.keys import Place, unpacked
from fogbank.store.keys import encode

EXACT = Context(prec=400)


@st.composite
def texts(draw):
    """Numbers in range, in any spelling a client may use."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    point = draw(st.integers(0, len(digits)))
    sign = draw(st.sampled_from(["", "-", "+"]))
    exponent = draw(st.integers(-80, 80))
    text = f"{sign}{digits[:point]}.{digits[point:]}" if point > 0 else f"{sign}{digits}"
    return text if draw(st.booleans()) else f"{text}{draw(st.sampled_from('eE'))}{exponent}"


@given(texts())
def test_canonical_keeps_the_value_exactly(text):
    shown = numbers.canonical(text)
    assert Decimal(shown) == Decimal(text)
    assert numbers.canonical(shown) == shown
    assert "e" not in shown.lower() and not shown.startswith(("+", "."))
    if "." in shown:
        assert not shown.endswith("0")
    assert shown == "0" or not Decimal(shown).is_zero()


@given(texts(), texts())
def test_number_keys_sort_as_numbers(left, right):
    left, right = numbers.canonical(left), numbers.canonical(right)
    mine, theirs = numbers.sortable(left), numbers.sortable(right)
    assert (mine < theirs) == (Decimal(left) < Decimal(right))
    assert (mine == theirs) == (Decimal(left) == Decimal(right))


@given(st.integers(-(10**20), 10**20), st.integers(-(10**20), 10**20))
def test_whole_number_keys_sort_in_the_store_too(left, right):
    mine, theirs = (encode((numbers.sortable(str(n)),)) for n in (left, right))
    assert (mine < theirs) == (left < right)


@given(st.text(max_size=20), st.text(max_size=20))
def test_string_keys_sort_by_their_utf8_bytes(left, right):
    mine, theirs = (encode((keys.encoded("S", text),)) for text in (left, right))
    assert (mine < theirs) == (left.encode() < right.encode())


@given(texts(), texts())
def test_sums_are_exact_or_refused(left, right):
    left, right = numbers.canonical(left), numbers.canonical(right)
    for function, exact in ((numbers.add, EXACT.add), (numbers.subtract, EXACT.subtract)):
        wanted = exact(Decimal(left), Decimal(right))
        try:
            assert Decimal(function(left, right)) == wanted
        except ValidationError:
            assert len("".join(map(str, wanted.as_tuple().digits)).rstrip("0")) > 38


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0042.1200", "42.12"),
        ("1E125", "1" + "0" * 125),
        ("-0", "0"),
        ("0e125", "0"),
        ("1e-130", "0." + "0" * 129 + "1"),
        (".5", "0.5"),
        ("5.", "5"),
        ("9" * 38, "9" * 38),
        ("1" + "0" * 60, "1" + "0" * 60),
    ],
)
def test_canonical_examples(text, shown):
    """The first two were seen on AWS by the public DynamoDB conformance suite."""
    assert numbers.canonical(text) == shown


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        ("", "The parameter cannot be converted to a numeric value"),
        ("1 ", "The parameter cannot be converted to a numeric value: 1 "),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("Infinity", "The parameter cannot be converted to a numeric value: Infinity"),
        ("١", "The parameter cannot be converted to a numeric value: ١"),
        ("1e126", numbers.OVERFLOW),
        ("-1e126", numbers.OVERFLOW),
        ("1e99999999999", numbers.OVERFLOW),
        ("1e2147483648", numbers.OVERFLOW),
        ("0e126", numbers.OVERFLOW),
        ("0e-131", numbers.UNDERFLOW),
        ("1e9223372036854775808", f"{numbers.NOT_NUMERIC}: 1e9223372036854775808"),
        ("1e" + "9" * 30, f"{numbers.NOT_NUMERIC}: 1e" + "9" * 30),
        ("1e-131", numbers.UNDERFLOW),
        ("1e-99999999999", numbers.UNDERFLOW),
        ("1" * 39, numbers.TOO_PRECISE),
        ("1." + "0" * 37 + "1", numbers.TOO_PRECISE),
    ],
)
def test_what_is_no_number(text, problem):
    """The exponents' cases were seen on AWS by the public DynamoDB conformance suite."""
    with pytest.raises(ValidationError) as caught:
        numbers.canonical(text)
    assert caught.value.message == problem


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 1), ("1", 2), ("-5", 3), ("100", 2), ("123456", 4), ("3.14159", 5), ("0.05", 2), ("1" + "0" * 125, 2)],
)
def test_cost(text, size):
    """3.14159, 123456 and 1E125 are figures the public DynamoDB conformance suite measured on AWS."""
    assert numbers.cost(text) == size


@given(st.binary(min_size=1, max_size=30), st.binary(max_size=30))
def test_places_pack(pk, sk):
    place = Place(keys.bucket_of(pk), pk, sk)
    assert unpacked(place.packed()) == place


@given(st.binary(max_size=5), st.binary(max_size=8))
def test_successor_bounds_what_begins_with_a_prefix(prefix, other):
    end = keys.successor(prefix)
    inside = other >= prefix and (end is None or other < end)
    assert inside == other.startswith(prefix)
