"""Adding a card from a shop to the account."""

import pytest
from playwright.sync_api import expect

from esim.models import Line
from portal.demo.cards import CARDS
from tests.journeys.test_accessibility import complaints_in_both_themes

pytestmark = pytest.mark.browser

CARD = CARDS[0]


def test_a_card_from_a_shop_is_added(signed_in, portal):
    signed_in.get_by_role("link", name="Add a card you have").click()
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Add a card you have")
    expect(signed_in.get_by_text(f"SIM card {CARD.iccid} with PIN {CARD.pin}")).to_be_visible()
    assert complaints_in_both_themes(signed_in, [f"{portal}/lines/claim/", f"{portal}/lines/bind/"]) == {}

    signed_in.get_by_label("Card number (ICCID)").fill(CARD.iccid)
    signed_in.get_by_label("PIN of the card").fill("0000")
    signed_in.get_by_role("button", name="Add the card").click()
    expect(signed_in.get_by_role("alert")).to_contain_text("do not belong together")
    expect(signed_in.get_by_label("Card number (ICCID)")).to_have_value(CARD.iccid)
    expect(signed_in.get_by_label("PIN of the card")).to_have_value("")

    signed_in.get_by_label("PIN of the card").fill(CARD.pin)
    signed_in.get_by_role("button", name="Add the card").click()
    expect(signed_in.get_by_text("The card is yours now")).to_be_visible()

    line = Line.objects.get(profiles__iccid=CARD.iccid)
    assert signed_in.url == f"{portal}/lines/{line.public_id}/"
    expect(signed_in.get_by_role("link", name="Install")).to_have_count(0)
