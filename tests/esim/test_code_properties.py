"""Activation codes, ICCIDs and EIDs of any value: what is written is read back, and nothing else is taken."""

import re
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esim.activation import LONGEST, ActivationCode, NotAnActivationCode
from esim.identifiers import (
    MistypedEid,
    NotAnEid,
    NotAnIccid,
    make_confirmation_code,
    make_matching_id,
    normalised_eid,
    normalised_iccid,
    padded_iccid,
    with_eid_check_digits,
    with_luhn_digit,
)

DIGITS = "0123456789"
SOME = settings(max_examples=80, deadline=None)

labels = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-", min_size=1, max_size=20)
addresses = st.lists(labels, min_size=2, max_size=5).map(".".join)
oids = st.lists(st.integers(0, 99_999), min_size=2, max_size=8).map(lambda parts: ".".join(map(str, parts)))
codes = st.builds(
    ActivationCode,
    smdp_address=addresses,
    matching_id=st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-", max_size=40),
    oid=st.just("") | oids,
    needs_confirmation_code=st.booleans(),
)
eids = st.text(DIGITS, min_size=28, max_size=28).map(lambda digits: with_eid_check_digits(f"89{digits}"))
iccids = st.text(DIGITS, min_size=16, max_size=17).map(lambda digits: with_luhn_digit(f"89{digits}"))


@SOME
@given(codes)
def test_a_code_is_read_back_as_it_was_written(code):
    text = str(code)

    assert len(text) <= LONGEST
    assert ActivationCode.parse(text) == ActivationCode.parse(f"LPA:{text}") == code


@SOME
@given(codes, st.text("$ \n%/?#&é", min_size=1, max_size=3), st.integers(0, 300))
def test_a_code_with_anything_put_into_it_is_none_or_one_that_reads_back(code, junk, where):
    text = str(code)
    spoilt = text[:where] + junk + text[where:]

    with suppress(NotAnActivationCode):
        assert str(ActivationCode.parse(spoilt)) == spoilt.strip().removeprefix("LPA:")


@pytest.mark.slow
@SOME
@given(st.text(max_size=60))
@example("1$a$" + "B" * 300)
@example("1$$B")
@example("2$a.b$C")
@example("1$a.b$C$")
@example("1$a.b$C$$")
def test_no_text_breaks_the_reader(text):
    with suppress(NotAnActivationCode):
        assert str(ActivationCode.parse(text)) == text.strip().removeprefix("LPA:")


@SOME
@given(iccids)
def test_an_iccid_is_one_number_however_it_is_padded_and_spaced(iccid):
    spaced = " ".join(iccid[start : start + 4] for start in range(0, len(iccid), 4))

    assert normalised_iccid(padded_iccid(iccid)) == normalised_iccid(spaced) == iccid
    assert len(padded_iccid(iccid)) == 20
    assert padded_iccid(padded_iccid(iccid)) == padded_iccid(iccid)


@SOME
@given(st.text(max_size=30))
def test_no_other_text_is_an_iccid(text):
    try:
        number = normalised_iccid(text)
    except NotAnIccid:
        return
    assert re.fullmatch(r"[0-9]{19,20}", number)


@SOME
@given(eids)
@example("89049032123451234512345678901235")
def test_an_eid_reads_back_and_any_wrong_digit_is_noticed(eid):
    assert normalised_eid(eid) == normalised_eid(" ".join(re.findall(".{8}", eid))) == eid
    for place in (2, 17, 31):
        wrong = eid[:place] + str((int(eid[place]) + 1) % 10) + eid[place + 1 :]
        with pytest.raises(MistypedEid):
            normalised_eid(wrong)


@SOME
@given(st.text(max_size=40))
def test_no_other_text_is_an_eid(text):
    try:
        number = normalised_eid(text)
    except NotAnEid:
        return
    assert int(number) % 97 == 1


def test_matching_ids_are_many_and_of_the_legal_letters():
    made = {make_matching_id() for _ in range(5_000)}

    assert len(made) == 5_000
    assert all(re.fullmatch(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}", one) for one in made)
    assert all(re.fullmatch(r"[0-9]{8}", make_confirmation_code()) for _ in range(100))
