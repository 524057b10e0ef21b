"""Asking for help: one's own requests, plain text, and nothing lost."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Notification, Ticket, TicketMessage
from accounts.notifications import deliver_due
from accounts.ticket_desk import note
from accounts.ticket_limits import A_DAY, OPEN_AT_ONCE
from accounts.tickets import close, reply
from billing.models import OrderQuerySet
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

NEW = reverse("new_ticket")


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, nickname="Berlin")


def filled_in(client, **changes):
    shown = client.get(NEW)
    key = str(shown.context["form"]["form_key"].value())
    return {"kind": "service", "about": "", "text": "No data since noon.", "form_key": key, **changes}


def test_a_request_from_a_lines_page_names_the_line_and_is_one_however_often_it_is_sent(as_subscriber, line):
    page = as_subscriber.get(reverse("line", args=[line.public_id])).content.decode()
    assert f"{NEW}?about={line.public_id}" in page
    chosen = as_subscriber.get(NEW, {"about": line.public_id}).context["form"]
    form = filled_in(as_subscriber, about=chosen["about"].value(), kind=chosen["kind"].value())

    first, again = as_subscriber.post(NEW, form), as_subscriber.post(NEW, form)

    ticket = Ticket.objects.get()
    assert first.url == again.url == reverse("ticket", args=[ticket.public_id])
    assert (ticket.about, ticket.kind, ticket.state) == ([line.public_id], "service", "open")
    assert TicketMessage.objects.get().text == "No data since noon."
    assert "Berlin" in as_subscriber.get(first.url).content.decode()


def test_a_doubt_about_the_balance_carries_what_the_portal_showed(as_subscriber, subscriber):
    fund(subscriber, Money(1310, "USD"))
    front = as_subscriber.get(reverse("home")).content.decode()
    chosen = as_subscriber.get(NEW, {"about": "balance"}).context["form"]

    as_subscriber.post(f"{NEW}?about=balance", filled_in(as_subscriber, kind=chosen["kind"].value()))

    ticket = Ticket.objects.get()
    assert f"{NEW}?about=balance" in front
    assert (ticket.kind, ticket.about) == ("payment", [])
    assert "13.10" in ticket.references["balance"]


def test_an_older_order_than_those_offered_can_be_asked_about(as_subscriber, subscriber, line):
    plan = make.make_plan()
    orders = [make.make_order(owner=subscriber, line=line, plan=plan) for _number in range(22)]

    offered = str(as_subscriber.get(NEW, {"about": orders[0].public_id}).context["form"]["about"])

    assert orders[0].public_id in offered
    assert orders[1].public_id not in offered


def test_what_no_database_looks_up_is_not_looked_up(as_subscriber, monkeypatch):
    """PostgreSQL refuses a NUL; SQLite would let it pass."""
    looked_up = []
    real = OrderQuerySet.filter
    monkeypatch.setattr(OrderQuerySet, "filter", lambda *args, **named: looked_up.append(named) or real(*args, **named))

    assert as_subscriber.get(NEW, {"about": "ord_a\x00b"}).status_code == 200
    assert not any("\x00" in str(value) for named in looked_up for value in named.values())


def test_what_belongs_to_somebody_else_cannot_be_attached(as_subscriber, stranger):
    foreign = make.make_line(owner=stranger, nickname="Secret trip")

    page = as_subscriber.get(NEW, {"about": foreign.public_id})
    sent = as_subscriber.post(NEW, filled_in(as_subscriber, about=foreign.public_id))

    assert "Secret trip" not in page.content.decode()
    assert sent.status_code == 422
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("text", ["", "x" * 4001], ids=["empty", "too long"])
def test_a_form_that_fails_keeps_what_was_written(as_subscriber, line, text):
    answer = as_subscriber.post(NEW, filled_in(as_subscriber, about=line.public_id, text=text))

    assert answer.status_code == 422
    assert answer.context["form"]["about"].value() == line.public_id
    assert text in answer.content.decode()


def test_whoever_writes_too_often_waits_and_loses_nothing(as_subscriber, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "ticket": "1/h/user"}
    as_subscriber.post(NEW, filled_in(as_subscriber))

    answer = as_subscriber.post(NEW, filled_in(as_subscriber, text="And no calls either."))

    assert answer.status_code == 429
    assert "And no calls either." in answer.content.decode()
    assert Ticket.objects.count() == 1


def test_markup_is_shown_not_run(as_subscriber, subscriber):
    ticket = make.make_ticket(owner=subscriber, text="<script>alert(1)</script>\nsecond line")

    page = as_subscriber.get(reverse("ticket", args=[ticket.public_id])).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>second line" in page
    assert "<script>alert" not in page


def test_whose_turn_it_is(as_subscriber, subscriber, staff, now):
    ticket = make.make_ticket(owner=subscriber)
    address = reverse("ticket", args=[ticket.public_id])
    states = [ticket.state]

    def after():
        ticket.refresh_from_db()
        states.append(ticket.state)

    for _time in range(2):
        reply(ticket=ticket, text="Restart it, please.", key="answer-1", staff=staff, now=now)
    after()
    form = {"text": "Still nothing.", "form_key": as_subscriber.get(address).context["form"]["form_key"].value()}
    for _time in range(2):
        as_subscriber.post(address, form)
    after()
    as_subscriber.post(reverse("close_ticket", args=[ticket.public_id]))
    after()

    assert states == ["open", "answered", "waiting", "closed"]
    assert [message.author for message in ticket.messages.order_by("pk")] == ["user", "staff", "user"]
    assert ticket.first_answered_at == now
    assert not close(ticket=ticket, now=now), "once is enough"
    told = Notification.objects.get(kind="ticket_answered")
    assert told.context["text"] == "Restart it, please."


def test_what_staff_do_with_a_request_is_on_record(subscriber, staff, now):
    ticket = make.make_ticket(owner=subscriber)

    for _time in range(2):
        reply(ticket=ticket, text="Restart it, please.", key="answer-1", staff=staff, now=now)
        close(ticket=ticket, staff=staff, now=now)

    events = AuditEvent.objects.filter(subject=subscriber, actor=staff, target=ticket.public_id).order_by("pk")
    assert [event.action for event in events] == ["ticket.answered", "ticket.closed"]


def test_a_strangers_request_is_not_there(client, subscriber, stranger):
    address = reverse("ticket", args=[make.make_ticket(owner=subscriber).public_id])
    client.force_login(stranger)

    answers = [
        client.get(address),
        client.post(address, {"text": "mine?"}),
        client.post(f"{address}close/"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert "No data" not in client.get(reverse("tickets")).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_long_it_is(as_subscriber, subscriber, django_assert_num_queries, count):
    for _number in range(count):
        make.make_ticket(owner=subscriber)

    with django_assert_num_queries(3):
        as_subscriber.get(reverse("tickets"))


def test_the_help_page_leads_there(as_subscriber, client):
    page = as_subscriber.get(reverse("help")).content.decode()

    assert NEW in page
    assert reverse("tickets") in page


def test_a_payment_can_be_asked_about(as_subscriber, subscriber, stranger):
    order = make.make_order(owner=subscriber)
    charge = make.make_charge(order=order)
    foreign = make.make_charge(order=make.make_order(owner=stranger))

    shown = as_subscriber.get(NEW, {"about": charge.public_id}).context["form"]
    refused = as_subscriber.post(NEW, filled_in(as_subscriber, about=foreign.public_id))
    sent = as_subscriber.post(NEW, filled_in(as_subscriber, about=charge.public_id, kind=shown["kind"].value()))

    assert (shown["about"].value(), shown["kind"].value()) == (charge.public_id, "payment")
    assert refused.status_code == 422
    assert reverse("billing:order", args=[order.public_id]) in as_subscriber.get(sent.url).content.decode()


def test_whoever_has_many_open_requests_writes_in_one_of_them(as_subscriber, subscriber, now):
    for _number in range(OPEN_AT_ONCE):
        make.make_ticket(owner=subscriber)
    make.make_ticket(owner=subscriber, kind=Ticket.Kind.REPLACEMENT)
    last = Ticket.objects.filter(kind="service").last()

    refused = as_subscriber.post(NEW, filled_in(as_subscriber))
    close(ticket=last, now=now)
    sent = as_subscriber.post(NEW, filled_in(as_subscriber))

    assert refused.status_code == 429
    assert "No data since noon." in refused.content.decode()
    assert sent.status_code == 302


def test_whoever_asked_often_today_waits(as_subscriber, subscriber, now):
    for number in range(A_DAY):
        ticket = make.make_ticket(owner=subscriber, now=timezone.now() - timedelta(hours=number))
        close(ticket=ticket, now=now)

    assert as_subscriber.post(NEW, filled_in(as_subscriber)).status_code == 429


def test_the_key_of_a_reply_opens_no_request_past_the_limits(as_subscriber, subscriber):
    first, *_others = [make.make_ticket(owner=subscriber) for _number in range(OPEN_AT_ONCE)]
    form = filled_in(as_subscriber)
    as_subscriber.post(reverse("ticket", args=[first.public_id]), {"text": form["text"], "form_key": form["form_key"]})

    answer = as_subscriber.post(NEW, form)

    assert answer.status_code == 429
    assert Ticket.objects.count() == OPEN_AT_ONCE


def is_asked_about_and_sent(client, page, form):
    """Send what was written into a form that was sent before: it is shown again, and sent from there."""
    asked = client.post(page, form)
    assert asked.status_code == 422
    shown = asked.context["form"]
    assert (shown["text"].value(), str(shown["form_key"].value()) != form["form_key"]) == (form["text"], True)
    client.post(page, {**form, "form_key": str(shown["form_key"].value())})
    return TicketMessage.objects.filter(text=form["text"]).count() == 1


def test_another_text_in_a_reply_that_was_sent_is_a_message_of_its_own(as_subscriber, subscriber):
    page = reverse("ticket", args=[make.make_ticket(owner=subscriber).public_id])
    form = {"form_key": filled_in(as_subscriber)["form_key"]}
    as_subscriber.post(page, {**form, "text": "It works again since noon."})

    assert is_asked_about_and_sent(as_subscriber, page, {**form, "text": "No, it stopped once more."})


def test_another_text_in_a_request_that_was_sent_is_a_request_of_its_own(as_subscriber):
    form = filled_in(as_subscriber)
    as_subscriber.post(NEW, form)

    assert is_asked_about_and_sent(as_subscriber, NEW, {**form, "kind": "payment", "text": "I was charged twice."})
    assert Ticket.objects.count() == 2


def test_the_form_of_one_request_sent_to_another_is_a_message_there(as_subscriber, subscriber):
    one, other = (make.make_ticket(owner=subscriber, key=key) for key in ("one", "other"))
    form = {"text": "Yes.", "form_key": filled_in(as_subscriber)["form_key"]}
    as_subscriber.post(reverse("ticket", args=[one.public_id]), form)
    page = reverse("ticket", args=[other.public_id])

    asked = as_subscriber.post(page, form)
    as_subscriber.post(page, {**form, "form_key": str(asked.context["form"]["form_key"].value())})

    assert [ticket.messages.filter(text="Yes.").count() for ticket in (one, other)] == [1, 1]


def test_what_staff_note_is_nowhere_on_the_subscribers_pages(as_subscriber, subscriber, staff, now):
    ticket = make.make_ticket(owner=subscriber)
    note(ticket=ticket, staff=staff, text="He shouts a lot.", key="n1", now=now)

    pages = [as_subscriber.get(reverse(*address)) for address in (("tickets",), ("ticket", None, [ticket.public_id]))]

    assert "shouts" not in "".join(page.content.decode() for page in pages)
    assert not Notification.objects.exists()


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_an_answer_adds_no_header_to_a_mail(subscriber, staff, mailoutbox, now, end):
    subscriber.full_name = f"Ada{end}Bcc: x@evil.example"
    subscriber.save()
    ticket = make.make_ticket(owner=subscriber)

    reply(ticket=ticket, text=f"Hi{end}Bcc: x@evil.example{end}{end}.{end}", key="a", staff=staff, now=now)
    deliver_due(now=now)

    assert [mail.recipients() for mail in mailoutbox] == [[subscriber.email]]
    assert "Bcc" not in mailoutbox[0].message()
