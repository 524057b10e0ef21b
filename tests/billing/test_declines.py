"""What a bank's no means, and what it must not tell."""

import pytest

from billing.declines import KNOWN_CODES, NEVER_AGAIN, TELLS_OF_FRAUD, DeclineKind, code_to_keep, code_to_show, explain

# Stripe's documentation names these as never to be tried again with the same card by itself.
NOT_TO_BE_RETRIED = [
    "authentication_required",
    "highest_risk_level",
    "incorrect_number",
    "lost_card",
    "pickup_card",
    "revocation_of_all_authorizations",
    "revocation_of_authorization",
    "stolen_card",
    "transaction_not_allowed",
]


@pytest.mark.parametrize("code", sorted(KNOWN_CODES))
def test_every_decline_is_told_in_words(code):
    decline = explain(code)

    assert str(decline.sentence).endswith(".")
    assert str(decline.advice).startswith("Nothing was ")
    assert decline.kind in DeclineKind


@pytest.mark.parametrize("code", NOT_TO_BE_RETRIED)
def test_what_stripe_says_never_to_retry_is_not_tried_again(code):
    assert explain(code).kind != DeclineKind.SOFT


@pytest.mark.parametrize("code", sorted(TELLS_OF_FRAUD))
def test_a_thief_learns_nothing_from_a_decline(code):
    assert str(explain(code).sentence) == str(explain("generic_decline").sentence)
    assert str(explain(code).advice) == str(explain("generic_decline").advice)
    assert code_to_show(code) == ""


def test_support_hears_the_code_of_an_ordinary_decline():
    assert code_to_show("insufficient_funds") == "insufficient_funds"


def test_an_unknown_decline_may_be_tried_again():
    assert explain("new_code_of_next_year").kind == DeclineKind.SOFT


@pytest.mark.parametrize(
    "beside", [{"advice": "do_not_try_again"}, *({"network_code": code} for code in sorted(NEVER_AGAIN))], ids=str
)
def test_a_plain_no_that_the_network_makes_final_is_never_tried_again(beside):
    kept = code_to_keep(code="do_not_honor", **beside)

    assert explain(kept).kind == DeclineKind.HARD


def test_a_bank_that_doubts_the_details_asks_the_payer():
    kept = code_to_keep(code="generic_decline", advice="confirm_card_data")

    assert explain(kept).kind == DeclineKind.NEEDS_CUSTOMER


@pytest.mark.parametrize("code", ["authentication_required", "expired_card", "stolen_card", "insufficient_funds"])
def test_advice_takes_nothing_from_a_clearer_code(code):
    assert code_to_keep(code=code, advice="try_again_later", network_code="51") == code
    if explain(code).kind != DeclineKind.SOFT:
        assert code_to_keep(code=code, advice="do_not_try_again") == code
