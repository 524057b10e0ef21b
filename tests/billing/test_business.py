"""A business account: many lines, one payer, and what each line cost."""

import csv
import io

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Business
from billing.models import BillingDetails, Order, Refund
from esim.models import Line
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/billing/business/"


@pytest.fixture
def business(subscriber):
    BillingDetails.objects.create(owner=subscriber, name="Acme GmbH", tax_id="DE123456789")
    return Business.objects.create(user=subscriber)


def paid(line, now, amount=1490, **fields):
    fields = {"state": Order.State.FULFILLED, "paid_at": now, "owner": line.owner, **fields}
    return make.make_order(line=line, amount=amount, **fields)


def sheet(client, query=""):
    answer = client.get(f"{PAGE}costs.csv{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_an_account_is_marked_with_its_company_and_unmarked(as_subscriber, subscriber):
    empty = as_subscriber.post(PAGE, {"name": "", "tax_id": ""})
    as_subscriber.post(PAGE, {"name": "Acme GmbH", "tax_id": "DE123456789"})
    shown = as_subscriber.get(PAGE).content.decode()
    as_subscriber.post(reverse("billing:end_business"))

    assert empty.status_code == 422
    assert "Acme GmbH" in shown
    assert "DE123456789" in shown
    assert BillingDetails.objects.get().name == "Acme GmbH"
    assert not Business.objects.exists()
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {
        "account.business_begun",
        "account.business_ended",
    }


def test_costs_are_what_was_paid_less_what_was_given_back(as_subscriber, business, line, stranger, now):
    paid(line, now)
    returned = paid(line, now, amount=600, state="refunded")
    charge = returned.charges.create(
        gateway="sandbox", currency="USD", amount=600, state="succeeded", settled_at=now, gateway_payment_id="p"
    )
    Refund.objects.create(
        order=returned, charge=charge, currency="USD", amount=600, goes_to="payer", reason="unused", state="created"
    )
    paid(line, now, amount=200, currency="EUR")
    paid(line, now, amount=999, state="undeliverable")
    paid(line, now, amount=888, owner=stranger)
    paid(line, now.replace(month=10), amount=777)

    text = as_subscriber.get(PAGE).content.decode()
    rows = sheet(as_subscriber, "?month=2026-11")

    assert "US$14.90" in text
    assert [(row[5], row[6]) for row in rows[1:]] == [("EUR", "2.00"), ("USD", "14.90")]
    assert sheet(as_subscriber, "?month=2026-10")[1][6] == "7.77"


def test_what_was_paid_twice_and_went_back_lowers_no_cost(as_subscriber, business, line, now):
    order = paid(line, now)
    charge = make.make_charge(order=order, state="succeeded", gateway_payment_id="second")
    make.make_refund(charge=charge, taken_from="wallet", state="created")

    assert sheet(as_subscriber)[1][6] == "14.90"


def test_what_a_bank_took_back_and_was_settled_costs_once(as_subscriber, business, line, now):
    paid(line, now)
    paid(line, now, kind="arrears")

    assert sheet(as_subscriber)[1][6] == "14.90"


def test_cells_are_no_formulas_and_the_search_narrows_the_sheet(as_subscriber, business, subscriber, now):
    first = make.make_line(owner=subscriber, nickname="=HYPERLINK(1)", cost_centre="Sales")
    make.make_line(owner=subscriber, nickname="Van")
    make.make_member(line=first, user=make.make_user(email="eve@acme.example"))

    by_centre, by_person = sheet(as_subscriber, "?q=sales"), sheet(as_subscriber, "?q=eve")

    assert by_centre == by_person
    assert [row[1] for row in by_centre[1:]] == ["'=HYPERLINK(1)"]
    assert by_centre[1][2].startswith("'+")


def test_two_hundred_lines_cost_as_many_queries_as_two(
    as_subscriber, business, subscriber, now, django_assert_max_num_queries
):
    lines = [Line(owner=subscriber, nickname=f"Line {number:03}", service_state="active") for number in range(200)]
    Line.objects.bulk_create(lines)
    paid(Line.objects.first(), now)

    with django_assert_max_num_queries(12):
        page = as_subscriber.get(PAGE)
    second = as_subscriber.get(PAGE, {"page": 2}).content.decode()
    found = as_subscriber.get(PAGE, {"q": "199"}).content.decode()

    assert len(page.context["rows"]) == 50
    assert "Line 050" in second
    assert "Line 199" in found
    assert "Line 198" not in found


def test_a_cost_centre_is_written_in_the_settings_of_a_line_of_a_business(as_subscriber, line, subscriber):
    settings_page = reverse("esim:line_settings", args=[line.public_id])
    sent = {"nickname": "Van", "time_zone": "UTC", "cost_centre": "4711"}

    as_subscriber.post(settings_page, sent)
    before = Line.objects.get().cost_centre
    Business.objects.create(user=subscriber)
    as_subscriber.post(settings_page, sent)

    assert (before, Line.objects.get().cost_centre) == ("", "4711")


def test_a_stranger_has_no_costs_of_others(client, business, line, stranger, now):
    paid(line, now)
    client.force_login(stranger)

    assert len(sheet(client)) == 1
