"""Numbers without gaps, whoever asks at once; each race has a control that shows it can be lost."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from billing import invoices
from billing.invoices import issue, issue_credit_note
from billing.models import Invoice, InvoiceSeries, Order
from tests.billing.books import NOW
from tests.billing.invoicing import delivered_order, given_back, invoice_of
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 50


class PowerCut(Exception):
    """The process is gone after it drew a number, and its transaction with it."""


@pytest.fixture
def orders(subscriber):
    return [delivered_order(subscriber) for _number in range(CROWD)]


def positions():
    return list(Invoice.objects.order_by("position").values_list("position", flat=True))


def issue_together(orders, *, dying=frozenset()):
    def one(number):
        with transaction.atomic():
            invoice = issue(order_id=orders[number].pk, now=NOW)
            if number in dying:
                raise PowerCut
            return invoice

    with slowed("billing_invoiceseries", "UPDATE", seconds=0.01):
        return together(CROWD, one)


def test_fifty_at_once_get_fifty_numbers_in_a_row(orders):
    issue_together(orders)

    assert positions() == list(range(1, CROWD + 1))
    assert InvoiceSeries.objects.get().last == CROWD


def test_those_that_die_leave_no_gap(orders):
    outcomes = issue_together(orders, dying=set(range(0, CROWD, 3)))

    lived = [outcome for outcome in outcomes if isinstance(outcome, Invoice)]
    assert sum(isinstance(outcome, PowerCut) for outcome in outcomes) == CROWD - len(lived)
    assert positions() == list(range(1, len(lived) + 1))
    assert issue_due_again(orders) == CROWD - len(lived)
    assert positions() == list(range(1, CROWD + 1))


def issue_due_again(orders):
    return invoices.issue_due(now=NOW, limit=CROWD)


def test_control_numbers_of_a_database_sequence_have_gaps(orders, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE invoice_numbers")

    def draw(_series):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('invoice_numbers')")
            return cursor.fetchone()[0]

    monkeypatch.setattr(invoices, "_next_in", draw)
    try:
        issue_together(orders, dying=set(range(0, CROWD, 3)))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SEQUENCE invoice_numbers")

    drawn = positions()
    assert drawn != list(range(1, len(drawn) + 1))


def test_control_a_number_looked_at_before_it_is_written_is_drawn_twice(orders, monkeypatch):
    InvoiceSeries.objects.create(name="2026")

    def look_then_write(series):
        last = InvoiceSeries.objects.get(name=series).last
        InvoiceSeries.objects.filter(name=series).update(last=last + 1)
        return last + 1

    monkeypatch.setattr(invoices, "_next_in", look_then_write)

    outcomes = issue_together(orders)

    # Only the constraint stands between two invoices and one number.
    assert any(isinstance(outcome, IntegrityError) for outcome in outcomes)


def test_an_order_invoiced_by_many_has_one_invoice(orders):
    order = orders[0]

    with slowed("billing_order", "UPDATE", seconds=0.05):
        issued = together(20, lambda _number: issue(order_id=order.pk, now=NOW))

    assert {invoice.pk for invoice in issued} == {Invoice.objects.get().pk}
    assert InvoiceSeries.objects.get().last == 1


def test_a_refund_credited_by_many_has_one_credit_note(orders):
    refund = given_back(orders[0], amount=500)

    issued = together(20, lambda _number: issue_credit_note(refund_id=refund.pk, now=NOW))

    assert len({note.pk for note in issued}) == 1
    assert Invoice.objects.filter(kind="credit_note").count() == 1


def test_parts_credited_at_once_give_back_exactly_the_tax(orders, settings):
    settings.PORTAL_OPERATOR_COUNTRY = "DE"
    invoices.TaxRate.objects.create(country="DE", name="VAT", basis_points=1900, starts_on="2020-01-01")
    order = orders[0]
    invoice = invoice_of(order)
    Order.objects.filter(pk=order.pk).update(wallet_amount=F("amount"))
    refunds = [given_back(order, amount=149, charge=False) for _part in range(10)]

    together(10, lambda number: issue_credit_note(refund_id=refunds[number].pk, now=NOW))

    notes = invoice.credit_notes.all()
    assert sum(note.amount for note in notes) == 1490
    assert sum(note.tax_amount for note in notes) == invoice.tax_amount
