"""What people write is shown as they wrote it: never as markup, never as a header."""

import pytest
from django.urls import reverse

from accounts.letters import write_email, write_sms
from accounts.notifications import deliver_due
from billing import sales
from billing.models import Order
from esim.models import UsageRecord
from plans.terms import PlanTerms
from tests import make
from tests.portal.routes import routes

XSS = "\"'><svg/onload=x1(1)>&{{7*7}}"
PAGES = [route for route in routes() if not route.is_for_staff]


@pytest.mark.slow
def test_no_page_shows_a_name_as_markup(as_ada, subscriber, address_of, ids_of_ada, now):
    """Ada calls herself, her line and her order by a name that would run; staff called a plan so."""
    subscriber.full_name = XSS
    subscriber.save()
    line = subscriber.lines.get(public_id=ids_of_ada["lines/"]["public_id"])
    line.nickname = XSS
    line.save()
    order = subscriber.orders.get(public_id=ids_of_ada["orders/"]["public_id"])
    order.plan.name = XSS
    order.plan.save()
    order.note = order.nickname = XSS
    order.plan_terms = {**PlanTerms.of(order.plan).to_json()}
    order.save()
    sales.tell(order, kind="order_fulfilled", key="x", now=now, starts_at=now.isoformat(), ends_at=now.isoformat())
    deliver_due(now=now)
    UsageRecord.objects.create(line=line, source=XSS[:20], record_id="1", at=now, data_bytes=5)
    seen = 0

    for route in PAGES:
        answer = as_ada.get(address_of(route))
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        text = answer.content.decode()
        assert "<svg/onload" not in text, route.name
        seen += "&lt;svg/onload" in text

    assert seen > 8


@pytest.mark.parametrize("query", ["country", "region", "period", "size", "sort", "currency", "q", "page", "hidden"])
def test_no_search_is_shown_as_markup(as_ada, query):
    for address in ("/plans/", "/", "/outbox/", "/billing/orders/", "/accounts/login/"):
        assert "<svg/onload" not in as_ada.get(address, {query: XSS}).content.decode()


@pytest.mark.slow
def test_no_list_of_staff_shows_a_name_as_markup(client, staff, subscriber, ids_of_ada):
    subscriber.full_name = XSS
    subscriber.save()
    subscriber.lines.update(nickname=XSS)
    Order.objects.update(note=XSS, nickname=XSS)
    order = subscriber.orders.get(public_id=ids_of_ada["orders/"]["public_id"])
    plan = order.plan
    plan.name = XSS
    plan.save()
    client.force_login(staff)

    seen = 0
    for route in routes():
        if not route.is_for_staff or not route.name.endswith(("_changelist", ":index")):
            continue
        text = client.get(route.address({}), {"q": XSS[:6]}).content.decode()
        text += client.get(route.address({})).content.decode()
        assert "<svg/onload" not in text, route.name
        seen += "&lt;svg/onload" in text
    for row in (plan, subscriber, order, subscriber.lines.first()):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        assert "<svg/onload" not in client.get(reverse(name, args=[row.pk])).content.decode()

    assert seen > 2


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x0b"])
def test_a_name_adds_no_header_to_a_mail(subscriber, mailoutbox, now, end):
    line = make.make_line(owner=subscriber, nickname=f"Trip{end}Bcc: x@evil.example")
    order = make.make_order(owner=subscriber, line=line)
    order.plan_terms = PlanTerms.of(order.plan).to_json()
    order.save()
    period = {"starts_at": now.isoformat(), "ends_at": now.isoformat()}
    sales.tell(order, kind="order_fulfilled", key="x", now=now, line_id=line.public_id, **period)

    deliver_due(now=now)

    notice = subscriber.notifications.get()
    letter = write_email(kind=notice.kind, user=subscriber, context=notice.context)
    assert end not in letter.subject
    assert end not in write_sms(kind=notice.kind, user=subscriber, context=notice.context)
    assert [mail.recipients() for mail in mailoutbox] == [[subscriber.email]]
    assert "evil.example" not in str(mailoutbox[0].message()["Bcc"])
