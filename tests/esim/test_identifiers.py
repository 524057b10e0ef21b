"""ICCIDs."""

import pytest

from esim.identifiers import NotAnIccid, masked, normalised_iccid, with_luhn_digit


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
    assert with_luhn_digit("894701000012345678") == "8947010000123456784"


def test_a_log_shows_four_digits():
    assert masked("8947010000123456784") == "…6784"
    assert masked("") == ""
