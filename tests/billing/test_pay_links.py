"""Somebody without an account pays an order by a link: they see little, pay once, and get back what has to go back."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from accounts import locks
from accounts.notifications import deliver_due
from billing import ledger, orders, pay_links, paying, refunds
from billing.invariants import broken_invariants
from billing.models import Charge, Order, PayLink, Refund, SandboxPayment
from billing.pay_links import CannotShare
from billing.paying import StillBeingChecked
from billing.views.placing import Sale
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, pay

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

HOUR = timedelta(hours=1)


@pytest.fixture
def unpaid(line, plan):
    return buy(line, plan, gateway="")


@pytest.fixture
def made(unpaid, subscriber, now):
    """Ada's link, which shows the name of the line."""
    return pay_links.make(order=unpaid, by=subscriber, shown_as=unpaid.line.nickname, ip=None, now=now)


@pytest.fixture
def address(made):
    return reverse("billing:pay_for", args=[made.token])


def begin(made, gateway, now, email="payer@example.com"):
    return pay_links.begin(
        link=pay_links.link_of(made.token),
        receipt_email=email,
        language="en",
        return_url="/back/",
        gateway=gateway,
        gateways={gateway.name: gateway},
        now=now,
    )


@pytest.fixture
def paid(made, gateway, now):
    """An order that was paid by the link."""
    begin(made, gateway, now)
    pay(Charge.objects.get(), gateway=gateway)
    return Order.objects.get()


def test_the_page_says_what_and_for_whom_and_nothing_else(client, address, unpaid):
    answer = client.get(address)

    text = answer.content.decode()
    assert "Europe 10 GB" in text
    assert "US$14.90" in text
    assert unpaid.line.nickname in text
    assert "ada@example.com" not in text
    assert unpaid.line.msisdn[2:] not in text
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert not Charge.objects.exists()


def test_it_is_paid_end_to_end_without_an_account(client, address, made, unpaid, now, carrier):
    sent = client.post(address, {"email": "payer@example.com"})
    client.post(sent.url, {"card": "4242"})
    back = client.get(SandboxPayment.objects.get().return_url)
    deliver_due(now=now)

    unpaid.refresh_from_db()
    assert unpaid.paid_at
    charge = Charge.objects.get()
    assert (charge.by_link, charge.method, charge.customer) == (True, None, "")
    assert "Paid. Thank you." in back.content.decode()
    letter = next(one for one in mail.outbox if one.to == ["payer@example.com"])
    assert "US$14.90" in letter.subject
    assert made.link.shown_as in letter.body
    assert "Who pays" not in client.get(address).content.decode()


def test_the_gateway_learns_nothing_of_the_owner(made, gateway, now, monkeypatch):
    asked = []
    monkeypatch.setattr(
        gateway, "open_page", lambda request: asked.append(request) or type(gateway).open_page(gateway, request)
    )

    begin(made, gateway, now)

    assert (asked[0].customer, asked[0].customer_email, asked[0].keep_card) == ("", "", False)


def test_opened_twice_it_is_one_payment(made, gateway, now):
    first, second = begin(made, gateway, now), begin(made, gateway, now)

    assert first == second
    assert Charge.objects.count() == 1


def test_paying_again_keeps_the_address_that_was_typed_before(client, address, made, gateway, now):
    begin(made, gateway, now)
    page = client.get(address).content.decode()
    begin(made, gateway, now, email="")
    pay(Charge.objects.get(), gateway=gateway)
    deliver_due(now=now)

    assert "The receipt goes to p•••@example.com." in page
    assert ["payer@example.com"] in [letter.to for letter in mail.outbox]


def test_the_owners_own_attempt_is_closed_first(made, unpaid, gateway, now):
    unpaid.charges.create(gateway="sandbox", currency="USD", amount=1490, created_at=now)

    begin(made, gateway, now)

    assert list(unpaid.charges.order_by("pk").values_list("state", "by_link")) == [
        ("abandoned", False),
        ("pending", True),
    ]


def test_nobody_with_a_link_is_led_to_a_page_that_the_owner_began(unpaid, gateway, now):
    """The owner may begin in the moment between making way for the payer and leading them on."""
    unpaid.charges.create(gateway="sandbox", currency="USD", amount=1490, created_at=now)

    with pytest.raises(StillBeingChecked):
        paying.page_of(
            order=unpaid, gateways={gateway.name: gateway}, return_url="/", locale="en", by_link=True, now=now
        )


@pytest.mark.parametrize("how", ["withdrawn", "replaced", "expired", "cancelled"])
def test_a_link_that_is_over_takes_no_money(client, address, made, unpaid, subscriber, now, time_machine, how):
    if how == "withdrawn":
        pay_links.withdraw(order=unpaid, by=subscriber, ip=None, now=now)
    elif how == "replaced":
        pay_links.make(order=unpaid, by=subscriber, shown_as="", ip=None, now=now)
    elif how == "expired":
        time_machine.move_to(now + HOUR)
    else:
        Order.objects.update(state="cancelled")

    client.post(address, {"email": ""})

    assert "This link is over" in client.get(address).content.decode()
    assert not Charge.objects.exists()


def test_what_cannot_be_delivered_goes_back_to_the_card(paid, gateway, carrier, subscriber, now):
    carrier.refusing["grant"] = "no"

    orders.fulfil(order_id=paid.pk, carrier=carrier, now=now)
    refunds.settle_refunds(gateway=gateway, now=now + HOUR)
    deliver_due(now=now + HOUR)

    refund = Refund.objects.get()
    assert (refund.goes_to, refund.state, refund.charge.by_link) == ("payer", "succeeded", True)
    assert not ledger.wallet_balance(subscriber, "USD")
    assert broken_invariants(now=now) == {}
    told = [one.subject for one in mail.outbox if one.to == ["payer@example.com"]]
    assert "US$14.90 was given back to you" in told
    assert "back in your balance" not in " ".join(one.body for one in mail.outbox)


def test_paid_twice_the_second_goes_back_to_its_card(paid, gateway, subscriber, now):
    late = paid.charges.create(
        gateway="sandbox", currency="USD", amount=1490, created_at=now, by_link=True, state="abandoned"
    )
    Charge.objects.filter(pk=late.pk).update(state="created")
    late.refresh_from_db()
    pay(late, gateway=gateway)

    assert Refund.objects.get().charge == late
    assert not ledger.wallet_balance(subscriber, "USD")
    assert broken_invariants(now=now) == {}


def test_the_owner_cannot_have_it_as_balance(paid, gateway, carrier, as_subscriber, subscriber, now):
    orders.fulfil(order_id=paid.pk, carrier=carrier, now=now)
    page = as_subscriber.get(reverse("billing:refund", args=[paid.public_id])).content.decode()

    as_subscriber.post(reverse("billing:refund", args=[paid.public_id]), {"goes_to": "balance"})

    assert "To your balance" not in page
    assert Refund.objects.get().goes_to == "payer"


def test_the_owner_makes_a_link_from_a_renewal_and_withdraws_it(as_subscriber, line, plan):
    renew = f"{reverse('billing:renew', args=[line.public_id])}?plan={plan.public_id}"
    form = as_subscriber.get(renew).context["form"]
    seen = as_subscriber.get(renew).context["price_token"]

    asked = as_subscriber.post(
        renew, {"form_key": form["form_key"].value(), "price_seen": seen, "pay_with": "new", "ask_somebody": "1"}
    )
    order = Order.objects.get()
    shown = as_subscriber.post(asked.url, {"shown_as": line.nickname})
    again = as_subscriber.get(asked.url).content.decode()
    as_subscriber.post(reverse("billing:withdraw_pay_link", args=[order.public_id]))

    assert asked.url == reverse("billing:pay_link", args=[order.public_id])
    assert order.expires_at - order.created_at == timedelta(hours=24)
    assert not order.charges.exists()
    token = shown.context["address"].rstrip("/").rsplit("/", 1)[1]
    assert token not in again
    link = PayLink.objects.get()
    assert (link.shown_as, token in link.token_hash, link.withdrawn_at is None) == (line.nickname, False, False)


def test_who_may_ask_somebody_else_to_pay(unpaid, stranger, subscriber, now):
    with pytest.raises(Order.DoesNotExist):
        pay_links.make(order=unpaid, by=stranger, shown_as="", ip=None, now=now)
    credit = make.make_order(owner=subscriber, kind="credit")

    with pytest.raises(CannotShare):
        pay_links.make(order=credit, by=subscriber, shown_as="", ip=None, now=now)
    assert pay_links.make(order=unpaid, by=subscriber, shown_as="Eve", ip=None, now=now).link.shown_as == ""


def test_somebody_with_a_long_name_can_be_named(as_subscriber, subscriber, unpaid):
    subscriber.full_name = "M" * 120
    subscriber.save()

    answer = as_subscriber.post(reverse("billing:pay_link", args=[unpaid.public_id]), {"shown_as": "M" * 120})

    link = PayLink.objects.get()
    link.clean_fields()
    assert (answer.status_code, link.shown_as) == (200, "M" * 120)


def test_a_locked_account_makes_no_link(as_subscriber, subscriber, unpaid, now):
    locks.lock(user=subscriber, ip=None, now=now)

    answer = as_subscriber.post(reverse("billing:pay_link", args=[unpaid.public_id]), {"shown_as": ""})

    assert answer.status_code == 423
    assert not PayLink.objects.exists()


def test_guessing_links_is_slowed_down(client, address):
    for _ in range(10):
        client.post(address, {"email": "no address"})

    assert client.post(address, {"email": "no address"}).status_code == 429
    assert client.get("/pay/nobody-made-this/").status_code == 404


@pytest.mark.parametrize(("minor", "is_shared"), [(4990, True), (4997, False), (10, False)])
def test_only_what_a_card_can_pay_is_shared(minor, is_shared):
    sale = Sale(kind=Order.Kind.RENEWAL, price=Money(minor, "KWD"))

    assert sale.can_be_shared == is_shared
