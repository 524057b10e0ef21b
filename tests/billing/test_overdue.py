"""Thirty minutes are a promise: past it a ticket opens by itself, and closes when the order is over."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from accounts.letters import write_email
from accounts.models import Notification, Ticket, TicketMessage
from accounts.ticket_words import conversation, title_of
from billing import orders, overdue
from billing.models import Order
from tests import make
from tests.billing.books import buy, paid_order, pay
from tests.fakes.crowd import slowed, together

MINUTE = timedelta(minutes=1)
PROMISE = 30 * MINUTE


def tick(at):
    return overdue.open_overdue_tickets(promise=PROMISE, now=at)


def told(kind):
    return Notification.objects.filter(kind=kind).count()


@pytest.fixture
def late(line, plan, carrier, now):
    """A renewal whose delivery the network has not confirmed."""
    carrier.losing.add("grant")
    order = paid_order(line, plan, now=now)
    return orders.fulfil(order_id=order.pk, carrier=carrier, now=now)


def test_nothing_is_said_before_the_promise_is_broken(late, now):
    assert tick(now + PROMISE - MINUTE) == 0
    assert not Ticket.objects.exists()


def test_past_it_one_ticket_opens_with_all_references_and_the_buyer_is_told_once(late, line, subscriber, now):
    for minutes in (30, 31, 60):
        tick(now + timedelta(minutes=minutes))

    ticket = Ticket.objects.get()
    assert (ticket.owner, ticket.state, ticket.kind) == (subscriber, "open", "order_delayed")
    assert ticket.about == [late.public_id, line.public_id]
    assert ticket.references["purchase"] == late.public_id
    assert ticket.references["number"] == line.msisdn
    assert told("order_delayed") == 1
    late.refresh_from_db()
    assert late.state == Order.State.FULFILLING, "nothing is given back as long as nobody knows"


def test_staff_see_what_the_gateway_calls_the_payment_and_the_buyer_does_not(line, plan, gateway, now):
    order = buy(line, plan, now=now)
    charge = pay(order.charges.get(), gateway=gateway, now=now)
    tick(now + PROMISE)

    ticket = Ticket.objects.get()
    notice = Notification.objects.get(kind="order_delayed")
    letter = write_email(kind=notice.kind, user=notice.user, context=notice.context)

    assert ticket.references["charges"][0]["payment"] == charge.gateway_payment_id
    shown = letter.body + "".join(said.text for said in conversation(ticket)) + str(title_of(ticket))
    assert charge.gateway_payment_id not in shown
    assert "Do not buy it again" in letter.body
    assert ticket.public_id in letter.body


@pytest.mark.parametrize("kind", [Order.Kind.NEW_LINE, Order.Kind.TOP_UP])
def test_it_holds_for_whatever_is_bought(line, subscriber, plan, now, kind):
    bought = plan if kind == Order.Kind.NEW_LINE else make.make_data_pack()
    make.make_order(
        owner=subscriber,
        kind=kind,
        plan=bought,
        line=None if kind == Order.Kind.NEW_LINE else line,
        state=Order.State.PAID,
        paid_at=now,
        fulfil_due_at=now,
        plan_terms={"name": bought.name},
    )

    assert tick(now + PROMISE) == 1
    assert bought.name in title_of(Ticket.objects.get())


def test_delivered_late_the_ticket_says_so_and_is_closed(late, carrier, now):
    tick(now + PROMISE)
    carrier.losing.clear()
    orders.fulfil_due(carrier=carrier, now=now + 40 * MINUTE)

    for _time in range(2):
        tick(now + 41 * MINUTE)

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.closed_at) == ("closed", now + 41 * MINUTE)
    assert [said.author for said in conversation(ticket)] == ["system", "system"]
    assert "confirmed the order" in conversation(ticket)[1].text
    assert (told("order_delayed"), told("order_fulfilled")) == (1, 1)


def test_what_the_network_refuses_is_given_back_and_the_ticket_is_closed(late, carrier, now):
    tick(now + PROMISE)
    carrier.refusing["grant"] = "no_such_plan"
    orders.fulfil_due(carrier=carrier, now=now + 40 * MINUTE)

    tick(now + 41 * MINUTE)

    late.refresh_from_db()
    assert late.state == Order.State.UNDELIVERABLE
    assert Ticket.objects.get().state == "closed"
    assert "US$14.90 was given back" in conversation(Ticket.objects.get())[1].text
    assert told("order_undeliverable") == 1


def test_the_portals_own_words_are_in_the_language_of_whoever_reads(late, now):
    Order.objects.update(plan_terms={**late.plan_terms, "name_zh_hans": "欧洲 10 GB"})
    tick(now + PROMISE)

    with translation.override("zh-hans"):
        assert "欧洲 10 GB" in title_of(Ticket.objects.get())
    assert TicketMessage.objects.get().text == "", "no words are kept"


class Died(BaseException):
    pass


def test_a_worker_that_dies_between_opening_and_telling_leaves_neither(late, now, monkeypatch):
    def die(**_given):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(overdue, "notify", die)
        with pytest.raises(Died):
            tick(now + PROMISE)
    assert not Ticket.objects.exists()

    tick(now + PROMISE + MINUTE)

    assert (Ticket.objects.count(), told("order_delayed")) == (1, 1)


def test_the_orders_page_says_so_and_leads_to_the_request(as_subscriber, late):
    Order.objects.update(paid_at=timezone.now() - PROMISE)
    tick(timezone.now())
    ticket = Ticket.objects.get()

    page = as_subscriber.get(reverse("billing:order", args=[late.public_id])).content.decode()

    assert "It takes longer than we promised" in page
    assert "Longer than promised: a request for help was opened" in page
    assert reverse("ticket", args=[ticket.public_id]) in page


@pytest.mark.postgresql
def test_looking_for_them_walks_what_is_in_flight_not_every_order(late, now):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = overdue.overdue(promise=PROMISE, now=now + PROMISE).explain()

    assert "order_open" in plan
    assert "Seq Scan" not in plan


@pytest.fixture
def many_late(db, now):
    """Five orders that are late, written as rows: their threads share no carrier."""
    owner, plan = make.make_user(), make.make_plan()
    for _number in range(5):
        make.make_order(
            owner=owner, plan=plan, line=make.make_line(owner=owner), state="paid", paid_at=now, fulfil_due_at=now
        )


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_many_ticks_at_once_open_one_ticket_for_each(self, many_late, now):
        with slowed("accounts_ticket", "INSERT"):
            opened = together(4, lambda _number: tick(now + PROMISE))

        assert sum(opened) == 5
        assert Ticket.objects.count() == TicketMessage.objects.count() == told("order_delayed") == 5

    def test_control_without_the_locks_and_the_key_there_are_more(self, many_late, now, monkeypatch):
        monkeypatch.setattr("django.db.models.QuerySet.select_for_update", lambda self, **_: self)

        with slowed("accounts_ticket", "INSERT"):
            opened = together(4, lambda _number: tick(now + PROMISE))

        assert sum(one for one in opened if isinstance(one, int)) > 5, "each took itself for the first"
        assert Ticket.objects.count() == 5, "and the unique key held all the same"
