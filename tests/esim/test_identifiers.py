"""ICCIDs and EIDs."""

import pytest

from esim.identifiers import (
    MistypedEid,
    NotAnEid,
    NotAnIccid,
    masked,
    normalised_eid,
    normalised_iccid,
    with_luhn_digit,
)

EID = "89049032123451234512345678901235"


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


@pytest.mark.parametrize(
    "text", [EID, f" {EID} ", "8904 9032 1234 5123 4512 3456 7890 1235", "8904903212345123-4512345678901235"]
)
def test_an_eid_is_read_as_people_type_it(text):
    assert normalised_eid(text) == EID


@pytest.mark.parametrize("text", ["", EID[:-1], f"{EID}0", EID.replace("8", "x"), "８" + EID[1:], "٨" + EID[1:]])
def test_other_lengths_and_letters_are_no_eid(text):
    with pytest.raises(NotAnEid) as raised:
        normalised_eid(text)
    assert not isinstance(raised.value, MistypedEid)


def test_every_mistyped_digit_of_an_eid_is_noticed():
    for place, digit in enumerate(EID):
        for other in "0123456789".replace(digit, ""):
            with pytest.raises(MistypedEid):
                normalised_eid(EID[:place] + other + EID[place + 1 :])
