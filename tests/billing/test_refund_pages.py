"""Getting one's money back on the portal's pages, and seeing how far it is."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from billing import charges, gateways, ledger, orders
from billing.gateways import sandbox_bank as bank
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR
from billing.invariants import broken_invariants
from billing.models import Dispute, Order, Refund, SandboxDispute, SandboxPayment
from esim import carriers
from esim.models import Allowance, ServiceState
from portal.lib.data_size import MB
from tests.billing.books import buy

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _books_are_right(db):
    yield
    assert broken_invariants(now=timezone.now()) == {}


def delivered_by_sandbox(line, plan, /, *, card="4242", carrier=None, **changes):
    """Buy a renewal, or what else is wanted, with a test card of the sandbox."""
    now, gateway = timezone.now(), gateways.named("sandbox")
    order = buy(line, plan, now=now, **changes)
    charge = order.charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="/", locale="en", now=now)
    payment = SandboxPayment.objects.order_by("pk").last()
    bank.pay_with(payment, CARDS_BY_LAST_FOUR[card], keep=False)
    result = gateway.look_up(payment_id=payment.reference, key="")
    charges.settle(charge_id=charge.pk, result=result, now=now)
    return orders.fulfil(order_id=order.pk, carrier=carrier or carriers.chosen(), now=now)


@pytest.fixture
def undelivered(line, plan, carrier):
    """An order that the network refused: its price is in the balance."""
    carrier.refusing = {"grant": "no_capacity"}
    return delivered_by_sandbox(line, plan, carrier=carrier)


@pytest.fixture
def order(line, plan):
    return delivered_by_sandbox(line, plan)


def address(name, order):
    return reverse(f"billing:{name}", args=[order.public_id])


def html(client, name, order=None):
    url = address(name, order) if order else reverse(f"billing:{name}")
    return client.get(url).content.decode()


def test_the_order_offers_it_while_nothing_was_used(as_subscriber, order):
    assert address("refund", order) in html(as_subscriber, "order", order)

    Allowance.objects.update(used_bytes=MB)
    assert address("refund", order) not in html(as_subscriber, "order", order)


def test_the_page_says_what_happens_where_the_money_goes_and_when(as_subscriber, order):
    page = html(as_subscriber, "refund", order)

    assert "Auto-renewal of the line is turned off" in page
    assert "US$14.90" in page
    assert "5 to 10 days" in page
    assert "To your balance" in page


def test_one_click_gives_it_back(as_subscriber, order, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_subscriber.post(address("refund", order), {"goes_to": "payer"}, follow=True)

    order.refresh_from_db()
    assert answer.redirect_chain[-1][0] == address("order", order)
    assert (order.state, Refund.objects.get().state) == ("refunded", "succeeded")
    page = html(as_subscriber, "order", order)
    assert "Taken back" in page
    assert "Refund of US$14.90" in page


def test_to_the_balance_if_one_likes(as_subscriber, order, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        as_subscriber.post(address("refund", order), {"goes_to": "balance"})

    assert "US$14.90" in html(as_subscriber, "overview")
    assert Refund.objects.get().goes_to == "balance"


def test_pressing_the_button_again_says_where_it_stands(as_subscriber, order, django_capture_on_commit_callbacks):
    for _time in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            answer = as_subscriber.post(address("refund", order), {"goes_to": "payer"})
        assert answer.url == address("order", order)

    assert Refund.objects.count() == 1


def test_what_was_used_meanwhile_is_kept_with_a_reason(as_subscriber, order):
    Allowance.objects.update(used_bytes=MB)

    answer = as_subscriber.post(address("refund", order), {"goes_to": "payer"}, follow=True)

    page = answer.content.decode()
    assert "Some of it has been used." in page
    assert reverse("help") in page
    assert not Refund.objects.exists()


def test_after_the_last_day_the_page_leads_to_support(as_subscriber, order, settings):
    settings.PORTAL_REFUND_WINDOW = timedelta(0)

    assert "The time in which you can give it back is over." in html(as_subscriber, "refund", order)


def test_a_new_line_that_was_given_back_shows_no_code(as_subscriber, line, plan, django_capture_on_commit_callbacks):
    order = delivered_by_sandbox(line, plan, kind=Order.Kind.NEW_LINE, line=None, nickname="Trip")
    with django_capture_on_commit_callbacks(execute=True):
        as_subscriber.post(address("refund", order), {"goes_to": "payer"})

    order.line.refresh_from_db()
    assert order.line.service_state == ServiceState.TERMINATED
    page = as_subscriber.get(reverse("esim:install", args=[order.line.public_id]), follow=True).content.decode()
    assert order.line.profiles.get().activation_code not in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_finds_nothing(client, stranger, order, method):
    client.force_login(stranger)

    assert getattr(client, method)(address("refund", order)).status_code == 404
    assert not Refund.objects.exists()


def test_receipt_and_overview_show_what_came_back(as_subscriber, order, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        as_subscriber.post(address("refund", order), {"goes_to": "payer"})

    for page in (html(as_subscriber, "receipt", order), html(as_subscriber, "overview")):
        assert "Refunds" in page
        assert "Given back" in page


def test_a_test_card_plays_a_bank_that_takes_its_time(as_subscriber, line, plan, django_capture_on_commit_callbacks):
    order = delivered_by_sandbox(line, plan, card="7726")
    with django_capture_on_commit_callbacks(execute=True):
        as_subscriber.post(address("refund", order), {"goes_to": "payer"})
    assert Refund.objects.get().state == "pending"
    assert "On its way" in html(as_subscriber, "order", order)

    settle(after=timedelta(minutes=6))

    assert Refund.objects.get().state == "succeeded"


def test_a_test_card_plays_a_bank_that_sends_it_back(as_subscriber, line, plan, django_capture_on_commit_callbacks):
    order = delivered_by_sandbox(line, plan, card="5126")
    with django_capture_on_commit_callbacks(execute=True):
        as_subscriber.post(address("refund", order), {"goes_to": "payer"})

    settle(after=timedelta(minutes=6))

    assert Refund.objects.get().failure == "expired_or_canceled_card"
    assert "We are looking at it." in html(as_subscriber, "order", order)


def settle(*, after):
    """Let the time pass, and the timetable come round."""
    with time_machine.travel(timezone.now() + after):
        call_command("settle_refunds", verbosity=0)


def hear():
    """Read the notices at the sandbox, as after lost webhooks, and apply them."""
    call_command("read_missed_events", verbosity=0)
    call_command("apply_gateway_events", verbosity=0)


def test_the_command_disputes_a_payment_and_lets_the_bank_decide(order):
    charge = order.charges.get()

    call_command("sandbox_dispute", charge.public_id, verbosity=0)
    hear()
    assert (Dispute.objects.get().state, Dispute.objects.get().is_withdrawn) == ("open", True)

    call_command("sandbox_dispute", charge.public_id, "--won")
    hear()
    assert (SandboxDispute.objects.get().state, Dispute.objects.get().state) == ("won", "won")
    with pytest.raises(CommandError, match="no charge"):
        call_command("sandbox_dispute", "chg_nothing")


def test_what_was_not_delivered_goes_back_the_way_it_was_paid(
    as_subscriber, undelivered, subscriber, django_capture_on_commit_callbacks
):
    assert address("refund", undelivered) in html(as_subscriber, "order", undelivered)
    page = html(as_subscriber, "refund", undelivered)
    assert "The money leaves your balance at once." in page
    assert "is taken off" not in page

    for _click in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            answer = as_subscriber.post(address("refund", undelivered), follow=True)
        assert answer.redirect_chain[-1][0] == address("order", undelivered)

    refund = Refund.objects.get()
    undelivered.refresh_from_db()
    assert (refund.state, refund.goes_to, refund.reason) == ("succeeded", "payer", "undeliverable")
    assert (undelivered.state, ledger.wallet_balance(subscriber, "USD").minor) == ("undeliverable", 0)
    assert address("refund", undelivered) not in html(as_subscriber, "order", undelivered)


def test_what_was_not_delivered_and_is_spent_stays_where_it_is(as_subscriber, undelivered, line, plan):
    buy(line, plan, use_wallet=True, gateway="", now=timezone.now())

    answer = as_subscriber.post(address("refund", undelivered), follow=True)

    assert not Refund.objects.exists()
    assert "Some of the money has been spent" in answer.content.decode()


def test_nobody_else_has_it_paid_back(client, stranger, undelivered):
    client.force_login(stranger)

    assert client.post(address("refund", undelivered)).status_code == 404
    assert not Refund.objects.exists()
