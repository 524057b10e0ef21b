"""Invoices: one a sale, numbered without gaps, never changed."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, transaction

from accounts.models import User
from billing import invoices
from billing.invoices import issue_credit_note, issue_due
from billing.models import BillingDetails, Invoice, InvoiceSeries, LedgerEntry, Order, Refund, TaxRate
from billing.sales import keep_as_balance
from tests import make
from tests.billing.books import NOW, fund, paid_order
from tests.billing.invoicing import delivered_order, given_back, invoice_of, top_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def german_vat(settings):
    settings.PORTAL_OPERATOR_COUNTRY = "DE"
    return TaxRate.objects.create(country="DE", name="VAT", basis_points=1900, starts_on=date(2020, 1, 1))


def numbers():
    return list(Invoice.objects.order_by("pk").values_list("number", flat=True))


def test_what_was_delivered_is_invoiced_once(subscriber):
    order = delivered_order(subscriber)

    assert issue_due(now=NOW) == 1
    assert issue_due(now=NOW) == 0
    assert invoice_of(order) == Invoice.objects.get()
    assert numbers() == ["2026-000001"]


@pytest.mark.parametrize("state", ["pending", "paid", "fulfilling", "undeliverable", "expired", "cancelled"])
def test_what_is_not_delivered_is_not_invoiced(subscriber, state):
    order = make.make_order(owner=subscriber, state=state, paid_at=NOW)

    assert invoice_of(order) is None
    assert issue_due(now=NOW) == 0
    assert not InvoiceSeries.objects.exists()


def test_an_order_refunded_before_its_invoice_gets_invoice_and_credit_note(subscriber):
    order = delivered_order(subscriber)
    given_back(order, amount=1490)
    Order.objects.update(state=Order.State.REFUNDED)

    issue_due(now=NOW)

    assert numbers() == ["2026-000001", "C2026-000001"]


def test_numbers_follow_each_other_and_begin_anew_each_year(subscriber):
    for _sale in range(3):
        delivered_order(subscriber)
    issue_due(now=NOW)
    delivered_order(subscriber)
    issue_due(now=datetime(2027, 1, 1, 0, 0, tzinfo=UTC))

    assert numbers() == ["2026-000001", "2026-000002", "2026-000003", "2027-000001"]


def test_the_year_is_that_of_the_operators_clock(subscriber, settings):
    settings.PORTAL_OPERATOR_TIME_ZONE = "Asia/Taipei"
    delivered_order(subscriber)

    issue_due(now=datetime(2026, 12, 31, 16, 0, tzinfo=UTC))

    assert numbers() == ["2027-000001"]


def test_a_number_of_something_that_failed_is_given_out_again(subscriber):
    first, second = delivered_order(subscriber), delivered_order(subscriber)

    @transaction.atomic
    def die_after_issuing():
        invoice_of(first)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        die_after_issuing()
    invoice_of(second)
    invoice_of(first)

    assert numbers() == ["2026-000001", "2026-000002"]
    assert Invoice.objects.get(number="2026-000001").order == second


def test_one_order_that_cannot_be_invoiced_does_not_stop_the_others(subscriber, caplog):
    broken = delivered_order(subscriber)
    Order.objects.filter(pk=broken.pk).update(plan_terms={"name": "of a plan nobody knows any more"})
    delivered_order(subscriber)

    assert issue_due(now=NOW) == 1
    assert numbers() == ["2026-000001"]
    assert not Order.objects.get(pk=broken.pk).is_invoiced
    assert "tried again" in caplog.text


def test_an_invoice_is_neither_changed_nor_deleted(subscriber):
    invoice = invoice_of(delivered_order(subscriber))

    for attack in (
        lambda: Invoice.objects.update(amount=1),
        lambda: Invoice.objects.filter(pk=invoice.pk)._raw_delete("default"),
        lambda: Invoice.objects.bulk_update([invoice], ["details"]),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attack()
    assert Invoice.objects.get().amount == 1490


def test_an_invoice_keeps_what_it_said(subscriber, german_vat):
    details = BillingDetails.objects.create(owner=subscriber, name="Ada GmbH", address="Weg 1\n10115 Berlin")
    first = delivered_order(subscriber)
    issued = invoice_of(first)

    BillingDetails.objects.filter(pk=details.pk).update(name="Ada AG", country="FR")
    User.objects.update(full_name="Somebody Else", language="zh-hans")
    TaxRate.objects.update(basis_points=2000)
    later = invoice_of(delivered_order(subscriber))

    issued.refresh_from_db()
    assert issued.details["buyer"]["name"] == "Ada GmbH"
    assert issued.details["buyer"]["address"] == ["Weg 1", "10115 Berlin"]
    assert (issued.language, issued.tax_basis_points) == ("en", 1900)
    assert later.details["buyer"]["name"] == "Ada AG"
    assert (later.language, later.tax_country, later.tax_basis_points) == ("zh-hans", "FR", 0)


def test_without_billing_details_it_is_made_out_to_who_signs_in(subscriber, german_vat):
    invoice = invoice_of(delivered_order(subscriber))

    assert invoice.details["buyer"]["name"] == "Ada Lin"
    assert invoice.tax_country == "DE"
    assert (invoice.net.minor, invoice.tax.minor, invoice.total.minor) == (1252, 238, 1490)


def test_the_rate_is_that_of_the_day_of_payment(subscriber, german_vat):
    TaxRate.objects.create(country="DE", name="VAT", basis_points=2000, starts_on=date(2027, 1, 1))
    order = delivered_order(subscriber)

    assert invoice_of(order, now=datetime(2027, 1, 2, tzinfo=UTC)).tax_basis_points == 1900


def test_it_names_balance_and_card_apart(subscriber):
    method = make.make_method(owner=subscriber)
    paid = invoice_of(delivered_order(subscriber, wallet_amount=490, method=method)).details["payments"]

    assert [(one["means"], one["brand"], one["last_four"], one["amount"]) for one in paid] == [
        ("balance", "", "", 490),
        ("card", "Visa", "4242", 1000),
    ]


def test_money_that_paid_for_nothing_is_not_on_the_invoice(subscriber):
    order = delivered_order(subscriber)
    late = order.charges.create(
        gateway="sandbox", gateway_payment_id="late", currency="USD", amount=1490, state="succeeded", settled_at=NOW
    )
    fund(subscriber, late.money)  # the account from which it is returned must exist
    keep_as_balance(late, order=order, now=NOW)

    payments = invoice_of(order).details["payments"]

    assert [one["amount"] for one in payments] == [1490]
    assert LedgerEntry.objects.filter(charge=late, kind="returned").exists()


def test_money_added_to_the_balance_gets_a_receipt_without_tax(subscriber, german_vat):
    receipt = invoice_of(top_up(subscriber, amount=5000))

    assert (receipt.kind, receipt.number) == ("receipt", "R2026-000001")
    assert (receipt.tax_amount, receipt.tax_basis_points) == (0, 0)


def test_what_the_balance_pays_for_is_invoiced_in_full(line, plan, german_vat):
    order = paid_order(line, plan)
    Order.objects.update(state="fulfilled", confirmed_at=NOW)

    invoice = invoice_of(order)

    assert (invoice.kind, invoice.amount, invoice.tax_amount) == ("invoice", 1490, 238)


def test_a_free_order_has_an_invoice_of_nothing(subscriber):
    invoice = invoice_of(delivered_order(subscriber, amount=0))

    assert (invoice.amount, invoice.tax_amount, invoice.details["payments"]) == (0, 0, [])


def test_refunds_in_parts_give_back_exactly_the_tax_that_was_charged(subscriber, german_vat):
    order = delivered_order(subscriber, amount=1001, wallet_amount=334)
    invoice = invoice_of(order)
    for amount, from_charge in ((333, True), (334, False), (334, True)):
        given_back(order, amount=amount, charge=from_charge)

    issue_due(now=NOW)
    issue_due(now=NOW)

    notes = Invoice.objects.filter(kind="credit_note")
    assert numbers() == ["2026-000001", "C2026-000001", "C2026-000002", "C2026-000003"]
    assert sum(note.amount for note in notes) == invoice.amount
    assert sum(note.tax_amount for note in notes) == invoice.tax_amount
    assert {note.corrects for note in notes} == {invoice}


def test_a_credit_note_says_what_it_corrects_and_where_the_money_went(subscriber):
    order = delivered_order(subscriber, method=make.make_method(owner=subscriber))
    refund = given_back(order, amount=500)

    note = issue_credit_note(refund_id=refund.pk, now=NOW)

    assert note.details["corrects"] == "2026-000001"
    assert note.details["payments"] == [{"means": "card", "brand": "Visa", "last_four": "4242", "amount": 500}]
    assert issue_credit_note(refund_id=refund.pk, now=NOW) == note


@pytest.mark.parametrize("state", ["requested", "taking_back", "created", "pending", "unknown", "failed", "refused"])
def test_a_refund_that_has_not_arrived_has_no_credit_note(subscriber, state):
    refund = given_back(delivered_order(subscriber), amount=500)
    type(refund).objects.update(state=state)

    assert issue_credit_note(refund_id=refund.pk, now=NOW) is None


def test_a_refund_that_failed_late_and_was_made_again_is_credited_once(subscriber):
    order = delivered_order(subscriber)
    first = given_back(order, amount=500)
    issue_due(now=NOW)
    type(first).objects.update(state="failed")
    given_back(order, amount=500, goes_to="balance", tries_again=first)

    assert issue_due(now=NOW) == 0


def test_the_same_money_is_credited_once_however_often_it_is_tried_again(subscriber):
    order = delivered_order(subscriber)
    first = given_back(order, amount=500)
    issue_due(now=NOW)
    Refund.objects.filter(pk=first.pk).update(state=Refund.State.FAILED)
    second = make.make_refund(charge=order.charges.get(), amount=500, state=Refund.State.FAILED, tries_again=first)

    third = given_back(order, amount=500, goes_to="balance", tries_again=second)

    assert issue_due(now=NOW) == 0
    assert issue_credit_note(refund_id=third.pk, now=NOW) is None
    assert Invoice.objects.get(kind="credit_note").refund_key == first.public_id


def test_money_that_was_never_invoiced_is_returned_without_credit_note(subscriber):
    order = delivered_order(subscriber)
    refund = given_back(order, amount=1490)
    fund(subscriber, order.total)
    keep_as_balance(order.charges.get(), order=order, now=NOW)

    assert issue_due(now=NOW) == 1
    assert issue_credit_note(refund_id=refund.pk, now=NOW) is None
    assert not Invoice.objects.filter(kind="credit_note").exists()


def test_top_up_that_is_refunded_is_credited_without_tax(subscriber, german_vat):
    order = top_up(subscriber, amount=5000)
    given_back(order, amount=5000, taken_from="wallet")

    issue_due(now=NOW)

    assert numbers() == ["R2026-000001", "C2026-000001"]
    assert Invoice.objects.get(kind="credit_note").tax_amount == 0


def test_a_second_invoice_of_one_sale_is_refused_by_the_database_too(subscriber):
    order = delivered_order(subscriber)
    invoice_of(order)
    Order.objects.update(is_invoiced=False)

    with pytest.raises(DatabaseError, match=r"(?i)unique"), transaction.atomic():
        invoices.issue(order_id=order.pk, now=NOW)
