"""Requests for help in the staff site: what waits comes first, and an answer is sent once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import AuditEvent, Notification, ReplyTemplate, Ticket
from accounts.response_times import Figures, usual_minutes
from accounts.tickets import reply
from esim.models import Line
from tests import make

LIST = "/admin/accounts/ticket/"


@pytest.fixture
def ticket(subscriber):
    references = {"order": "ord_1", "charges": [{"charge": "chg_1", "gateway": "sandbox", "payment": "pay_77"}]}
    return make.make_ticket(owner=subscriber, text="<b>No data</b>\nsince noon", about=["ord_1"], references=references)


def dialog(client, row, url_path, **fields):
    address = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{url_path}/"
    return client.post(address, {**fields, "_form_submitted": "on"}, headers={"hx-request": "true"})


def test_what_waits_for_us_comes_first_the_longest_on_top(as_staff, subscriber, staff, now):
    def asked(days_ago, number):
        return make.make_ticket(owner=subscriber, key=f"t{number}", now=now - timedelta(days=days_ago))

    answered, young, old = asked(9, 1), asked(1, 2), asked(3, 3)
    reply(ticket=answered, text="Done.", key="a1", staff=staff, now=now)

    rows = list(as_staff.get(LIST).context["cl"].result_list)

    assert rows == [old, young, answered]


def test_the_page_has_the_conversation_and_the_references_and_runs_no_markup(as_staff, ticket):
    page = as_staff.get(f"{LIST}{ticket.pk}/change/").content.decode()

    assert "&lt;b&gt;No data&lt;/b&gt;<br>since noon" in page
    assert "sandbox pay_77" in page
    assert "/admin/billing/order/?q=ord_1" in page


def test_an_answer_is_sent_once_and_counts_as_the_first(as_staff, ticket, staff):
    fields = {"text": "Switch it off and on.", "form_key": "4be1b1d6-97a5-4b1d-8b5e-6f0e5d1a0a01"}

    for _time in range(2):
        answer = dialog(as_staff, ticket, "answer", **fields)

    ticket.refresh_from_db()
    assert answer.headers["HX-Refresh"] == "true"
    assert ticket.state == "answered"
    assert ticket.first_answered_at is not None
    assert ticket.messages.get(author="staff").staff == staff
    assert Notification.objects.get(kind="ticket_answered").context["text"] == "Switch it off and on."


def test_an_empty_answer_is_asked_for_again(as_staff, ticket):
    dialog(as_staff, ticket, "answer", text=" ", form_key="4be1b1d6-97a5-4b1d-8b5e-6f0e5d1a0a01")

    assert not Notification.objects.exists()


def test_staff_close_it(as_staff, ticket):
    dialog(as_staff, ticket, "close")

    assert Ticket.objects.get().state == "closed"


def test_who_may_only_look_answers_nobody(client, staff, ticket):
    viewer = make.make_user(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    client.force_login(viewer)

    assert client.get(f"{LIST}{ticket.pk}/change/").status_code == 200
    form_key = "4be1b1d6-97a5-4b1d-8b5e-6f0e5d1a0a01"
    assert dialog(client, ticket, "answer", text="Hi", form_key=form_key).status_code == 403
    assert dialog(client, ticket, "close").status_code == 403
    assert Ticket.objects.get().state == "open"


def test_staff_suspend_a_line_with_a_reason_and_lift_it(as_staff, subscriber, staff):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    states = []

    for url_path in ("suspend", "suspend", "resume"):
        dialog(as_staff, line, url_path, reason="Stolen phone")
        line.refresh_from_db()
        states.append((line.service_state, line.suspended_for))

    assert states == [("suspended", "staff"), ("suspended", "staff"), ("active", "")]
    traces = AuditEvent.objects.order_by("pk").filter(action__startswith="line.")
    assert [trace.action for trace in traces] == ["line.suspended_by_staff", "line.resumed_by_staff"]
    assert {(trace.actor, trace.detail["reason"]) for trace in traces} == {(staff, "Stolen phone")}


def test_who_may_not_change_lines_suspends_none(client, subscriber):
    line = make.make_line(owner=subscriber)
    viewer = make.make_user(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_line"))
    client.force_login(viewer)

    assert dialog(client, line, "suspend", reason="x").status_code == 403
    assert not Line.objects.filter(service_state="suspended").exists()


def test_a_reply_template_is_shown_in_the_subscribers_language_before_it_is_sent(as_staff, subscriber, staff):
    subscriber.language = "zh-hans"
    subscriber.full_name = "{brand.__class__} <b>林</b>"
    subscriber.save()
    ticket = make.make_ticket(owner=subscriber)
    template = ReplyTemplate.objects.create(
        name="Hi", text="Hi {name}, {ticket} {x}", text_zh_hans="{name}，您好 {ticket} {x}"
    )
    fields = {"template": template.pk, "text": "", "form_key": "4be1b1d6-97a5-4b1d-8b5e-6f0e5d1a0a02"}

    filled = dialog(as_staff, ticket, "answer", **fields)
    text = filled.context["form"]["text"].value()
    before = Notification.objects.exists()
    dialog(as_staff, ticket, "answer", **fields | {"text": text})

    assert text == f"{{brand.__class__}} <b>林</b>，您好 {ticket.public_id} {{x}}"
    assert "<b>林" not in filled.content.decode()
    assert not before
    assert ticket.messages.get(author="staff").text == text
    ticket.refresh_from_db()
    assert ticket.assignee == staff


def test_staff_note_and_assign_among_themselves(as_staff, ticket, staff):
    fields = {"text": "Known <b>fault</b>.", "form_key": "4be1b1d6-97a5-4b1d-8b5e-6f0e5d1a0a03"}
    for _time in range(2):
        dialog(as_staff, ticket, "note", **fields)
    dialog(as_staff, ticket, "assign", to=staff.pk)
    mine = list(as_staff.get(LIST, {"assigned": "me"}).context["cl"].result_list)
    dialog(as_staff, ticket, "assign", to="")

    assert as_staff.get(f"{LIST}{ticket.pk}/change/").content.decode().count("Known &lt;b&gt;fault&lt;/b&gt;.") == 1
    assert mine == [ticket]
    assert list(as_staff.get(LIST, {"assigned": "nobody"}).context["cl"].result_list) == [ticket]
    assert Ticket.objects.get().state == "open"


def test_how_soon_the_first_answer_came_is_measured_and_filtered(as_staff, subscriber, staff):
    now, minutes = timezone.now(), (10, 30, 60 * 5, 60 * 30, 50)
    for number, took in enumerate(minutes):
        ticket = make.make_ticket(owner=subscriber, now=now - timedelta(days=3))
        answered_at = now - timedelta(days=3) + timedelta(minutes=took)
        reply(ticket=ticket, text="Yes.", key=f"answer-{number}", staff=staff, now=answered_at)
    make.make_ticket(owner=subscriber, now=now)

    listed = {
        value: len(as_staff.get(LIST, {"first_answer": value}).context["cl"].result_list)
        for value in ("1", "4", "24", "later", "none")
    }

    assert listed == {"1": 3, "4": 3, "24": 4, "later": 1, "none": 1}
    assert as_staff.get("/admin/").context["answers"] == Figures(answered=5, usual_minutes=50, waiting=1, unanswered=1)
    assert usual_minutes(now=now) == 50


def test_staff_write_articles_see_them_and_cannot_link_to_nowhere(as_staff, db):
    article = make.make_article(slug="apn", body="Old")
    address = f"/admin/accounts/article/{article.pk}/change/"
    fields = {"topic": "using", "is_published": "on", "keywords": "", "title": "APN"} | dict.fromkeys(
        ("title_zh_hans", "body_zh_hans", "title_zh_hant", "body_zh_hant"), ""
    )

    refused = as_staff.post(address, {**fields, "body": "[here](page:nowhere)"})
    saved = as_staff.post(address, {**fields, "body": "[help](page:help) {brand}", "slug": "other"})

    assert "leads nowhere" in refused.content.decode()
    assert saved.status_code == 302
    article.refresh_from_db()
    assert (article.slug, article.body, article.history.count()) == ("apn", "[help](page:help) {brand}", 2)
    assert '<a href="/help/">help</a> LEB' in as_staff.get(address).content.decode()
