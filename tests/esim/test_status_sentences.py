"""Every pair of codes that the standard names has a sentence for the subscriber and one for staff."""

from django.utils import translation

from esim.status_sentences import explained, sentence, staff_sentence

NAMED = [
    "8.2.1/3.9",
    "8.2.1/1.2",
    "8.2.1/3.3",
    "8.2.5/3.9",
    "8.2.5/1.2",
    "8.2.5/3.7",
    "8.2.5/3.8",
    "8.2.6/3.3",
    "8.9/5.1",
    "8.9/4.2",
    "8.1.1/2.2",
    "8.1.1/3.10",
    "8.2.1/3.10",
    "8.2.6/3.10",
    "8.2.1/3.5",
    "8.8.5/3.8",
    "8.2.8/1.2",
    "8.2.9/3.11",
    "8.2.10/4.2",
    "8/4.2",
    "8.8.5/6.4",
    "8.2.7/6.4",
    "1.1/1.1",
    "1.1/1.2",
    "1.2/4.2",
    "1.2/4.4",
    "1.2.1/3.8",
    "1.6/2.1",
    "1.6/2.2",
    "1.6/2.3",
    "1.6/5.3",
    "1.6/5.4",
]
"""SGP.22 §5.3.1 to §5.3.5, and §5.2.6."""


def test_every_pair_is_told_to_both():
    general, staff = sentence("9", "9"), staff_sentence("9", "9")

    for pair in NAMED:
        subject, reason = pair.split("/")
        assert sentence(subject, reason) not in {"", general}, pair
        assert staff_sentence(subject, reason).endswith(f"({pair})"), pair
    assert "9/9" in staff
    assert not any(codes in general for codes in ("9/9", "SM-DP+"))


def test_subscribers_read_no_codes_and_no_jargon():
    with translation.override("en"):
        told = " ".join(sentence(*pair.split("/")) for pair in NAMED)

    assert not [word for word in ("SM-DP", "ICCID", "matching", "8.", "EID") if word in told]


def test_a_carriers_word_is_explained_where_it_holds_codes():
    assert explained("8.2.1/3.9 Unknown ICCID 8988").startswith("The SM-DP+ does not know this ICCID")
    assert [explained(word) for word in ("sold_out", "", "no_answer")] == ["sold_out", "", "no_answer"]
