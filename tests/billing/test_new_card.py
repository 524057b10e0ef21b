"""Another card for a renewal that was refused: offered where cards are kept, and tried as soon as agreed to."""

from datetime import timedelta

import pytest
from django.urls import reverse

from billing import methods, renewal_terms, renewals
from billing.agreements import NothingToContinue
from billing.gateways.base import KeptCard
from billing.models import Charge, Order, PaymentMethod, Subscription
from billing.renewal_terms import wishes_of
from esim.models import Line, ServiceState, SuspendedFor
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


def agree_to(client, line, terms):
    answer = {**terms.chosen, "sentence_seen": terms.sentence, "agreed": "on"}
    return client.post(reverse("billing:agree", args=[line.public_id]), answer, follow=True).content.decode()


def test_whoever_suspended_a_refused_line_can_agree_to_another_card_after_its_end(
    refused, proven, gateway, tick, now, time_machine
):
    declined = refused("insufficient_funds")
    line = declined.line
    Line.objects.update(service_state=ServiceState.SUSPENDED, suspended_for=SuspendedFor.OWNER)
    at = now + 5 * DAY
    tick(at)
    time_machine.move_to(at, tick=False)
    proven.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    card = make.make_method(owner=line.owner, brand="Mastercard", last_four="5454", is_default=False)

    shown = proven.get(reverse("billing:auto_renewal", args=[line.public_id])).content.decode()
    (terms,) = offered(proven, reverse("billing:methods"))
    said = agree_to(proven, line, terms)
    tick(at + timedelta(minutes=1))
    assert (gateway.taken, "Change plan, card or limits" in shown) == ([], True)
    assert "within the next minutes" not in said

    Line.objects.update(service_state=ServiceState.ACTIVE, suspended_for="")
    tick(at + DAY)

    declined.refresh_from_db()
    assert (declined.method, Order.objects.get().state, len(gateway.taken)) == (card, Order.State.FULFILLED, 1)


def test_a_limit_that_keeps_a_renewal_waiting_after_its_end_can_be_raised(
    subscription, proven, gateway, tick, now, time_machine
):
    Subscription.objects.update(max_times=1)
    make.make_order(
        owner=subscription.line.owner,
        line=subscription.line,
        plan=subscription.plan,
        subscription=subscription,
        period_index=0,
        trigger=Order.Trigger.EXPIRY,
        state=Order.State.FULFILLED,
        paid_at=now - DAY,
    )
    at = now + 2 * DAY
    tick(now)
    time_machine.move_to(at, tick=False)
    proven.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    wishes = {**wishes_of(Subscription.objects.get()), "max_times": "2"}

    terms = renewal_terms.terms(line=subscription.line, user=subscription.line.owner, wishes=wishes, now=at)
    agree_to(proven, subscription.line, terms)
    tick(at + timedelta(minutes=1))

    assert len(gateway.taken) == 1


def test_what_waits_after_its_end_is_not_turned_into_a_question_nobody_would_be_asked(subscription, now):
    Subscription.objects.update(reason="limit_reached", charge_due_at=now + 10 * DAY)
    wishes = {**wishes_of(Subscription.objects.get()), "mode": "ask"}

    with pytest.raises(NothingToContinue):
        renewal_terms.terms(line=subscription.line, user=subscription.line.owner, wishes=wishes, now=now + 2 * DAY)


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
