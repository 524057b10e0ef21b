"""What a gateway tells about kept cards, late, twice and in any order."""

import itertools
from dataclasses import replace

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from billing.gateway_events import apply_gateway_events
from billing.gateways.base import KeptCard
from billing.models import GatewayEvent, PaymentMethod
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(subscriber, gateway):
    """Ada's Visa as the gateway knows it; the bank has renewed it."""
    gateway.kept["set_1"] = KeptCard(
        reference="card_ada",
        customer=subscriber.public_id,
        brand="Visa",
        last_four="1881",
        expires_month=11,
        expires_year=2031,
    )
    return gateway.kept["set_1"]


@pytest.fixture
def method(subscriber):
    return make.make_method(owner=subscriber, reference="card_ada", last_four="4242", expires_year=2026)


def tell(gateway, kind, payment_id="card_ada"):
    """Let a notice come, and apply it; return what became of it."""
    number = GatewayEvent.objects.count()
    GatewayEvent.objects.insert_once(
        gateway="sandbox",
        event_id=f"evt_{number}",
        kind=kind,
        about="card",
        payment_id=payment_id,
        payload={},
        now=timezone.now(),
    )
    apply_gateway_events(gateway=gateway, now=timezone.now())
    return GatewayEvent.objects.latest("pk").state


def test_a_card_that_the_bank_renewed_has_its_new_number_and_expiry(card, method, gateway):
    assert tell(gateway, "card.updated") == "done"

    method.refresh_from_db()
    assert (method.last_four, method.expires_month, method.expires_year) == ("1881", 11, 2031)


def test_a_card_the_gateway_no_longer_has_is_used_no_more(subscriber, method, gateway):
    make_default(method)

    assert tell(gateway, "card.detached") == "done"

    method.refresh_from_db()
    assert method.removed_at is not None
    assert not method.is_default
    event = AuditEvent.objects.get(action="payment_method.removed")
    assert (event.actor, event.subject, event.target) == (None, subscriber, method.public_id)


def make_default(method):
    PaymentMethod.objects.filter(pk=method.pk).update(is_default=True)


def test_a_card_gone_twice_is_on_record_once(method, gateway):
    tell(gateway, "card.detached")
    tell(gateway, "card.detached")

    assert AuditEvent.objects.filter(action="payment_method.removed").count() == 1


def test_a_notice_that_a_card_is_gone_is_not_believed_while_it_is_there(card, method, gateway):
    assert tell(gateway, "card.detached") == "done"

    method.refresh_from_db()
    assert method.removed_at is None


@pytest.mark.parametrize("kind", ["card.updated", "card.detached"])
def test_a_card_we_never_kept_needs_nothing(kind, gateway):
    assert tell(gateway, kind, "card_of_another_shop") == "done"
    assert gateway.calls == []


@pytest.mark.parametrize("kind", ["card.declined", "card.abandoned"])
def test_a_card_that_was_not_kept_needs_nothing(kind, gateway):
    assert tell(gateway, kind, "set_9") == "done"


def test_a_card_kept_for_nobody_we_know_is_tried_again(card, gateway):
    gateway.kept["set_1"] = replace(card, customer="usr_stranger")

    assert tell(gateway, "card.succeeded", "set_1") == "failed"
    assert not PaymentMethod.objects.exists()


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["card.succeeded", "card.updated", "card.detached"])), ids=" ".join
)
def test_the_order_of_notices_about_a_card_does_not_matter(order, card, gateway):
    for kind in order:
        assert tell(gateway, kind, "set_1" if kind == "card.succeeded" else "card_ada") == "done"

    assert PaymentMethod.objects.usable().get().last_four == "1881"


@pytest.mark.parametrize("about", ["other", "unheard_of"])
def test_a_notice_about_nothing_that_concerns_us_is_done(about, gateway):
    GatewayEvent.objects.create(gateway="sandbox", event_id="evt_1", kind="balance.available", about=about, payload={})

    assert apply_gateway_events(gateway=gateway, now=timezone.now()) == 1
    assert gateway.calls == []


def test_refunds_and_disputes_have_their_own_hearing(gateway):
    for about in ("refund", "dispute"):
        GatewayEvent.objects.create(
            gateway="sandbox", event_id=f"evt_{about}", kind=about, about=about, payment_id="re_1", payload={}
        )

    apply_gateway_events(gateway=gateway, now=timezone.now())

    assert gateway.calls == ["look_up_refund", "look_up_dispute"]
    assert set(GatewayEvent.objects.values_list("state", flat=True)) == {"failed"}
