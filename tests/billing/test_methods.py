"""Saved cards: adding, choosing the default, removing."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from billing import gateways, methods
from billing.card_consent import VERSION
from billing.gateways import sandbox_bank
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR
from billing.models import PaymentMethod, SandboxPayment, Subscription
from tests import make


@pytest.fixture
def card(subscriber):
    return make.make_method(owner=subscriber, is_default=True)


def test_a_card_is_saved_on_the_gateway_s_page(as_subscriber):
    onward = as_subscriber.post(reverse("billing:add_method"))
    sandbox_bank.pay_with(SandboxPayment.objects.get(), CARDS_BY_LAST_FOUR["4242"], keep=True)

    shown = as_subscriber.get(reverse("billing:method_added"), follow=True).content.decode()

    assert onward.url.startswith("/sandbox/pay/")
    assert "Visa 4242 is saved." in shown
    assert PaymentMethod.objects.get().is_default


def test_saving_a_card_shows_and_keeps_what_was_agreed_to(as_subscriber):
    shown = as_subscriber.get(reverse("billing:methods")).content.decode()
    as_subscriber.post(reverse("billing:add_method"), headers={"accept-language": "en"})
    sandbox_bank.pay_with(SandboxPayment.objects.get(), CARDS_BY_LAST_FOUR["4242"], keep=True)
    as_subscriber.get(reverse("billing:method_added"))

    consent = PaymentMethod.objects.get().consent
    assert consent["text"] in shown.replace("&#x27;", "'")
    assert consent["version"] == VERSION
    assert consent["ip"] == "127.0.0.1"


def test_a_card_told_of_by_a_notice_alone_belongs_to_who_opened_the_page(as_subscriber, subscriber, now):
    as_subscriber.post(reverse("billing:add_method"))
    sandbox_bank.pay_with(SandboxPayment.objects.get(), CARDS_BY_LAST_FOUR["4242"], keep=True)
    page_id = SandboxPayment.objects.get().reference
    card = gateways.chosen().look_up_card(page_id)

    for _time in range(2):
        methods.keep_from_page(gateway_name="sandbox", page_id=page_id, card=card, now=now)

    kept = PaymentMethod.objects.get()
    assert kept.owner == subscriber
    assert kept.consent["version"] == VERSION


def test_an_expired_card_is_marked_and_not_offered(as_subscriber, card, line, plan):
    PaymentMethod.objects.update(expires_year=2025)

    shown = as_subscriber.get(reverse("billing:methods")).content.decode()
    offered = as_subscriber.get(reverse("billing:renew", args=[line.public_id]), {"plan": plan.public_id})

    assert "Expired" in shown
    assert str(card) not in offered.content.decode()


def test_leaving_the_gateway_s_page_saves_nothing(as_subscriber):
    as_subscriber.post(reverse("billing:add_method"))

    shown = as_subscriber.get(reverse("billing:method_added"), follow=True).content.decode()

    assert "No card was saved." in shown


def test_coming_back_without_having_left_saves_nothing(as_subscriber):
    as_subscriber.get(reverse("billing:method_added"))

    assert not PaymentMethod.objects.exists()


def test_a_page_opened_for_somebody_else_saves_nothing(as_subscriber, client, stranger):
    as_subscriber.post(reverse("billing:add_method"))
    SandboxPayment.objects.update(customer=stranger.public_id)
    sandbox_bank.pay_with(SandboxPayment.objects.get(), CARDS_BY_LAST_FOUR["4242"], keep=True)

    as_subscriber.get(reverse("billing:method_added"))

    assert not PaymentMethod.objects.exists()


def test_another_card_becomes_the_default(as_subscriber, subscriber, card):
    other = make.make_method(owner=subscriber)

    as_subscriber.post(reverse("billing:default_method", args=[other.public_id]))

    assert list(PaymentMethod.objects.filter(is_default=True)) == [other]


def test_removing_says_what_happens_and_then_does_it(as_subscriber, card, line, plan):
    subscription = make.make_subscription(line=line, plan=plan, method=card)
    url = reverse("billing:remove_method", args=[card.public_id])

    asked = as_subscriber.get(url).content.decode()
    as_subscriber.post(url)

    card.refresh_from_db()
    subscription.refresh_from_db()
    assert f"Auto-renewal of {line} is paid with this card." in asked
    assert card.removed_at is not None
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, "method_removed")
    assert AuditEvent.objects.get().action == "payment_method.removed"


def test_a_removed_card_is_gone_from_every_page(as_subscriber, card):
    as_subscriber.post(reverse("billing:remove_method", args=[card.public_id]))

    assert as_subscriber.get(reverse("billing:remove_method", args=[card.public_id])).status_code == 404
    assert "valid until" not in as_subscriber.get(reverse("billing:methods")).content.decode()


@pytest.mark.parametrize("name", ["default_method", "remove_method"])
def test_a_stranger_finds_no_card(client, stranger, card, name):
    client.force_login(stranger)
    url = reverse(f"billing:{name}", args=[card.public_id])

    assert client.post(url).status_code == 404
    assert client.get(url).status_code in (404, 405)
    card.refresh_from_db()
    assert card.removed_at is None
