"""Another card for a renewal that was refused: offered where cards are kept, and tried as soon as agreed to."""

from datetime import timedelta

import pytest
from django.urls import reverse

from billing import methods, renewals
from billing.gateways.base import KeptCard
from billing.models import Charge, Order, PaymentMethod, Subscription
from tests import make
from tests.make import PASSWORD

DAY = timedelta(days=1)
State = Subscription.State


@pytest.fixture
def tick(gateway, carrier):
    def run(at):
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=at)
        renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=at)

    return run


@pytest.fixture
def refused(subscription, gateway, tick, now, time_machine):
    """Refused a moment ago; the old card would pay now, so that nothing but the new one is to be seen paying."""

    def with_code(code):
        time_machine.move_to(now, tick=False)
        gateway.outcomes[subscription.method.reference] = code
        tick(now)
        subscription.refresh_from_db()
        return subscription

    return with_code


def offered(client, url):
    return [offer.terms for offer in client.get(url).context["card_offers"]]


@pytest.mark.slow
@pytest.mark.parametrize("code", ["insufficient_funds", "lost_card"])
@pytest.mark.parametrize("days_later", [0, 5], ids=["before the end", "after the end"])
def test_a_new_default_card_is_offered_and_tried_at_once(
    refused, proven, gateway, tick, now, time_machine, code, days_later
):
    declined = refused(code)
    at = now + days_later * DAY
    time_machine.move_to(at, tick=False)
    proven.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    card = make.make_method(owner=declined.line.owner, brand="Mastercard", last_four="5454", is_default=False)

    onward = proven.post(reverse("billing:default_method", args=[card.public_id])).url
    (terms,) = offered(proven, onward)
    answer = {**terms.chosen, "sentence_seen": terms.sentence, "agreed": "on"}
    said = proven.post(reverse("billing:agree", args=[declined.line.public_id]), answer, follow=True)
    tick(at + timedelta(minutes=1))

    declined.refresh_from_db()
    assert "paid from Mastercard 5454" in terms.sentence
    assert "paid within the next minutes" in said.content.decode()
    assert [charge.method.brand for charge in Charge.objects.order_by("pk")] == ["Visa", "Mastercard"]
    assert Order.objects.get().state == Order.State.FULFILLED, "one order: nothing can be paid twice"
    assert Order.objects.get().agreement == declined.agreement
    assert (declined.state, declined.method) == (State.ACTIVE, card)


@pytest.mark.slow
def test_a_payment_that_waits_for_the_payer_makes_way_for_the_new_card(
    refused, proven, gateway, tick, now, monkeypatch
):
    declined = refused("needs_action")
    card = make.make_method(owner=declined.line.owner, brand="Mastercard", last_four="5454", is_default=False)
    monkeypatch.setattr("billing.gateways.by_name", lambda: {gateway.name: gateway})

    (terms,) = offered(proven, reverse("billing:methods"))
    answer = {**terms.chosen, "sentence_seen": terms.sentence, "agreed": "on"}
    proven.post(reverse("billing:agree", args=[declined.line.public_id]), answer)
    tick(now + timedelta(minutes=1))

    states = list(Charge.objects.order_by("pk").values_list("state", "method_id"))
    assert states == [("abandoned", declined.method_id), ("succeeded", card.pk)]


@pytest.mark.slow
def test_a_crash_before_the_new_card_is_asked_does_not_count_the_old_ones_no_again(
    refused, proven, gateway, tick, now, time_machine
):
    declined = refused("lost_card")
    make.make_method(owner=declined.line.owner, brand="Mastercard", last_four="5454", is_default=False)
    at = now + timedelta(minutes=1)
    time_machine.move_to(at, tick=False)
    (terms,) = offered(proven, reverse("billing:methods"))
    answer = {**terms.chosen, "sentence_seen": terms.sentence, "agreed": "on"}
    proven.post(reverse("billing:agree", args=[declined.line.public_id]), answer)

    renewals.claim(Subscription.objects.due(at), now=at, limit=1)  # and its worker dies
    tick(at + 2 * renewals.LEASE)
    tick(at + 2 * renewals.LEASE + timedelta(minutes=1))

    declined.refresh_from_db()
    assert (declined.state, len(gateway.taken)) == (State.ACTIVE, 1)


def test_a_card_saved_on_the_gateways_page_leads_to_the_offer(subscription, proven):
    Subscription.objects.update(state=State.PAUSED, reason="declined:lost_card")
    PaymentMethod.objects.update(last_four="0341")
    onward = proven.post(reverse("billing:add_method"))
    proven.post(onward.url, {"card": "4242"})

    shown = proven.get(reverse("billing:method_added"), follow=True)

    assert "for auto-renewal of" in shown.content.decode()
    assert shown.context["card_offers"][0].card.last_four == "4242"


def test_the_card_that_refused_is_not_offered(refused, as_subscriber):
    refused("insufficient_funds")

    assert offered(as_subscriber, reverse("billing:methods")) == []


@pytest.mark.parametrize(("code", "state"), [("expired_card", State.ACTIVE), ("lost_card", State.PAUSED)])
def test_a_card_that_its_bank_renewed_goes_on_a_lost_one_does_not(refused, gateway, tick, now, code, state):
    declined = refused(code)
    gateway.outcomes.clear()
    gateway.kept["set_1"] = KeptCard(
        reference=declined.method.reference,
        customer=declined.line.owner.public_id,
        brand="Visa",
        last_four="4242",
        expires_month=12,
        expires_year=2031,
    )

    methods.refresh(reference=declined.method.reference, gateway=gateway, now=now + DAY)
    tick(now + DAY)

    declined.refresh_from_db()
    assert declined.state == state
    assert len(gateway.taken) == (state == State.ACTIVE)
