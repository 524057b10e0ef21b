"""ICCIDs and EIDs."""

import pytest

from esim.identifiers import NotAnIccid, has_luhn_digit, is_eid, masked, normalised_iccid, with_luhn_digit


@pytest.mark.parametrize(
    ("text", "iccid"),
    [
        ("8947010000123456784", "8947010000123456784"),
        ("8947010000123456784F", "8947010000123456784"),
        ("8947 0100 0012 3456 784f", "8947010000123456784"),
        ("89860468152080349618", "89860468152080349618"),
    ],
)
def test_padding_and_blanks_name_the_same_profile(text, iccid):
    assert normalised_iccid(text) == iccid


@pytest.mark.parametrize("text", ["", "891000000000009125", "8947010000123456784X", "894701000012345678490"])
def test_other_lengths_are_no_iccid(text):
    with pytest.raises(NotAnIccid):
        normalised_iccid(text)


def test_the_sample_of_the_standard_has_its_check_digit():
    assert has_luhn_digit("8947010000123456784")
    assert not has_luhn_digit("8947010000123456785")
    assert with_luhn_digit("894701000012345678") == "8947010000123456784"


def test_an_eid_has_remainder_one():
    assert is_eid("89049032123451234512345678901235")
    assert not is_eid("89049032123451234512345678901236")
    assert not is_eid("8904903212345123451234567890123")


def test_a_log_shows_four_digits():
    assert masked("8947010000123456784") == "…6784"
    assert masked("") == ""
