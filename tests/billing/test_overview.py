"""Billing at a glance, and its lists."""

import csv
import io
import re

import pytest
from django.urls import reverse

from billing.models import Charge
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund, paid_order

PAGES = ["overview", "orders", "charges", "movements", "documents", "methods"]


@pytest.fixture
def with_rows(subscriber, line, plan):
    """Make so many of everything that is listed."""

    def fill(count):
        for _number in range(count):
            make.make_invoice(order=paid_order(line, plan))
            buy(line, plan, method=make.make_method(owner=subscriber))

    return fill


@pytest.mark.parametrize("name", PAGES)
def test_lists_ask_the_database_as_often_for_one_row_as_for_three(
    as_subscriber, with_rows, name, django_assert_max_num_queries
):
    url = reverse(f"billing:{name}")
    with_rows(1)
    with django_assert_max_num_queries(9) as one:
        as_subscriber.get(url)
    with_rows(2)

    with django_assert_max_num_queries(len(one)):
        as_subscriber.get(url)


@pytest.mark.parametrize("name", PAGES)
def test_somebody_new_is_told_what_will_be_here(as_subscriber, name):
    answer = as_subscriber.get(reverse(f"billing:{name}"))

    assert answer.status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_nobody_sees_the_money_of_others(client, stranger, with_rows, line, plan, name):
    with_rows(1)
    client.force_login(stranger)

    shown = client.get(reverse(f"billing:{name}")).content.decode()

    assert "14.90" not in shown
    assert not re.search(r"\b4242\b", shown)


@pytest.mark.parametrize("name", PAGES)
def test_a_visitor_signs_in_first(client, db, name):
    assert client.get(reverse(f"billing:{name}")).url.startswith(reverse("account_login"))


def test_balances_are_shown_by_currency_one_s_own_first(as_subscriber, subscriber):
    fund(subscriber, Money(500, "EUR"))
    fund(subscriber, Money(810, "USD"))

    shown = as_subscriber.get(reverse("billing:overview")).content.decode()

    assert shown.index("US$8.10") < shown.index("€5.00")


def test_a_movement_tells_what_came_in_and_what_went_out(as_subscriber, line, plan):
    paid_order(line, plan)

    shown = as_subscriber.get(reverse("billing:movements")).content.decode()

    assert "+US$14.90" in shown
    assert "−US$14.90" in shown


def test_a_declined_payment_is_listed_with_its_reason(as_subscriber, line, plan, now):
    buy(line, plan)
    Charge.objects.update(state=Charge.State.DECLINED, decline_code="insufficient_funds", settled_at=now)

    shown = as_subscriber.get(reverse("billing:charges")).content.decode()

    assert "not enough funds" in shown


def test_old_orders_are_on_the_next_page(as_subscriber, line, plan):
    for _number in range(21):
        make.make_order(owner=line.owner, line=line, plan=plan)

    first = as_subscriber.get(reverse("billing:orders"))
    last = as_subscriber.get(reverse("billing:orders"), {"page": "999"})

    assert len(first.context["items"]) == 20
    assert len(last.context["items"]) == 1


def test_all_orders_come_as_a_sheet_that_no_spreadsheet_takes_for_formulas(as_subscriber, subscriber, stranger, now):
    line = make.make_line(owner=subscriber, nickname="=HYPERLINK(1)")
    order = make.make_order(owner=subscriber, line=line, state="fulfilled", paid_at=now)
    charge = make.make_charge(order=order, state="succeeded", settled_at=now, paid_with="paypal")
    make.make_refund(charge=charge, amount=400, state="succeeded", settled_at=now, gateway_refund_id="re_1")
    make.make_order(owner=stranger, line=make.make_line(owner=stranger))

    sheet = b"".join(as_subscriber.get(reverse("billing:orders_csv")).streaming_content).decode("utf-8-sig")

    head, row = list(csv.DictReader(io.StringIO(sheet))), sheet.splitlines()
    assert len(row) == 2
    assert (head[0]["Number"], head[0]["Amount"], head[0]["Given back"]) == (order.public_id, "14.90", "4.00")
    assert head[0]["Line"] == "'=HYPERLINK(1)"


def rows_of(client, name):
    sheet = b"".join(client.get(reverse(f"billing:{name}")).streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(sheet)))


def test_payments_and_movements_come_as_sheets_of_one_s_own(as_subscriber, stranger, line, plan, now):
    paid_order(line, plan)
    buy(line, plan)
    Charge.objects.update(state=Charge.State.DECLINED, decline_code="insufficient_funds", settled_at=now)
    fund(stranger, Money(9999, "USD"))

    payments, movements = rows_of(as_subscriber, "charges_csv"), rows_of(as_subscriber, "movements_csv")

    [payment] = payments
    assert (payment["State"], payment["Amount"]) == ("declined", "14.90")
    assert "not enough funds" in payment["Problem"]
    assert sorted(row["Amount"] for row in movements) == ["-14.90", "14.90"]


def test_times_in_a_sheet_are_on_the_clock_of_whose_it_is(as_subscriber, subscriber, line, plan):
    subscriber.time_zone = "Asia/Tokyo"
    subscriber.save()
    buy(line, plan)

    for name in ("orders_csv", "charges_csv"):
        assert [row["Time"] for row in rows_of(as_subscriber, name)] == ["2026-11-21 19:00:00"]
